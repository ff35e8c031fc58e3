"""*Check ports* of the cluster page: every node asks the ports of every other one, on every lan.

TCP is tried by the nodes themselves; UDP is told by the heartbeats, that is by the node that should hear. A node that
this console does not reach is asked through another one. A draft is only asked about: it is in no cluster yet.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from app.services.node_watcher import wall_time
from app.services.nodes import API_PORT, CheckedAddress, NodeAddress, NodeView
from app.services.tasks import TaskOwner
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.first_run import Ask
from app.viewmodels.port_asking import AskedNode, Asking, Question, matrix_of, port_number, questions
from app.viewmodels.port_matrix import HERE, PortMatrix
from app.viewmodels.session_model import failure_words
from app.viewmodels.text import tr
from nodeagent.client.failures import CallFailed
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.states import Role
from nodeagent.contract.status import NodeStatus

AT_ONCE = 4
"""Questions under way at one node."""
REST = 100
"""Milliseconds between two changes told."""


class Session(Protocol):
    """What of a cluster session this needs."""

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now."""

    async def reach(self, node: str, request: Reach, through: str = "") -> Reached:
        """Whether a node reaches a place."""

    async def status_through(self, through: str, node: str) -> NodeStatus:
        """What a node knows, asked through another one."""


class PortCheck(QObject):
    """One check at a time. `changed` after anything shown, at most ten times a second; `begun` at its begin."""

    changed = Signal()
    begun = Signal()

    def __init__(self, editor: ClusterEditor, session: Session, ask: Ask, tasks: TaskOwner) -> None:
        super().__init__()
        self._editor, self._session, self._ask, self._tasks = editor, session, ask, tasks
        self._run: Asking | None = None
        self._task: asyncio.Task[None] | None = None
        self.matrices: tuple[PortMatrix, ...] = ()
        self.ended = 0.0
        """When the last check ended, on this computer's clock; 0 = none has."""
        self.done = self.all = 0
        """Questions answered, and asked."""
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._show)

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._task is not None

    @property
    def reason(self) -> str:
        """Why none can begin now, "" when one can."""
        if self.running:
            return tr("the ports are being checked")
        views = [view for view in self._session.view() if view.reached]
        if not views:
            return tr("no node answers")
        if all(view.role is Role.MONITOR for view in views):
            return tr("role {role} cannot check ports", role=Role.MONITOR.value)
        return "" if self._editor.rows else tr("there is no node yet")

    @property
    def stale(self) -> bool:
        """Whether the table was changed since."""
        return self._run is not None and self._run.data != self._editor.data

    def begin(self) -> None:
        """Ask everybody about everybody."""
        if self.reason:
            return
        form = self._editor.form
        lans = tuple(lan.name for lan in form.lans)
        places = {view.name: view.address.port for view in self._session.view()}
        nodes = {
            row.name.text: AskedNode(
                row.name.text,
                {lan: cell.text.strip() for lan, cell in zip(lans, row.addresses, strict=True) if cell.text.strip()},
                row.member,
                api_port=places.get(row.name.text, API_PORT),
            )
            for row in self._editor.rows
            if row.name.text
        }
        heartbeat = int(form.port) if form.port.isdecimal() else 0
        self._run = Asking(lans, lans[form.base], heartbeat, nodes, self._editor.data)
        self.done = self.all = 0
        for at, row in enumerate(self._editor.rows):
            if row.asked:
                self._editor.retry(at)  # the column *From this computer* shall not contradict the first row
        self._task = self._tasks.start(self._check(self._run), "check ports")
        self.begun.emit()
        self._show()

    def cancel(self) -> None:
        """Ask no further; what was answered stays."""
        if self._task is not None:
            self._task.cancel()

    # --- asking -------------------------------------------------------------------------------

    async def _check(self, run: Asking) -> None:
        try:
            await self._meet(run)
            wanted = list(questions(run))
            self.all = len(wanted)
            self._tell()
            limits = {name: asyncio.Semaphore(AT_ONCE) for name in (HERE, *run.nodes)}
            async with asyncio.TaskGroup() as group:
                for question in wanted:
                    group.create_task(self._answered(run, question, limits[question.source]), name="ask a port")
        finally:
            self._task, self.ended = None, wall_time()
            self._show()

    async def _meet(self, run: Asking) -> None:
        """What every node says of itself; those that are silent for this console are asked through another one."""
        views = {view.name: view for view in self._session.view()}
        able = [name for name in run.nodes if (view := views.get(name)) and view.reached]
        for name, node in run.nodes.items():
            if not node.member:
                node.why = tr("{node} is in no cluster yet, so it is not asked itself", node=name)
            elif name in able:
                node.status = views[name].status
            else:
                node.why = tr("{node} does not answer this console, nor through another node", node=name)
        silent = [node for node in run.nodes.values() if node.member and node.name not in able]
        await asyncio.gather(*(self._look_through(node, able) for node in silent))

    async def _look_through(self, node: AskedNode, helpers: Sequence[str]) -> None:
        for helper in helpers:
            try:
                node.status = await self._session.status_through(helper, node.name)
            except CallFailed:
                continue
            node.through, node.why = helper, ""
            return

    async def _answered(self, run: Asking, question: Question, limit: asyncio.Semaphore) -> None:
        async with limit:
            run.answers[question] = await self._told(run, question)
        self.done += 1
        self._tell()

    async def _told(self, run: Asking, question: Question) -> Reached | CheckedAddress | str:
        target = run.nodes[question.target]
        address, number = target.addresses[question.lan], port_number(run, target, question.port)
        if question.source == HERE:
            return await self._ask(NodeAddress(address, number))
        try:
            request = Reach(address, number)
            return await self._session.reach(question.source, request, run.nodes[question.source].through)
        except CallFailed as failed:
            return failure_words(failed)

    # --- showing ------------------------------------------------------------------------------

    def _tell(self) -> None:
        if not self._rest.isActive():
            self._rest.start()

    def _show(self) -> None:
        self._rest.stop()
        if self._run is not None:
            self.matrices = tuple(matrix_of(self._run, lan, self.running) for lan in self._run.lans)
        self.changed.emit()
