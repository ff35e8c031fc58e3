"""The life of one module on one node without a cluster, in virtual time."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import Health, Monitoring, ProcRule, UserScripts
from nodeagent.contract.states import Action, Boot, Intent, Script, State, Status
from nodeagent.core import effects as do
from nodeagent.core.script_runs import Run, ScriptRuns
from tests.core.lives import ALL_SCRIPTS, APP, FARM, STOPPED, UP_READY, machine, started
from tests.fakes.machine import FakeMachine, FakeScript


@pytest.mark.covers("script transition STOP WAIT", "script prestart STOP WAIT", "script transition WAIT UP")
@pytest.mark.covers("script start_both WAIT UP", "script action start")
def test_a_start_runs_its_scripts_in_order_and_turns_green() -> None:
    one = started()
    assert one.ran == [
        ("transition", "STOP", "WAIT", "start"),
        ("prestart", "STOP", "WAIT", "start"),
        ("transition", "WAIT", "UP", "start"),
        ("start_both", "WAIT", "UP", "start"),
    ]
    assert one.health == {"farm": True}
    assert one.why("farm") == ""
    assert one.disk["farm"].intent is Intent.START


def test_no_start_script_runs_before_the_intent_is_on_disk() -> None:
    one = machine()
    one.disk_delay = 1.0
    one.order("farm", Action.START)
    one.world.advance(0.9)
    assert one.ran == []
    one.world.advance(3)
    assert one.ran


@pytest.mark.covers("storage disk full")
def test_a_full_disk_is_said_and_does_not_keep_the_service_down() -> None:
    one = machine()
    one.disk_error = "No space left on device"
    one.order("farm", Action.START)
    one.world.advance(2)
    assert one.shown("farm") == UP_READY
    assert any("No space left on device" in line.text for line in one.log)


@pytest.mark.covers("health@drain", "script stop_both UP WAIT", "script stop_both force WAIT STOP")
@pytest.mark.covers("script poststop WAIT STOP", "script transition WAIT STOP", "script action stop", "health 404 stop")
def test_a_stop_turns_health_off_first_then_drains_then_stops() -> None:
    one = started(replace(FARM, health=Health(drain=3)))
    one.effects.clear()
    one.ran.clear()
    one.order("farm", Action.STOP)
    first = next(e for e in one.effects if not isinstance(e, do.RecordLine))
    assert first == do.SetHealth("farm", False)
    one.world.advance(2.9)
    assert one.ran == []
    assert one.shown("farm") == (State.UP, Status.TRANSIENT)
    one.world.advance(2)
    assert one.ran == [
        ("stop_both", "UP", "WAIT", "stop"),
        ("stop_both", "force", "WAIT", "STOP", "stop"),
        ("poststop", "WAIT", "STOP", "stop"),
        ("transition", "WAIT", "STOP", "stop"),
    ]
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by admin"
    assert one.disk["farm"].intent is Intent.STOP


def test_a_death_restarts_at_once_without_draining() -> None:
    one = started(replace(FARM, health=Health(drain=3)))
    one.ran.clear()
    assert one.kill_process("app")
    one.world.advance(0.02)
    assert one.ran[0] == ("stop_both", "UP", "UP", "restart")
    assert one.health == {"farm": False}
    one.world.advance(2)
    assert one.ran[-1] == ("start_both", "UP", "UP", "restart") or one.ran[-1][0] == "start_both"
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("service@maxloop")
def test_the_fourth_counted_action_stops_the_module_and_says_why() -> None:
    one = started()
    for _ in range(4):
        assert one.kill_process("app")
        one.world.advance(3)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "4th automatic action in 24 h (3 allowed): app gone (4 times)"
    assert one.disk["farm"].intent is Intent.STOP
    assert len([r for r in one.ran if r[0] == "start_both"]) == 4


def test_an_administrator_resets_the_count() -> None:
    one = started()
    for _ in range(3):
        one.kill_process("app")
        one.world.advance(3)
    one.order("farm", Action.RESTART)
    one.world.advance(3)
    one.kill_process("app")
    one.world.advance(3)
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("service@loop_interval")
def test_actions_outside_the_window_do_not_count() -> None:
    one = started(replace(FARM, loop_interval=60.0))
    for _ in range(6):
        one.kill_process("app")
        one.world.advance(30)
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("service@loop_interval")
def test_interval_zero_switches_counting_off() -> None:
    one = started(replace(FARM, loop_interval=0.0))
    for _ in range(10):
        one.kill_process("app")
        one.world.advance(1)
    assert one.shown("farm") == UP_READY


def test_a_wrong_process_name_stops_the_module_and_why_names_it() -> None:
    rules = Monitoring(10.0, (ProcRule("PROCESS_NAME", "both", action=Action.RESTART),))
    one = machine(replace(FARM, monitoring=rules))
    one.order("farm", Action.START)
    one.world.advance(60)
    assert one.shown("farm") == STOPPED
    assert "no process named PROCESS_NAME was ever seen (4 times)" in one.why("farm")


def test_start_both_that_stops_its_own_module_does_not_deadlock() -> None:
    one = machine(start_both=FakeScript(orders=((Action.STOP, "start_both"),), says="start_both failed", exit_code=1))
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by start_both: start_both said “start_both failed”"
    assert [r for r in one.ran if r[0] == "stop_both"]


@pytest.mark.covers("user@exitcode")
@pytest.mark.parametrize("act", [True, False])
def test_the_exit_code_of_start_both_acts_or_is_only_logged(act: bool) -> None:
    user = UserScripts(nicestoptimeout=20, forcestoptimeout=10, act_on_exitcode=act)
    one = machine(replace(FARM, user=user), start_both=FakeScript(exit_code=3, starts=("app",)))
    one.order("farm", Action.START)
    one.world.advance(5)
    assert one.shown("farm") == (STOPPED if act else UP_READY)
    assert any(line.text.startswith("start_both") and "exit code 3" in line.text for line in one.log)
    if act:
        assert one.why("farm") == (
            "4th automatic action in 24 h (3 allowed): start_both ended with exit code 3 (4 times)"
        )


@pytest.mark.covers("user@exitcode")
def test_a_prestart_that_orders_the_stop_itself_is_named() -> None:
    one = machine(prestart=FakeScript(0.1, orders=((Action.STOP, "prestart"),)))
    one.order("farm", Action.START)
    one.world.advance(5)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "stopped by prestart"


def test_a_failing_prestart_stops_with_the_reason() -> None:
    user = UserScripts(act_on_exitcode=True)
    one = machine(replace(FARM, user=user), prestart=FakeScript(exit_code=2))
    one.order("farm", Action.START)
    one.world.advance(2)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "prestart ended with exit code 2"
    assert not [r for r in one.ran if r[0] == "start_both"]


@pytest.mark.covers("user@starttimeout", "script starttimeout passed")
def test_starttimeout_kills_the_tree_and_counts() -> None:
    user = UserScripts(starttimeout=5, nicestoptimeout=5, forcestoptimeout=5)
    one = machine(replace(FARM, user=user), start_both=FakeScript(hangs=True))
    one.order("farm", Action.START)
    one.world.advance(60)
    assert one.shown("farm") == STOPPED
    assert "start_both passed its starttimeout (5 s) (4 times)" in one.why("farm")
    assert not one.running_scripts()


@pytest.mark.parametrize("script", list(ALL_SCRIPTS - {Script.STOP_BOTH}))
def test_a_stop_ends_whatever_script_hangs(script: Script) -> None:
    one = machine(**{script: FakeScript(hangs=True)})
    one.order("farm", Action.START)
    one.world.advance(1)
    one.order("farm", Action.STOP)
    one.world.advance(6 * 20 + 60)
    assert one.shown("farm") == STOPPED
    assert not one.running_scripts()


@pytest.mark.covers("user@nicestoptimeout", "user@forcestoptimeout", "script nicestoptimeout passed")
@pytest.mark.covers("script forcestoptimeout passed")
def test_a_hanging_stop_both_is_forced_then_killed() -> None:
    one = started(stop_both=FakeScript(hangs=True))
    one.order("farm", Action.STOP)
    one.world.advance(19)
    assert [r[:2] for r in one.ran if r[0] == "stop_both"] == [("stop_both", "UP")]
    one.world.advance(12)
    assert not one.running_scripts()
    one.world.advance(1)
    assert one.shown("farm") == STOPPED


def test_forcestop_does_not_wait_for_a_hanging_start() -> None:
    one = machine(start_both=FakeScript(hangs=True))
    one.order("farm", Action.START)
    one.world.advance(1)
    one.order("farm", Action.FORCESTOP)
    one.world.advance(1)
    assert one.shown("farm") == STOPPED
    assert not one.running_scripts()


@pytest.mark.covers("script action stopstart")
def test_stopstart_comes_back_by_itself() -> None:
    one = started()
    one.ran.clear()
    one.order("farm", Action.STOPSTART)
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert ("poststop", "WAIT", "STOP", "stopstart") in one.ran


def test_a_stop_beats_a_stopstart_on_its_way() -> None:
    one = started(stop_both=FakeScript(seconds=2, stops=True))
    one.order("farm", Action.STOPSTART)
    one.world.advance(1)
    one.order("farm", Action.STOP)
    one.world.advance(10)
    assert one.shown("farm") == STOPPED


def test_a_start_meets_a_stop_and_comes_after_it() -> None:
    one = started(stop_both=FakeScript(seconds=2, stops=True))
    one.order("farm", Action.STOP)
    one.world.advance(1)
    one.order("farm", Action.START)
    one.world.advance(10)
    assert one.shown("farm") == UP_READY


def test_a_stop_turns_a_restart_into_a_stop() -> None:
    one = started(stop_both=FakeScript(seconds=2, stops=True))
    one.order("farm", Action.RESTART)
    one.world.advance(1)
    one.order("farm", Action.STOP)
    one.world.advance(10)
    assert one.shown("farm") == STOPPED
    assert len([r for r in one.ran if r[0] == "start_both"]) == 1


@pytest.mark.parametrize("action", [Action.RESTART, Action.WAIT])
def test_what_makes_no_sense_is_refused_with_the_reason(action: Action) -> None:
    one = machine()
    one.order("farm", action)
    assert one.answers == [do.AnswerOrder(1, False, "the module is stopped: start it")]


def test_detections_act_no_more_after_a_stop_order() -> None:
    one = started(replace(FARM, health=Health(drain=5)))
    one.order("farm", Action.STOP)
    one.kill_process("app")
    one.world.advance(20)
    assert one.shown("farm") == STOPPED
    assert len([r for r in one.ran if r[0] == "start_both"]) == 1


def test_the_agent_adopts_what_runs() -> None:
    one = started()
    one.ran.clear()
    one.kill_agent()
    one.world.advance(1)
    one.start_agent()
    one.world.advance(2)
    assert one.shown("farm") == UP_READY
    assert one.ran == []


def test_a_crash_that_took_the_application_along_is_counted_and_repaired() -> None:
    one = started()
    one.kill_agent()
    one.kill_process("app")
    one.start_agent()
    one.world.advance(5)
    assert one.shown("farm") == UP_READY
    assert [c.by for c in one.disk["farm"].counted] == ["crash"]


def test_a_script_of_the_last_agent_is_awaited_before_anything_starts() -> None:
    one = machine(start_both=FakeScript(seconds=3, starts=("app",)))
    one.order("farm", Action.START)
    one.world.advance(1)
    one.kill_agent()
    one.start_agent()
    one.world.advance(1)
    assert len(one.running_scripts()) == 1
    assert len([r for r in one.ran if r[0] == "start_both"]) == 1
    one.world.advance(20)
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("service@boot")
def test_a_module_that_nobody_has_started_rests_over_a_restart_of_the_agent() -> None:
    one = machine(replace(FARM, boot=Boot.ON))
    one.world.advance(1)
    one.kill_agent()
    one.start_agent()
    one.world.advance(5)
    assert one.shown("farm") == STOPPED
    assert one.ran == []
    one.power_off()
    one.start_agent()
    one.world.advance(5)
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("service@boot")
@pytest.mark.parametrize(
    ("boot", "setting", "green"),
    [
        (Boot.ON, False, True),
        (Boot.OFF, True, False),
        (Boot.AUTO, False, True),
        (Boot.IGNORE, False, False),
        (Boot.IGNORE, True, True),
    ],
)
def test_another_boot_never_adopts_and_starts_by_boot(boot: Boot, setting: bool, green: bool) -> None:
    one = started(replace(FARM, boot=boot))
    one.modules["farm"] = replace_boot(one, setting)
    one.power_off()
    one.start_agent()
    one.ran.clear()
    one.world.advance(3)
    assert one.shown("farm") == (UP_READY if green else STOPPED)
    assert bool([r for r in one.ran if r[0] == "start_both"]) is green
    assert one.disk["farm"].counted == ()


def replace_boot(one: FakeMachine, setting: bool) -> do.Effect:
    """The same module with the node's own boot setting."""
    from dataclasses import replace as again

    return again(one.modules["farm"], boot_on=setting)  # type: ignore[return-value]


def test_a_freeze_turns_health_off_until_a_round_of_checks() -> None:
    one = started()
    one.freeze(5)
    one.world.advance(5.001)
    assert one.health == {"farm": False}
    assert any("frozen for" in line.text for line in one.log)
    one.world.advance(0.1)
    assert one.shown("farm") == UP_READY
    assert len([r for r in one.ran if r[0] == "start_both"]) == 1


def test_pausing_the_monitor_keeps_the_module_green_and_ends_by_itself() -> None:
    from nodeagent.core import events as ev

    one = started()
    one.tell(ev.SwitchSet("farm", "errd", False, "admin", until=one.world.now + 60))
    one.kill_process("app")
    one.world.advance(30)
    assert one.shown("farm") == UP_READY
    one.world.advance(40)
    assert len([r for r in one.ran if r[0] == "start_both"]) == 2


def test_a_live_change_does_not_touch_the_application() -> None:
    one = started()
    one.ran.clear()
    more = replace(FARM, maxloop=9, monitoring=Monitoring(5.0, (APP,)))
    one.install(more, ALL_SCRIPTS)
    one.world.advance(20)
    assert one.ran == []
    assert one.shown("farm") == UP_READY
    for _ in range(6):
        one.kill_process("app")
        one.world.advance(3)
    assert one.shown("farm") == UP_READY


def test_a_running_script_says_how_long_it_took_last_time() -> None:
    one = machine(start_both=FakeScript(seconds=7.0, starts=("app",)))

    def running() -> tuple[str, float]:
        assert one.agent is not None
        (module,) = one.agent.modules(one.world.now)
        assert module.script is not None
        return module.script.script.split()[0], module.script.last_duration

    one.order("farm", Action.START)
    one.world.advance(3)
    assert running() == ("start_both", 0.0)
    one.world.advance(20)
    one.order("farm", Action.STOP)
    one.world.advance(5)
    one.order("farm", Action.START)
    one.world.advance(3)
    assert running() == ("start_both", pytest.approx(7.0, abs=0.1))


def test_how_long_a_script_took_is_not_learnt_from_a_kill_nor_from_its_forced_form() -> None:
    runs = ScriptRuns()
    for name, args, begun, killed in (
        ("1", (), 0.0, False),
        ("2", ("force", "UP"), 10.0, False),
        ("3", (), 20.0, True),
    ):
        runs.begin(Run(name, Script.STOP_BOTH, args, begun=begun, killed=killed))
    assert runs.last_duration(Run("4", Script.STOP_BOTH, ())) == 0.0
    assert [runs.end(name, 25.0) is not None for name in ("1", "2", "3", "3")] == [True, True, True, False]
    assert runs.last_duration(Run("4", Script.STOP_BOTH, ())) == 25.0
    assert runs.last_duration(Run("4", Script.STOP_BOTH, ("force",))) == 15.0
    assert runs.last_duration(Run("4", Script.START_BOTH, ())) == 0.0


def test_an_agent_that_died_while_draining_stops_before_it_starts() -> None:
    one = started(replace(FARM, health=Health(drain=5)))
    one.order("farm", Action.STOPSTART)
    one.world.advance(1)
    one.ran.clear()
    one.kill_agent()
    one.start_agent()
    one.world.advance(10)
    assert one.ran[0][0] == "stop_both"
    assert one.shown("farm") == UP_READY


def test_both_scripts_of_a_forced_stop_are_awaited_after_a_crash() -> None:
    one = started(stop_both=FakeScript(hangs=True))
    one.order("farm", Action.STOP)
    one.world.advance(21)
    assert len(one.running_scripts()) == 2
    one.kill_agent()
    one.start_agent()
    one.world.advance(60)
    assert one.shown("farm") == STOPPED
    assert not one.running_scripts()


def test_a_start_that_meets_a_kept_stop_comes_after_it() -> None:
    one = machine(start_both=FakeScript(seconds=3, starts=("app",)))
    one.order("farm", Action.START)
    one.world.advance(1)
    one.order("farm", Action.STOP)
    one.order("farm", Action.START)
    one.world.advance(20)
    assert one.shown("farm") == UP_READY
    assert len([r for r in one.ran if r[0] == "start_both"]) == 2
