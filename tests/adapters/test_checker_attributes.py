"""What a checker looks at, how often, and how long it waits: each attribute of `<to>` as the file gives it."""

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import trustme

from nodeagent.adapters.script_jobs import NodeFacts, checker_jobs
from nodeagent.contract.config import CheckerRule, ModuleConfig
from nodeagent.contract.states import Mode
from nodeagent.core.effects import RunCheckers
from nodeagent.core.events import CheckerResult
from nodeagent.engine.ports import CommittedModule
from nodeagent.home import Home
from tests.adapters.test_checkers_network import needs_root, result, saying, serving, silence, standing
from tests.fakes.checking import checking, free_port, job
from tests.fakes.posted import Posted

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.covers("tcp/to@interval", "ping/to@interval", "ip/to@interval", "http/to@interval", "module/to@interval")
@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("tcp", {"addr": "127.0.0.1"}),
        ("ping", {"addr": "127.0.0.1"}),
        ("ip", {"addr": "127.0.0.1"}),
        ("http", {}),
        ("module", {"addr": "127.0.0.1", "name": "db"}),
    ],
)
async def test_a_look_in_every_interval(kind: str, params: dict[str, str]) -> None:
    """An interval that was not heeded would be ten seconds: these five looks would take forty."""
    if kind in ("tcp", "module"):
        params = {**params, "port": str(free_port())}
    if kind == "http":
        params = {**params, "url": f"http://127.0.0.1:{free_port()}/"}
    posted = Posted()
    async with checking(posted) as checkers:
        checkers.check("web", (job(kind, interval="0.1", **params),))
        await posted.wait(CheckerResult, 5, within=20)


@pytest.mark.covers("module/to@timeout", "http/to@timeout")
@pytest.mark.parametrize("kind", ["module", "http"])
async def test_an_answer_that_does_not_come(kind: str) -> None:
    async with serving(silence) as port:
        where = {"addr": "127.0.0.1", "port": str(port), "name": "db"}
        params = where if kind == "module" else {"url": f"http://127.0.0.1:{port}/"}
        seen = await result(kind, timeout="0.3", **params)
    assert (seen.good, seen.text) == (False, "no answer within 0.3 s")


@needs_root
@pytest.mark.covers("ping/to@addr", "ping/to@timeout")
def test_a_ping_that_is_not_answered() -> None:
    """In a network of its own, where one address is answered for and the other is not."""
    program = dedent("""
        import asyncio
        from nodeagent.core.events import CheckerResult
        from tests.fakes.checking import checking, job
        from tests.fakes.posted import Posted
        async def main():
            posted = Posted()
            async with checking(posted) as checkers:
                silent = job("ping", "silent", addr="192.0.2.1", timeout="0.3")
                checkers.check("web", (job("ping", "here", addr="192.0.2.2", timeout="0.3"), silent))
                for seen in sorted(await posted.wait(CheckerResult, 2), key=lambda seen: seen.checker):
                    print(seen.checker, seen.good, seen.text)
        asyncio.run(main())
    """)
    setup = (
        "ip link add name kg0 type veth peer name kg1; ip addr add 192.0.2.2/24 dev kg0;"
        ' ip link set kg0 up; ip link set kg1 up; ip link set lo up; exec "$@"'
    )
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", setup, "sh", sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    here, silent = done.stdout.splitlines()
    assert here.startswith("ping.here True answer in ")
    assert silent == "ping.silent False no answer within 0.3 s"


@pytest.mark.covers("module/to@name", "module@name", "module/to@addr", "module/to@port", "checker module")
async def test_another_module_is_asked_for_by_name_address_and_port() -> None:
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        await standing("UP", "Ready", 1)(reader, writer)

    async with serving(answer) as port:
        seen = await result("module", name="shop", addr="127.0.0.1", port=str(port))
    assert (seen.good, seen.text) == (True, "shop on 127.0.0.1 is UP Ready")
    assert asked[0].split()[1] == b"/var/modules/shop/status.json"


@pytest.mark.covers("module/to@secure", "http/to@insecure")
async def test_tls_is_spoken_and_verified_as_the_rule_says() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    async with serving(saying("200 OK", "x"), tls=context) as port:
        url = f"https://127.0.0.1:{port}/"
        assert not (await result("http", url=url)).good
        assert (await result("http", url=url, insecure="on")).good
        other = {"name": "db", "addr": "127.0.0.1", "port": str(port)}
        assert (await result("module", secure="on", **other)).text.startswith("the certificate is not trusted")
        assert not (await result("module", **other)).text.startswith("the certificate")


@pytest.mark.covers("custom@exec", "custom@arg")
def test_the_program_of_a_custom_checker_with_its_arguments(tmp_path: Path) -> None:
    home = Home(tmp_path / "safe", tmp_path / "var")
    program = home.revision("web", 3) / "bin" / ("look.cmd" if sys.platform == "win32" else "look.sh")
    program.parent.mkdir(parents=True)
    program.touch()
    rules = (
        CheckerRule("custom", "own", params=(("exec", "look"), ("arg", '-v "two words" 3'))),
        CheckerRule("custom", "system", params=(("exec", "/bin/other"),)),
        CheckerRule("tcp", "x"),
    )
    module = CommittedModule(ModuleConfig("web", Mode.FARM), 3, frozenset(), {})
    own, system, tcp = checker_jobs(RunCheckers("web", rules, 3), module, home, NodeFacts("n1"))
    assert own.program is not None
    assert system.program is not None
    assert own.program.executable == program
    if sys.platform != "win32":
        assert own.program.args == ("-v", "two words", "3")
    assert own.program.run == "custom.own"
    assert (system.program.executable, system.program.args) == (Path("/bin/other"), ())
    assert tcp.program is None
