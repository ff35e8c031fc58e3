"""The demo on a terminal: a live table, or without a terminal a line for each change."""

import asyncio
import time
from datetime import UTC, datetime
from http import HTTPStatus

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from nodeagent.contract.states import State, Status
from nodeagent.demo.record import DemoInfo
from nodeagent.demo.view import Lookout, NodeView, Traffic

PERIOD = 0.5
"""Seconds between two looks."""


def probe_of(node: NodeView) -> tuple[str, str]:
    """What ready.txt answers, and its colour."""
    return str(node.ready or "no answer"), "green" if node.ready == HTTPStatus.OK else "red"


def state_of(node: NodeView) -> Text:
    """Glyph, words and colour; never one without the others."""
    if node.state is None:
        return Text("? no agent" if not node.agent else "? silent", "bright_black")
    if node.status is Status.READY:
        return Text(f"✔ {node.state} {node.status}", "green")
    if node.status is Status.TRANSIENT:
        return Text(f"↻ {node.state} {node.status}", "yellow")
    return Text(f"{'◌' if node.state is State.WAIT else '✖'} {node.state} {node.status}", "red")


def picture(info: DemoInfo, nodes: tuple[NodeView, ...], traffic: Traffic) -> Group:
    """What the terminal shows now."""
    table = Table(title=f"Keepgreen demo, module {info.module}", title_justify="left", expand=True)
    for column in ("node", "address", "agent", "state", "ready.txt", "application answers", "since", "why"):
        table.add_column(column, overflow="fold")
    for node in nodes:
        table.add_row(
            node.name,
            node.address,
            f"pid {node.agent}" if node.agent else "-",
            state_of(node),
            Text(*probe_of(node)),
            node.application or "-",
            f"{datetime.fromtimestamp(node.since, UTC).astimezone():%H:%M:%S}" if node.since else "-",
            node.why or node.phase,
        )
    return Group(
        table,
        Text(traffic.sentence(), "red" if traffic.failed else ""),
        Text(f"application {info.application_url}"),
        Text(f"log in to the nodes as {info.user}, password in {info.directory}/demo.json"),
        Text(f"a node's command line: {info.directory}/node1/keepgreen state -v"),
        Text("Ctrl-C ends the demo.", "bold"),
    )


async def show(info: DemoInfo, console: Console) -> None:
    """A live table until cancelled."""
    lookout, traffic = Lookout(info), Traffic()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(traffic.run(), name="traffic")
            with Live(console=console, auto_refresh=False) as live:
                while True:
                    live.update(picture(info, await lookout.look(), traffic), refresh=True)
                    await asyncio.sleep(PERIOD)
    finally:
        await lookout.close()


async def tell(info: DemoInfo, console: Console, seconds: float) -> None:
    """A line per change for so many seconds, then what was seen."""
    lookout, traffic = Lookout(info), Traffic()
    began = time.monotonic()
    seen: dict[str, str] = {}
    changes = 0
    try:
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
            group.create_task(traffic.run(), name="traffic")
            while True:
                for node in await lookout.look():
                    line = f"{state_of(node)}, ready.txt {probe_of(node)[0]}"
                    line += f", agent pid {node.agent}" if node.agent else ""
                    if seen.get(node.name) != line:
                        seen[node.name] = line
                        changes += 1
                        why = f": {node.why}" if node.why else ""
                        console.print(f"{time.monotonic() - began:5.1f} s  {node.name}  {line}{why}", soft_wrap=True)
                await asyncio.sleep(PERIOD)
    except TimeoutError:
        pass
    finally:
        await lookout.close()
    console.print(f"Watched {seconds:.0f} s: {changes - len(seen)} changes; {traffic.sentence()}.", soft_wrap=True)
