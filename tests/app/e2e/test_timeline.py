"""The timeline on a real farm: an application is killed, its death is seen there, a click leads to its line."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.console import Console
from app.services.memory import RememberedCluster
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.timeline_lanes import Bar, Kind, Lane
from app.views.details.page import DetailsPage
from app.views.timeline.page import TimelinePage
from tests.app.e2e.hands import Hands, button
from tests.app.e2e.test_console import living
from tests.app.services.agents import ConsoleFarm, serving
from tests.e2e.real_farm import APP


@pytest.fixture
def farm() -> Iterator[ConsoleFarm]:
    """Three nodes that serve."""
    with serving(3, block=7) as made:
        yield made


def shown(console: Console) -> TimelinePage:
    page = console.window.page(console.window.current_key())
    assert isinstance(page, TimelinePage)
    return page


def lane(page: TimelinePage, node: str) -> Lane:
    return next(one for one in page.model.lanes if one.node == node)


def greens(page: TimelinePage) -> int:
    """Lanes that are Ready now."""
    return sum(bool(one.bars) and one.bars[-1].silhouette is Silhouette.READY for one in page.model.lanes)


def has(page: TimelinePage, node: str, kind: Kind) -> bool:
    """Whether a lane has a bar of this kind."""
    return any(bar.kind is kind for bar in lane(page, node).bars)


async def the_timeline(console: Console, hands: Hands, farm: ConsoleFarm) -> TimelinePage:
    """The page, once all nodes are green on it."""
    await hands.until(lambda: "c1" in console._clusters, "the cluster is open")
    for node in farm.nodes:
        await console.secrets.keep(node.credentials, node.known_pin, remember=False)
    for watcher in console._clusters["c1"].session.nodes:
        watcher.retry()
    hands.begin("the timeline of three green nodes")
    await hands.click_tab(console.window.top_bar.tabs, "Timeline")
    page = shown(console)
    await hands.until(lambda: greens(page) == 3, "three lanes are green")
    await hands.picture("green")
    return page


def dying(page: TimelinePage, node: str, since: float) -> Bar | None:
    """The bar that a restart has left on the lane."""
    found = [bar for bar in lane(page, node).bars if bar.silhouette is Silhouette.TRANSIENT and bar.start > since]
    return found[0] if found else None


@pytest.mark.timeout(120)
async def test_a_death_is_seen_and_leads_to_its_line(qapp: QApplication, tmp_path: Path, farm: ConsoleFarm) -> None:
    cluster = RememberedCluster("c1", "Contoso", nodes=tuple(node.place for node in farm.nodes))
    async with living(qapp, tmp_path, cluster) as (console, hands):
        page = await the_timeline(console, hands, farm)

        hands.begin("an application dies")
        victim, before = farm.nodes[1], page.model.session.now()
        for process in victim.processes():
            if f"{APP}-{victim.name}" in " ".join(process.cmdline()):
                os.kill(process.pid, signal.SIGKILL)
        await hands.until(lambda: dying(page, victim.name, before) is not None, "the lane tells of it")
        await hands.until(lambda: greens(page) == 3, "it runs again")
        await hands.picture("died")

        hands.begin("a click leads to the log")
        await hands.click(button(page, "Fit incident"))
        await hands.picture("incident")
        bar = dying(page, victim.name, before)
        assert bar is not None
        await hands.click(page.chart.viewport(), place_of(page, victim.name, (bar.start + bar.end) / 2))
        await see_the_line(console, hands, victim.name)

        hands.begin("the table of events leads there, too")
        await hands.click_tab(console.window.top_bar.tabs, "Timeline")
        death = next(one for one in page.model.events.shown if f"{APP}" in one.line.text or "kg_app" in one.line.text)
        row = page.table.visualRect(page.model.events.index(page.model.events.row_of(death), 0))
        await hands.click(page.table.viewport(), row.center())
        assert page.model.chosen == death
        await hands.picture("chosen")
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        details = await see_the_line(console, hands, victim.name)
        assert details.log.table.chosen_line() == death.line


def place_of(page: TimelinePage, node: str, moment: float) -> QPoint:
    """Where a moment of a node's lane is painted."""
    number = page.model.lanes.index(lane(page, node))
    return QPoint(round(page.chart.scale().x(moment)), page.chart.bar_box(number).center().y())


async def see_the_line(console: Console, hands: Hands, node: str) -> DetailsPage:
    """Details of this node, with a line selected that tells of the death."""
    page = console.window.page(console.window.current_key())
    assert isinstance(page, DetailsPage)
    assert page.model.node == node
    await hands.until(lambda: page.log.table.chosen_line() is not None, "a line is selected")
    line = page.log.table.chosen_line()
    assert line is not None
    assert line.module == "farm"
    await hands.picture("line")
    return page


@pytest.mark.timeout(120)
async def test_a_freeze_and_a_lost_node_are_seen(qapp: QApplication, tmp_path: Path, farm: ConsoleFarm) -> None:
    cluster = RememberedCluster("c1", "Contoso", nodes=tuple(node.place for node in farm.nodes))
    async with living(qapp, tmp_path, cluster) as (console, hands):
        page = await the_timeline(console, hands, farm)
        frozen, killed = farm.nodes[2], farm.nodes[0]
        hands.begin("a node stands still")
        frozen.pause_agent()
        await hands.look(3.0)
        frozen.resume_agent()
        await hands.until(lambda: has(page, frozen.name, Kind.FROZEN), "the freeze is hatched")
        await hands.until(lambda: greens(page) == 3, "it is green again")

        hands.begin("an agent is killed and another one begins")
        killed.kill_agent()
        await hands.until(lambda: bool(lane(page, killed.name).silent), "the lane says that it is silent")
        assert lane(page, killed.name).bars[-1].kind is Kind.UNKNOWN
        assert killed.name in page.model.facts
        await hands.picture("silent")
        killed.start_agent()
        await hands.until(lambda: greens(page) == 3, "its application was adopted")
        gap = [bar for bar in lane(page, killed.name).bars if bar.kind is Kind.UNKNOWN]
        assert [bar.words for bar in gap] == ["Unknown: no agent ran"], "its peers saw it go"
        await hands.click(button(page, "Fit incident"))
        await hands.picture("frozen-and-lost")
