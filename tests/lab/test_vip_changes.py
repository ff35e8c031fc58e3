"""Planned changes under load cost nothing: no reset, no request without an answer; for both types at once."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.real_farm import until
from tests.lab.application import lay_nginx
from tests.lab.lab import Lab, running_lab
from tests.lab.vip import VIRTUAL, carried, rule, told, vip, wait_settled
from tests.lab.vip_load import Seen, load

Record = Callable[[str, object], None]
ADDRESSES = {"vmac_invisible": VIRTUAL, "vmac_directed": "10.77.0.101"}
DRAIN = "3"
"""Seconds; longer than nginx lets a connection live."""


SHORT = 81
"""The port on which no connection outlives the drain: nginx says in its last answer that it closes, and the browser
connects anew. Without that, a request that comes in the very moment in which nginx ends is reset, as with any server.
"""
SHORT_SERVER = """
  server {
    listen %d backlog=4096;
    keepalive_time 2s;
    location = / { return 200 "%s\\n"; }
  }
}
"""


def add_short(config: Path, name: str) -> None:
    config.write_text(config.read_text().rstrip().removesuffix("}") + SHORT_SERVER % (SHORT, name))


def config(powers: dict[str, int] | None = None) -> str:
    rules = [rule(address, port=port) for address in ADDRESSES.values() for port in (80, SHORT)]
    return vip("".join(carried(address, type=type) for type, address in ADDRESSES.items()), *rules, powers=powers)


@pytest.fixture(scope="module")
def lab(possible: None) -> Iterator[Lab]:
    with running_lab() as lab:
        for node in lab.nodes:
            add_short(lay_nginx(lab.network.directory, node.name), node.name)
        lab.start_farm(drain=DRAIN, more=config())
        wait_settled(lab.nodes)
        yield lab


@pytest.fixture
def whole(lab: Lab) -> Lab:
    """Three nodes that serve."""
    for node in lab.nodes:
        if not node.answers():
            node.start_agent()
        if not node.green():
            node.order("start")
    lab.farm.all_green(30)
    wait_settled(lab.nodes)
    return lab


def stop(lab: Lab, number: int) -> None:
    lab.nodes[number].order("stop")
    until(lambda: lab.nodes[number].shown().startswith("STOP"), 30, "stopped")
    wait_settled(node for node in lab.nodes if node is not lab.nodes[number])


def start(lab: Lab, number: int) -> None:
    lab.nodes[number].order("start")
    until(lab.nodes[number].green, 20, "green")
    wait_settled(lab.nodes)


def restart_agent(lab: Lab, number: int) -> None:
    lab.nodes[number].stop_agent()
    lab.nodes[number].start_agent()
    until(lab.nodes[number].green, 20, "green")
    lab.farm.all_hear(20)
    wait_settled(lab.nodes)


def weigh(lab: Lab, powers: dict[str, int]) -> None:
    lab.farm.apply_nginx(drain=DRAIN, more=config(powers))
    until(lambda: all(told(node)["groups"][0]["powers"] == powers for node in lab.nodes), 10, "powers in force")
    wait_settled(lab.nodes)


@dataclass
class Loads:
    """What the clients of each type saw."""

    seen: dict[str, Seen]

    def report(self, what: str, record: Record) -> None:
        for type, seen in self.seen.items():
            seen.report(f"{what}, {type}", record)

    def harm(self) -> dict[str, dict[str, str]]:
        return {type: harm for type, seen in self.seen.items() if (harm := seen.harm())}


@contextmanager
def loads(lab: Lab, port: int = 80) -> Iterator[Loads]:
    """Both types under load."""
    with ExitStack() as stack:
        yield Loads({type: stack.enter_context(load(lab, port, address)) for type, address in ADDRESSES.items()})


def test_a_planned_stop_with_ten_seconds_of_drain_and_a_join(whole: Lab, record_property: Record) -> None:
    whole.farm.apply_nginx(drain="10", more=config())
    with loads(whole, SHORT) as stopped:
        stop(whole, 2)
    stopped.report("planned stop", record_property)
    with loads(whole) as joined:
        start(whole, 2)
    joined.report("join", record_property)
    whole.farm.apply_nginx(drain=DRAIN, more=config())
    assert stopped.harm() == joined.harm() == {}


def test_new_powers(whole: Lab, record_property: Record) -> None:
    with loads(whole) as seen:
        for powers in ((4, 2, 1), (1, 0, 1), (1, 1, 1)):
            weigh(whole, dict(zip(("node1", "node2", "node3"), powers, strict=True)))
    seen.report("new powers", record_property)
    assert seen.harm() == {}


def test_agents_that_restart_one_after_the_other(whole: Lab, record_property: Record) -> None:
    masters = [p.pid for node in whole.nodes for p in node.processes() if p.name() == "nginx"]
    with loads(whole) as seen:
        for number in range(3):
            restart_agent(whole, number)
    seen.report("rolling restart of the agents", record_property)
    assert seen.harm() == {}
    assert [p.pid for node in whole.nodes for p in node.processes() if p.name() == "nginx"] == masters


def test_modules_that_restart_one_after_the_other(whole: Lab, record_property: Record) -> None:
    with loads(whole, SHORT) as seen:
        for number in range(3):
            stop(whole, number)
            start(whole, number)
    seen.report("rolling restart of the modules", record_property)
    assert seen.harm() == {}
