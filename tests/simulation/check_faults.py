"""What the checks of a module meet: checkers that find nothing, hang, may not look; handlers; pauses; commands."""

from nodeagent.contract.states import Action, ResourceState
from nodeagent.core import events as ev
from nodeagent.core.switches import NAMES
from tests.fakes.machine import FakeMachine, FakeScript
from tests.simulation.weather import Weather

FINDS = ("tcp.web", "ping.gw", "custom.db")


def _finds(w: Weather, what: str) -> str:
    machine = w.touched_machine()
    if machine is None:
        return ""
    key = w.random.choice(FINDS)
    machine.looks_like[key] = what

    def end() -> None:
        if machine.looks_like.get(key) == what:
            del machine.looks_like[key]

    w.later(w.random.choice((0.4, 1.5, 4.0, 6.0)), end)
    return key


def checker_bad(w: Weather) -> str:
    key = _finds(w, "bad")
    return f"{key} finds nothing" if key else ""


def gateway_lost(w: Weather) -> str:
    """Nothing comes up without its gateway: a start waits for it, a module that is up goes to WAIT."""
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    machine.looks_like["ping.gw"] = "bad"
    if w.random.random() < 0.5:
        machine.order(module, w.random.choice((Action.STOPSTART, Action.START)))
    w.later(w.random.choice((3.0, 8.0, 60.0)), lambda: machine.looks_like.pop("ping.gw", None))
    return f"{machine.name} does not reach its gateway"


def checker_hangs(w: Weather) -> str:
    key = _finds(w, "hangs")
    return f"{key} never answers" if key else ""


def checker_unknown(w: Weather) -> str:
    key = _finds(w, "unknown")
    return f"{key} may not look" if key else ""


def checker_flaps(w: Weather) -> str:
    """Good and bad in turn: fall and rise must swallow some of it."""
    machine = w.touched_machine()
    if machine is None:
        return ""
    key = w.random.choice(FINDS)
    for number in range(6):
        what = "bad" if number % 2 == 0 else "good"
        w.later(number * w.random.uniform(0.2, 0.9), lambda m=machine, f=what: m.looks_like.update({key: f}))
    w.later(6.0, lambda: machine.looks_like.pop(key, None))
    return f"{key} of {machine.name} flaps"


def _living(w: Weather) -> tuple[FakeMachine, str] | None:
    machine = w.living()
    module = w.module_of(machine) if machine else None
    return (machine, module) if machine and module else None


def resource_command(w: Weather) -> str:
    if (found := _living(w)) is None:
        return ""
    machine, module = found
    state = w.random.choice((ResourceState.DOWN, ResourceState.DOWN, ResourceState.UP, *ResourceState))
    times = w.random.choice((1, 1, 3))
    for _ in range(times):
        machine.set_resource(module, "custom.db", state, "dbcheck")
    if state is not ResourceState.UP:

        def good_again() -> None:
            if machine.agent is not None:
                for _ in range(3):
                    machine.set_resource(module, "custom.db", ResourceState.UP, "dbcheck")

        w.later(w.random.uniform(0.3, 4.0), good_again)
    return f"custom.db of {module} on {machine.name} is set {state} {times} times"


def switch(w: Weather) -> str:
    if (found := _living(w)) is None:
        return ""
    machine, module = found
    name, on = w.random.choice((*NAMES, "checker")), w.random.random() < 0.2
    until = None if on or w.random.random() < 0.3 else w.farm.world.now + w.random.uniform(0.5, 5.0)
    machine.tell(ev.SwitchSet(module, name, on, "admin", until))
    if not on:
        if w.random.random() < 0.8:  # maintenance seldom leaves everything good
            machine.looks_like["tcp.web"] = "bad"
            w.later(5.0, lambda: machine.looks_like.pop("tcp.web", None))
        w.later(6.0, lambda: machine.tell(ev.SwitchSet(module, name, True, "admin")))
    return f"admin switches {name} of {module} on {machine.name} {'on' if on else 'off'}"


def handler_fault(w: Weather) -> str:
    machine = w.touched_machine()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    bad = w.random.choice((FakeScript(0.3, exit_code=3), FakeScript(hangs=True), FakeScript(0.1)))
    good = machine.handler
    machine.handler = bad

    def end() -> None:
        if machine.handler is bad:
            machine.handler = FakeScript(starts=("app",))

    w.later(w.random.uniform(1.0, 6.0), end)
    machine.kill_process("app", module)
    assert good is not bad
    return f"the handler of {machine.name} {'hangs' if bad.hangs else f'exits with {bad.exit_code}'}"


def loop_command(w: Weather) -> str:
    if (found := _living(w)) is None:
        return ""
    machine, module = found
    if w.random.random() < 0.7:
        machine.tell(ev.LoopCounted(module, "script", "it helped itself"))
        return f"a script of {module} on {machine.name} counts an action"
    machine.tell(ev.LoopReset(module, "admin"))
    return f"admin resets the count of {module} on {machine.name}"


def run_without(w: Weather) -> str:
    if (found := _living(w)) is None:
        return ""
    machine, module = found
    start = w.random.random() < 0.6
    machine.tell(ev.RunWithoutOrdered(module, start, "admin"))
    if start:
        w.later(4.0, lambda: machine.tell(ev.RunWithoutOrdered(module, False, "admin")))
    return f"admin orders run-without {'start' if start else 'stop'} of {module} on {machine.name}"
