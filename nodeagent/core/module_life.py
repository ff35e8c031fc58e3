"""Life of a module on one node: spec 03 as one automaton.

Theory of operation. A module is in one *phase* (`phases.PHASES`); entering a phase with a script
starts the script, its end moves on to the phase that the table names. Phases without a script are
left by time (drain, pauses), by good check rounds (warming, adopting, doubting), by a rule (WAIT) or
by a saved record. Nothing here waits for the disk but a start, for its intent, and a reboot, for its
count. `phase_machine` does the moving, `orders` obeys, `detections` judges what is seen; here is the rest:
the start of an agent, ends of scripts, new revisions, time.
"""

from collections.abc import Callable

from msgspec.structs import replace

from nodeagent.contract.exit_codes import exit_words
from nodeagent.contract.states import Action, LogType
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.detections import WatchfulLife
from nodeagent.core.order import Order
from nodeagent.core.phase_machine import SAVE_LIMIT
from nodeagent.core.phases import Phase, Stage
from nodeagent.core.recovery import Recovery, decide, order_of
from nodeagent.core.script_runs import Run

ADOPT_LIMIT = 60.0
"""Seconds a new agent gives the checkers for their first round; the application runs on meanwhile."""

ADDRESS_LIMIT = 10.0
"""Seconds the kernel has to take a virtual address; the application starts all the same then."""

REBOOT_LIMIT = 120.0
"""Seconds after which a machine that should have been started anew, and was not, starts the module."""


class ModuleLife(WatchfulLife):
    """One module on this node."""

    def __init__(
        self,
        configured: ev.ModuleConfigured,
        emit: Callable[[do.Effect], None],
        run_names: Callable[[], str],
        now: float,
    ) -> None:
        super().__init__(configured, emit, run_names, now)
        self._recovered: frozenset[tuple[str, ev.ProcessRef]] = frozenset()
        """What ran when the last agent wrote its record."""
        self._reboot_asked = False
        self._unsaved = ""
        """Why the last record is not on the disk, empty when it is."""

    @property
    def restarting(self) -> bool:
        """Not serving now, but about to without a full stop: it may own slots when nobody serves."""
        again = self._order.action is Action.RESTART and self.phase in (Phase.STARTING, Phase.WARMING)
        return again or self.row.stage is Stage.RESTARTING or self.phase is Phase.DOUBTING

    @property
    def at_rest(self) -> bool:
        """Nothing of it keeps the machine from going down."""
        return self.phase in (Phase.STOPPED, Phase.REBOOTING) and not self.runs.alive

    def remember(self) -> None:
        """It is new on this node: the next start of the agent alone does not count as the machine's."""
        self._save()

    def recover(self, record: ev.ModuleRecord, boot_on: bool, now: float) -> None:
        """The agent has started: take up the life that the record tells of."""
        self.memory.recall(record)
        for name in self.memory.switches.due(now):  # while no agent was running; the record is not taken up yet
            self.memory.switches.set(name, True, None)
            self._log(LogType.USER, f"{name} switched on by its end time", by="its end time")
        self.since = self.since if record.since is None else record.since
        self._recovered = frozenset(record.monitored)
        for run in record.handlers if record.same_boot else ():
            self._emit(do.KillScript(self.config.name, run))
        match decide(record, self.config.boot, boot_on):
            case Recovery.REST if record.same_boot:
                pass
            case Recovery.REST:
                if record.run_without:
                    self.memory.why = "the machine was started again: what ran without Keepgreen has ended"
                self._save()  # or the next start of the agent alone would count as the machine's, too
            case Recovery.STAY_DOWN:
                self.memory.why = "the machine was started again and boot does not start this module"
                self.since = now
                self._save()
            case Recovery.BOOT:
                self._begin(Order(Action.START, "boot"), now, "started at boot", Phase.BOOT_DELAY)
            case Recovery.BEGIN:
                self._begin(Order(Action.START, self.memory.by), now, "the last agent ended during the start")
            case Recovery.AWAIT_SCRIPT:
                self._take_over(record, now)
            case Recovery.REBOOT:
                self._order = Order(Action.STOPSTART, self.memory.by, self.memory.by)
                self._enter(Phase.REBOOTING, now)
            case Recovery.ADOPT:
                self._order = Order(Action.START, self.memory.by)
                self._enter(Phase.ADOPTING, now)
            case Recovery.CRASHED:
                self._go_on(order_of(record))
                self._enter(Phase.RECOVERING, now)
                self._after_crash("the last agent ended while the module was stopping", now)

    def printed(self, text: str, error: bool, origin: str, now: float) -> None:
        """A script said something; an error is evidence. `origin`: KEEPGREEN_RUN of a script, or a name."""
        run = self.runs.get(origin.rpartition("/")[2])
        by = run.script if run else origin or "script"
        if error:
            self.memory.said = f"{by} said “{text}”"
            self.memory.causes.add(now, self.memory.said, by, evidence=text, output=run.output if run else "")
        self._log(LogType.ERROR if error else LogType.SCRIPT, text, by=by, output=run.output if run else "")

    def state_saved(self, serial: int, error: str, now: float) -> None:
        """The disk has the record, or says why not; a disk that stays full is told once, and once when it is not."""
        told, self._unsaved = self._unsaved, error
        if error and error != told:
            self._log(LogType.CRITICAL, f"the state of the module cannot be saved: {error}")
        elif told and not error:
            self._log(LogType.INFO, "the state of the module is saved again")
        if serial < self._saving:
            return
        if self.phase is Phase.PREPARING:
            self._enter(Phase.LEAVING_STOP, now)
        elif self.phase is Phase.REBOOTING and not self._reboot_asked:
            self._reboot(now)

    def reconfigure(self, event: ev.ModuleConfigured, now: float) -> None:
        """A new revision: at once when stopped, else its live part now and the rest at the next start."""
        if self.phase is Phase.STOPPED:
            self._take(event, now)
            self._log(LogType.INFO, f"revision {event.revision} is in force")
        else:
            self.waiting = event
            self.config = replace(event.config, mode=self.config.mode, farm=self.config.farm, vip=self.config.vip)
            self.senses.reconfigure(event.config, event.revision, now)
            self._judge(now)
            self._log(LogType.INFO, f"revision {event.revision}: in force, its scripts from the next start on")
        self._emit(do.PublishStatus())

    def froze(self, seconds: float, now: float) -> None:
        """This node stood still: 404, every check at once, and nothing runs out because of it."""
        if self._deadline is not None:
            self._deadline += seconds
        self.senses.forgive(seconds)
        self.handlers.forgive(seconds)
        self.senses.look_now(now)
        self._end_pauses(now)  # before anything is judged that waited meanwhile
        if self.phase in (Phase.READY, Phase.DOUBTING):
            self.memory.why = f"this node was frozen for {seconds:.1f} s; one round of checks first"
            self._enter(Phase.DOUBTING, now)

    def addresses_taken(self, error: str, now: float) -> None:
        """The virtual addresses are on this node behind a closed filter, or `error` says why not."""
        if self.phase is not Phase.TAKING_ADDRESS:
            return
        if error:
            self._automatic(Order(Action.STOPSTART, "vip", "vip"), f"the virtual IP cannot be added: {error}", now)
        else:
            self._enter(Phase.STARTING, now)

    def let_be_green(self, now: float) -> None:
        """The node has listened for one full window."""
        self.may_be_green = True
        self._turn_green(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        self._watch_time(now)
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._time_is_up(now)

    def _script_done(self, run: Run, exit_code: int | None, now: float) -> None:
        step = self.row.step
        assert step is not None
        repair = Order(Action.STOPSTART, run.script, run.script)
        failed = exit_code if self.user.act_on_exitcode else None
        if self._pending is not None:
            self._go_down(self._pending, now)
        elif self.phase is Phase.STARTING and run.killed:
            self._automatic(repair, f"start_both passed its starttimeout ({self.user.starttimeout:g} s)", now)
        elif self.phase is Phase.STARTING and failed:
            self._automatic(repair, f"start_both ended with {exit_words(failed)}", now)
        elif self.phase is Phase.PRESTART and failed:
            seen = f"prestart ended with {exit_words(failed)}"
            self._go_down(Order(Action.STOP, "prestart", "prestart", seen=seen), now)
        else:
            self._enter(step.then, now)

    def _take_over(self, record: ev.ModuleRecord, now: float) -> None:
        """Await what the last agent started. What it may have started after its last record must not live on."""
        left = record.runs
        self._go_on(order_of(record))
        awaited = [(run, run.process) for run in left if run.process is not None]
        for run, process in awaited:  # before the phase is saved: yet another agent must know of them, too
            self.runs.begin(Run(run.run, run.script, (), process))
        self._enter(Phase.RECOVERING, now)
        self._deadline = now + self.user.forcestoptimeout
        for run, process in awaited:
            self._emit(do.AwaitScript(self.config.name, run.run, process))
        for run in left:
            if run.process is None:
                self._emit(do.KillScript(self.config.name, run.run))
        if not self.runs.alive:
            self._after_crash(f"the last agent ended while it began {left[-1].script}", now)

    def _go_on(self, order: Order) -> None:
        """With what the last agent was doing: only a stop is finished as it was ordered, all else begins anew."""
        self._order = order
        if order.stays_down and not self.memory.run_without:
            self._pending = order

    def _judge_adoption(self, now: float) -> None:
        """Adopt when all monitored processes are the same and one round of checks was good; else repair."""
        senses, errd = self.senses, self.memory.switches.errd
        scanned = (senses.monitor.scanned and not senses.monitor.looking) or not errd
        missing = self._recovered - frozenset(senses.monitor.processes) if errd and scanned else frozenset()
        if missing or (errd and scanned and senses.monitor.failing):
            names = ", ".join(sorted({name for name, _ in missing})) or "a monitored process"
            self._after_crash(f"{names} went away while no agent was running", now)
        elif down := senses.down_now:
            self._after_crash(f"{', '.join(sorted(down))} is down after a start of the agent", now)
        elif scanned and (senses.rounds.count or not senses.needed):
            self._adopted("all monitored processes are the same" if senses.needed else "it has nothing to check", now)

    def _adopted(self, why: str, now: float) -> None:
        self._log(LogType.INFO, f"the running application was adopted: {why}")
        self.memory.why = "adopted after a start of the agent"
        self._enter(Phase.WARMING, now)

    def _script_taken_over_done(self, run: Run, now: float) -> None:
        self._after_crash(f"the last agent ended while {run.script} was running", now)

    def _after_crash(self, seen: str, now: float) -> None:
        pending, self._pending = self._pending, None
        if self.memory.run_without:
            self._enter(Phase.STOPPED, now)
        elif pending is not None:
            self._obey(pending, now)
        else:
            self._automatic(Order(Action.STOPSTART, "crash", "crash"), seen, now)

    def _arrive(self, now: float) -> None:
        """What a phase without a script does or waits for."""
        match self.phase:
            case Phase.BOOT_DELAY:
                delay = (
                    self.config.boot_delay if self.memory.by == "boot" else self.memory.delay(self._order, self.config)
                )
                self._wait(delay, now)
            case Phase.PREPARING:
                self._saving = self._serial
                self._wait(SAVE_LIMIT, now)
            case Phase.WAITING | Phase.HELD:
                self._wait_or_go(now)
            case Phase.TAKING_ADDRESS:
                self._wait(ADDRESS_LIMIT if self.config.vip else 0.0, now)
            case Phase.DRAINING | Phase.RESTART_DRAINING:
                self._wait(self.config.health.drain, now)
            case Phase.PAUSE:
                self._wait(self.memory.delay(self._order, self.config), now)
            case Phase.WARMING:
                self._judge(now)
            case Phase.DOUBTING:
                self._turn_green(now)
            case Phase.ADOPTING:
                self._deadline = now + ADOPT_LIMIT
                self.senses.check_now()
                self._judge_adoption(now)
            case Phase.REBOOTING:
                self._saving, self._reboot_asked, self._deadline = self._serial, False, now + SAVE_LIMIT
            case Phase.STOPPED if self.memory.run_without:
                self.memory.run_without = self._order.action is Action.START
                if self.waiting:
                    self._take(self.waiting, now)
                self._save()
            case Phase.STOPPED if self._reboots:
                self._enter(Phase.REBOOTING, now)
            case Phase.STOPPED if self._order.action not in (Action.STOP, Action.FORCESTOP):
                order = Order(Action.START, self._order.author, self._order.identity)
                self._begin(order, now, self.memory.why, Phase.BOOT_DELAY)
            case Phase.STOPPED if self.waiting:
                self._take(self.waiting, now)

    @property
    def _reboots(self) -> bool:
        """`automatic_reboot`: a stopstart that nobody ordered by hand starts the machine anew."""
        automatic = bool(self._order.identity) and self._order.action is Action.STOPSTART
        return automatic and self.config.automatic_reboot

    def _reboot(self, now: float) -> None:
        self._reboot_asked, self._deadline = True, now + REBOOT_LIMIT
        self._emit(do.RebootSystem(self.config.name, self.memory.why))

    def _time_is_up(self, now: float) -> None:
        """Phases that only this part of the life knows."""
        match self.phase:
            case Phase.ADOPTING:
                self._adopted("its checkers have not all answered yet", now)
            case Phase.REBOOTING if not self._reboot_asked:
                self._reboot(now)
            case Phase.REBOOTING:
                self._log(LogType.CRITICAL, f"the machine was not started anew within {REBOOT_LIMIT:g} s")
                order = Order(Action.START, self._order.author, self._order.identity)
                self._begin(order, now, self.memory.why, Phase.BOOT_DELAY)
            case _:
                super()._time_is_up(now)
