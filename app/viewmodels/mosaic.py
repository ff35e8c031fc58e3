"""The load-balancing test: rounds of cells on a timer, what they show, and the nodes that can be stopped beside it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.services.mosaic_probe import MOSAIC_PORT, Answer, MosaicTarget, target_of
from app.viewmodels.fairness import fairness_words
from app.viewmodels.menus import Deed, MenuEntry, node_menu
from app.viewmodels.mosaic_figures import (
    LegendRow,
    Round,
    StripBar,
    failure_words,
    latency,
    legend,
    numbered,
    strip,
    trouble_remedy,
    trouble_words,
)
from app.viewmodels.mosaic_table import table
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import clock, counted, labelled, tr, trn

CELLS = (30, 60, 120, 256)
EVERY = (1.0, 2.0, 5.0, 10.0)
"""Offered seconds between the beginnings of two rounds."""
KEPT = 120
"""Rounds in the strip."""

OnAnswer = Callable[[int, Answer], None]
AskRound = Callable[[MosaicTarget, int, OnAnswer], Coroutine[Any, Any, tuple[Answer, ...]]]


@dataclass(frozen=True)
class NodeLine:
    """A node beside the mosaic: its state, and the button that stops or starts it."""

    number: int
    name: str
    silhouette: Silhouette
    words: str
    entry: MenuEntry


class MosaicModel(QObject):
    """The test of one module. It goes on while another page is shown, until it is paused."""

    changed = Signal()

    def __init__(self, session: SessionModel, module: str, ask_round: AskRound, tasks: Tasks) -> None:
        super().__init__()
        self._session, self.module, self._ask_round, self._tasks = session, module, ask_round, tasks
        self.address, self.port = self._likely_address(), str(MOSAIC_PORT)
        self.cells, self.every = CELLS[0], EVERY[0]
        self.rounds: deque[Round] = deque(maxlen=KEPT)
        self._chosen: Round | None = None
        self._under_way: list[Answer | None] = []
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        session.changed.connect(self.changed)

    # --- settings -----------------------------------------------------------------------------

    def set_address(self, text: str) -> None:
        """Where to connect: the load balancer, the virtual IP or one node."""
        self._set("address", text.strip())

    def set_port(self, text: str) -> None:
        """On which port."""
        self._set("port", text.strip())

    def set_cells(self, count: int) -> None:
        """Connections of a round, from the next round on."""
        self.cells = count
        self.changed.emit()

    def set_every(self, seconds: float) -> None:
        """Seconds between the beginnings of two rounds."""
        self.every = seconds
        self.changed.emit()

    @property
    def address_error(self) -> str:
        """What is wrong with the address, "" when it can be asked."""
        if not self.address:
            return tr("Type the address of the load balancer, of the virtual IP or of one node.")
        good = "://" not in self.address and target_of(self.address) is not None
        return "" if good else tr("This is no address: type a host name or an IP address.")

    @property
    def port_error(self) -> str:
        """What is wrong with the port."""
        good = self.port.isascii() and self.port.isdigit() and 1 <= int(self.port) <= 65535
        return "" if good else tr("A port is a number from 1 to 65535.")

    # --- running ------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether rounds follow each other now."""
        return self._task is not None

    @property
    def run_reason(self) -> str:
        """Why the test cannot be run now, "" when it can."""
        return self.address_error or self.port_error

    def run(self) -> None:
        """Begin; rounds follow each other until `pause`."""
        if self.running or self.run_reason:
            return
        self._began = time.monotonic()
        self._chosen = None
        self._task = self._tasks.start(self._go_on(), f"mosaic of {self.module}")
        self.changed.emit()

    def pause(self) -> None:
        """End after what was asked; the rounds so far stay."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._under_way = []
            self.changed.emit()

    @property
    def running_words(self) -> str:
        """`running for 1:00`; empty before the first run."""
        if self.running:
            return tr("running for {time}", time=counted(time.monotonic() - self._began))
        return tr("paused") if self._began else ""

    # --- what is shown ------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes of the cluster in their order: the number of each is its colour."""
        return tuple(row.name for row in self._session.farm.nodes)

    @property
    def shown(self) -> tuple[Answer | None, ...]:
        """The cells of the round that is shown: the chosen one, else the newest with what is under way over it."""
        if self._chosen is not None:
            return self._chosen.cells
        newest = self.rounds[-1].cells if self.rounds else ()
        size = len(self._under_way) or len(newest) or self.cells
        old = [newest[at] if at < len(newest) else None for at in range(size)]
        fresh = self._under_way or [None] * size
        return tuple(new or before for new, before in zip(fresh, old, strict=True))

    @property
    def numbers(self) -> tuple[int | None, ...]:
        """What each cell shows: the node's number, 0 = failed, None = not asked yet."""
        return numbered(self.shown, self.nodes)

    def cell_words(self, cell: int) -> str:
        """The tooltip of a cell."""
        answer = self.shown[cell]
        if answer is None:
            return tr("not asked yet")
        if answer.trouble is not None:
            words = trouble_words(answer.trouble)
            return labelled(words, answer.detail)
        return tr("{node} in {time}", node=answer.node, time=latency([answer])[0])

    @property
    def facts(self) -> str:
        """`30 connections at 13:47:12`."""
        one = self._whole
        if one is None:
            return tr("not run yet")
        many = trn("{count} connection at {time}", "{count} connections at {time}", len(one.cells), time=clock(one.at))
        return tr("{facts}, the chosen round", facts=many) if self._chosen else many

    @property
    def legend(self) -> tuple[LegendRow, ...]:
        """A row for each node, the last one for failures."""
        return legend(self.shown, self.nodes, self._chosen.expected if self._chosen else self._expected())

    @property
    def fairness(self) -> str:
        """How the shares of the round that is shown fit those expected at its moment."""
        return fairness_words(self._whole.cells, self._whole.expected) if self._whole else ""

    @property
    def latency(self) -> tuple[str, str]:
        """p50 and p99 of what is shown."""
        return latency(self.shown)

    @property
    def failures(self) -> str:
        """Why cells of what is shown failed."""
        return failure_words(self.shown)

    @property
    def advice(self) -> str:
        """What to do when nothing at all is answered, "" otherwise."""
        done = [cell for cell in self.shown if cell is not None]
        troubles = {cell.trouble for cell in done}
        trouble = next(iter(troubles), None)
        if trouble is None or len(troubles) > 1:
            return ""
        return trouble_remedy(trouble, f"{self.address}:{self.port}")

    @property
    def totals(self) -> tuple[int, int]:
        """Failed connections and all connections of the rounds in the strip."""
        cells = [cell for one in self.rounds for cell in one.cells if cell is not None]
        return sum(cell.trouble is not None for cell in cells), len(cells)

    @property
    def strip(self) -> tuple[StripBar, ...]:
        """A bar for each round, the oldest first."""
        return strip(self.rounds, self.nodes)

    @property
    def chosen(self) -> int | None:
        """Which bar is chosen, None = now."""
        return next((at for at, one in enumerate(self.rounds) if one is self._chosen), None)

    def choose(self, bar: int | None) -> None:
        """Show this round in the mosaic; None goes back to now."""
        self._chosen = self.rounds[bar] if bar is not None and 0 <= bar < len(self.rounds) else None
        self.changed.emit()

    def node_lines(self) -> tuple[NodeLine, ...]:
        """The module's nodes with the button that stops it there, or starts it again."""
        card = self._session.farm.card(self.module)
        places = {name: number for number, name in enumerate(self.nodes, 1)}
        lines = []
        for tile in card.tiles if card else ():
            entries = {entry.command.deed: entry for entry in node_menu(card, tile) if entry.command} if card else {}
            stop, start = entries[Deed.STOP], entries[Deed.START]
            lines.append(
                NodeLine(
                    places.get(tile.node, 0),
                    tile.node,
                    tile.silhouette,
                    tile.state_words,
                    start if start.enabled and not stop.enabled else stop,
                )
            )
        return tuple(lines)

    def perform(self, entry: MenuEntry) -> None:
        """Stop or start a node."""
        if entry.command is not None:
            self._session.perform(entry.command)

    # --- saving -------------------------------------------------------------------------------

    @property
    def export_reason(self) -> str:
        """Why there is nothing to save, "" when there is."""
        return "" if self.rounds else tr("run the test first")

    @property
    def export_name(self) -> str:
        """How a file with the result is likely to be called, without its end. IndexError before the first round."""
        at = datetime.fromtimestamp(self.rounds[-1].at, UTC).astimezone()
        return f"{self.module}-{at:%Y%m%d-%H%M%S}"

    def export_table(self, path: Path) -> None:
        """Save all connections of the rounds in the strip as CSV."""
        self._tasks.start(self._save(path, table(self.rounds)), f"export the test of {self.module}")

    def export_picture(self, path: Path, png: bytes) -> None:
        """Save this picture of the result."""
        self._tasks.start(self._save(path, png), f"export the test of {self.module}")

    # --- inside -------------------------------------------------------------------------------

    def _set(self, what: str, text: str) -> None:
        if getattr(self, what) != text:
            setattr(self, what, text)
            self.pause()
            self.changed.emit()

    @property
    def _whole(self) -> Round | None:
        """The round whose figures are shown: the chosen one, else the newest that has ended."""
        return self._chosen or (self.rounds[-1] if self.rounds else None)

    async def _save(self, path: Path, content: bytes) -> None:
        try:
            await asyncio.to_thread(path.write_bytes, content)
        except OSError as error:
            self._session.answered.emit(tr("The file cannot be written: {why}", why=error.strerror or error), False)
        else:
            self._session.answered.emit(tr("The result is saved as {path}", path=path), True)

    def _likely_address(self) -> str:
        views = [row.view for row in self._session.farm.nodes]
        return next((view.address.address for view in views if view.reached), views[0].address.address if views else "")

    def _expected(self) -> dict[str, float]:
        card = self._session.farm.card(self.module)
        serving = card.serving if card else ()
        if not card or not serving:
            return {}
        equal = 100 / len(serving)
        return {tile.node: (tile.share or equal) if tile.node in serving else 0.0 for tile in card.tiles}

    async def _go_on(self) -> None:
        while True:
            began = time.monotonic()
            target = target_of(self.address, int(self.port), self.module)
            if target is None:
                return
            at = datetime.now(UTC).timestamp()
            under_way: list[Answer | None] = [None] * self.cells
            self._under_way = under_way
            expected = self._expected()
            answers = await self._ask_round(target, self.cells, partial(self._answered, under_way))
            self.rounds.append(Round(at, answers, expected))
            self._under_way = []
            self.changed.emit()
            await asyncio.sleep(max(0.05, self.every - (time.monotonic() - began)))

    def _answered(self, under_way: list[Answer | None], cell: int, answer: Answer) -> None:
        """In its own round: one that was paused may still be answered."""
        under_way[cell] = answer
        self.changed.emit()
