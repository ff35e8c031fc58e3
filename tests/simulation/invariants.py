"""What must hold after every step of a fault simulation. Each check quotes the sentence that it holds.

A check raises `Violated`; it looks at what `watch.Watch` knows of the run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nodeagent.contract.states import Action, ResourceState, Script, State, Status
from nodeagent.contract.status import ModuleStatus
from nodeagent.core import effects as do
from nodeagent.core.events import ModuleRecord
from nodeagent.core.phase_machine import SAVE_LIMIT
from nodeagent.core.phases import PHASES, Phase, Stage
from nodeagent.core.recovery import phase_of
from nodeagent.core.slots import SLOTS
from nodeagent.core.switches import NAMES
from tests.fakes.machine import FakeMachine

if TYPE_CHECKING:
    from tests.simulation.watch import Told, Watch

SLACK = 0.2
"""Seconds that spec 04 gives beside the window."""
ACTED = re.compile(r": (restart|stopstart|stop|wait|start|counted) by (\S+)$")
"""The log line of an automatic action; all but a stop count."""
DOWN = re.compile(r"^(tcp\.web|ping\.gw) is down: ")
RULE = {"t_web": "tcp.web", "p_gw": "ping.gw", "c_db": "custom.db"}
"""Generated rules, and what they look at."""
LOST = re.compile(r"^(\S+) lost: ")

ALL = frozenset(range(SLOTS))

Owners = tuple[str | None, ...]


class Violated(Exception):
    """An invariant does not hold; the text says which and where."""


# --- at an effect -----------------------------------------------------------------------------


def no_script_runs_while_health_is_200(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Order of a stop: 1. ready.txt → 404 … 4. stop_both."""
    if machine.health.get(effect.module):
        raise Violated(f"{effect.script} runs on {machine.name} while ready.txt answers 200")


def one_script_at_a_time(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Never two start scripts of a module at once on a node; beside a stop only its forced form runs."""
    others = [run.script for run in machine.running_scripts() if run.module == effect.module and run.script]
    if others and machine.name not in watch.forgetful:
        allowed = "force" in effect.args and set(others) == {Script.STOP_BOTH}
        if not allowed:
            raise Violated(f"{effect.script} begins on {machine.name} while {', '.join(others)} runs")


def a_start_waits_for_its_intent(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Start scripts wait for the durable intent record; nothing else waits for disk."""
    serial, at = told.prepared
    if told.phase == Phase.LEAVING_STOP and serial > machine.answered.get(effect.module, 0):
        waited = watch.now - at
        if waited < SAVE_LIMIT - 0.001:
            raise Violated(f"{effect.script} begins on {machine.name} {waited:.3f} s after an intent not yet saved")


def what_runs_on_is_adopted(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """UP: adopt (no start_both) if all monitored pids (pid + creation time) and one check round are good."""
    acting = {rule.key for rule in machine.modules[effect.module].config.checkers if rule.action is not None}
    seen = {key: looks for (module, key), looks in machine.looked.items() if module == effect.module and key in acting}
    if not told.must_adopt or any(look.good is False for looks in seen.values() for look in looks):
        return
    if all(process in machine.processes for _, process in told.left):
        raise Violated(f"{effect.script} runs on {machine.name} although its application survived the agent")


def paused(record: ModuleRecord, now: float) -> frozenset[str]:
    """The administrator's pauses that are not over."""
    ends = dict(record.pauses)
    return frozenset(name for name in NAMES if not getattr(record, name) and ends.get(name, now + 1) > now)


def nothing_starts_while_a_wait_resource_is_down(
    watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript
) -> None:
    """WAIT NotReady: a wait-resource is down. → all wait-resources up → UP(Transient): … start_both."""
    gateway = machine.checkers(effect.module).get("ping.gw")
    if effect.script is not Script.START_BOTH or effect.args[2] == Action.RESTART or gateway is None:
        return
    if told.record.phase == Phase.WITHOUT_STARTING or not (told.record.checker and told.record.failover):
        return
    if told.let_out:
        return  # the pause has ended since: what was seen before counts no more, and a failure must first be warm
    known = machine.looked[effect.module, "ping.gw"]
    looks = [look.good for look in known if look.round == gateway.round]  # after a freeze it counts anew
    enough = max(gateway.rule.fall, gateway.rule.rise)
    if len(looks) >= enough and not any(look is not False for look in looks[-gateway.rule.fall - 2 :]):
        raise Violated(f"{effect.module} starts on {machine.name} although ping.gw is down")


SCRIPT_CHECKS = (
    nothing_starts_while_a_wait_resource_is_down,
    no_script_runs_while_health_is_200,
    one_script_at_a_time,
    a_start_waits_for_its_intent,
    what_runs_on_is_adopted,
)


def a_power_off_is_never_adopted(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """Other boot id: never adopt; start by `boot`."""
    if not told.may_adopt:
        raise Violated(f"{machine.name} adopts {module} of an earlier boot")


def only_what_runs_is_adopted(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """UP: adopt if all monitored pids (pid + creation time) … are good; else stopstart, counted as `crash`."""
    if not told.record.errd:
        return  # what is paused is not looked at
    if gone := [name for name, process in told.left if process not in machine.processes]:
        raise Violated(f"{machine.name} adopts {module} although {', '.join(gone)} is gone")


def nothing_is_green_before_it_has_listened(watch: Watch, machine: FakeMachine, module: str) -> None:
    """A starting agent takes no slot and turns nothing green before it has listened one full window."""
    age = watch.now - watch.started[machine.name]
    smallest = min(watch.least_window, 1.5)
    if age < smallest - 0.001:
        raise Violated(f"{module} is green on {machine.name} {age:.2f} s after the start of its agent")


def nobody_is_accused_without_silence(watch: Watch, accuser: str, accused: str, text: str) -> None:
    """3. A frozen node causes no lost verdict about others. A peer is lost when silent for a whole window."""
    if not watch.farm.runs(accused) or not watch.farm.joined(accuser, accused):
        return
    last = max(
        watch.apart.get((accuser, accused), 0.0),
        watch.farm.machines[accused].frozen_until,
        watch.started.get(accused, 0.0),
    )
    if watch.now - last > watch.windows + 3 * watch.farm.cluster.pulse + SLACK:
        raise Violated(f"3. {accuser} accuses {accused}, which it could hear all the time: {text}")


def maxloop_of(watch: Watch, machine: FakeMachine, module: str) -> int:
    """In force there: a node that froze reads a new revision behind all that came before it."""
    assert machine.agent is not None
    return next(known.maxloop for known in machine.agent.modules(watch.now) if known.name == module)


def counted_actions_never_exceed_maxloop(watch: Watch, machine: FakeMachine, told: Told, line: do.RecordLine) -> None:
    """More than `maxloop` inside the sliding `loop_interval` → the module stops."""
    module = line.module
    config = machine.modules[module].config
    if told.record.phase == Phase.STOPPED or ": counted by " in line.text:
        return  # a script may count what it likes: the next action stops the module
    if ": stop by " in line.text:
        return  # it does what too many must lead to
    within = [at for at in told.actions if at > watch.now - config.loop_interval]
    if len(within) > (allowed := maxloop_of(watch, machine, module)):
        raise Violated(f"{len(within)} automatic actions of {module} on {machine.name}, {allowed} allowed")


def what_is_paused_acts_never(watch: Watch, machine: FakeMachine, told: Told, line: do.RecordLine) -> None:
    """Pause for maintenance: checkers / process monitoring / failover each on|off."""
    paused = [
        name
        for name, off, by in (
            ("errd", not told.record.errd, line.origin == "errd"),
            ("checker", not told.record.checker, line.origin in RULE),
            ("failover", not told.record.failover, line.origin in RULE or line.origin == "own"),
        )
        if off and by
    ]
    if paused:
        raise Violated(f"{line.origin} acts on {machine.name} while {', '.join(paused)} is paused: {line.text}")


def a_failure_acts_after_its_warm_up(watch: Watch, machine: FakeMachine, told: Told, line: do.RecordLine) -> None:
    """A failure acts only after that checker's first good result or after its `warmup`."""
    running = machine.checkers(line.module).get(RULE.get(line.origin, ""))
    if running is None:
        return
    ever_good = any(look.good for look in machine.looked[line.module, running.rule.key])
    if not ever_good and watch.now < running.began + running.rule.warmup - 0.001:
        raise Violated(f"{line.origin} acts on {machine.name} before its warm-up is over: {line.text}")


def a_resource_falls_after_so_many_bad_looks(watch: Watch, machine: FakeMachine, module: str, key: str) -> None:
    """`fall`: bad results in a row."""
    running = machine.checkers(module).get(key)
    thawed = machine.frozen_until
    going = PHASES[phase_of(watch.of(machine.name, module).record)].stage is Stage.GOING
    if running is None or (going and watch.now - running.began < 0.001) or (going and running.began == thawed):
        return  # a forcestop after poststop looks anew: what was seen before may yet come in, and acts no more
    looks = machine.looked[module, key][-running.rule.fall :]
    if len(looks) < running.rule.fall or any(look.good is not False for look in looks):
        raise Violated(f"{key} of {module} is down on {machine.name} after fewer than {running.rule.fall} bad looks")


def a_reboot_is_counted_before(watch: Watch, machine: FakeMachine, effect: do.RebootSystem) -> None:
    """automatic_reboot: counted durable before, unless an administrator has reset the count since."""
    told, saved = watch.of(machine.name, effect.module), machine.disk.get(effect.module)
    serial, asked = told.prepared
    if serial > machine.answered.get(effect.module, 0) and watch.now - asked >= SAVE_LIMIT - 0.001:
        return  # the disk is not waited for any longer
    disk_bad = watch.disk_bad.get(machine.name, float("-inf")) > watch.now - SAVE_LIMIT
    if not disk_bad and (saved is None or saved.phase != Phase.REBOOTING or bool(saved.counted) < bool(told.actions)):
        raise Violated(f"{machine.name} is started anew before the count of {effect.module} is on disk")


def maxloop_stops_only_after_too_many(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """Counted automatic actions allowed inside the window; the next one stops the module."""
    config = machine.modules[module].config
    within = [at for at in told.actions if at > watch.now - config.loop_interval]
    if len(within) + 1 <= (allowed := maxloop_of(watch, machine, module)):
        raise Violated(f"{module} on {machine.name} stopped after {len(within)} of {allowed} allowed actions")


ACTION_CHECKS = (
    counted_actions_never_exceed_maxloop,
    what_is_paused_acts_never,
    a_failure_acts_after_its_warm_up,
)


# --- at a state ---------------------------------------------------------------------------------


def no_change_without_cause_and_author(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """Every change has a cause and an author, logged once, kept for "why"."""
    words = f"{status.state} {status.status}:"
    if not any(line.startswith(words) for line in told.lines):
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} without a line in the log")
    if not status.by:
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} by nobody")
    if status.status is not Status.READY and not status.why:
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} and cannot say why")


def health_is_200_only_when_up_ready(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """200 exactly while the module is UP Ready, and its agent not about to end. Never 200 after a stop was ordered."""
    ready = (status.state, status.status) == (State.UP, Status.READY) and not watch.ends(machine)
    if machine.health.get(status.name, False) is not ready:
        raise Violated(f"ready.txt of {status.name} on {machine.name} is wrong while {status.state} {status.status}")
    if ready and told.stop_ordered:
        raise Violated(f"ready.txt of {status.name} on {machine.name} answers 200 after a stop order")


def health_after_a_freeze_waits_for_a_round(
    watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus
) -> None:
    """Self-doubt: health URL 404 and every check runs at once; back when the round is good."""
    thawed = machine.frozen_until
    known = watch.started.get(machine.name, 0.0) < thawed <= watch.now
    frozen = thawed - watch.marked if watch.marked < thawed else 0.0
    if not (known and frozen > 2 * watch.windows and machine.health.get(status.name)) or told.checked == thawed:
        return
    scanned = told.asked >= thawed and watch.now > told.asked + 0.004
    green_without = told.greened[1] if told.greened[0] >= thawed else frozenset[str]()
    errd = status.switches.errd and "errd" not in green_without
    checker = status.switches.checker and "checker" not in green_without
    unchecked = ["its processes"] if errd and not scanned and _monitored(status) else []
    for key, running in machine.checkers(status.name).items() if checker else ():
        looks = [look for look in machine.looked[status.name, key] if look.at >= thawed and look.good is not False]
        if running.rule.action is not None and running.rule.kind != "custom" and not looks and not _cannot(status, key):
            unchecked.append(key)
    if unchecked:
        raise Violated(
            f"ready.txt of {status.name} on {machine.name} answers 200 after a freeze: {', '.join(unchecked)} unchecked"
        )
    told.checked = thawed


def _monitored(status: ModuleStatus) -> bool:
    return any(resource.name.startswith("proc.") for resource in status.resources)


def _cannot(status: ModuleStatus, key: str) -> bool:
    return any(resource.name == key and resource.state is ResourceState.UNKNOWN for resource in status.resources)


def a_stopped_module_runs_no_script(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """A stop always ends and leaves no process."""
    if status.state is State.STOP and not status.run_without and machine.name not in watch.forgetful:
        left = [run.script or "a handler" for run in machine.running_scripts() if run.module == status.name]
        if left:
            raise Violated(f"{status.name} on {machine.name} is stopped while {', '.join(left)} runs")


def a_stop_ends(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """A stop always ends within the sum of its time-outs."""
    if told.stop_by is None:
        return
    if status.state is State.STOP or status.phase == Phase.BOOT_DELAY:
        told.stop_by = None
    elif machine.frozen_until > told.stop_by - 8.0:
        watch.stop_begins(machine, told, status.name)
    elif watch.now > told.stop_by:
        raise Violated(f"the stop of {status.name} on {machine.name} has not ended in time: {status.phase}")


def network_and_clocks_restart_nothing(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """5. After healing: no application restart. 6. Moving the wall clock changes nothing."""
    if machine.name not in watch.touched and told.starts > 1:
        raise Violated(f"{status.name} was started again on {machine.name}, where nothing happened to it")


STATE_CHECKS = (
    health_is_200_only_when_up_ready,
    health_after_a_freeze_waits_for_a_round,
    a_stopped_module_runs_no_script,
    a_stop_ends,
    network_and_clocks_restart_nothing,
)


def a_slot_whose_owner_stays_never_moves(
    node: str, before: Owners, after: Owners, was: frozenset[str], view: frozenset[str]
) -> None:
    """2. A slot whose owner stays in the view never moves (but home to a node that has come back)."""
    for slot, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new and old in view and (new is None or new in was):
            raise Violated(f"2. {node} moved slot {slot} from {old}, which serves on, to {new}")


def shares_are_exact(node: str, nodes: tuple[str, ...], view: frozenset[str], owners: Owners, full: Owners) -> None:
    """One node dies → only its slots move, in exact shares."""
    if len(view) < len(nodes) - 1 or not view:
        return
    moved = [new for old, new in zip(full, owners, strict=True) if len(view) == len(nodes) or old not in view]
    counts = [moved.count(one) for one in view]
    if max(counts) - min(counts) > 1:
        raise Violated(f"5. {node} gives uneven shares: {counts}")


# --- as time goes by ----------------------------------------------------------------------------


def every_slot_has_an_owner(watch: Watch) -> None:
    """1. Never none for longer than window + 200 ms while a node is UP Ready."""
    for module in watch.farm.modules:
        if not watch.calm(module):
            continue
        for group in watch.groups(module):
            told = [watch.of(node, module) for node in group]
            if not any(one.status and one.status.ready for one in told):
                continue
            if missing := ALL.difference(*[one.own for one in told]):
                raise Violated(f"1. nobody of {', '.join(group)} serves slot {min(missing)} of {module}")


def one_view_in_a_settled_partition(watch: Watch) -> None:
    """1. In each settled partition every slot has exactly one owner. 5. One view, one table."""
    for module in watch.farm.modules:
        if not watch.calm(module):
            continue
        for group in watch.groups(module):
            told = {node: watch.of(node, module) for node in group}
            ready = frozenset(node for node, one in told.items() if one.status and one.status.ready)
            for node, one in told.items():
                if one.view != (ready or told[group[0]].view):
                    should = ", ".join(sorted(ready)) or "nobody"
                    raise Violated(f"1. {node} sees {', '.join(sorted(one.view)) or 'nobody'} serve {module}: {should}")


def a_goodbye_takes_effect_at_once(watch: Watch) -> None:
    """A clean leave or stop is announced and takes effect at once."""
    for at, node, starts in [g for g in watch.goodbyes if watch.now > g[0] + 0.1]:
        watch.goodbyes.remove((at, node, starts))
        new = at < watch.started[node] + watch.windows  # not everybody has believed its session yet
        if new or watch.farm.machines[node].starts != starts or watch.marked > at:
            continue
        for machine in watch.farm.machines.values():
            if machine.name == node or not watch.farm.runs(machine.name) or machine.frozen_until > at:
                continue
            assert machine.agent is not None
            alive = any(peer.name == node and peer.alive for peer in machine.agent.peers(watch.now))
            good = watch.farm.joined(machine.name, node) and watch.apart.get((machine.name, node), 0.0) < at - 2
            if alive and good:
                raise Violated(f"{machine.name} takes {node} for alive, 0.1 s after its goodbye")


def a_killed_script_ends(watch: Watch) -> None:
    """Then the whole process tree of a script still alive is killed."""
    for at, machine, run in [k for k in watch.kills if watch.now > k[0] + 0.1]:
        watch.kills.remove((at, machine, run))
        if any(alive.run == run for alive in watch.farm.machines[machine].running_scripts()):
            raise Violated(f"the script run {run} on {machine} lives on after its kill")


def a_handler_ends(watch: Watch) -> None:
    """Handlers: forcestoptimeout, then tree kill."""
    for name, machine in watch.farm.machines.items():
        frozen = machine.frozen_until
        for run in machine.running_scripts() if name not in watch.forgetful and watch.farm.runs(name) else ():
            user = machine.modules[run.module].config.user
            begun = max(run.process.created, frozen, watch.started.get(name, 0.0))
            if run.script is None and user and watch.now > begun + user.forcestoptimeout + 1.0:
                raise Violated(f"a handler of {run.module} on {name} runs longer than forcestoptimeout")


TIME_CHECKS = (
    a_handler_ends,
    every_slot_has_an_owner,
    one_view_in_a_settled_partition,
    a_goodbye_takes_effect_at_once,
    a_killed_script_ends,
)


# --- at the end ---------------------------------------------------------------------------------


def _repair_is_paused(machine: FakeMachine, status: ModuleStatus) -> bool:
    """It warms up, or is checked after a freeze, without its application, and nobody may start that again.

    The administrator has paused the rules, so that the failure of tcp.web, which a good round needs, acts never; and
    the death of the process has no action, or does not act either.
    """
    config, switches = machine.modules[status.name].config, status.switches
    procs = config.monitoring.procs if config.monitoring and switches.errd else ()
    web = machine.checkers(status.name).get("tcp.web")
    return (
        status.phase in (Phase.WARMING, Phase.DOUBTING)
        and (switches.checker, switches.failover) == (True, False)
        and web is not None
        and web.rule.action is not None
        and (status.name, "app") not in machine.processes.values()
        and not any(rule.action is not None or rule.handler for rule in procs)
    )


def everything_settles(watch: Watch) -> None:
    """After healing: one view, one table; what should be up is UP Ready, else STOP, and says why."""
    for module in watch.farm.modules:
        if not watch.calm(module) or len(watch.groups(module)) != 1:
            raise Violated(f"{module} has not settled after everything was healed")
        for machine in watch.farm.members(module):
            told = watch.of(machine.name, module)
            status = told.status
            assert status is not None
            if (status.state, status.status) == (State.UP, Status.READY):
                continue
            if status.script is not None and not status.script.limit:
                continue  # a start script that hangs, and nobody has given it a starttimeout
            if _repair_is_paused(machine, status):
                continue
            if status.state is not State.STOP or not status.why:
                raise Violated(f"{module} on {machine.name} ends as {status.state} {status.status}: {status.why}")
            kept = machine.name not in watch.forgetful
            if kept and told.last_order is Action.START and status.why.startswith("stopped by admin"):
                raise Violated(f"{module} on {machine.name} was started last by admin and ends stopped")
