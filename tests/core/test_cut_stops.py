"""An order that a crash of the agent cuts: a stop is finished by the next agent, whoever ordered it."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import CheckerRule, Monitoring, ProcRule
from nodeagent.contract.states import Action, Boot, Intent
from nodeagent.core import events as ev
from nodeagent.core.phases import Phase
from tests.core.lives import FARM, SECOND, STOPPED, UP_READY, machine, started, starts, status
from tests.fakes.machine import FakeMachine, FakeScript

SLOW_START = FakeScript(5.0, starts=("app",))
SLOW_STOP = FakeScript(3.0, stops=True)
STOPPING_APP = replace(FARM, monitoring=Monitoring(10.0, (ProcRule("app", "both", action=Action.STOP),)))
STOPPING_WEB = replace(
    FARM, monitoring=None, checkers=(CheckerRule("tcp", "web", "both", Action.STOP, warmup=5.0, params=SECOND),)
)


def crash(one: FakeMachine, seconds: float = 60) -> None:
    """The agent dies, the next one comes half a second later."""
    one.kill_agent()
    one.world.advance(0.5)
    one.start_agent()
    one.world.advance(seconds)


def stays_down(one: FakeMachine, why: str) -> None:
    assert one.shown("farm") == STOPPED, one.why("farm")
    assert one.why("farm") == why
    assert starts(one) == 1
    assert status(one).counted == 0
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == why


@pytest.mark.parametrize("crashes", [1, 2, 3])
def test_a_stop_by_process_monitoring(crashes: int) -> None:
    one = started(STOPPING_APP, stop_both=FakeScript(10.0, stops=True))
    one.kill_process("app")
    one.world.advance(1)
    for _ in range(crashes - 1):
        crash(one, 1)
    crash(one)
    stays_down(one, "app gone: stop by errd")
    assert one.disk["farm"].intent is Intent.START


def test_a_stop_by_a_rule() -> None:
    one = started(STOPPING_WEB, stop_both=SLOW_STOP)
    one.looks_like["tcp.web"] = "bad"
    one.world.advance(2)
    crash(one)
    stays_down(one, "tcp.web is down (rule t_web): stop by t_web")


@pytest.mark.parametrize("script", ["stop_both", "poststop", "transition"])
def test_a_stop_that_was_cut_anywhere(script: str) -> None:
    one = started(STOPPING_APP)
    one.scripts |= machine(**{script: FakeScript(3.0, stops=True)}).scripts
    one.kill_process("app")
    one.world.advance(1)
    assert [run.script for run in one.running_scripts()] == [script]
    crash(one)
    stays_down(one, "app gone: stop by errd")


def test_a_stop_by_maxloop() -> None:
    one = started(replace(FARM, maxloop=0), stop_both=SLOW_STOP)
    one.kill_process("app")
    one.world.advance(1)
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "1st automatic action in 24 h (0 allowed): app gone"
    assert one.disk["farm"].intent is Intent.STOP
    assert starts(one) == 1


def test_a_stop_by_a_script_that_waits_for_its_end() -> None:
    one = machine(start_both=SLOW_START)
    one.order("farm", Action.START)
    one.world.advance(1)
    one.tell(ev.Printed("farm", "port 80 in use", True, "start_both"))
    one.order("farm", Action.STOP, "start_both", "start_both")
    one.world.advance(1)
    assert one.answers[-1].accepted
    crash(one)
    stays_down(one, "stopped by start_both: start_both said “port 80 in use”")


def test_a_stop_by_a_failed_prestart() -> None:
    acts = replace(FARM, user=replace(FARM.user, act_on_exitcode=True))
    one = machine(acts, prestart=FakeScript(exit_code=3), poststop=FakeScript(3.0))
    one.order("farm", Action.START)
    one.world.advance(1)
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "prestart ended with exit code 3"
    assert starts(one) == 0


def test_a_stop_by_the_systems_shutdown() -> None:
    one = started(stop_both=SLOW_STOP)
    one.tell(ev.SystemStopping())
    one.world.advance(1)
    crash(one)
    stays_down(one, "stopped by the system's shutdown")
    assert one.disk["farm"].intent is Intent.START


def test_a_forcestop_goes_on_as_one() -> None:
    one = started(stop_both=SLOW_STOP)
    one.order("farm", Action.FORCESTOP, "anna")
    one.world.advance(1)
    one.ran.clear()
    crash(one)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by anna"
    assert one.ran[0][:2] == ("stop_both", "force")


def test_a_start_turns_a_cut_stop_round() -> None:
    one = started(STOPPING_APP, stop_both=FakeScript(6.0, stops=True))
    one.kill_process("app")
    one.world.advance(1)
    crash(one, 1)
    one.order("farm", Action.START, "anna")
    assert one.answers[-1].accepted
    one.world.advance(60)
    assert one.shown("farm") == UP_READY
    assert status(one).counted == 0


def test_a_start_that_turned_a_stop_round_holds_over_a_crash() -> None:
    one = started(STOPPING_APP, stop_both=SLOW_STOP)
    one.kill_process("app")
    one.world.advance(1)
    one.order("farm", Action.START, "anna")
    one.world.advance(0.5)
    crash(one)
    assert one.shown("farm") == UP_READY


def test_nothing_automatic_turns_a_cut_stop_round() -> None:
    one = started(STOPPING_APP, stop_both=FakeScript(6.0, stops=True))
    one.kill_process("app")
    one.world.advance(1)
    crash(one, 1)
    one.order("farm", Action.STOPSTART, "stop_both", "stop_both")
    assert (one.answers[-1].accepted, one.answers[-1].text) == (False, "the module is stopping")
    one.world.advance(60)
    stays_down(one, "app gone: stop by errd")


@pytest.mark.parametrize("action", [Action.RESTART, Action.STOPSTART])
def test_what_was_to_start_again_starts_again(action: Action) -> None:
    app = ProcRule("app", "both", action=action)
    one = started(replace(FARM, monitoring=Monitoring(10.0, (app,))), stop_both=SLOW_STOP)
    one.kill_process("app")
    one.world.advance(1)
    crash(one, 1)
    crash(one)
    assert one.shown("farm") == UP_READY
    assert [counted.by for counted in one.disk["farm"].counted] == ["errd", "crash"]


@pytest.mark.parametrize("cut", ["start_both", "adoption"])
def test_what_boot_has_started_is_repaired_whatever_the_intent(cut: str) -> None:
    one = machine(replace(FARM, boot=Boot.ON), start_both=SLOW_START)
    one.order("farm", Action.STOP)
    one.world.advance(1)
    one.power_off()
    one.start_agent()
    one.world.advance(2 if cut == "start_both" else 10)
    assert one.disk["farm"].intent is Intent.STOP
    if cut == "adoption":
        assert one.shown("farm") == UP_READY
        one.kill_process("app")
    crash(one)
    assert one.shown("farm") == UP_READY
    assert [counted.by for counted in one.disk["farm"].counted] == ["crash"]


@pytest.mark.parametrize("crashes", [1, 2])
def test_run_without_is_marked_after_crashes(crashes: int) -> None:
    one = machine(start_both=FakeScript(10.0, starts=("app",)))
    one.tell(ev.RunWithoutOrdered("farm", True, "anna"))
    one.world.advance(1)
    for _ in range(crashes):
        crash(one, 1)
    one.world.advance(60)
    assert (one.shown("farm"), status(one).run_without) == (STOPPED, True)


@pytest.mark.parametrize(("intent", "then"), [(Intent.STOP, STOPPED), (Intent.START, UP_READY)])
def test_the_intent_decides_where_an_earlier_version_wrote_no_order(intent: Intent, then: object) -> None:
    one = machine()
    one.world.advance(1)
    one.kill_agent()
    one.disk["farm"] = ev.ModuleRecord(phase=Phase.STOPPING, intent=intent, author="anna", revision=1)
    one.start_agent()
    one.world.advance(60)
    assert one.shown("farm") == then
