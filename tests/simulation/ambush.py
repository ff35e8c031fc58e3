"""A fault that lies in wait: an order, or the end of the agent, in a phase that lasts only for a moment."""

from collections.abc import Callable

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import Action, Boot, Status
from nodeagent.core import events as ev
from nodeagent.core.phases import PHASES, Phase, Stage
from tests.fakes.machine import FakeMachine
from tests.simulation.weather import Ambush, Weather

SHORT_LIVED = {
    Phase.ADOPTING: 6,
    Phase.RECOVERING: 7,
    Phase.PAUSE: 18,
    Phase.DOUBTING: 6,
    Phase.RESTART_DRAINING: 6,
    Phase.RESTART_STOPPING: 5,
    Phase.RESTART_FORCING: 4,
    Phase.BOOT_DELAY: 8,
    Phase.PREPARING: 3,
    Phase.LEAVING_STOP: 4,
    Phase.DRAINING: 6,
    Phase.WARMING: 3,
    Phase.HELD: 6,
    Phase.ENTERING_UP: 6,
    Phase.TAKING_ADDRESS: 30,
    Phase.WAITING: 8,
    Phase.POSTSTOP: 3,
    Phase.ENTERING_STOP: 5,
    Phase.REBOOTING: 100,
    Phase.WITHOUT_STARTING: 8,
    Phase.WITHOUT_STOPPING: 3,
}
"""Phases that orders seldom meet by chance."""

LASTS: dict[Phase, Callable[[ModuleConfig], object]] = {
    Phase.BOOT_DELAY: lambda module: module.restart_delay or _waits_at_boot(module),
    Phase.HELD: lambda module: any(rule.action is Action.WAIT for rule in module.checkers),
    Phase.TAKING_ADDRESS: lambda module: module.vip,
    Phase.DRAINING: lambda module: module.health.drain,
    Phase.RESTART_DRAINING: lambda module: module.health.drain,
    Phase.PAUSE: lambda module: module.restart_delay,
    Phase.REBOOTING: lambda module: module.automatic_reboot,
}
"""Phases that most modules pass in no time, or never, and what makes one stay there."""

ORDERS = (Action.STOP, *[Action.FORCESTOP] * 3, Action.STOPSTART, Action.RESTART, Action.WAIT, None)
"""What happens in the phase; None: the agent is killed."""

ORDERS_IN = {
    **dict.fromkeys((Phase.ENTERING_UP, Phase.TAKING_ADDRESS, Phase.PAUSE), (*ORDERS, Action.WAIT, Action.WAIT)),
    Phase.REBOOTING: (*(Action.STOP, Action.FORCESTOP, Action.STOPSTART) * 2, None),
}
"""The same, where only a wait leads to WAIT at once, and where some orders are refused."""

RULE = "web.rule"
"""Who orders what counts."""


def order_in_phase(w: Weather) -> str:
    """Lie in wait for a phase, bring the module there, order something in it or kill the agent."""
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    config = machine.modules[module].config
    phases = [phase for phase in Phase if phase not in LASTS or LASTS[phase](config)]
    phase = w.random.choices(phases, [SHORT_LIVED.get(phase, 2) for phase in phases])[0]
    action = w.random.choice(ORDERS_IN.get(phase, ORDERS))
    delay = w.random.choice((0.0, 0.0005, 0.002, 0.1)) if action else 0.02
    w.ambushes.append(Ambush(machine.name, module, phase, delay, lambda: _spring(w, machine, module, action)))
    _bring(w, machine, module, phase)
    return f"admin will order {action or 'kill -9'} of {module} on {machine.name} as soon as it is in “{phase}”"


def _spring(w: Weather, machine: FakeMachine, module: str, action: Action | None) -> None:
    if action is None:
        w.crash(machine)
    elif machine.agent is not None:
        rule = "wait.rule" if action is Action.WAIT else ""  # only a rule orders that
        machine.order(module, action, rule or "admin", rule)


def _bring(w: Weather, machine: FakeMachine, module: str, phase: Phase) -> None:
    """Do what leads a module into a phase, from where it is green if the way begins there."""
    match phase, PHASES[phase].stage:
        case Phase.RECOVERING, _:
            machine.order(module, Action.STOPSTART)
            w.later(0.15, lambda: w.crash(machine))
        case Phase.ADOPTING, _:
            _once_green(w, machine, module, lambda: w.crash(machine))
        case Phase.DOUBTING, _:
            _once_green(w, machine, module, lambda: _freeze(w, machine))
        case Phase.RESTART_DRAINING, _:
            _once_green(w, machine, module, lambda: machine.order(module, Action.RESTART))
        case _, Stage.RESTARTING:
            _once_green(w, machine, module, lambda: machine.order(module, Action.RESTART, RULE, RULE))
        case Phase.DRAINING, _:
            _once_green(w, machine, module, lambda: machine.order(module, Action.STOP))
        case Phase.REBOOTING, _:
            _once_green(w, machine, module, lambda: machine.order(module, Action.STOPSTART, RULE, RULE))
        case _, Stage.GOING:
            machine.order(module, Action.STOP)
        case Phase.BOOT_DELAY, _ if _waits_at_boot(machine.modules[module].config):
            w.crash(machine, power=True)
        case Phase.BOOT_DELAY, _:
            _once_green(w, machine, module, lambda: machine.order(module, Action.STOPSTART, RULE, RULE))
        case Phase.HELD, _:
            machine.looks_like["ping.gw"] = "bad"
            w.later(4.0, lambda: machine.looks_like.pop("ping.gw", None))
            machine.order(module, Action.STOPSTART)
        case _, Stage.WITHOUT:
            machine.order(module, Action.FORCESTOP)
            w.later(1.5, lambda: machine.tell(ev.RunWithoutOrdered(module, True, "admin")))
            if phase is not Phase.WITHOUT_STARTING:
                w.later(3.0, lambda: machine.tell(ev.RunWithoutOrdered(module, False, "admin")))
        case _, Stage.COMING | Stage.UP:
            machine.order(module, Action.STOPSTART)
        case _:
            machine.order(module, Action.START)


def _once_green(w: Weather, machine: FakeMachine, module: str, then: Callable[[], None]) -> None:
    """Now if the module is green; else it is started, and as soon as it is."""
    if machine.shown(module)[1] is Status.READY:
        then()
    else:
        w.ambushes.append(Ambush(machine.name, module, Phase.READY, w.random.choice((0.0, 0.3)), then))
        machine.order(module, Action.START)


def _freeze(w: Weather, machine: FakeMachine) -> None:
    w.farm.before_change()
    machine.freeze(min(3.0, w.until - w.farm.world.now))


def _waits_at_boot(module: ModuleConfig) -> bool:
    return module.boot_delay > 0 and module.boot in (Boot.ON, Boot.AUTO)
