"""Every order in every stage of a module's life: whether it is taken, what runs then, where it ends."""

from itertools import product

import pytest

from nodeagent.contract.states import Action
from nodeagent.core import events as ev
from nodeagent.core.phases import PHASES, Phase, Stage
from tests.core.lives import STOPPED, UP_READY, machine, started, status
from tests.fakes.machine import FakeMachine, FakeScript

SLOW_START, SLOW_STOP = FakeScript(2.0, starts=("app",)), FakeScript(2.0, stops=True)
STOPPED_ALREADY, WITHOUT = "the module is stopped: start it", "a script runs without Keepgreen: forcestop ends it"
STOPPING = "the module is stopping"


def up(action: str = "start") -> list[str]:
    return [f"transition STOP WAIT {action}", f"prestart STOP WAIT {action}", *from_wait(action)]


def from_wait(action: str = "start") -> list[str]:
    return [f"transition WAIT UP {action}", f"start_both WAIT UP {action}"]


def forced(action: str = "stop") -> list[str]:
    return [f"stop_both force WAIT STOP {action}", f"poststop WAIT STOP {action}", f"transition WAIT STOP {action}"]


def down(action: str = "stop") -> list[str]:
    return [f"stop_both UP WAIT {action}", *forced(action)]


FORCED_WAIT = ["stop_both force WAIT WAIT stopwait", *from_wait()]
WAIT = ["stop_both UP WAIT stopwait", *FORCED_WAIT]
RESTART_GOES_ON = ["stop_both force UP UP restart", "start_both WAIT UP restart"]
AGAIN, FORCED_AGAIN = [*down("stopstart"), *up()], [*forced("stopstart"), *up()]

TABLE: dict[tuple[Stage, Action], tuple[str, list[str]]] = {
    (Stage.REST, Action.START): ("start accepted", up()),
    (Stage.REST, Action.STOP): ("already stopped", []),
    (Stage.REST, Action.RESTART): (STOPPED_ALREADY, []),
    (Stage.REST, Action.STOPSTART): ("stopstart accepted", up("stopstart")),
    (Stage.REST, Action.WAIT): (STOPPED_ALREADY, []),
    (Stage.REST, Action.FORCESTOP): ("forcestop accepted", forced()),
    (Stage.COMING, Action.START): ("already starting", []),
    (Stage.COMING, Action.STOP): ("stop accepted", down()),
    (Stage.COMING, Action.RESTART): ("restart accepted", AGAIN),
    (Stage.COMING, Action.STOPSTART): ("stopstart accepted", AGAIN),
    (Stage.COMING, Action.WAIT): ("wait accepted", WAIT),
    (Stage.COMING, Action.FORCESTOP): ("forcestop accepted", forced()),
    (Stage.UP, Action.START): ("already started", []),
    (Stage.UP, Action.STOP): ("stop accepted", down()),
    (Stage.UP, Action.RESTART): ("restart accepted", ["stop_both UP UP restart", *RESTART_GOES_ON]),
    (Stage.UP, Action.STOPSTART): ("stopstart accepted", AGAIN),
    (Stage.UP, Action.WAIT): ("wait accepted", WAIT),
    (Stage.UP, Action.FORCESTOP): ("forcestop accepted", forced()),
    (Stage.RESTARTING, Action.START): ("already starting", RESTART_GOES_ON),
    (Stage.RESTARTING, Action.STOP): ("stop accepted", forced()),
    (Stage.RESTARTING, Action.RESTART): ("already restarting", RESTART_GOES_ON),
    (Stage.RESTARTING, Action.STOPSTART): ("stopstart accepted", FORCED_AGAIN),
    (Stage.RESTARTING, Action.WAIT): ("wait accepted", FORCED_WAIT),
    (Stage.RESTARTING, Action.FORCESTOP): ("forcestop accepted", forced()),
    (Stage.GOING, Action.START): ("start accepted", FORCED_AGAIN),
    (Stage.GOING, Action.STOP): ("stop accepted", forced()),
    (Stage.GOING, Action.RESTART): (STOPPING, forced()),
    (Stage.GOING, Action.STOPSTART): ("stopstart accepted", FORCED_AGAIN),
    (Stage.GOING, Action.WAIT): (STOPPING, forced()),
    (Stage.GOING, Action.FORCESTOP): ("forcestop accepted", forced()),
    (Stage.RECOVERING, Action.START): ("already starting", AGAIN),
    (Stage.RECOVERING, Action.STOP): ("stop accepted", down()),
    (Stage.RECOVERING, Action.RESTART): ("restart accepted", AGAIN),
    (Stage.RECOVERING, Action.STOPSTART): ("stopstart accepted", AGAIN),
    (Stage.RECOVERING, Action.WAIT): ("wait accepted", WAIT),
    (Stage.RECOVERING, Action.FORCESTOP): ("forcestop accepted", forced()),
    **{(Stage.WITHOUT, action): (WITHOUT, []) for action in Action},
    (Stage.WITHOUT, Action.FORCESTOP): ("forcestop accepted", ["stop_both force UP STOP stop"]),
}
"""What is answered, and which scripts begin from the order on; a module whose start_both began ends green."""

REFUSALS = (STOPPED_ALREADY, STOPPING, WITHOUT)
GREEN_ALL_THE_SAME = ((Stage.COMING, Action.START), (Stage.UP, Action.START))
"""Nothing new runs, and the start that was ordered before has its way."""


def reached(stage: Stage) -> FakeMachine:
    """A machine whose module is in this stage, in the middle of a script where the stage has one."""
    if stage is Stage.REST:
        return machine()
    if stage in (Stage.UP, Stage.RESTARTING, Stage.GOING):
        one = started(stop_both=SLOW_STOP)
        if stage is not Stage.UP:
            one.order("farm", Action.RESTART if stage is Stage.RESTARTING else Action.STOP)
    else:
        one = machine(start_both=SLOW_START)
        if stage is Stage.WITHOUT:
            one.tell(ev.RunWithoutOrdered("farm", True, "admin"))
        else:
            one.order("farm", Action.START)
    one.world.advance(1)
    if stage is Stage.RECOVERING:
        one.kill_agent()
        one.start_agent()
        one.world.advance(0.1)
    return one


@pytest.mark.covers("* while *")
@pytest.mark.parametrize(("stage", "action"), list(product(Stage, Action)))
def test_an_order_in_a_stage(stage: Stage, action: Action) -> None:
    one = reached(stage)
    assert PHASES[Phase(status(one).phase)].stage is stage
    answer, scripts = TABLE[stage, action]
    before = len(one.ran)
    one.order("farm", action)
    assert (one.answers[-1].text, one.answers[-1].accepted) == (answer, answer not in REFUSALS)
    one.world.advance(60)
    assert [" ".join(words) for words in one.ran[before:]] == scripts
    green = (stage, action) in GREEN_ALL_THE_SAME or any(words.startswith("start_both") for words in scripts)
    assert one.shown("farm") == (UP_READY if green else STOPPED)
    assert not one.running_scripts()


@pytest.mark.parametrize("action", [Action.START, Action.STOPSTART])
def test_nothing_automatic_turns_a_stop_round(action: Action) -> None:
    one = reached(Stage.GOING)
    one.order("farm", action, "errd", "errd")
    assert (one.answers[-1].accepted, one.answers[-1].text) == (False, STOPPING)
    one.world.advance(30)
    assert one.shown("farm") == STOPPED
