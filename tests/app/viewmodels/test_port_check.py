"""Who reaches whom: what is asked of which node, what a cell says, and what helps."""

import msgspec
import pytest

from app.services.nodes import Reach as Standing
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_form import EMPTY, addressed, with_lan, with_node
from app.viewmodels.port_check import PortCheck
from app.viewmodels.port_matrix import HERE, Cell, Gate, ports_words, summary
from nodeagent.client.failures import Trouble
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.states import Role
from nodeagent.contract.status import LanStatus, Listener, NodeStatus, PeerStatus
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeClusterSession, FakeNodes, FakeRollout

SIGNATURE = "7c1e90a4" * 8
NAMES = ("node1", "node2", "node3")
SILENCE = Reached(False, "no answer within 3 s: a firewall or a wrong address", cause="silence")
REFUSED = Reached(False, "refused: nothing listens there", cause="refused")


def address(name: str, lan: str = "default") -> str:
    return f"{'10.0.0' if lan == 'default' else '192.168.10'}.{name[-1]}"


def heard(by: str, deaf: frozenset[tuple[str, str]] = frozenset(), health: int = 9010) -> NodeStatus:
    """What `by` says: it hears all others on both lans, but those of (node, lan)."""
    peers = tuple(
        PeerStatus(
            name,
            True,
            0.0,
            lans=tuple(
                LanStatus(lan, address(name, lan), (name, lan) not in deaf, 0.0) for lan in ("default", "private")
            ),
            api_port=9453,
            health_port=9010,
        )
        for name in NAMES
        if name != by
    )
    listeners = (Listener("API port", "", 9453, True), Listener("health port", "", health, True))
    return NodeStatus(
        by, f"uuid-{by}", "0.1.0", 1, 0.0, "b", 0.0, cluster_signature=SIGNATURE, peers=peers, listeners=listeners
    )


class Bench:
    """A cluster of three on two lans."""

    def __init__(self, drafts: tuple[str, ...] = ()) -> None:
        self.nodes = FakeNodes()
        data = EMPTY
        for name in NAMES:
            data = with_node(data, name, address(name))
        data = with_lan(data, "private")
        for at, name in enumerate(NAMES):
            data = addressed(data, at, 1, address(name, "private"))
        pins = {name: self.nodes.put(address(name), name, signature=SIGNATURE) for name in NAMES}
        info = ClusterInfo(True, "node1", data, SIGNATURE, NAMES, pins, True)
        self.session = FakeClusterSession(self.nodes, {address(name): name for name in NAMES}, info)
        for name in NAMES:
            self.says(heard(name))
        self.tasks, rollout = owner(), FakeRollout()
        self.editor = ClusterEditor(
            self.session, self.nodes.ask, self.nodes.sign_in, self.tasks, rollout.check, rollout.apply
        )
        self.ports = PortCheck(self.editor, self.session, self.nodes.ask, self.tasks)
        self.drafts = drafts

    def says(self, status: NodeStatus) -> None:
        view = next(view for view in self.session.view() if view.name == status.node)
        self.session.put(msgspec.structs.replace(view, status=status))

    def silence(self, name: str) -> None:
        view = next(view for view in self.session.view() if view.name == name)
        self.session.put(msgspec.structs.replace(view, reach=Standing.UNREACHABLE, trouble=Trouble.TIMED_OUT))
        self.nodes.trouble[address(name)] = Trouble.TIMED_OUT

    async def checked(self) -> PortCheck:
        self.editor.load()
        await settled(self.tasks)
        for place in self.drafts:
            self.editor.set_address(self.editor.add_node(), 0, place)
            await settled(self.tasks)
        self.ports.begin()
        assert self.ports.running
        await settled(self.tasks)
        assert not self.ports.running
        return self.ports

    def cell(self, source: str, target: str, lan: str = "default") -> Cell:
        matrix = next(one for one in self.ports.matrices if one.lan == lan)
        return matrix.cells[matrix.rows.index(source)][matrix.columns.index(target)]


async def test_all_ways_of_an_open_network_are_told_with_their_times() -> None:
    bench = Bench()
    ports = await bench.checked()
    assert [(one.lan, one.rows, one.columns) for one in ports.matrices] == [
        ("default", (HERE, *NAMES), NAMES),
        ("private", NAMES, NAMES),
    ]
    assert bench.cell("node1", "node2").text == "0.4\u00a0ms"
    assert [(way.name, way.gate) for way in bench.cell("node1", "node2", "private").ways] == [
        ("UDP 4800, heartbeats", Gate.OPEN),
        ("TCP 9453, API", Gate.OPEN),
        ("TCP 9010, health", Gate.OPEN),
    ]
    assert bench.cell(HERE, "node1").text == "2.0\u00a0ms"
    assert bench.cell("node2", "node2").text == "itself"
    assert summary(ports.matrices) == "15 of 15 ways open"
    assert ports_words(ports.matrices) == "UDP 4800, TCP 9453 and 9010"
    assert len(bench.session.asked) == 2 * 3 * 2 * 2
    assert ports.done == ports.all == 24 + 3


async def test_a_closed_way_names_its_ports_and_which_firewall_to_open_for_whom() -> None:
    bench = Bench()
    bench.session.shut["node1", "192.168.10.2", 9453] = SILENCE
    bench.says(heard("node2", frozenset({("node1", "private")})))
    ports = await bench.checked()
    cell = bench.cell("node1", "node2", "private")
    assert (cell.gate, cell.text) == (Gate.CLOSED, "4800, 9453")
    assert cell.remedies == (
        "On node2, let in UDP 4800 and TCP 9453 from 192.168.10.1: keepgreen firewall add does that there. Then look"
        " at the firewalls between the two.",
    )
    assert "node2 does not hear node1" in cell.sentence
    assert bench.cell("node2", "node1", "private").gate is Gate.OPEN
    assert bench.cell("node1", "node2").gate is Gate.OPEN
    assert summary(ports.matrices) == "14 of 15 ways open; red names the ports that stayed closed"


@pytest.mark.parametrize(
    ("met", "said"),
    [
        (REFUSED, "node3 is there, but refuses TCP 9010: its agent does not run"),
        (Reached(False, "No route to host", cause="no way"), "The network brings nothing to 10.0.0.3: compare address"),
        (Reached(False, "strange"), "The network brings nothing to 10.0.0.3"),
    ],
)
async def test_each_kind_of_refusal_has_its_own_remedy(met: Reached, said: str) -> None:
    bench = Bench()
    bench.session.shut["node1", "10.0.0.3", 9010] = met
    await bench.checked()
    assert bench.cell("node1", "node3").text == "9010"
    assert bench.cell("node1", "node3").remedies[0].startswith(said)


async def test_a_port_that_another_program_holds_is_closed_though_something_answers_there() -> None:
    bench = Bench()
    status = heard("node3")
    taken = Listener("health port", "", 9010, False, "9010 is used by nginx (pid 812)")
    bench.says(msgspec.structs.replace(status, listeners=(status.listeners[0], taken)))
    await bench.checked()
    cell = bench.cell("node2", "node3")
    assert (cell.text, cell.ways[2].said) == ("9010", "9010 is used by nginx (pid 812)")
    assert cell.remedies == (
        "On node3, end the program that holds TCP 9010, or give the agent another port in agent.toml.",
    )


async def test_a_port_bound_to_one_address_is_not_missed_on_other_lans() -> None:
    bench = Bench()
    bound = tuple(Listener(name, "10.0.0.3", number, True) for name, number in (("API port", 9453), ("health port", 9)))
    bench.says(msgspec.structs.replace(heard("node3"), listeners=bound))
    bench.session.shut["node1", "192.168.10.3", 9453] = REFUSED
    await bench.checked()
    assert bench.cell("node1", "node3").ways[2].name == "TCP 9, health"
    private = bench.cell("node1", "node3", "private")
    assert private.gate is Gate.OPEN
    assert [way.gate for way in private.ways] == [Gate.OPEN, Gate.UNUSED, Gate.UNUSED]
    assert private.ways[1].said == "node3 listens on 10.0.0.3 only"


async def test_a_silent_node_is_asked_through_another_one() -> None:
    bench = Bench()
    bench.silence("node3")
    bench.session.relayed["node3"] = heard("node3", health=9020)
    await bench.checked()
    assert bench.cell("node3", "node1").gate is Gate.OPEN
    assert bench.cell("node3", "node1").remark == "node3 was asked through node1."
    assert ("node3", "10.0.0.1", 9453, "node1") in bench.session.asked
    assert ("node1", "10.0.0.3", 9020, "") in bench.session.asked
    here = bench.cell(HERE, "node3")
    assert (here.text, here.ways[0].said) == ("9453", "timed out")
    assert bench.editor.rows[2].standing_text == "timed out"
    assert here.remedies[0].startswith("On node3, let in TCP 9453 from this computer: ")


async def test_of_a_node_silent_for_all_nobody_says_more_than_he_saw() -> None:
    bench = Bench()
    bench.silence("node3")
    bench.session.shut["node1", "10.0.0.3", 9453] = SILENCE
    bench.session.shut["node1", "10.0.0.3", 9010] = SILENCE
    bench.says(heard("node1", frozenset({("node3", "default")})))
    await bench.checked()
    to = bench.cell("node1", "node3")
    assert (to.gate, to.text) == (Gate.CLOSED, "9453, 9010")
    assert to.ways[0].said == "node3 does not answer, so it cannot say whom it hears"
    back = bench.cell("node3", "node1")
    assert (back.gate, back.text) == (Gate.UNTOLD, "not asked")
    assert back.ways[0].said == "node1 does not hear node3, which answers nobody"
    assert back.ways[1].said == "node3 does not answer this console, nor through another node"
    assert not back.remedies
    heard_by_two = bench.cell("node3", "node2")
    assert (heard_by_two.gate, heard_by_two.text) == (Gate.UNTOLD, "only 4800")


async def test_a_draft_is_asked_about_but_not_asked() -> None:
    bench = Bench(("10.0.0.9", "web.example"))
    bench.nodes.trouble["10.0.0.9"] = Trouble.TIMED_OUT
    bench.session.shut["node2", "10.0.0.9", 9453] = SILENCE
    ports = await bench.checked()
    first, second = ports.matrices[0].columns[3:]
    cell = bench.cell("node2", first)
    assert (cell.text, cell.ways[0].said) == ("9453", "heartbeats begin when both are in the cluster")
    assert bench.cell(first, "node2").text == "not asked"
    assert bench.cell(first, "node2").ways[1].said == f"{first} is in no cluster yet, so it is not asked itself"
    assert bench.cell("node1", second).remark == "A name is looked up by an apply; type the IP address to check it now."
    assert ports.matrices[1].columns == NAMES


async def test_a_check_is_cancelled_and_says_what_it_left_out() -> None:
    bench = Bench()
    bench.editor.load()
    await settled(bench.tasks)
    bench.nodes.held = True
    bench.ports.begin()
    assert bench.ports.reason == "the ports are being checked"
    await until(lambda: bench.ports.done == 24)
    bench.ports.cancel()
    await until(lambda: not bench.ports.running)
    bench.nodes.held = False
    await settled(bench.tasks)
    assert not bench.ports.running
    assert bench.ports.ended
    assert bench.cell(HERE, "node1").text == "not asked"
    assert bench.cell("node1", "node2").gate is Gate.OPEN
    assert bench.ports.reason == ""
    assert not bench.ports.stale
    bench.editor.set_timing("pulse", "200ms")
    assert bench.ports.stale


async def test_who_may_not_check_is_told() -> None:
    bench = Bench()
    bench.editor.load()
    await settled(bench.tasks)
    for view in bench.session.view():
        bench.session.put(msgspec.structs.replace(view, role=Role.MONITOR))
    assert bench.ports.reason == "role monitor cannot check ports"
    for name in NAMES:
        bench.silence(name)
    assert bench.ports.reason == "no node answers"
    bench.ports.begin()
    assert not bench.ports.matrices


async def test_a_port_that_is_no_number_hinders_nothing_else() -> None:
    bench = Bench()
    bench.editor.load()
    await settled(bench.tasks)
    bench.editor.set_timing("port", "48²")
    bench.ports.begin()
    await settled(bench.tasks)
    assert bench.ports.done == bench.ports.all > 0
