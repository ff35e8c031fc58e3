"""Scripts that hang, fail, flood, or stop their own module."""

from nodeagent.contract.states import Action, Script
from tests.fakes.machine import FakeScript
from tests.simulation.weather import Weather


def _script(w: Weather, words: str, scripts: tuple[Script, ...], behaviour: FakeScript) -> str:
    machine = w.touched_machine()
    if machine is None:
        return ""
    script = w.random.choice(scripts)
    if script is Script.STOP_BOTH and not behaviour.hangs:
        behaviour.stops = True
    w.behave(machine, script, behaviour)
    return f"{script} of {machine.name} {words}"


ALL = tuple(Script(name) for name in ("start_both", "stop_both", "prestart", "poststop", "transition"))


def script_hang(w: Weather) -> str:
    return _script(w, "hangs", ALL, FakeScript(hangs=True))


def script_slow(w: Weather) -> str:
    starts = FakeScript(w.random.uniform(1.0, 4.0), starts=("app",))
    return _script(w, f"takes {starts.seconds:.1f} s", (Script.START_BOTH,), starts)


def script_fail(w: Weather) -> str:
    code = w.random.choice((1, 3, 137, -1073741819))
    return _script(w, f"exits with {code}", ALL, FakeScript(exit_code=code, says="it failed"))


def script_starts_nothing(w: Weather) -> str:
    return _script(w, "starts nothing", (Script.START_BOTH,), FakeScript())


def script_flood(w: Weather) -> str:
    flooding = FakeScript(starts=("app",), says="x" * 200, times=100)
    return _script(w, "says the same 100 times", (Script.START_BOTH,), flooding)


def script_order(w: Weather) -> str:
    action = w.random.choice((Action.STOP, Action.STOP, Action.RESTART, Action.STOPSTART, Action.START))
    script = w.random.choice((Script.START_BOTH, Script.START_BOTH, Script.PRESTART, Script.STOP_BOTH))
    starts = ("app",) if script is Script.START_BOTH else ()
    behaviour = FakeScript(0.1, starts=starts, orders=((action, script),), says="it failed")
    return _script(w, f"orders {action} -i {script}", (script,), behaviour)
