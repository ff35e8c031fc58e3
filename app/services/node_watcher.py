"""One coordinator per node: finds it, follows it, notices when it is gone, comes back by itself.

A visit is one connection to the node: log in, catch up with its log, then follow its event stream. A stream that is
silent is backed by a question, so that a frozen node is noticed within seconds; where there is no stream (a proxy,
an old agent) the node is polled. A visit ends with a CallFailed; the next one begins after a pause that doubles,
with jitter. What only a person can change (a wrong password, none known) waits for `retry`, so that no node is
ever asked the same wrong password twice.
"""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from app.services.connection import Work, connection, logged_in, with_login
from app.services.kept_lines import slim
from app.services.nodes import Credentials, NodeAddress, NodeView, Reach
from app.services.tasks import TaskOwner
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import LogLine, LogQuery
from nodeagent.contract.status import NodeStatus

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient

T = TypeVar("T")
CredentialSource = Callable[[], Awaitable[Credentials | None]]

LINES_KEPT = 20_000
"""Of each node, about 6 MB; a page that shows more reads it from the node."""
HISTORY = 1000
"""Lines of the past read at the first contact; older ones are asked for when somebody scrolls there."""
PAGE, PAGES = 5000, 10
"""What is read at most of a gap in the log after an outage."""
FOR_A_PERSON = {Trouble.WRONG_PASSWORD, Trouble.PASSWORD_NEEDED}

log = logging.getLogger("keepgreen.console")


@dataclass(frozen=True, slots=True)
class Pace:
    """Durations in seconds."""

    answer: float = 4.0
    """An answer must come within this."""
    silence: float = 2.0
    """A stream that says nothing for so long is backed by a question."""
    poll: float = 2.0
    stream_again: float = 30.0
    """How long a node is polled before the stream is tried again."""
    pause_min: float = 0.5
    pause_max: float = 15.0


class NodeWatcher:
    """Follows one node from `start` to `stop`. All callbacks come on the loop."""

    def __init__(
        self,
        address: NodeAddress,
        credentials: CredentialSource,
        tasks: TaskOwner,
        *,
        name: str = "",
        pace: Pace | None = None,
    ) -> None:
        self._credentials, self._tasks, self._pace = credentials, tasks, pace or Pace()
        self.view = NodeView(address, name or address.place, since=wall_time())
        self.lines: deque[LogLine] = deque(maxlen=LINES_KEPT)
        """The end of the node's log as far as it was seen, oldest first, without gaps between two of its cursors."""
        self._cursor = 0
        self._client: ApiClient | None = None
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()
        self._attempts = 0
        self._heard = 0.0
        self._stream_open = False
        self._out_of_reach = False
        self._subscribers: dict[int, Callable[[], None]] = {}
        self._subscribed = 0
        self._telling = False

    # --- for everybody ------------------------------------------------------------------------

    @property
    def address(self) -> NodeAddress:
        """Where it is."""
        return self.view.address

    def start(self) -> None:
        """Begin, once."""
        if self._task is None:
            self._task = self._tasks.start(self._run(), f"watch {self.address.place}")

    async def stop(self) -> None:
        """End; the view stays as it is."""
        task, self._task = self._task, None
        while task is not None and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=0.5)  # a second cancel cuts what does not end politely

    def retry(self) -> None:
        """Try again now: somebody gave a password, or pressed the button."""
        self._attempts = 0
        self._again.set()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call it after each change of `view` or `lines`, several changes at once; returns what ends that."""
        self._subscribed += 1
        number = self._subscribed
        self._subscribers[number] = callback
        return lambda: self._subscribers.pop(number, None) and None

    async def call(self, work: Work[T]) -> T:
        """Do something with the node's open session; a session that ended is opened again. Raises CallFailed."""
        client = self._open_client()
        return await with_login(client, work, lambda: self._log_in(client))

    # --- the life of the watcher --------------------------------------------------------------

    async def _run(self) -> None:
        while True:
            self._again.clear()
            try:
                await self._visit()
            except CallFailed as failed:
                if (task := asyncio.current_task()) is not None and task.cancelling():
                    raise asyncio.CancelledError from failed  # a connection that is cut may end as a failure
                self._went_down(failed)
            finally:
                self._client = None
            await self._wait()

    async def _wait(self) -> None:
        """Until the next attempt."""
        pause = min(self._pace.pause_max, self._pace.pause_min * 2.0 ** min(self._attempts, 10))
        self._attempts += 1
        if self.view.trouble in FOR_A_PERSON:
            await self._again.wait()
            return
        pause *= random.uniform(0.5, 1.0)
        self._show(retry_at=wall_time() + pause)
        try:
            async with asyncio.timeout(pause):
                await self._again.wait()
        except TimeoutError:
            return

    async def _visit(self) -> None:
        """One session; ends by CallFailed."""
        if self.view.reach is Reach.NEW:
            self._show(reach=Reach.CONNECTING, since=wall_time())
        async with connection(self.address, timeout=self._pace.answer) as client:
            await self._log_in(client)
            self._client = client
            while True:
                try:
                    await self._keep_up(client)
                except CallFailed as failed:
                    if failed.trouble is not Trouble.LOGIN_REQUIRED or not self.view.reached or self._attempts:
                        raise
                    self._attempts = 1
                    await self._log_in(client)  # the session has ended, not the visit: calls go on meanwhile

    async def _keep_up(self, client: "ApiClient") -> None:
        """What was missed, then the stream to its end, or questions for a while where there is none."""
        await self._catch_up(client)
        self._take(await client.status())
        ended = await self._followed(client)
        self._take(await client.status())
        if ended is not None:
            await self._poll(client, ended)

    async def _log_in(self, client: "ApiClient") -> None:
        credentials = await self._credentials()
        if credentials is None:
            raise CallFailed(Trouble.PASSWORD_NEEDED, "no password is known for this node")
        self._show(role=(await logged_in(client, credentials)).role)

    async def _followed(self, client: "ApiClient") -> CallFailed | None:
        """Follow the stream to its end: None when it had worked, else why there is none. Raises when it is gone."""
        self._stream_open, self._heard = False, time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._ask_when_silent(client), name=f"ask {self.view.name}")
                async for event in client.events(self._cursor):
                    self._heard, self._stream_open = time.monotonic(), True
                    if event.lines:
                        self._add(event.lines)
                    if isinstance(event.status, msgspec.Raw):
                        self._take(client.decoded(bytes(event.status), NodeStatus))
                asking.cancel()
        except BaseExceptionGroup as group_of:
            failed, others = group_of.split(CallFailed)
            if others is not None or failed is None:
                raise
            first = failed.exceptions[0]
            assert isinstance(first, CallFailed)
            if not self.view.reached or first.trouble is Trouble.LOGIN_REQUIRED:
                raise first from None
            if first.trouble is Trouble.NOT_UNDERSTOOD:
                self._stream_open = False  # opened again it would say the same
            return None if self._stream_open else first
        return None if self._stream_open else CallFailed(Trouble.DENIED, "the event stream ended at once")

    async def _ask_when_silent(self, client: "ApiClient") -> None:
        """While the stream says nothing, ask; the first question without an answer says at once that it is gone."""
        began = time.monotonic()
        while True:
            await asyncio.sleep(max(0.05, self._heard + self._pace.silence - time.monotonic()))
            if time.monotonic() - self._heard < self._pace.silence:
                continue
            try:
                status = await client.status()
            except CallFailed as failed:
                if failed.trouble is not Trouble.LOGIN_REQUIRED:
                    self._went_down(failed)  # now: a socket that hangs takes seconds to close
                raise
            self._heard = time.monotonic()
            if self._stream_open:
                self._take(status)
            elif time.monotonic() - began > self._pace.answer:
                raise CallFailed(Trouble.TIMED_OUT, "the event stream does not open")

    async def _poll(self, client: "ApiClient", why: CallFailed) -> None:
        """Ask again and again for a while."""
        self._show(reach=Reach.POLLING, trouble=why.trouble, detail=str(why))
        until = time.monotonic() + self._pace.stream_again
        while time.monotonic() < until:
            await asyncio.sleep(self._pace.poll)
            self._take(await client.status(), Reach.POLLING)
            await self._catch_up(client)

    async def _catch_up(self, client: "ApiClient") -> None:
        """Read the lines of the log that were written since the last one seen."""
        if not self._cursor:
            self._add((await client.log(LogQuery(limit=HISTORY, newest=True))).lines)
            return
        for _ in range(PAGES):
            page = await client.log(LogQuery(after=self._cursor, limit=PAGE))
            self._add(page.lines)
            if len(page.lines) < PAGE:
                break
        else:  # too much has happened: the newest, and no gap inside what is kept
            self.lines.clear()
            self._add((await client.log(LogQuery(limit=HISTORY, newest=True))).lines)

    # --- what is known ------------------------------------------------------------------------

    def _take(self, status: NodeStatus, reach: Reach = Reach.CONNECTED) -> None:
        if self.view.status is not None and status.uuid != self.view.status.uuid:
            self.lines.clear()  # another node's log: its cursors mean other lines
            self._cursor = 0
        now = wall_time()
        polled = self.view.reach is Reach.POLLING and not self._stream_open
        same = self.view.reached
        if polled:
            reach = Reach.POLLING
        if not same and self._out_of_reach:
            log.info("%s answers again after %.0f s", self.view.name, now - self.view.since)
            self._out_of_reach = False
        self._attempts = 0
        self._show(
            name=status.node if status.cluster_signature else self.address.place,
            status=status,
            as_of=now,
            reach=reach,
            trouble=self.view.trouble if polled else None,
            detail=self.view.detail if polled else "",
            since=self.view.since if same else now,
            retry_at=0.0,
        )

    def _went_down(self, failed: CallFailed) -> None:
        if self.view.reach is not Reach.UNREACHABLE:
            log.warning("%s is unreachable: %s", self.view.name, failed)
            self._out_of_reach = True
            self._show(since=self.view.as_of or wall_time())
        self._show(reach=Reach.UNREACHABLE, trouble=failed.trouble, detail=str(failed), retry_at=0.0)

    def _add(self, lines: tuple[LogLine, ...]) -> None:
        fresh = slim(line for line in lines if line.cursor > self._cursor)
        if fresh:
            self.lines.extend(fresh)
            self._cursor = fresh[-1].cursor
            self._changed()

    def _show(self, **changes: object) -> None:
        view = msgspec.structs.replace(self.view, **changes)
        if view != self.view:
            self.view = view
            self._changed()

    def _changed(self) -> None:
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = False
        for callback in tuple(self._subscribers.values()):
            callback()

    def _open_client(self) -> "ApiClient":
        if self._client is None or not self.view.reached:
            raise CallFailed(self.view.trouble or Trouble.UNREACHABLE, self.view.detail or "the node is not reached")
        return self._client


def wall_time() -> float:
    """Seconds since 1970 on this computer's clock, for what is shown."""
    return datetime.now(UTC).timestamp()
