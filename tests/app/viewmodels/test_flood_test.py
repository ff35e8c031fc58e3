"""The test of a virtual address's network: what is asked of the nodes, and what is said of their answers."""

from collections.abc import Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from app.viewmodels.flood_test import FloodTest
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_elements import Listing
from app.viewmodels.text import use_language
from nodeagent.adapters.vip.null import NOT_LINUX
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.vip_status import FloodHeard, FloodProbe
from tests.app.viewmodels.modules import FULL

NODES = ("node1", "node2", "node3")


class FakeSession:
    """Nodes that hear each other, but for the `deaf` (pairs of sender and receiver) and those that cannot take part."""

    def __init__(self) -> None:
        self.deaf: set[tuple[str, str]] = set()
        self.away: set[tuple[str, str]] = set()
        self.cannot: dict[str, str] = {}
        self.asked: list[tuple[str, FloodProbe]] = []

    async def flood_probe(self, node: str, request: FloodProbe) -> FloodHeard:
        self.asked.append((node, request))
        if node in self.cannot:
            raise CallFailed(Trouble.DENIED, self.cannot[node])
        near = [one for one in NODES if one != node and (one, node) not in self.away]
        reached_by = [one for one in near if (one, node) not in self.deaf]
        return FloodHeard(node, "eth0", tuple(near), tuple(reached_by))


class FakeLater:
    """Keeps what it is given until it is run."""

    def __init__(self) -> None:
        self.kept: list[Coroutine[Any, Any, None]] = []

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.kept.append(work)

    async def run(self) -> None:
        await self.kept.pop()


@pytest.fixture
def made(qapp: QApplication) -> Iterator[tuple[FloodTest, FakeSession, FakeLater]]:
    editor = ModuleEditor("farm", {USERCONFIG: FULL.encode()}, {}, None, NODES)
    way = next(row for row in editor.lists.rows(Listing.ADDRESSES) if "virtual_interface" in row.path)
    editor.lists.choose(Listing.ADDRESSES, way.path)
    session, tasks = FakeSession(), FakeLater()
    yield FloodTest(session, tasks, editor), session, tasks  # type: ignore[arg-type]
    use_language("en")


Made = tuple[FloodTest, FakeSession, FakeLater]


async def test_all_chosen_nodes_are_asked_about_the_network_of_the_chosen_way(made: Made) -> None:
    flood, session, tasks = made
    assert flood.lines == ()
    flood.run()
    assert flood.reason == "a test is under way"
    flood.run()
    assert len(tasks.kept) == 1
    await tasks.run()
    assert flood.reason == ""
    assert [node for node, _ in session.asked] == list(NODES)
    assert {(one.address, one.interface) for _, one in session.asked} == {("10.0.0.100", "eth0")}
    assert [line.text for line in flood.lines] == [
        "vmac_invisible works here.",
        "node1 → node2 and node3: frames to an unknown MAC arrive",
        "node2 → node1 and node3: frames to an unknown MAC arrive",
        "node3 → node1 and node2: frames to an unknown MAC arrive",
    ]
    assert all(line.good for line in flood.lines)


async def test_a_result_holds_for_the_network_and_the_nodes_that_were_tested(made: Made) -> None:
    flood, _, tasks = made
    flood.run()
    await tasks.run()
    editor = flood._editor
    editor.set_surroundings(None, NODES[:2])
    assert flood.lines == ()
    editor.set_surroundings(None, NODES)
    assert len(flood.lines) == 4
    editor.set_field(editor.lists.chosen(Listing.ADDRESSES).rpartition("/")[0], "name", "eth1")
    assert flood.lines == ()
    editor.set_surroundings(None, NODES[:1])
    assert flood.reason == "choose at least two nodes"


async def test_who_does_not_hear_is_named_with_what_to_do(made: Made) -> None:
    flood, session, tasks = made
    session.deaf = {("node1", "node3"), ("node2", "node3")}
    flood.run()
    await tasks.run()
    assert [line.text for line in flood.lines if not line.good] == [
        "Frames of node1 and node2 to an unknown MAC do not arrive at node3: choose vmac_directed, or let the switch or"
        " hypervisor flood them."
    ]
    assert "vmac_invisible works here." not in [line.text for line in flood.lines]
    session.deaf, session.away = set(), {("node2", "node1")}
    flood.run()
    await tasks.run()
    assert flood.lines[0].text == (
        "No frame of node2 arrives at node1: a virtual IP needs its nodes on one layer-2 network."
    )


async def test_a_node_that_cannot_is_named_in_the_language_in_use(made: Made) -> None:
    flood, session, tasks = made
    session.cannot["node2"] = NOT_LINUX
    use_language("fr")
    flood.run()
    await tasks.run()
    assert flood.lines[0].text.startswith("node2 ne participe pas\u00a0: une IP virtuelle n’est servie que par")
    assert flood.lines[-1].text == "node3 → node1\u00a0: les trames vers une MAC inconnue arrivent"
