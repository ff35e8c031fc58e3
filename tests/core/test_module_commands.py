"""Reboots, shutdowns, removal, running without the product, counts by command, in virtual time."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import ClusterConfig, Health, Lan, NodeAddress
from nodeagent.contract.states import Action, Boot, Intent, Mode, State
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from tests.core.lives import ALL_SCRIPTS, FARM, STOPPED, UP_READY, UP_TRANSIENT, machine, started, starts, status
from tests.fakes.machine import FakeMachine, FakeScript

REBOOTS = replace(FARM, automatic_reboot=True)


def crash_loop(one: FakeMachine) -> None:
    """Something orders a stopstart that nobody ordered by hand."""
    one.order("farm", Action.STOPSTART, "rule", "rule")
    one.world.advance(1)


# --- automatic_reboot -----------------------------------------------------------------------------


@pytest.mark.covers("service@automatic_reboot")
def test_an_automatic_stopstart_starts_the_machine_anew_after_its_count_is_saved() -> None:
    one = started(REBOOTS)
    one.disk_delay = 0.5
    one.order("farm", Action.STOPSTART, "rule", "rule")
    one.world.advance(3)
    assert one.reboots == 1
    last = [type(effect) for effect in one.effects if isinstance(effect, do.RunScript | do.RebootSystem)]
    assert last[-2:] == [do.RunScript, do.RebootSystem]
    assert [counted.by for counted in one.disk["farm"].counted] == ["rule"]
    assert one.shown("farm") == STOPPED
    assert one.agent is not None
    assert one.agent.at_rest


@pytest.mark.parametrize("boot", [Boot.OFF, Boot.IGNORE])
def test_after_that_reboot_the_module_starts_whatever_boot_says(boot: Boot) -> None:
    one = started(replace(REBOOTS, boot=boot))
    one.may_reboot = True
    crash_loop(one)
    one.world.advance(5)
    assert one.boots == 2
    assert one.shown("farm") == UP_READY
    assert [counted.by for counted in one.disk["farm"].counted] == ["rule"]


@pytest.mark.covers("service@automatic_reboot")
def test_an_administrator_starts_no_machine_anew() -> None:
    one = started(REBOOTS)
    one.order("farm", Action.STOPSTART)
    one.world.advance(3)
    assert one.reboots == 0
    assert one.shown("farm") == UP_READY


def test_a_machine_that_is_not_started_anew_starts_the_module() -> None:
    one = started(REBOOTS)
    crash_loop(one)
    one.world.advance(119)
    assert one.shown("farm") == STOPPED
    one.world.advance(5)
    assert one.shown("farm") == UP_READY
    assert "the machine was not started anew within 120 s" in [line.text for line in one.log]


@pytest.mark.parametrize(("action", "then"), [(Action.START, UP_READY), (Action.STOP, STOPPED)])
def test_a_person_need_not_wait_for_the_reboot(action: Action, then: object) -> None:
    one = started(REBOOTS)
    crash_loop(one)
    one.order("farm", action)
    one.world.advance(3)
    assert one.shown("farm") == then
    one.world.advance(200)
    assert one.shown("farm") == then


def test_a_shutdown_on_the_way_to_a_reboot_changes_nothing() -> None:
    one = started(REBOOTS)
    crash_loop(one)
    one.tell(ev.SystemStopping())
    one.world.advance(1)
    one.power_off()
    one.start_agent()
    one.world.advance(3)
    assert one.shown("farm") == UP_READY


# --- the system shuts down ------------------------------------------------------------------------


def test_at_a_shutdown_the_module_drains_stops_and_keeps_its_intent() -> None:
    one = started(replace(FARM, health=Health(drain=3), boot=Boot.AUTO))
    assert one.agent is not None
    one.tell(ev.SystemStopping())
    assert not one.agent.at_rest
    one.world.advance(2)
    assert one.shown("farm") == UP_TRANSIENT
    one.order("farm", Action.START)
    assert one.answers[-1] == do.AnswerOrder(1 + len(one.orders) - 1, False, "the system shuts down")
    one.world.advance(5)
    assert one.shown("farm") == STOPPED
    assert one.agent.at_rest
    one.power_off()
    one.start_agent()
    one.world.advance(3)
    assert one.shown("farm") == UP_READY


# --- removal --------------------------------------------------------------------------------------


def test_only_a_stopped_module_is_removed() -> None:
    one = started()
    assert one.agent is not None
    one.tell(ev.ModuleRemoved("farm"))
    assert status(one).state is State.UP
    one.order("farm", Action.STOP)
    one.world.advance(3)
    one.tell(ev.ModuleRemoved("farm"))
    assert one.agent.modules(one.world.now) == ()
    assert one.agent.resource_history("farm") is None


# --- run-without ----------------------------------------------------------------------------------


def without(one: FakeMachine, start: bool) -> do.AnswerOrder:
    one.tell(ev.RunWithoutOrdered("farm", start, "alice", 7))
    answer = one.answers[-1]
    one.world.advance(2)
    return answer


@pytest.mark.covers("run-without start", "run-without stop", "script start_both STOP UP", "script stop_both UP STOP")
@pytest.mark.covers("script stop_both force UP STOP")
def test_the_application_runs_without_the_product_while_the_module_is_stopped_and_marked() -> None:
    one = machine()
    assert without(one, True) == do.AnswerOrder(7, True, "run-without start accepted")
    assert one.ran == [("start_both", "STOP", "UP", "start")]
    assert one.shown("farm") == STOPPED
    assert status(one).run_without
    assert one.why("farm") == "its application was started without Keepgreen by alice"
    one.order("farm", Action.START)
    assert not one.answers[-1].accepted
    assert "run-without" in one.answers[-1].text
    assert without(one, True).text == "it runs without Keepgreen already"
    one.ran.clear()
    without(one, False)
    assert one.ran == [("stop_both", "UP", "STOP", "stop"), ("stop_both", "force", "UP", "STOP", "stop")]
    assert not status(one).run_without
    one.order("farm", Action.START)
    one.world.advance(2)
    assert one.shown("farm") == UP_READY


def test_run_without_wants_a_stopped_module() -> None:
    one = started()
    assert without(one, True) == do.AnswerOrder(7, False, "the module is not stopped")


def test_a_script_without_the_product_is_ended_by_forcestop_only() -> None:
    one = machine(start_both=FakeScript(hangs=True))
    without(one, True)
    one.order("farm", Action.STOP)
    assert one.answers[-1].text == "a script runs without Keepgreen: forcestop ends it"
    one.order("farm", Action.FORCESTOP)
    one.world.advance(2)
    assert not one.running_scripts()
    assert one.shown("farm") == STOPPED
    assert not status(one).run_without


@pytest.mark.parametrize("during", [True, False])
def test_another_agent_still_knows_the_mark(during: bool) -> None:
    one = machine(start_both=FakeScript(3.0, starts=("app",)))
    one.tell(ev.RunWithoutOrdered("farm", True, "alice"))
    one.world.advance(1 if during else 5)
    one.kill_agent()
    one.start_agent()
    one.world.advance(15)
    assert status(one).run_without
    assert one.shown("farm") == STOPPED
    assert [ran[0] for ran in one.ran] == ["start_both"]
    one.power_off()
    one.start_agent()
    assert not status(one).run_without


# --- counts by command ----------------------------------------------------------------------------


@pytest.mark.covers("service@maxloop")
def test_a_script_counts_and_one_too_many_stops_the_module() -> None:
    one = started(replace(FARM, maxloop=1))
    one.tell(ev.LoopCounted("farm", "watchdog", "queue full"))
    assert status(one).counted == 1
    assert one.shown("farm") == UP_READY
    one.tell(ev.LoopReset("farm", "alice"))
    assert status(one).counted == 0
    for _ in range(2):
        one.tell(ev.LoopCounted("farm", "watchdog", "queue full"))
    one.world.advance(3)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "2nd automatic action in 24 h (1 allowed): queue full (2 times)"


def test_what_a_script_counts_in_a_stopped_module_stops_nothing() -> None:
    one = machine(replace(FARM, maxloop=0))
    one.tell(ev.LoopCounted("farm", "watchdog"))
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "never started"
    assert status(one).counted == 1


@pytest.mark.covers("service@restart_delay")
def test_restart_delay_doubles_from_one_counted_action_to_the_next() -> None:
    one = started(replace(FARM, restart_delay=2.0, maxloop=9))
    waited = []
    for _ in range(3):
        one.kill_process("app")
        begun = one.world.now
        while starts(one) == len(waited) + 1:
            one.world.advance(0.1)
        waited.append(one.world.now - begun)
        one.world.advance(1)
    assert [round(seconds) for seconds in waited] == [2, 4, 8]


# --- light ----------------------------------------------------------------------------------------


@pytest.mark.covers("service@mode")
def test_a_light_module_serves_alone_and_its_node_listens_first() -> None:
    one = machine(replace(FARM, mode=Mode.LIGHT, nodes=("n1",)))
    names = tuple(NodeAddress(name, f"10.0.0.{i}") for i, name in enumerate(("n1", "n2"), 1))
    one.tell(ev.ClusterConfigured(ClusterConfig((Lan("default", names),), slost_count=30), "n1", (b"k" * 32,)))
    one.order("farm", Action.START)
    one.world.advance(2)
    assert one.shown("farm") == UP_TRANSIENT
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert status(one).share == 100.0


def test_a_pause_outlives_the_agent_and_ends_at_its_own_time() -> None:
    one = started()
    end = one.world.now + 30
    one.tell(ev.SwitchSet("farm", "errd", False, "admin", end))
    one.tell(ev.SwitchSet("farm", "failover", False, "admin"))
    one.world.advance(1)
    one.kill_agent()
    one.start_agent()
    one.world.advance(1)
    shown = status(one).switches
    assert (shown.errd, shown.checker, shown.failover) == (False, True, False)
    assert shown.errd_until == shown.until == end + one.wall_offset
    one.world.advance(30)
    shown = status(one).switches
    assert (shown.errd, shown.failover, shown.failover_until) == (True, False, 0.0)


def test_a_script_that_counts_too_much_while_the_module_stops_leaves_the_intent() -> None:
    one = started(replace(FARM, maxloop=0), stop_both=FakeScript(1.0, stops=True))
    one.order("farm", Action.STOPSTART, "anna")
    one.world.advance(0.5)
    one.tell(ev.LoopCounted("farm", "stop_both", "the queue was not empty"))
    assert status(one).intent is Intent.START
    one.world.advance(10)
    assert one.shown("farm") == UP_READY
    assert [counted.by for counted in one.disk["farm"].counted] == ["stop_both"]


def test_a_module_that_rested_over_a_boot_rests_over_a_restart_of_the_agent() -> None:
    one = machine(replace(FARM, boot=Boot.OFF))
    one.world.advance(1)
    one.power_off()
    one.start_agent()
    one.world.advance(5)
    one.install(replace(FARM, boot=Boot.ON), ALL_SCRIPTS)
    one.world.advance(1)
    one.kill_agent()
    one.start_agent()
    one.world.advance(5)
    assert one.shown("farm") == STOPPED
    one.power_off()
    one.start_agent()
    one.world.advance(5)
    assert one.shown("farm") == UP_READY


def test_a_revision_that_came_while_a_script_ran_without_the_product_is_in_force_after_it() -> None:
    one = machine()
    one.tell(ev.RunWithoutOrdered("farm", True, "anna"))
    one.install(replace(FARM, maxloop=7), ALL_SCRIPTS)
    assert status(one).waiting_revision == 2
    one.world.advance(10)
    assert (status(one).run_without, status(one).waiting_revision, status(one).revision) == (True, 0, 2)


def test_a_module_that_no_boot_starts_is_stopped_since_the_boot() -> None:
    one = started(replace(FARM, boot=Boot.OFF))
    one.world.advance(1000)
    one.power_off()
    one.start_agent()
    one.world.advance(1)
    assert one.shown("farm") == STOPPED
    assert status(one).since == pytest.approx(one.world.now - 1 + one.wall_offset, abs=0.5)


def test_what_ran_without_the_product_is_not_said_to_run_after_a_boot() -> None:
    one = machine()
    one.tell(ev.RunWithoutOrdered("farm", True, "anna"))
    one.world.advance(1)
    assert one.why("farm") == "its application was started without Keepgreen by anna"
    one.power_off()
    one.start_agent()
    one.world.advance(1)
    assert not status(one).run_without
    assert one.why("farm") == "the machine was started again: what ran without Keepgreen has ended"
