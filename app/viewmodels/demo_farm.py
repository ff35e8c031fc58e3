"""The demo farm on this computer: started with its progress in lines, then connected to without a question."""

import asyncio
import time
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.services.demo import DemoRecord, DemoTrouble
from app.services.memory import RememberedCluster
from app.services.secrets import Secrets
from app.services.tasks import TaskOwner
from app.viewmodels.first_run import Connected
from app.viewmodels.text import counted, said, tr

LINES_KEPT = 6
DEMO_ID = "demo"


class StartsDemo(Protocol):
    """`demo.Demo`."""

    async def up(self, on_line: Callable[[str], None], nodes: int = 3) -> DemoRecord: ...  # noqa: D102


class DemoPhase(StrEnum):
    """How far it is."""

    IDLE = "idle"
    STARTING = "starting"
    UP = "up"
    FAILED = "failed"


class DemoFarm(QObject):
    """The card *Start a demo farm*. `changed` after anything shown."""

    changed = Signal()

    def __init__(self, demo: StartsDemo, secrets: Secrets, tasks: TaskOwner, on_connected: Connected) -> None:
        super().__init__()
        self._demo, self._secrets, self._tasks, self._on_connected = demo, secrets, tasks, on_connected
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self.phase = DemoPhase.IDLE
        self.lines: tuple[str, ...] = ()
        self.trouble = ""
        self.record: DemoRecord | None = None
        """The demo that was connected to last."""

    def start(self) -> None:
        """Start it, or connect to the one that runs already."""
        if self._task is None:
            self.phase, self.lines, self.trouble, self._began = DemoPhase.STARTING, (), "", time.monotonic()
            self._task = self._tasks.start(self._start(), "start the demo")
            self.changed.emit()

    def cancel(self) -> None:
        """Stop; what was begun is taken down, which a second call does not cut short."""
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()

    def time_text(self, now: float) -> str:
        """How long it takes, or has taken so far."""
        if self.phase is DemoPhase.STARTING:
            return counted(now - self._began)
        return tr("takes about 10 s") if self.phase is not DemoPhase.UP else ""

    async def _start(self) -> None:
        try:
            record = self.record = await self._demo.up(self._line)
            await self._secrets.keep(record.credentials, *(node.pin for node in record.addresses), remember=False)
            self.phase = DemoPhase.UP
        except DemoTrouble as trouble:
            self.phase, self.trouble = DemoPhase.FAILED, str(trouble)
            return
        except asyncio.CancelledError:
            self.phase = DemoPhase.IDLE
            raise
        finally:
            self._task = None
            self.changed.emit()
        self._on_connected((RememberedCluster(DEMO_ID, tr("Demo"), record.user, record.addresses),))

    def _line(self, line: str) -> None:
        self.lines = (*self.lines, said(line))[-LINES_KEPT:]
        self.changed.emit()
