"""The cluster page on real agents: who reaches whom, a node that died, the history, and what closing would lose."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from app.console import Console
from app.services.cluster_rollout import ClusterRequest, apply_cluster
from app.services.cluster_session import ClusterSession
from app.services.memory import RememberedCluster
from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Outcome
from app.services.secrets import Secrets
from app.services.tasks import TaskOwner
from app.viewmodels.navigation import Place, Tab
from app.viewmodels.port_matrix import HERE, Cell, Gate
from app.views.configuration.cluster_page import ClusterPage
from app.views.configuration.module_page import ModulePage
from app.views.widgets import AskSheet
from nodeagent.contract.reach_api import Reach
from tests.app.e2e.hands import Hands, button
from tests.app.e2e.test_console import living, shown
from tests.app.services.agents import ConsoleFarm, keep_when_all_answer
from tests.e2e.real_farm import until
from tests.fakes.cluster_nodes import FakeVault
from tests.fakes.short_directory import short_directory


@pytest.fixture
def farm() -> Iterator[ConsoleFarm]:
    """Three agents with one password, in no cluster yet."""
    with short_directory() as directory:
        made = ConsoleFarm(directory, 3, block=2)
        for node in made.nodes:
            node.password = "correct horse battery"
        try:
            made.start_agents()
            yield made
        finally:
            made.power_off()


async def make_cluster(farm: ConsoleFarm) -> Credentials:
    """Two revisions: the second one beats half as fast."""
    targets = tuple(node.target for node in farm.nodes)
    for xml in (farm.xml(), farm.xml().replace(b"<lans>", b'<lans pulse="200ms">')):
        done = await apply_cluster(ClusterRequest(xml, targets), lambda _: None, keep_when_all_answer)
        assert done.applied.outcome is Outcome.APPLIED, done
        assert done.credentials is not None
        targets = tuple(msgspec.structs.replace(one, credentials=done.credentials) for one in targets)
    until(lambda: all(one["alive"] for node in farm.nodes for one in node.get("/status")["peers"]), 20, "they hear")
    return targets[0].credentials


def cell(page: ClusterPage, source: str, target: str) -> Cell:
    """Of the first lan."""
    matrix = page._ports.matrices[0]
    return matrix.cells[matrix.rows.index(source)][matrix.columns.index(target)]


async def check_ports(hands: Hands, page: ClusterPage) -> None:
    """By the button above the table."""
    await hands.click(page.table.ports_button)
    await hands.until(lambda: bool(page._ports.ended) and not page._ports.running, "the ports are checked")


@pytest.mark.covers("POST /connectivity", "GET /cluster/history", "GET /cluster/history/{number}", "GET /cluster/diff")
@pytest.mark.timeout(180)
async def test_ports_history_and_closing_on_real_agents(qapp: QApplication, tmp_path: Path, farm: ConsoleFarm) -> None:
    credentials = await make_cluster(farm)
    pins = [node.known_pin for node in farm.nodes]
    cluster = RememberedCluster("c1", "Contoso", "admin", tuple(node.place for node in farm.nodes))
    async with living(qapp, tmp_path, cluster) as (console, hands):
        await console.secrets.keep(credentials, *pins, remember=False)
        console.window.resize(1440, 900)
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        session = console._clusters["c1"].session
        for watcher in session.nodes:
            watcher.retry()
        await hands.until(lambda: all(view.reached for view in session.view()), "all nodes are reached")
        await hands.click_tab(console.window.top_bar.tabs, "Configuration")
        page = console.window.page(shown(console))
        assert isinstance(page, ClusterPage)
        await hands.until(page.apply_button.isEnabled, "the cluster is read")

        hands.begin("ports")
        await check_ports(hands, page)
        names = [node.name for node in farm.nodes]
        found = {(one, two): cell(page, one, two) for one in (HERE, *names) for two in names if one != two}
        assert {one.gate for one in found.values()} == {Gate.OPEN}, [one.sentence for one in found.values()]
        assert [way.name for way in cell(page, "node1", "node2").ways] == [
            "UDP 4800, heartbeats",
            "TCP 9453, API",
            "TCP 9010, health",
        ]
        await hands.picture("ports-open")

        hands.begin("a node dies")
        farm.nodes[2].power_off()
        await hands.until(lambda: not session.watcher("node3").view.reached, "node3 is silent")
        await hands.until(lambda: _unheard(session, "node1"), "node1 does not hear it")
        await check_ports(hands, page)
        assert cell(page, "node1", "node3").text == "9453, 9010"
        assert cell(page, "node1", "node3").remedies[0].startswith("node3 is there, but refuses TCP 9453")
        assert cell(page, "node3", "node1").ways[0].said == "node1 does not hear node3, which answers nobody"
        assert cell(page, HERE, "node3").ways[0].said == "refused"
        assert cell(page, "node1", "node2").gate is Gate.OPEN
        assert page.table.lines[2]._words.text() == "refused"
        assert "node3" not in page._editor.facts
        await hands.picture("ports-of-a-dead-node")

        hands.begin("history")
        await hands.click(button(page, "History"))
        model = page.history.table.model()
        await hands.until(lambda: model.rowCount() == 2, "both revisions are listed")
        assert [str(model.index(row, 2).data()) for row in range(2)] == ["admin", "admin"]
        await hands.click(page.history.table.viewport(), page.history.table.visualRect(model.index(1, 0)).center())
        await hands.until(lambda: "addr=" in page.history.shown.code.toPlainText(), "what it changed is shown")
        await hands.picture("history")
        await hands.click(page.history.restore)
        await hands.until(lambda: page._editor.form.pulse == "100ms", "it is the draft")
        await hands.picture("restored-as-draft")
        await closing_asks_for_both(console, hands)


def _unheard(session: ClusterSession, by: str) -> bool:
    status = session.watcher(by).view.status
    return status is not None and not next(peer for peer in status.peers if peer.name == "node3").alive


async def closing_asks_for_both(console: Console, hands: Hands) -> None:
    """The draft of the cluster is there; a module's comes to it."""
    hands.begin("closing")
    console.navigator.begin_module("c1")
    page = console.window.page(shown(console))
    assert isinstance(page, ModulePage)
    await hands.write(next(line for line in page.findChildren(QLineEdit) if line.isVisible()), "farm")
    await hands.click(button(page, "Create the module"))
    await hands.until(page.apply.isVisible, "the module is open")
    console.window.close()
    (sheet,) = [one for one in page.findChildren(AskSheet) if one.isVisible()]
    assert sheet.accessibleName() == "Changes of farm and the cluster Contoso were not applied and are lost."
    await hands.picture("closing-asks")
    await hands.click(button(page, "Go back"))
    assert console.window.isVisible()
    console.navigator.go(Place(Tab.CONFIGURATION, "c1"))
    cluster = console.window.page(shown(console))
    assert isinstance(cluster, ClusterPage)
    await hands.click(cluster.undo_button)
    console.window.close()
    (sheet,) = [one for one in cluster.findChildren(AskSheet) if one.isVisible()]
    assert sheet.accessibleName() == "Changes of farm were not applied and are lost."
    await hands.click(button(cluster, "Close without them"))


@contextmanager
def deaf(address: str) -> Iterator[int]:
    """A port that takes no more connections: what it is sent gets no answer, as from behind a firewall."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.covers("POST /connectivity", "GET /nodes/{node}/{rest}", "POST /nodes/{node}/{rest}")
@pytest.mark.timeout(120)
async def test_a_node_out_of_this_computers_reach_is_asked_through_another_one(farm: ConsoleFarm) -> None:
    credentials = await make_cluster(farm)
    near, far = farm.nodes[0], farm.nodes[1]
    wrong = NodeAddress(far.address, 1, far.known_pin)
    failed: list[str] = []
    secrets = Secrets(FakeVault())
    await secrets.keep(credentials, *(node.known_pin for node in farm.nodes))
    tasks = TaskOwner(lambda name, error: failed.append(f"{name}: {error!r}"))
    session = ClusterSession(RememberedCluster("c1", "", "admin", (near.place, wrong)), secrets, tasks)
    session.start()
    try:
        async with asyncio.timeout(20):
            while not any(view.name == near.name and view.reached for view in session.view()):
                await asyncio.sleep(0.02)
        status = await session.status_through(near.name, far.name)
        assert status.node == far.name
        open_there = await session.reach(far.name, Reach(near.address, 9453), near.name)
        assert open_there.ok
        assert open_there.source == far.address or open_there.source.startswith("127.")
        shut_there = await session.reach(far.name, Reach(near.address, 9), near.name)
        assert (shut_there.ok, shut_there.cause) == (False, "refused")
        no_way = await session.reach(near.name, Reach("255.255.255.255", 9))
        assert (no_way.ok, no_way.cause) == (False, "no way")
        with deaf(near.address) as port:
            silence = await session.reach(far.name, Reach(near.address, port), near.name)
        assert (silence.ok, silence.cause) == (False, "silence")
    finally:
        await session.stop()
        await tasks.aclose()
    assert not failed
