"""One cluster, live: the farm model of the moment, at a pace the window can bear, and the orders given to it."""

import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from app.services.nodes import NodeAddress, NodeView
from app.viewmodels.farm import FarmModel, farm
from app.viewmodels.menus import PAUSED, SWITCHES, Command, Deed, action_of
from app.viewmodels.order_answers import OrderAnswers
from app.viewmodels.reach import read_only
from app.viewmodels.text import said, short_clock, tr
from app.viewmodels.timeline_clock import Clocks
from app.viewmodels.trouble_words import reason
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import FileInfo, LogLine, LogPage, LogQuery, OrderAnswer, SetSwitch, WhyAnswer
from nodeagent.contract.record_api import AuditPage, RecordQuery, ResourcePage
from nodeagent.contract.states import Action
from nodeagent.contract.vip_status import VipStatus, VipWhere

REST_LEAST, REST_MOST = 30, 250
"""Milliseconds between two models of the farm: ten times what making one takes, within these bounds."""
LEADING = {Deed.OPEN_LOG, Deed.WHY, Deed.SNAPSHOT}
"""Deeds that open something instead of changing something."""


class Watched(Protocol):
    """What a model needs of the watcher of one node."""

    @property
    def view(self) -> NodeView:
        """The node now."""

    @property
    def lines(self) -> Sequence[LogLine]:
        """Its log as far as it was seen, oldest first."""

    def retry(self) -> None:
        """Ask again at once."""


class Session(Protocol):
    """What a model needs of a cluster session."""

    @property
    def id(self) -> str:
        """Stable for as long as the cluster is remembered."""

    @property
    def title(self) -> str:
        """What a person called it; may be empty."""

    @property
    def user(self) -> str:
        """Who is logged in to its nodes."""

    @property
    def nodes(self) -> Sequence[Watched]:
        """In the order of the cluster."""

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now, in the same order."""

    def watcher(self, node: str) -> Watched:
        """The one of this name; CallFailed when there is none."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], object]:
        """Call this after changes of views or lines; returns what ends that."""

    async def order(self, node: str, module: str, action: Action) -> OrderAnswer:
        """Give an order; CallFailed when the node is not reached or refuses."""

    async def set_switch(self, node: str, module: str, switch: SetSwitch) -> None:
        """Pause or resume checks."""

    async def set_boot(self, node: str, module: str, on: bool) -> None:
        """Start at boot there, or not."""

    async def why(self, node: str, module: str) -> WhyAnswer:
        """Why a module is not green there; CallFailed when the node is not reached."""

    async def outputs(self, node: str, module: str) -> tuple[FileInfo, ...]:
        """The script outputs it keeps."""

    async def output(self, node: str, module: str, name: str) -> bytes:
        """One of them."""

    async def log(self, node: str, query: LogQuery) -> LogPage:
        """A page of its log."""

    async def audit(self, node: str, query: RecordQuery) -> AuditPage:
        """A page of the commands that changed something there."""

    async def resource_history(self, node: str, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        """The states a resource took."""

    async def snapshot(
        self, node: str, module: str, target: Path, on_bytes: Callable[[int], None], *, anonymise: bool
    ) -> int:
        """Save its snapshot of a module as this file."""

    async def vip(self, node: str, module: str) -> VipStatus:
        """The slots of a module as it has them."""

    async def vip_where(self, node: str, module: str, address: str, port: int) -> tuple[VipWhere, ...]:
        """Which node serves a client."""


class Tasks(Protocol):
    """Who owns the calls under way."""

    def run_soon(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """Run it to its end."""


class SessionModel(QObject):
    """A cluster session as pages read it. `changed` after each new `farm`; views tick their own ages."""

    changed = Signal()
    answered = Signal(str, bool)
    """The answer to an order in words, and whether it was accepted: for a toast."""
    asked = Signal(Command)
    """A command that leads somewhere instead of changing something: logs, why, snapshot."""

    def __init__(self, session: Session, tasks: Tasks, parent: QObject | None = None, *, at: float = 0.0) -> None:
        """`at` is the moment that is shown, seconds since 1970; 0 = always the present one."""
        super().__init__(parent)
        self.session, self._moment = session, at
        self._tasks = tasks
        self._views = session.view()
        self.clocks = Clocks()
        """What the nodes' times are corrected by, where milliseconds are shown."""
        self.clocks.take(self._views)
        self.farm: FarmModel = farm(self.title, self._views)
        self._rest = QTimer(self, singleShot=True, interval=REST_LEAST)
        self._rest.timeout.connect(self._after_rest)
        self._again = False
        self._unsubscribe = session.subscribe(self._on_change)

    @property
    def id(self) -> str:
        """The session's."""
        return self.session.id

    @property
    def title(self) -> str:
        """The cluster's name, one made of its first node while it has none."""
        if self.session.title:
            return self.session.title
        if self._moment:
            return tr("Snapshot {time}", time=short_clock(self._moment))
        views = self.session.view()
        return tr("Cluster of {node}", node=views[0].name) if views else tr("New cluster")

    @property
    def read_only(self) -> str:
        """Why nothing can be ordered of any of its nodes, "" for live ones."""
        return read_only() if self._moment else ""

    def now(self) -> float:
        """Wall-clock seconds, for the texts that tick."""
        return self._moment or datetime.now(UTC).timestamp()

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()
        self._rest.stop()

    def refresh(self) -> None:
        """Make the model anew now, e.g. after a change of language or title."""
        began = time.perf_counter()
        self._views = self.session.view()
        self.clocks.take(self._views)
        self.farm = farm(self.title, self._views)
        self.changed.emit()
        took = (time.perf_counter() - began) * 1000
        self._rest.setInterval(min(max(REST_LEAST, round(10 * took)), REST_MOST))

    def perform(self, command: Command) -> None:
        """Do it. Answers arrive by `answered`; questions were asked before."""
        if command.deed in LEADING:
            self.asked.emit(command)
            return
        if command.deed is Deed.RETRY:
            for node in command.nodes:
                with suppress(CallFailed):  # it has left the cluster meanwhile
                    self.session.watcher(node).retry()
            return
        answers = OrderAnswers(command.module, command.nodes, self)
        answers.told.connect(self.answered)
        for node in command.nodes:
            work = self._perform_on(node, command, answers)
            self._tasks.run_soon(work, f"{command.deed} {command.module} on {node}")

    async def _perform_on(self, node: str, command: Command, answers: OrderAnswers) -> None:
        try:
            text, done = await self._call(node, command)
        except CallFailed as failed:
            text, done = failure_words(failed), False
        answers.take(node, text, done)

    async def _call(self, node: str, command: Command) -> tuple[str, bool]:
        action = action_of(command.deed)
        if action is not None:
            answer = await self.session.order(node, command.module, action)
            return said(answer.text), answer.accepted
        match command.deed:
            case Deed.PAUSE:
                for switch in command.switches or PAUSED:
                    await self.session.set_switch(node, command.module, SetSwitch(switch, False, command.seconds))
                return (tr("failover rules paused") if command.switches == ("failover",) else tr("checks paused")), True
            case Deed.RESUME:
                for switch in command.switches or SWITCHES:
                    await self.session.set_switch(node, command.module, SetSwitch(switch, True))
                return tr("checks resumed"), True
            case Deed.BOOT_ON | Deed.BOOT_OFF:
                on = command.deed is Deed.BOOT_ON
                await self.session.set_boot(node, command.module, on)
                return tr("starts at boot") if on else tr("does not start at boot"), True
            case other:
                raise ValueError(f"{other} is no order to a node")

    def _on_change(self) -> None:
        if self._rest.isActive():
            self._again = True
        elif any(new is not old for new, old in zip_longest(self.session.view(), self._views)):
            self._rest.start()
            self.refresh()

    def _after_rest(self) -> None:
        if self._again:
            self._again = False
            self._on_change()


def failure_words(failed: CallFailed) -> str:
    """Why a call failed: the agent's own sentence when it gave one, else the trouble."""
    return said(failed.problem.detail) if failed.problem else reason(failed.trouble, NodeAddress("")).short
