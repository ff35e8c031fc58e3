"""Checkers of this node's own interfaces, in network namespaces of their own."""

import asyncio
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from nodeagent.adapters.checkers.local_net import Interface, LocalNet
from nodeagent.core.events import CheckerResult
from tests.fakes.checking import checking, job
from tests.fakes.posted import Posted

ROOT = Path(__file__).resolve().parents[2]


async def first(kind: str, **params: str) -> CheckerResult:
    posted = Posted()
    async with checking(posted) as checkers:
        checkers.check("web", (job(kind, **params),))
        return await posted.one(CheckerResult)


@pytest.mark.covers("checker ip", "checker intf", "ip/to@addr", "intf/to@local_addr")
async def test_addresses_of_this_machine() -> None:
    (loopback,) = (n for n, found in psutil.net_if_addrs().items() if any(a.address == "127.0.0.1" for a in found))
    seen = await first("ip", addr="127.0.0.1")
    assert (seen.good, seen.text) == (True, f"127.0.0.1 is on {loopback}")
    seen = await first("ip", addr="192.0.2.77")
    assert (seen.good, seen.text) == (False, "192.0.2.77 is not on this node")
    seen = await first("intf", local_addr="127.0.0.1")
    assert (seen.good, seen.text) == (True, f"{loopback} has a link")
    seen = await first("intf", local_addr="192.0.2.77")
    assert (seen.good, seen.text) == (False, "no interface of this node has the address 192.0.2.77")


@pytest.mark.covers("interface@check")
async def test_the_link_that_carries_a_virtual_ip() -> None:
    (loopback,) = (n for n, found in psutil.net_if_addrs().items() if any(a.address == "127.0.0.1" for a in found))
    seen = await first("intf", name=loopback, towards="10.0.0.100")
    assert (seen.good, seen.text) == (True, f"{loopback} has a link")
    seen = await first("intf", name="", towards="127.1.2.3")
    assert (seen.good, seen.text) == (True, f"{loopback} has a link")
    seen = await first("intf", name="nic7", towards="10.0.0.100")
    assert (seen.good, seen.text) == (False, "this node has no interface nic7")
    seen = await first("intf", name="", towards="203.0.113.77")
    assert (seen.good, seen.text) == (False, "this node has no interface in the network of 203.0.113.77")


@pytest.mark.covers("ip/to@interval")
async def test_looks_again_without_any_event() -> None:
    posted = Posted()
    async with checking(posted) as checkers:
        checkers.check("web", (job("ip", addr="127.0.0.1", interval="0.05"),))
        await posted.wait(CheckerResult, 3)


class FakeMachine:
    """Counts how often somebody looked at its interfaces."""

    def __init__(self) -> None:
        self.looks = 0
        self.broken = False

    def __call__(self) -> tuple[Interface, ...]:
        self.looks += 1
        if self.broken:
            raise OSError(24, "Too many open files")
        return (Interface(f"look{self.looks}", True, ()),)


async def test_one_look_serves_everybody_until_something_changes() -> None:
    machine = FakeMachine()
    net = LocalNet(machine)
    net.watched = True
    both = await asyncio.gather(net.interfaces(), net.interfaces())
    assert both[0] == both[1] == await net.interfaces()
    assert machine.looks == 1
    net.changed()
    assert [one.name for one in await net.interfaces()] == ["look2"]
    assert machine.looks == 2


async def test_where_nothing_tells_of_changes_everybody_looks() -> None:
    machine = FakeMachine()
    net = LocalNet(machine)
    assert [(await net.interfaces())[0].name for _ in range(3)] == ["look1", "look2", "look3"]


async def test_a_look_that_failed_is_not_kept() -> None:
    machine = FakeMachine()
    net = LocalNet(machine)
    net.watched = machine.broken = True
    with pytest.raises(OSError, match="Too many open files"):
        await net.interfaces()
    machine.broken = False
    assert [one.name for one in await net.interfaces()] == ["look2"]


def privileged() -> bool:
    if sys.platform != "linux":
        return False
    done = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.covers("checker ip", "checker intf", "ip/to@addr", "intf/to@local_addr")
@pytest.mark.skipif(not privileged(), reason="needs the right to make network namespaces (Linux, root)")
@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8::2"])
def test_changes_are_seen_at_once(address: str) -> None:
    """The interval is an hour: only events of the kernel can tell."""
    story = f"""
        async def told(good):
            await until(lambda: {{r.checker: (r.good, r.text) for r in posted.all(CheckerResult)}} == good)
            print("seen", flush=True)

        def ip(*words):
            subprocess.run(("ip", *words), check=True)

        async def main():
            ip("link", "set", "lo", "up")
            ip("link", "add", "name", "kg0", "type", "veth", "peer", "name", "kg1")
            ip("link", "set", "kg0", "up")
            ip("link", "set", "kg1", "up")
            async with checking(posted) as checkers:
                ip_job = job("ip", addr="{address}", interval="3600")
                checkers.check("web", (ip_job, job("intf", local_addr="{address}", interval="3600")))
                gone = {{
                    "ip.x": (False, "{address} is not on this node"),
                    "intf.x": (False, "no interface of this node has the address {address}"),
                }}
                here = {{"ip.x": (True, "{address} is on kg0"), "intf.x": (True, "kg0 has a link")}}
                await told(gone)
                ip("addr", "add", "{address}/120" if ":" in "{address}" else "{address}/24", "dev", "kg0", *nodad)
                await told(here)
                ip("link", "set", "kg1", "down")
                await told(here | {{"intf.x": (False, "kg0 has no link")}})
                ip("link", "set", "kg1", "up")
                await told(here)
                ip("addr", "flush", "dev", "kg0")
                await told(gone)
                ip("link", "del", "kg0")

        posted = Posted()
        nodad = ("nodad",) if ":" in "{address}" else ()
    """
    head = """
        import asyncio
        import subprocess
        from nodeagent.core.events import CheckerResult
        from tests.fakes.checking import checking, job
        from tests.fakes.posted import Posted
        from tests.fakes.waiting import until
    """
    program = "\n".join(map(dedent, (head, story, "asyncio.run(main())")))
    done = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.stdout.splitlines() == ["seen"] * 5, done.stderr
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="other systems give no events: there is no descriptor")
async def test_the_event_socket_lives_as_long_as_somebody_listens() -> None:
    def sockets() -> int:
        """Only those of this kind: others of this process may come and go meanwhile."""
        listed = Path("/proc/self/net/netlink").read_text().splitlines()[1:]
        kind = {f"socket:[{line.split()[-1]}]" for line in listed}
        held = 0
        for descriptor in Path("/proc/self/fd").iterdir():
            with suppress(FileNotFoundError):
                held += str(descriptor.readlink()) in kind
        return held

    before = sockets()
    async with checking(Posted()) as checkers:
        checkers.check("web", (job("ip", addr="127.0.0.1"),))
        checkers.check("shop", (job("ip", addr="127.0.0.1"), job("intf", local_addr="::1")))
        assert sockets() == before + 1
        checkers.check("web", ())
        assert sockets() == before + 1
        checkers.check("shop", ())
        assert sockets() == before
