"""A fault that lies in wait: an order, or the end of the agent, in a phase that lasts only for a moment."""

from nodeagent.contract.states import Action
from nodeagent.core import events as ev
from nodeagent.core.phases import PHASES, Phase, Stage
from tests.fakes.machine import FakeMachine
from tests.simulation.weather import Weather

SHORT_LIVED = {
    Phase.ADOPTING: 8,
    Phase.RECOVERING: 8,
    Phase.PAUSE: 12,
    Phase.DOUBTING: 6,
    Phase.RESTART_DRAINING: 6,
    Phase.RESTART_STOPPING: 4,
    Phase.RESTART_FORCING: 4,
    Phase.BOOT_DELAY: 6,
    Phase.DRAINING: 3,
    Phase.WARMING: 3,
    Phase.HELD: 4,
    Phase.ENTERING_UP: 6,
    Phase.TAKING_ADDRESS: 8,
    Phase.WAITING: 8,
    Phase.WITHOUT_STARTING: 8,
    Phase.WITHOUT_STOPPING: 3,
}
"""Phases that orders seldom meet by chance."""


def order_in_phase(w: Weather) -> str:
    """Lie in wait for a phase, bring the module there, order something in it or kill the agent."""
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    phase = w.random.choices(tuple(Phase), [SHORT_LIVED.get(phase, 2) for phase in Phase])[0]
    action = w.random.choice(
        (Action.STOP, Action.FORCESTOP, Action.FORCESTOP, Action.STOPSTART, Action.RESTART, Action.WAIT, None)
    )
    delay = w.random.choice((0.0, 0.0005, 0.002, 0.1)) if action else 0.02
    w.ambushes.append((machine.name, module, phase, action, delay))
    _bring(w, machine, module, phase)
    return f"admin will order {action or 'kill -9'} of {module} on {machine.name} as soon as it is in “{phase}”"


def _bring(w: Weather, machine: FakeMachine, module: str, phase: Phase) -> None:
    """Do what leads a module into a phase, if it stands right for that."""
    match PHASES[phase].stage:
        case Stage.RECOVERING:
            if phase is Phase.RECOVERING:
                machine.order(module, Action.STOPSTART)
            w.later(0.15, lambda: w.crash(machine))
        case _ if phase is Phase.DOUBTING:
            w.farm.before_change()
            machine.freeze(min(3.0, w.until - w.farm.world.now))
        case Stage.RESTARTING if phase is Phase.RESTART_DRAINING or not machine.kill_process("app", module):
            machine.order(module, Action.RESTART)
        case Stage.GOING:
            machine.order(module, Action.STOP)
        case _ if phase is Phase.BOOT_DELAY:
            w.crash(machine, power=True)
        case _ if phase is Phase.HELD:
            machine.looks_like["ping.gw"] = "bad"
            w.later(4.0, lambda: machine.looks_like.pop("ping.gw", None))
            machine.order(module, Action.STOPSTART)
        case Stage.WITHOUT:
            machine.order(module, Action.FORCESTOP)
            w.later(1.5, lambda: machine.tell(ev.RunWithoutOrdered(module, True, "admin")))
            if phase is not Phase.WITHOUT_STARTING:
                w.later(3.0, lambda: machine.tell(ev.RunWithoutOrdered(module, False, "admin")))
        case Stage.COMING | Stage.UP:
            machine.order(module, Action.STOPSTART)
        case Stage.REST:
            machine.order(module, Action.START)
