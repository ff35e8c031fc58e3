"""32 modules on each of three real agents: they start side by side, and a bad one harms no other."""

import base64
import uuid
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psutil
import pytest

from nodeagent import __version__
from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.contract.config import ClusterConfig, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import Mode, State, Status
from nodeagent.core.heartbeat import MAX_DATAGRAM, ModuleBeat
from nodeagent.core.membership import Membership
from tests.e2e.real_farm import APP, NETWORK, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

MODULES = 32
HANGING, DYING, GOOD = "m00", "m01", "m02"
NAMES = [f"m{number:02}" for number in range(MODULES)]
START_TAKES = 1.0
"""Seconds of each start_both: one after the other they would take 32 s."""

USERCONFIG = """<safe>
  <service mode="farm" boot="off" maxloop="3" loop_interval="0">
    <farm><lan name="default"/></farm>
    <errd polltimer="5">
      <proc name="app" nameregex="sleep" argregex="^{app}-{module}-%SAFENODE% " action="restart" class="both"/>
    </errd>
    <check><tcp ident="own" action="noaction"><to addr="{network}.1" port="9010"/></tcp></check>
    <user nicestoptimeout="2" forcestoptimeout="2"/>
  </service>
</safe>
"""

START = """#!/bin/bash
echo >> "$SAFEUSERVAR/started"
sleep {seconds}
setsid bash -c "exec -a {app}-{module}-$SAFENODE sleep {lives}" >/dev/null 2>&1 </dev/null &
disown
"""

HANGS = """#!/bin/bash
while :; do head -c 200000 /dev/zero; sleep 0.05; done
"""

STOP = """#!/bin/bash
pkill -9 -f "^{app}-{module}-$SAFENODE "
exit 0
"""


def files(module: str) -> dict[str, bytes]:
    """A module's files; the application of the dying one lives for two seconds."""
    words = {"app": APP, "module": module, "network": NETWORK, "seconds": START_TAKES, "lives": 3600}
    if module == DYING:
        words |= {"seconds": 0, "lives": 2}
    texts = {
        "conf/userconfig.xml": USERCONFIG.format(**words),
        "bin/start_both": HANGS if module == HANGING else START.format(**words),
        "bin/stop_both": STOP.format(**words),
    }
    return {path: text.encode() for path, text in texts.items()}


@pytest.fixture
def crowded() -> Iterator[RealFarm]:
    """Three agents with all modules installed, none started."""
    with (
        short_directory() as directory,
        running_farm(directory) as farm,
        ThreadPoolExecutor(len(farm.nodes)) as threads,
    ):
        everybody = [node.name for node in farm.nodes]
        list(threads.map(lambda node: install_all(node, everybody), farm.nodes))
        yield farm


def install_all(node: RealNode, nodes: list[str]) -> None:
    """Put all modules in force on one node."""
    for module in NAMES:
        content = {path: base64.b64encode(data).decode() for path, data in files(module).items()}
        staged = node.ask("POST", f"/modules/{module}/stage", {"files": content, "nodes": nodes})
        node.ask("POST", f"/modules/{module}/commit", {"signature": staged["signature"]})


def on_all(farm: RealFarm, action: str, modules: Iterable[str]) -> None:
    """Order the same of many modules on all nodes at once."""
    with ThreadPoolExecutor(len(farm.nodes)) as threads:
        list(threads.map(lambda node: [node.order(action, module) for module in modules], farm.nodes))


def modules_in(node: RealNode, state: str, status: str) -> set[str]:
    """The names of the modules that are so."""
    return {one["name"] for one in node.get("/status")["modules"] if (one["state"], one["status"]) == (state, status)}


def applications(node: RealNode, module: str) -> list[psutil.Process]:
    """The living processes of a module's application."""
    found = []
    for process in node.processes():
        with suppress(psutil.Error):
            if process.cmdline()[:1] == [f"{APP}-{module}-{node.name}"]:
                found.append(process)
    return found


def starts(node: RealNode, module: str) -> int:
    """How often start_both was run."""
    file = node.home / "var" / "modules" / module / "var" / "started"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_farm_of_many_modules(crowded: RealFarm) -> None:
    """They start side by side and are probed meanwhile, bad ones delay no other, nobody is lost, nothing stays."""
    farm, first = crowded, crowded.nodes[0]
    good = [name for name in NAMES if name not in (HANGING, DYING)]
    unanswered: list[str] = []

    def all_green() -> bool:
        unanswered.extend(node.name for node in farm.nodes if node.ready(GOOD) not in (200, 404))
        return all(modules_in(node, "UP", "Ready").issuperset(good) for node in farm.nodes)

    on_all(farm, "start", NAMES)
    until(all_green, MODULES * START_TAKES / 2, "all modules are green, which start side by side")
    assert not unanswered, "these nodes left a probe without an answer for a second"
    for node in farm.nodes:
        until(lambda node=node: all(node.ready(module) == 200 for module in good), 10, f"{node.name} says so to probes")

    until(lambda: all(starts(node, DYING) >= 2 for node in farm.nodes), 20, "one module is started again and again")
    assert all(node.module(HANGING)["status"] == "Transient" for node in farm.nodes), "one hangs in its start script"
    (victim,) = applications(first, GOOD)
    victim.kill()
    until(
        lambda: starts(first, GOOD) == 2, MODULES * START_TAKES / 4, "a dead process is noticed beside the bad modules"
    )
    until(lambda: first.green(GOOD), MODULES * START_TAKES / 4, "and its module is green again")

    on_all(farm, "stop", NAMES)
    for node in farm.nodes:
        until(lambda node=node: modules_in(node, "STOP", "NotReady") == set(NAMES), 30, f"{node.name} has all stopped")
        assert [p.pid for p in node.processes() if p.pid != node.agent.pid] == [], "a stop leaves nothing"
        assert not [line["text"] for line in node.log() if " lost" in line["text"]], "nobody was lost"
        assert all(node.peer(other.name)["alive"] for other in farm.nodes if other is not node)


def test_one_heartbeat_carries_all_of_them() -> None:
    """Between three nodes that hear each other, with what real modules say."""
    lan = Lan("default", tuple(NodeAddress(f"node{n}", f"10.0.0.{n}") for n in (1, 2, 3)))
    config, key = ClusterConfig((lan,), signature="one"), bytes(32)
    nodes = {
        node: Membership(node.encode().ljust(16), str(uuid.uuid4()), ChaChaSealer(), __version__, (9453, 9010))
        for node in config.nodes
    }
    beats = {name: ModuleBeat(State.UP, Status.READY, epoch=2**64 - 1) for name in NAMES}
    for node, membership in nodes.items():
        membership.configure(config, node, (key,), 0.0)
        membership.set_modules(beats)
    for pulse in range(10):
        now = pulse * config.pulse
        for sender, membership in nodes.items():
            sent = membership.tick(now)
            assert [datagram.peer for datagram in sent] == [node for node in nodes if node != sender]
            assert all(len(datagram.data) <= MAX_DATAGRAM for datagram in sent)
            for datagram in sent:
                nodes[datagram.peer].receive("default", "10.0.0.9", datagram.data, now)
    module = ModuleConfig(NAMES[-1], Mode.FARM, nodes=config.nodes)
    assert [member.node for member in nodes["node1"].module_view(module, now)] == ["node2", "node3"]
