"""Orders that wait for the end of a script, and what a crash of the agent or a script's own order makes of a stop."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.states import Action, Intent
from tests.core.lives import FARM, STOPPED, UP_READY, machine, started, starts, status
from tests.fakes.machine import FakeMachine, FakeScript

SLOW_START = FakeScript(5.0, starts=("app",))
SLOW_STOP = FakeScript(3.0, stops=True)


def stopped_while_starting() -> FakeMachine:
    """Anna's stop waits for the end of start_both."""
    one = machine(start_both=SLOW_START)
    one.order("farm", Action.START)
    one.world.advance(1)
    one.order("farm", Action.STOP, "anna")
    one.world.advance(0.5)
    assert one.answers[-1].accepted
    return one


def crash(one: FakeMachine) -> None:
    """The agent dies, the next one comes half a second later."""
    one.kill_agent()
    one.world.advance(0.5)
    one.start_agent()
    one.world.advance(60)


def test_a_stop_that_waits_is_known_to_the_next_agent() -> None:
    one = stopped_while_starting()
    assert one.disk["farm"].intent is Intent.STOP
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by anna"
    assert starts(one) == 1


def test_a_stop_that_a_crash_cut_is_still_that_of_who_ordered_it() -> None:
    one = started(stop_both=SLOW_STOP)
    one.order("farm", Action.STOP, "anna")
    one.world.advance(1)
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by anna"


def test_a_stop_by_maxloop_that_a_crash_cut_keeps_its_sentence() -> None:
    one = started(replace(FARM, maxloop=0), stop_both=SLOW_STOP)
    one.kill_process("app")
    one.world.advance(1)
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "1st automatic action in 24 h (0 allowed): app gone"


@pytest.mark.parametrize("action", [Action.START, Action.RESTART, Action.STOPSTART, Action.WAIT])
def test_a_script_orders_nothing_against_a_stop_that_waits_for_it(action: Action) -> None:
    one = machine(start_both=FakeScript(3.0, starts=("app",), orders=((action, "start_both"),)))
    one.order("farm", Action.START)
    one.world.advance(1)
    one.order("farm", Action.STOP, "anna")
    one.world.advance(30)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by anna"
    assert [(answer.accepted, answer.text) for answer in one.answers][-1] == (False, "the module is stopping")
    assert status(one).counted == 0


def test_a_person_may_still_order_a_start_but_no_restart() -> None:
    one = stopped_while_starting()
    refused = {refusal.action for refusal in status(one).refusals}
    assert refused == {Action.RESTART, Action.WAIT}
    one.order("farm", Action.RESTART, "bob")
    assert not one.answers[-1].accepted
    one.order("farm", Action.START, "bob")
    assert one.answers[-1].accepted
    one.world.advance(30)
    assert one.shown("farm") == UP_READY
    assert starts(one) == 2


@pytest.mark.parametrize("author", ["anna", "maxloop"])
def test_a_stop_script_that_orders_a_stop_changes_nothing(author: str) -> None:
    stop = FakeScript(0.5, stops=True, orders=((Action.STOP, "stop_both"),))
    one = started(replace(FARM, maxloop=0), stop_both=stop)
    if author == "anna":
        one.order("farm", Action.STOP, author)
    else:
        one.kill_process("app")
    one.world.advance(0.3)
    why = one.disk["farm"].why
    one.world.advance(10)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == why
    assert status(one).by == author
