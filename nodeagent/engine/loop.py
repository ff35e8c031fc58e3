"""Drives the core in real time: one queue, one deadline, effects in the order the core gives them.

Everything runs in callbacks of one asyncio loop. A late wake-up (this process stood still) first
empties the sockets, so that the core never takes its own sleep for the silence of others.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.node import Node
from nodeagent.core.traffic_messages import ObserveTraffic, PrepareTraffic, SendProbe, SetSlots, WithdrawTraffic
from nodeagent.durable import wall_time
from nodeagent.engine.leisure import Leisure
from nodeagent.engine.ports import (
    CheckerJob,
    Checkers,
    Datagrams,
    HealthBoard,
    Journal,
    Processes,
    Rebooting,
    ScriptJob,
    ScriptRunner,
    StateStore,
    Traffic,
)
from nodeagent.engine.writer import Writer

CLOCK_STEP = 0.001
"""Seconds the wall clock may move against the core's clock before the core is told."""

CLOCK_LOOKS = 0.1
"""Seconds between two looks at the wall clock, at least."""


class Jobs(Protocol):
    """Turns an order to run something into everything it needs."""

    def script(self, effect: do.RunScript | do.RunHandler) -> ScriptJob:
        """The job; a script that the module does not bring has no executable. Raises OSError."""

    def checkers(self, effect: do.RunCheckers) -> tuple[CheckerJob, ...]:
        """The jobs of a module's checkers. Raises OSError."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """What carries out the effects."""

    datagrams: Datagrams
    scripts: ScriptRunner
    processes: Processes
    checkers: Checkers
    rebooting: Rebooting
    traffic: Traffic
    health: HealthBoard
    states: StateStore
    journal: Journal
    jobs: Jobs


class Engine:
    """The core's shell. `post` and `take` are the only ways in; `on_publish` and `on_answer` tell the control."""

    def __init__(self, node: Node, writer: Writer) -> None:
        self.node = node
        self.leisure = Leisure()
        self._writer = writer
        self._queue: deque[ev.Event] = deque()
        self._pumping = False
        self._timer: asyncio.TimerHandle | None = None
        self._armed: float | None = None
        """The core's time for which the timer is set."""
        self._loop = asyncio.get_running_loop()
        self._adapters: Adapters | None = None
        self._scripts: dict[str, ev.ProcessRef] = {}
        self._posted = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        """Who waits until so many events were handled."""
        self._wall_offset = 0.0
        self._clock_due = 0.0
        self.on_publish: Callable[[], None] = lambda: None
        self.on_answer: Callable[[int, bool, str], None] = lambda ticket, accepted, text: None

    def connect(self, adapters: Adapters) -> None:
        """Give the engine its hands; before that events only wait."""
        self._adapters = adapters
        self._schedule()

    def post(self, event: ev.Event) -> None:
        """Hand an event to the core; from the loop's thread, never blocks."""
        self._queue.append(event)
        self._posted += 1
        self._schedule()

    def take(self, events: Sequence[ev.Event]) -> None:
        """Hand events to the core now, which saves a round of the loop: for a callback of the loop as its last act."""
        self._queue.extend(events)
        self._posted += len(events)
        if not self._pumping:  # else it comes in the next round
            self._pump()

    async def handled(self) -> None:
        """Until everything posted so far was handed to the core."""
        future = self._loop.create_future()
        self._waiting.append((self._posted, future))
        self._schedule()
        await future

    def on_time(self) -> bool:
        """Whether the loop is not late by more than half a detection window."""
        deadline = self.node.next_deadline()
        return deadline is None or (late := self.now() - deadline) <= 0 or late <= self.node.window / 2

    @staticmethod
    def now() -> float:
        """The core's clock."""
        return time.monotonic()

    @property
    def wall_offset(self) -> float:
        """What the core's clock lacks to the wall clock."""
        return self._wall_offset

    def close(self) -> None:
        """Stop driving."""
        self._adapters = None
        if self._timer:
            self._timer.cancel()

    def _schedule(self) -> None:
        if not self._pumping and self._adapters:
            self._pumping = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pumping = False
        if self._adapters is None:
            return
        if not self.on_time():
            self._adapters.datagrams.drain()
        self._read_wall_clock()
        for _ in range(len(self._queue)):  # what these post comes in the next round: the loop stays fair
            event = self._queue.popleft()
            self._note_script(event)
            self._carry_out(self.node.handle(event, self.now()))
        deadline = self.node.next_deadline()
        if deadline is not None and (now := self.now()) >= deadline:
            self._carry_out(self.node.tick(now))
        if self._waiting:
            self._tell_waiting()
        self.leisure.woken(self.now())
        self._arm()

    def _tell_waiting(self) -> None:
        handled = self._posted - len(self._queue)
        for number, future in self._waiting:
            if number <= handled and not future.done():
                future.set_result(None)
        self._waiting = [waiting for waiting in self._waiting if not waiting[1].done()]

    def _arm(self) -> None:
        deadline = self.node.next_deadline()
        if self._queue:
            self._schedule()
        elif self._timer is None or deadline != self._armed:
            if self._timer:
                self._timer.cancel()
            self._timer, self._armed = None, deadline
            if deadline is not None:
                self._timer = self._loop.call_at(self._loop.time() + deadline - self.now(), self._pump_by_timer)

    def _pump_by_timer(self) -> None:
        self._timer = None
        if not self._pumping:  # else it comes in this round of the loop
            self._pump()

    def _read_wall_clock(self) -> None:
        if (now := self.now()) < self._clock_due:
            return
        self._clock_due = now + CLOCK_LOOKS
        offset = wall_time() - now
        if abs(offset - self._wall_offset) > CLOCK_STEP:
            self._wall_offset = offset
            self._carry_out(self.node.handle(ev.WallClockRead(offset), now))

    def _note_script(self, event: ev.Event) -> None:
        """Running scripts are not the application: scans leave them out."""
        if isinstance(event, ev.ScriptStarted):
            self._scripts[event.run] = event.process
        elif isinstance(event, ev.ScriptEnded):
            self._scripts.pop(event.run, None)
        else:
            return
        if self._adapters:
            self._adapters.processes.exclude(frozenset(self._scripts.values()))

    def _carry_out(self, effects: list[do.Effect]) -> None:
        slots: list[SetSlots] = []
        for effect in effects:
            if isinstance(effect, SetSlots):
                slots.append(effect)
                continue
            if slots:
                self._set_slots(slots)
                slots = []
            self._do(effect)
        if slots:
            self._set_slots(slots)

    def _set_slots(self, effects: list[SetSlots]) -> None:
        """Neighbours go into the kernel together."""
        if self._adapters:
            self._adapters.traffic.set_slots(effects)

    def _do(self, effect: do.Effect) -> None:
        to = self._adapters
        assert to is not None
        match effect:
            case do.SendDatagram():
                to.datagrams.send(effect.lan, effect.peer, effect.data)
            case do.SetHealth():
                to.health.set_ready(effect.module, effect.ready)
            case do.RunScript() | do.RunHandler():
                self._run(effect, to)
            case do.AwaitScript():
                to.scripts.wait_for(effect.module, effect.run, effect.process)
            case do.KillScript():
                to.scripts.kill(effect.module, effect.run)
            case do.ScanProcesses():
                to.processes.scan(effect.module, effect.procs)
            case do.WatchProcesses():
                to.processes.watch(effect.module, effect.processes)
            case do.RunCheckers():
                self._run_checkers(effect, to)
            case do.CheckNow():
                to.checkers.check_now(effect.module, effect.round)
            case PrepareTraffic():
                to.traffic.prepare(effect)
            case WithdrawTraffic():
                to.traffic.withdraw(effect)
            case ObserveTraffic():
                to.traffic.observe(effect)
            case SendProbe():
                to.traffic.probe(effect)
            case do.RebootSystem():
                to.rebooting.reboot(effect.module, effect.why)
            case do.SaveState():
                saved = partial(self._saved, effect.module, effect.serial)
                self._writer.submit(partial(to.states.save, effect.module, effect.record), saved)
            case do.RecordLine():
                to.journal.append(
                    effect.type,
                    effect.text,
                    module=effect.module,
                    origin=effect.origin,
                    cause=effect.cause,
                    output=effect.output,
                )
            case do.RecordResource():
                to.journal.resource_changed(
                    effect.module, effect.name, effect.state, effect.detail, effect.took, effect.by
                )
            case do.AnswerOrder():
                self.on_answer(effect.ticket, effect.accepted, effect.text)
            case do.PublishStatus():
                self.on_publish()

    def _run(self, effect: do.RunScript | do.RunHandler, to: Adapters) -> None:
        try:
            to.scripts.run(to.jobs.script(effect))
        except OSError as error:
            self.post(ev.ScriptEnded(effect.module, effect.run, 126, error=f"it could not be started: {error}"))

    def _run_checkers(self, effect: do.RunCheckers, to: Adapters) -> None:
        try:
            to.checkers.check(effect.module, to.jobs.checkers(effect))
        except OSError as error:
            for rule in effect.checkers:
                self.post(ev.CheckerResult(effect.module, rule.key, None, f"it could not be started: {error}", 0.0))

    def _saved(self, module: str, serial: int, result: object) -> None:
        error = (getattr(result, "strerror", None) or str(result)) if isinstance(result, BaseException) else ""
        self.post(ev.StateSaved(module, serial, error))
