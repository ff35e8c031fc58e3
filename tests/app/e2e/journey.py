"""The ten steps of the main journey, played in a real window against real agents."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QLineEdit, QWidget

from app.console import Console
from app.viewmodels.silhouettes import Silhouette
from app.views.configuration.cluster_page import ClusterPage
from app.views.configuration.module_page import ModulePage
from app.views.details.page import DetailsPage
from app.views.first_run import FirstRunPage
from app.views.monitoring.module_card import ModuleCardView
from app.views.monitoring.page import MonitoringPage
from app.views.monitoring.tile_view import NodeTileView
from app.views.mosaic_page import MosaicPage
from nodeagent.demo.module import WEB_APP
from nodeagent.demo.ports import Port, demand_free
from tests.app.e2e.hands import Hands, button
from tests.app.e2e.watching import LoopWatch, PaintWatch, percentile
from tests.app.services.agents import ConsoleNode

NETWORK = "127.0.88"
BALANCER = f"{NETWORK}.10"
PASSWORD = "correct horse battery"
APP_PORT = 8081
OWN_COPY = rf"web_app\.py.? serve --node %SAFENODE% --address {NETWORK}\."
"""Not the application of another farm on this computer."""
P = TypeVar("P", bound=QWidget)


@contextmanager
def fresh_nodes(directory: Path, count: int = 3) -> Iterator[list[ConsoleNode]]:
    """Agents as installed, one password, and a load balancer before them. Raises DemoPortTaken."""
    nodes = [ConsoleNode(directory, number, NETWORK) for number in range(1, count + 1)]
    demand_free(Port(node.address, port) for node in nodes for port in (9010, 9453, APP_PORT))
    balancer: subprocess.Popen[bytes] | None = None
    try:
        for node in nodes:
            node.password = PASSWORD
            node.start()
        arguments = [f"--node={node.name}={node.address}" for node in nodes]
        command = [sys.executable, "-m", "nodeagent.demo.load_balancer", "--module", "farm", "--interval", "1"]
        with (directory / "balancer.out").open("wb") as out:
            balancer = subprocess.Popen([*command, *arguments, f"--relay={BALANCER}:9010:9010"], stdout=out, stderr=out)
        yield nodes
    finally:
        if balancer is not None:
            balancer.kill()
            balancer.wait()
        for node in nodes:
            node.power_off()


@dataclass(frozen=True)
class Report:
    """What was measured; seconds."""

    mosaics: list[dict[str, int]]
    """Answers by node: with all nodes, and with one stopped."""
    painted: list[float]
    """From a module's new state on its node to the tile painted with it."""
    worst: float
    """The longest time the window's loop stood still."""
    stalls: list[tuple[float, str]]
    """Each time over 50 ms, and in which step."""

    def __str__(self) -> str:
        worst = "; ".join(f"{seconds * 1000:.0f} ms in step {step}" for seconds, step in sorted(self.stalls)[-3:][::-1])
        return (
            f"mosaics {self.mosaics}\n"
            f"event to painted: p95 {percentile(self.painted, 0.95) * 1000:.0f} ms of {len(self.painted)}\n"
            f"the window stood still {self.worst * 1000:.0f} ms at most, {len(self.stalls)} times over 50 ms: {worst}"
        )


async def played(console: Console, nodes: Sequence[ConsoleNode], hands: Hands) -> Report:
    """Show the console, play the journey in it, close it. Raises AssertionError where it does not go on."""
    console.show()
    watch = LoopWatch(lambda: hands.step)
    journey = Journey(console, nodes, hands)
    async with asyncio.TaskGroup() as group:
        group.create_task(console.run(), name="console")
        try:
            await journey.play()
        finally:
            watch.stop()
            console.window.close()
    painted = journey.painted.delays if journey.painted is not None else []
    return Report([dict(sorted(one.items())) for one in journey.mosaics], painted, watch.worst, watch.stalls)


class Journey:
    """One person, one console, fresh nodes. `play` raises AssertionError where the console does not do as it should."""

    def __init__(self, console: Console, nodes: Sequence[ConsoleNode], hands: Hands) -> None:
        self._console, self._nodes, self._hands = console, nodes, hands
        self._window = console.window
        self.painted: PaintWatch | None = None
        self.mosaics: list[Counter[str]] = []

    async def play(self) -> None:
        """All ten steps."""
        await self._connect()
        await self._make_cluster()
        await self._make_module()
        await self._fill_form()
        await self._write_scripts()
        await self._apply_module()
        await self._start()
        await self._kill_application()
        await self._test()
        await self._read_why()

    # --- 1, 2: find the nodes, make a cluster -------------------------------------------------

    async def _connect(self) -> None:
        hands, page = self._hands, self._page(FirstRunPage)
        hands.begin("1 first run: addresses, fingerprints, password")
        await hands.picture("first-run")
        card = page.connect_card
        for node in self._nodes:
            field = list(card.lines.values())[-1].field.line
            await hands.write(field, node.address)
        await hands.until(lambda: len(self._answered(page)) == len(self._nodes), "all addresses answer")
        assert not card.password.line.isEnabled(), "a password could be typed before the words were compared"
        await hands.picture("compare-the-words")
        await hands.click(card.match)
        await hands.write(card.password.line, PASSWORD)
        await hands.picture("password")
        await hands.click(card.connect_button)
        await hands.until(lambda: isinstance(self._shown(), ClusterPage), "nodes without a cluster lead to one")
        await hands.picture("connected")

    def _answered(self, page: FirstRunPage) -> list[QWidget]:
        return [line for line in page.connect_card.lines.values() if line.findChild(QWidget) and line._mark.isVisible()]

    async def _make_cluster(self) -> None:
        hands = self._hands
        hands.begin("2 cluster of three: names, save and apply, keep")
        page = self._page(ClusterPage)
        addresses = [node.address for node in self._nodes]
        await hands.until(
            lambda: [line.addresses[0].text() for line in page.table.lines] == addresses, "the nodes are in the table"
        )
        await hands.until(page.apply_button.isEnabled, "all of them have answered")
        for node in self._nodes:
            line = next(one for one in page.table.lines if one.addresses[0].text() == node.address)
            await hands.write(line.name.line, node.name)
        await hands.until(page.apply_button.isEnabled, "the cluster can be applied")
        await hands.picture("cluster")
        await hands.click(page.apply_button)
        await hands.until(lambda: page.bar is not None, "the console asks to keep the configuration")
        assert page.bar is not None
        await hands.picture("keep-or-go-back")
        await hands.click(page.bar.keep_button)
        await hands.until(lambda: page.bar is None, "the configuration is kept")
        facts = [f"{node.name} {node.get('/cluster')}" for node in self._nodes]
        assert all(node.get("/cluster")["configured"] for node in self._nodes), facts
        await hands.until(
            lambda: page.accessibleName() == f"Cluster of {self._nodes[0].name}",
            "the page has the new name",
        )
        await hands.picture("cluster-applied")

    # --- 3 to 6: the module -------------------------------------------------------------------

    async def _make_module(self) -> None:
        hands = self._hands
        hands.begin("3 new module from the generic farm module")
        await hands.click_tab(self._window.top_bar.tabs, "Monitoring")
        await hands.click(button(self._page(MonitoringPage), "New module…"))
        page = self._page(ModulePage)
        await hands.picture("new-module")
        name = next(line for line in page.findChildren(QLineEdit) if line.isVisible())
        await hands.write(name, "farm")
        await hands.click(button(page, "Create the module"))
        await hands.until(page.apply.isVisible, "the module is open")
        await hands.picture("module-form")

    async def _fill_form(self) -> None:
        hands, page = self._hands, self._page(ModulePage)
        hands.begin("4 form: one restart, the process to watch, the drain")
        await self._field(page, "General", "maxloop", "1")
        await hands.click_tab(page.form.tabs, "Processes")
        await hands.picture("processes")
        wanted = {"name": "web_app", "nameregex": "^python", "argregex": OWN_COPY}
        for attribute, text in wanted.items():
            row = next(one for one in page.form.processes.rows if one.state.spec.attribute == attribute)
            await hands.write(row._typed, text)
        await hands.picture("process-named")
        await self._field(page, "Health", "drain", "2")
        await hands.picture("what-it-means")

    async def _field(self, page: ModulePage, tab: str, attribute: str, text: str) -> None:
        await self._hands.click_tab(page.form.tabs, tab)
        rows = [row for row in page.form.findChildren(QWidget) if hasattr(row, "state") and row.isVisible()]
        row = next(one for one in rows if one.state.spec.attribute == attribute)
        await self._hands.write(row._typed, text)

    async def _write_scripts(self) -> None:
        hands, page = self._hands, self._page(ModulePage)
        hands.begin("5 scripts: start and stop the application")
        await hands.click(button(page, "Scripts"))
        app, where = f'"{sys.executable}" "{WEB_APP}"', f'--address "$SAFENODEADDR" --port {APP_PORT}'
        for name, mark, call in (
            ("start_both", "# OWN START CALLS", f'{app} start --node "$SAFENODE" {where} || res=$?'),
            ("stop_both", "# OWN STOP CALLS", f"{app} stop {where} || res=$?"),
        ):
            await hands.click_row(page.scripts.files, name)
            lines = page.scripts.code.toPlainText().splitlines()
            await hands.insert_after(page.scripts.code, lines.index(mark) + 1, call)
            assert call in page.scripts.code.toPlainText().splitlines()
            await hands.picture(name.replace("_", "-"))

    async def _apply_module(self) -> None:
        hands, page = self._hands, self._page(ModulePage)
        hands.begin("6 save and apply on all nodes")
        await hands.click(page.apply)
        await hands.until(lambda: all(self._has_module(node) for node in self._nodes), "the module is on all nodes")
        await hands.look(0.5)
        await hands.picture("module-applied")

    @staticmethod
    def _has_module(node: ConsoleNode) -> bool:
        return any(module["name"] == "farm" and module["configured"] for module in node.get("/status")["modules"])

    # --- 7, 8: start, break -------------------------------------------------------------------

    async def _start(self) -> None:
        hands = self._hands
        hands.begin("7 start: red, orange, green")
        await hands.click_tab(self._window.top_bar.tabs, "Monitoring")
        await hands.until(lambda: len(self._tiles()) == len(self._nodes), "a tile per node")
        await hands.picture("stopped")
        self.painted = PaintWatch(self._tiles())
        await hands.click(button(self._card(), "Actions"))
        await hands.picture("actions")
        await hands.choose(f"Start on all {len(self._nodes)} nodes")
        await hands.until(lambda: self._all(Silhouette.READY), "all tiles are green")
        await hands.until(lambda: all(node.green() for node in self._nodes), "all health URLs say 200")
        await hands.picture("green")

    async def _kill_application(self) -> None:
        hands, node = self._hands, self._nodes[0]
        hands.begin("8 the application dies: restarted, and said so")
        self._kill(node)
        tile = self._tile(node.name)
        await hands.until(lambda: tile.tile.silhouette is not Silhouette.READY, "the tile shows that it is gone")
        await hands.picture("application-died")
        await hands.until(lambda: self._all(Silhouette.READY), "it is restarted")
        await hands.click(tile)
        await hands.until(lambda: isinstance(self._shown(), DetailsPage), "Details are shown")
        await hands.until(lambda: self._log_says("restart"), "the log tells of the restart")
        await hands.picture("restarted")

    # --- 9, 10: the mosaic, why ---------------------------------------------------------------

    async def _test(self) -> None:
        hands = self._hands
        hands.begin("9 the mosaic, with three nodes and with two")
        await hands.click_tab(self._window.top_bar.tabs, "Test")
        page = self._page(MosaicPage)
        await hands.write(page.address.line, BALANCER)
        await hands.click(page.run_button)
        await self._mosaic(page, {node.name for node in self._nodes})
        await hands.picture("mosaic")
        victim = self._nodes[1].name
        stop = next(one for one in page.findChildren(QWidget) if one.accessibleName() == f"Stop {victim} now")
        await hands.click(stop)
        await self._mosaic(page, {node.name for node in self._nodes} - {victim})
        await hands.picture("mosaic-of-two")
        await hands.click(page.run_button)

    async def _mosaic(self, page: MosaicPage, wanted: set[str]) -> None:
        """Wait for a round in which exactly these nodes answered, and nobody failed."""

        def answers() -> Counter[str]:
            rounds = page._model.rounds
            return Counter(cell.node for cell in rounds[-1].cells if cell is not None) if rounds else Counter()

        await self._hands.until(lambda: set(answers()) == wanted, f"{sorted(wanted)} answer")
        self.mosaics.append(answers())

    async def _read_why(self) -> None:
        hands, node = self._hands, self._nodes[0]
        hands.begin("10 it dies once too often: why?")
        await hands.click_tab(self._window.top_bar.tabs, "Monitoring")
        self._kill(node)
        tile = self._tile(node.name)
        await hands.until(lambda: tile.tile.silhouette is Silhouette.STOP, "the module stops")
        await hands.until(tile.why.isVisible, "the tile offers to explain")
        await hands.picture("stopped-for-good")
        await hands.click(tile.why)
        page = self._page(DetailsPage)
        await hands.until(page.chain.isVisible, "the chain of causes is shown")
        await hands.until(lambda: len(page.chain.steps) > 1, "the chain has its steps")
        await hands.look(0.5)
        await hands.picture("why")

    # --- looking ------------------------------------------------------------------------------

    def _shown(self) -> QWidget | None:
        return self._window.page(self._window.current_key())

    def _page(self, kind: type[P]) -> P:
        page = self._shown()
        assert isinstance(page, kind), f"{self._hands.step}: {type(page).__name__} is shown"
        return page

    def _card(self) -> ModuleCardView:
        return self._page(MonitoringPage).cards[0]

    def _tiles(self) -> list[NodeTileView]:
        page = self._shown()
        return page.cards[0].tiles if isinstance(page, MonitoringPage) and page.cards else []

    def _tile(self, node: str) -> NodeTileView:
        return next(tile for tile in self._tiles() if tile.tile.node == node)

    def _all(self, silhouette: Silhouette) -> bool:
        return all(tile.tile.silhouette is silhouette for tile in self._tiles())

    def _log_says(self, words: str) -> bool:
        model = self._page(DetailsPage).log.table.model()
        last = model.columnCount() - 1
        return any(words in str(model.index(row, last).data()) for row in range(model.rowCount()))

    @staticmethod
    def _kill(node: ConsoleNode) -> None:
        """kill -9 of the application."""
        victims = [process for process in node.processes() if "web_app.py" in " ".join(process.cmdline())]
        assert victims, f"the application does not run on {node.name}"
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
