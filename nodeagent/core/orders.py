"""Orders to a module: which are obeyed, kept for later or refused, and what counts against maxloop.

Orders come from people (`identity` empty, they reset the count) and from checkers, rules or scripts
(`identity` set, they count). An order that meets a running start script is kept and obeyed when that
script ends.
"""

from abc import ABC
from dataclasses import dataclass, replace

from nodeagent.contract.states import Action, LogType
from nodeagent.core.order import Order
from nodeagent.core.phase_machine import PhaseMachine
from nodeagent.core.phases import (
    BEFORE_APPLICATION,
    BEFORE_WAIT,
    IDLE,
    REFUSED,
    REFUSED_AUTOMATIC,
    RESTART_TO_STOP,
    RUNS_WITHOUT,
    STRENGTH,
    WAITS,
    Phase,
    Stage,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an order was accepted, in one sentence."""

    accepted: bool
    text: str


class OrderedLife(PhaseMachine, ABC):
    """The obeying half of a module's life."""

    def refusal(self, action: Action) -> str:
        """Why this order is not possible (or has nothing to do) now, empty when it is."""
        return self._refused(action) or IDLE.get((self._ordered_stage, action), "")

    def command(self, order: Order, now: float) -> Verdict:
        """Obey an order, keep it for later, or refuse it."""
        key = (self._ordered_stage, order.action)
        refused = self._refused(order.action) or (order.identity and REFUSED_AUTOMATIC.get(key))
        if refused:
            self._log(LogType.INFO, f"{order.action} by {order.author} refused: {refused}", by=order.author)
            return Verdict(False, refused)
        if order.planned:
            self.memory.take_over(order)
        if order.action is Action.START and self._pending is not None and self._ordered_stage is Stage.GOING:
            self._pending, self.memory.by = Order(Action.STOPSTART, order.author, order.identity), order.author
            self._save()
            return Verdict(True, f"starts again after the {Action.STOP} that waits for {self.phase}")
        if order.identity and order.action is Action.STOP and self._stays_down:
            return Verdict(True, "already stopping")
        if reason := IDLE.get(key):
            self._save()
            return Verdict(True, reason)
        if order.action is Action.WAIT and self.phase in BEFORE_WAIT | WAITS:
            return Verdict(True, "it waits for its resources before it starts")
        if order.identity and order.action in (Action.RESTART, Action.STOPSTART, Action.WAIT):
            return self._automatic(order, f"{order.action} ordered by {order.identity}", now)
        sentence = f"{order.action} ordered by {order.author}"
        self.memory.causes.add(now, sentence, order.author, action=order.action, new=order.planned)
        self._log(LogType.USER if order.planned else LogType.ERROR, sentence, by=order.author)
        self._obey(order, now)
        return Verdict(True, f"{order.action} accepted")

    def shut_down(self, now: float) -> None:
        """The operating system goes down: stop with the scripts, the intent stays."""
        if self.row.stage not in (Stage.REST, Stage.WITHOUT) and self.phase is not Phase.REBOOTING:
            order = Order(Action.STOP, "the system's shutdown")
            self.memory.causes.add(now, f"stop ordered by {order.author}", order.author, action=order.action)
            self._log(LogType.INFO, f"stop ordered by {order.author}", by="system")
            self._obey(order, now)

    def run_without(self, start: bool, author: str, now: float) -> Verdict:
        """Run start_both or stop_both with the module in STOP, and mark it."""
        what = f"run-without {Action.START if start else Action.STOP}"
        if self.row.stage is not Stage.REST:
            refused = "the module is not stopped" if self.row.stage is not Stage.WITHOUT else "a script runs already"
        else:
            refused = "it runs without Keepgreen already" if start and self.memory.run_without else ""
        if refused:
            self._log(LogType.INFO, f"{what} by {author} refused: {refused}", by=author)
            return Verdict(False, refused)
        order = Order(Action.START if start else Action.STOP, author)
        self.memory.causes.add(now, f"{what} ordered by {author}", author, action=order.action, new=True)
        self._log(LogType.USER, f"{what} ordered by {author}", by=author)
        self.memory.run_without = True
        verb = "started" if start else "stopped"
        self._begin(
            order,
            now,
            f"its application was {verb} without Keepgreen by {author}",
            Phase.WITHOUT_STARTING if start else Phase.WITHOUT_STOPPING,
        )
        return Verdict(True, f"{what} accepted")

    def loop_counted(self, author: str, text: str, now: float) -> None:
        """A script counts an action of its own; one too many stops the module."""
        seen = text or f"an action of {author}"
        self._log(LogType.ERROR, f"{seen}: counted by {author}", by=author)
        before, runs = self.memory.why, self.row.stage not in (Stage.REST, Stage.WITHOUT, Stage.GOING)
        sentence = self.memory.count_seen(author, seen, f"counted by {author}", self.config, now, stops=runs)
        if sentence:
            self._too_many(sentence, author, now)
        else:
            self.memory.why = before
        self._save()

    def loop_reset(self, author: str) -> None:
        """The count begins anew."""
        self.memory.count.reset()
        self._log(LogType.USER, f"the count of automatic actions was reset by {author}", by=author)
        self._save()

    @property
    def _ordered_stage(self) -> Stage:
        """The stage by which orders are taken: a stop that waits for the end of a script is a stop already."""
        leaves = self._pending is not None and self._pending.action is not Action.RESTART
        return Stage.GOING if leaves else self.row.stage

    @property
    def _stays_down(self) -> bool:
        """It is on its way to STOP, and nobody has ordered another start."""
        return self._ordered_stage is Stage.GOING and (self._pending or self._order).stays_down

    def _refused(self, action: Action) -> str:
        stage = self._ordered_stage
        if self.memory.run_without and stage is Stage.REST and action in (Action.START, Action.STOPSTART):
            return RUNS_WITHOUT
        return REFUSED.get((stage, action), "")

    def _obey(self, order: Order, now: float) -> None:
        stage = self.row.stage
        if order.action is Action.FORCESTOP:
            self._force(order, now)
        elif stage is Stage.REST:
            self._begin(order, now, f"started by {order.author}")
        elif self.phase is Phase.REBOOTING:
            self._stay(order, now)
        elif stage is Stage.GOING:
            goal = Action.STOPSTART if order.action is Action.START else order.action
            self._order = replace(order, action=goal)  # only where it ends changes
            self.memory.by, self.memory.why = order.author, self.memory.stop_sentence(order)
            self._save()
        elif order.action is Action.RESTART and stage is Stage.UP:
            self._restart(order, now)
        elif self.runs.alive and stage is not Stage.RESTARTING:
            self._keep(order, now)
        else:
            self._go_down(order, now)

    def _keep(self, order: Order, now: float) -> None:
        """A start script runs: the order waits for its end, but not for ever."""
        if self._pending is None or STRENGTH.index(order.action) > STRENGTH.index(self._pending.action):
            self._pending, self.memory.by = order, order.author
            self._log(LogType.INFO, f"{order.action} waits for the end of {self.phase}")
        self._save()  # what was accepted holds for the next agent, too
        bound = now + self.user.nicestoptimeout
        self._deadline = bound if self._deadline is None else min(self._deadline, bound)

    def _begin(self, order: Order, now: float, why: str, first: Phase = Phase.PREPARING) -> None:
        self._order, self.memory.by, self.memory.why = order, order.author, why
        if self.waiting:
            self._take(self.waiting, now)
        self._enter(first, now)

    def _stay(self, order: Order, now: float) -> None:
        """A person does not want to wait for the machine to be started anew."""
        if order.action is Action.STOP:
            self._order, self.memory.by, self.memory.why = order, order.author, self.memory.stop_sentence(order)
            self._enter(Phase.STOPPED, now)
        else:
            self._begin(Order(Action.START, order.author), now, f"started by {order.author}")

    def _go_down(self, order: Order, now: float) -> None:
        was, drains = self.phase, self._drains(order)
        if order.action is Action.RESTART:  # there is nothing up to restart
            order = Order(Action.STOPSTART, order.author, order.identity)
        self._order, self._pending, self.memory.by = order, None, order.author
        if order.action is Action.STOP:
            self.memory.why = self.memory.stop_sentence(order)
        if was in RESTART_TO_STOP:
            self._enter(RESTART_TO_STOP[was], now, script_runs=bool(self.runs.alive))
        elif was in BEFORE_APPLICATION:
            self._enter(Phase.POSTSTOP, now)
        else:
            self._enter(Phase.DRAINING if drains else Phase.STOPPING, now)

    def _restart(self, order: Order, now: float) -> None:
        drains = self._drains(order)
        self._order, self.memory.by = order, order.author
        if order.planned:
            self.memory.why = f"restarted by {order.author}"
        self._enter(Phase.RESTART_DRAINING if drains else Phase.RESTART_STOPPING, now)

    def _drains(self, order: Order) -> bool:
        return self.phase is Phase.READY and order.planned and self.config.health.drain > 0

    def _force(self, order: Order, now: float) -> None:
        self._order, self._pending, self.memory.by = order, None, order.author
        self.memory.why = self.memory.stop_sentence(order)
        self._kill([run for run in self.runs.alive if not run.killed])
        without = self.row.stage is Stage.WITHOUT
        self.memory.run_without &= without  # a whole stop ends what was started without Keepgreen: a start may follow
        self._enter(Phase.WITHOUT_FORCING if without else Phase.FORCING, now)

    def _automatic(self, order: Order, seen: str, now: float) -> Verdict:
        """Obey an automatic action that counts, or stop when there were too many."""
        if sentence := self.memory.count_action(order, seen, self.config, now):
            return self._too_many(sentence, order.identity, now)
        self._log(LogType.ERROR, f"{seen}: {order.action} by {order.identity}", by=order.identity)
        self._obey(replace(order, seen=seen), now)
        return Verdict(True, f"{order.action} accepted")

    def _too_many(self, sentence: str, identity: str, now: float) -> Verdict:
        self._log(LogType.CRITICAL, f"stopped: {sentence}", by="maxloop")
        self._obey(Order(Action.STOP, "maxloop", identity), now)
        return Verdict(True, f"stopped: {sentence}")
