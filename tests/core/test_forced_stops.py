"""What a forcestop looks at: `pre` is from after prestart to before poststop, whatever a forcestop begins anew."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import Monitoring, ProcRule, UserScripts
from nodeagent.contract.states import Action, LogType, Script
from nodeagent.core import effects as do
from tests.core.lives import APP, FARM, GW, STOPPED, UP_READY, machine, started, status
from tests.fakes.machine import FakeMachine, FakeScript

LOOKS = replace(FARM, checkers=(GW,), monitoring=Monitoring(1.0, (APP, ProcRule("helper", "pre", action=None))))


def looks(one: FakeMachine) -> list[do.Effect]:
    """Every order to look at anything, so far."""
    return [effect for effect in one.effects if isinstance(effect, do.RunCheckers | do.ScanProcesses | do.CheckNow)]


@pytest.mark.covers("*@when")
@pytest.mark.parametrize("at", ["poststop", "transition to STOP"])
def test_after_poststop_a_forcestop_looks_at_nothing(at: str) -> None:
    one = machine(LOOKS, poststop=FakeScript(2.0), stop_both=FakeScript(0.1, stops=True))
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    one.scripts[Script.TRANSITION] = FakeScript(2.0)
    one.order("farm", Action.STOP)
    while status(one).phase != at:
        one.world.advance(0.05)
    before = looks(one)
    one.order("farm", Action.FORCESTOP)
    one.world.advance(20)
    assert one.shown("farm") == STOPPED
    assert looks(one) == before


def test_a_forcestop_of_a_stopped_module_looks_at_nothing() -> None:
    one = machine(LOOKS)
    one.order("farm", Action.FORCESTOP)
    one.world.advance(3)
    assert one.ran[0][:2] == ("stop_both", "force")
    assert looks(one) == []


def test_while_the_application_is_stopped_by_force_pre_is_looked_at_still() -> None:
    one = machine(LOOKS, stop_both=FakeScript(2.0, stops=True))
    one.order("farm", Action.START)
    one.world.advance(3)
    one.order("farm", Action.FORCESTOP)
    one.world.advance(0.5)
    assert status(one).phase == "stop_both force"
    assert list(one.checkers("farm")) == ["ping.gw"]


@pytest.mark.covers("user@nicestoptimeout", "user@forcestoptimeout")
def test_without_any_time_a_stop_ends_at_once() -> None:
    """0 is allowed and gives the scripts no time; it never means that they may take for ever."""
    config = replace(FARM, user=UserScripts(nicestoptimeout=0, forcestoptimeout=0))
    one = machine(config, stop_both=FakeScript(hangs=True))
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    one.order("farm", Action.STOP)
    one.world.advance(1)
    assert one.shown("farm") == STOPPED


def test_a_stop_ends_though_a_script_outlives_its_kill() -> None:
    one = started(stop_both=FakeScript(hangs=True, undying=True))
    one.order("farm", Action.STOP)
    one.world.advance(20 + 10 + 30 + 5)  # nicestoptimeout, forcestoptimeout, the time a kill is given, poststop
    assert one.shown("farm") == STOPPED
    said = [line.text for line in one.log if line.type is LogType.CRITICAL]
    assert said == [
        "the end of stop_both UP WAIT stop was never told after its kill",
        "the end of stop_both force WAIT STOP stop was never told after its kill",
    ]
