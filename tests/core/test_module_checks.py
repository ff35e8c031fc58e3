"""Checkers, rules, WAIT, handlers and pauses in the life of a module, in virtual time."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import CheckerRule, Failover, Health, ModuleConfig, Monitoring, ProcRule
from nodeagent.contract.failover_rules import Comparison, FailoverRule
from nodeagent.contract.states import Action, Boot, Intent, LogType, ResourceState
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.senses import MOST_RESOURCES
from tests.core.lives import (
    ALL_SCRIPTS,
    APP,
    DB,
    FARM,
    GW,
    HELD,
    STOPPED,
    UP_READY,
    UP_TRANSIENT,
    WAITING,
    WEB,
    machine,
    started,
    starts,
    status,
)
from tests.fakes.machine import FakeMachine, FakeScript

CHECKED = replace(FARM, monitoring=None, checkers=(WEB, GW))
OWN = Failover(
    handle_time=3.0, rules=(FailoverRule("own", Comparison("custom", "db", ResourceState.DOWN), Action.RESTART),)
)


def resources(one: FakeMachine) -> dict[str, str]:
    return {known.name: str(known.state) for known in status(one).resources}


def lines(one: FakeMachine, type_: LogType = LogType.ERROR) -> list[str]:
    return [line.text for line in one.log if line.type is type_]


# --- WAIT -----------------------------------------------------------------------------------------


@pytest.mark.covers("rule wake-up")
def test_a_start_waits_for_its_wait_resources_and_goes_on_by_itself() -> None:
    one = machine(CHECKED)
    one.looks_like["ping.gw"] = "hangs"
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == WAITING
    assert one.why("farm") == "waiting for ping.gw: not looked at yet (started by admin)"
    one.looks_like["ping.gw"] = "bad"
    one.world.advance(3)
    assert one.shown("farm") == HELD
    assert one.why("farm") == "waiting for ping.gw: no answer (started by admin)"
    assert starts(one) == 0
    one.looks_like["ping.gw"] = "good"
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert one.ran[-1] == ("start_both", "WAIT", "UP", "start")
    assert status(one).counted == 0


def test_a_stop_ends_the_waiting() -> None:
    one = machine(CHECKED)
    one.looks_like["ping.gw"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(3)
    one.order("farm", Action.STOP)
    one.world.advance(3)
    assert one.shown("farm") == STOPPED
    assert ("poststop", "WAIT", "STOP", "stop") in one.ran
    assert one.checkers("farm") == {}


@pytest.mark.covers("script action stopwait")
def test_a_wait_resource_that_falls_sends_the_module_to_wait_and_is_counted() -> None:
    one = started(CHECKED)
    one.ran.clear()
    one.looks_like["ping.gw"] = "bad"
    one.world.advance(4)
    assert one.shown("farm") == HELD
    assert one.ran == [("stop_both", "UP", "WAIT", "stopwait"), ("stop_both", "force", "WAIT", "WAIT", "stopwait")]
    assert [counted.by for counted in one.disk["farm"].counted] == ["p_gw"]
    assert "ping.gw is down (rule p_gw): wait by p_gw" in lines(one)
    assert one.why("farm") == "waiting for ping.gw: no answer (ping.gw is down (rule p_gw): wait by p_gw)"
    del one.looks_like["ping.gw"]
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert ("start_both", "WAIT", "UP", "start") in one.ran


@pytest.mark.covers("service@maxloop")
def test_waiting_too_often_stops_the_module() -> None:
    one = started(replace(CHECKED, maxloop=1))
    for _ in range(2):
        one.looks_like["ping.gw"] = "bad"
        one.world.advance(4)
        one.looks_like["ping.gw"] = "good"
        one.world.advance(4)
    assert one.shown("farm") == STOPPED
    assert "2nd automatic action" in one.why("farm")


@pytest.mark.covers("service@maxloop")
def test_a_stop_by_a_rule_does_not_count() -> None:
    rule = FailoverRule("own", Comparison("custom", "db", ResourceState.DOWN), Action.STOP)
    config = replace(FARM, boot=Boot.AUTO, maxloop=1, checkers=(DB,), failover=Failover(handle_time=0.0, rules=(rule,)))
    one = started(config)
    one.kill_process("app")
    one.world.advance(5)
    assert one.shown("farm") == UP_READY
    assert [counted.by for counted in one.disk["farm"].counted] == ["errd"]
    one.set_resource("farm", "custom.db", ResourceState.DOWN)
    one.world.advance(5)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "custom.db is down (rule own): stop by own"
    assert [counted.by for counted in one.disk["farm"].counted] == ["errd"]
    assert one.disk["farm"].intent is Intent.START


def test_paused_rules_hold_nothing() -> None:
    one = machine(CHECKED)
    one.tell(ev.SwitchSet("farm", "failover", False, "admin"))
    one.looks_like["ping.gw"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(3)
    assert starts(one) == 1
    assert one.disk["farm"].counted == ()


def test_a_pause_that_is_over_before_it_is_told_holds_nothing_open() -> None:
    one = machine(CHECKED)
    one.looks_like["ping.gw"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(3)
    one.tell(ev.SwitchSet("farm", "failover", False, "admin", until=one.world.now))
    assert one.shown("farm") == HELD
    assert status(one).switches.failover
    one.tell(ev.SwitchSet("farm", "checker", False, "admin"))
    one.tell(ev.SwitchSet("farm", "checker", False, "admin", until=one.world.now - 1))
    one.world.advance(3)
    assert status(one).switches.checker, "the pause before it has got its end"
    assert (one.shown("farm"), starts(one)) == (HELD, 1), "it was up for that pause, and waits again after it"


def test_a_pause_that_ends_during_a_freeze_is_over_before_what_waited_is_read() -> None:
    one = machine(replace(CHECKED, checkers=(GW,)), prestart=FakeScript(0.5))
    one.looks_like["ping.gw"] = "bad"
    one.tell(ev.SwitchSet("farm", "failover", False, "admin", until=one.world.now + 2))
    one.order("farm", Action.START)
    one.world.advance(0.3)
    one.freeze(4.0)
    one.world.advance(8)
    assert (one.shown("farm"), starts(one)) == (HELD, 0)


def test_a_wait_ordered_while_waiting_is_what_happens_anyway() -> None:
    one = machine(CHECKED)
    one.looks_like["ping.gw"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(3)
    one.order("farm", Action.WAIT, "rule", "rule")
    assert one.answers[-1].accepted
    assert one.shown("farm") == HELD
    assert one.disk["farm"].counted == ()


# --- green ----------------------------------------------------------------------------------------


def test_green_needs_a_good_look_of_every_checker_with_an_action() -> None:
    one = machine(replace(CHECKED, checkers=(WEB, DB)))
    one.looks_like |= {"tcp.web": "hangs", "custom.db": "hangs"}
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == UP_TRANSIENT
    assert one.why("farm") == "warming up, waiting for tcp.web: not looked at yet (started by admin)"
    del one.looks_like["tcp.web"]
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert resources(one) == {"tcp.web": "up", "custom.db": "init"}


@pytest.mark.covers("health@rounds")
def test_so_many_rounds_as_asked_for() -> None:
    one = machine(replace(CHECKED, health=Health(rounds=4)))
    one.order("farm", Action.START)
    one.world.advance(2.5)
    assert one.shown("farm") == UP_TRANSIENT
    one.world.advance(2.0)
    assert one.shown("farm") == UP_READY


def test_a_checker_that_may_not_look_acts_never_and_keeps_nothing_from_green() -> None:
    one = machine(CHECKED)
    one.looks_like["tcp.web"] = "unknown"
    one.order("farm", Action.START)
    one.world.advance(60)
    assert one.shown("farm") == UP_READY
    assert resources(one)["tcp.web"] == "unknown"
    assert [line.text for line in one.log if line.origin == "tcp.web"] == ["tcp.web is unknown: not allowed to look"]


def test_after_a_freeze_the_checkers_look_at_once() -> None:
    one = started(CHECKED)
    one.freeze(5)
    one.looks_like["tcp.web"] = "hangs"
    one.world.advance(5.5)
    assert one.shown("farm") == UP_TRANSIENT
    assert one.health == {"farm": False}
    del one.looks_like["tcp.web"]
    one.world.advance(1.5)
    assert one.shown("farm") == UP_READY
    assert starts(one) == 1


# --- actions --------------------------------------------------------------------------------------


def test_a_failure_acts_by_its_rule_and_is_counted() -> None:
    one = started(CHECKED)
    one.ran.clear()
    one.looks_like["tcp.web"] = "bad"
    one.world.advance(1.1)
    assert one.ran[0] == ("stop_both", "UP", "UP", "restart")
    assert [counted.by for counted in one.disk["farm"].counted] == ["t_web"]
    assert one.agent is not None
    why = one.agent.why("farm")
    assert why is not None
    assert [(link.text, link.by, link.action) for link in why[2]][1:3] == [
        ("tcp.web is down: no answer", "tcp.web", ""),
        ("tcp.web is down (rule t_web)", "t_web", "restart"),
    ]


def test_nothing_acts_before_its_warm_up_is_over() -> None:
    one = machine(CHECKED)
    one.looks_like["tcp.web"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(4.5)
    assert starts(one) == 1
    assert resources(one)["tcp.web"] == "down"
    one.world.advance(3)
    assert starts(one) == 2


def test_fall_and_rise_are_looks_in_a_row() -> None:
    one = started(replace(CHECKED, checkers=(CheckerRule(**{**_fields(WEB), "fall": 3, "rise": 2}),)))
    one.looks_like["tcp.web"] = "bad"
    one.world.advance(2)
    assert resources(one)["tcp.web"] == "up"
    one.world.advance(1)
    assert starts(one) == 2


def _fields(rule: CheckerRule) -> dict[str, object]:
    return {name: getattr(rule, name) for name in rule.__struct_fields__}


@pytest.mark.covers("health paused")
def test_a_paused_checker_is_recorded_and_acts_no_more() -> None:
    one = started(CHECKED)
    one.tell(ev.SwitchSet("farm", "checker", False, "admin", until=one.world.now + 20))
    one.looks_like["tcp.web"] = "bad"
    one.world.advance(15)
    assert one.shown("farm") == UP_READY
    assert resources(one)["tcp.web"] == "down"
    assert status(one).switches.checker_until == one.world.now + 5 + one.wall_offset
    one.world.advance(7)
    assert starts(one) == 2


def test_from_the_stop_order_on_a_failure_is_only_logged() -> None:
    one = started(replace(CHECKED, health=Health(drain=10)))
    one.order("farm", Action.STOP)
    one.looks_like["tcp.web"] = "bad"
    one.world.advance(30)
    assert one.shown("farm") == STOPPED
    assert starts(one) == 1
    assert one.disk["farm"].counted == ()
    assert "tcp.web is down: no answer" in lines(one)


def test_which_checkers_run_in_which_phase() -> None:
    one = machine(CHECKED, start_both=FakeScript(1.0, starts=("app",)), stop_both=FakeScript(1.0, stops=True))
    one.order("farm", Action.START)
    one.world.advance(0.5)
    assert set(one.checkers("farm")) == {"ping.gw"}
    assert resources(one) == {"tcp.web": "init", "ping.gw": "up"}
    one.world.advance(2)
    assert set(one.checkers("farm")) == {"tcp.web", "ping.gw"}
    one.order("farm", Action.STOP)
    one.world.advance(0.5)
    assert set(one.checkers("farm")) == {"ping.gw"}
    one.world.advance(5)
    assert one.checkers("farm") == {}
    assert resources(one) == {}
    assert one.agent is not None
    history = one.agent.resource_history("farm")
    assert history is not None
    assert {known.name: [str(c.state) for c in known.changes] for known in history} == {
        "tcp.web": ["init", "up", "init"],
        "ping.gw": ["init", "up", "init"],
    }


def test_a_stop_switches_the_checkers_off_before_its_first_script() -> None:
    one = started(CHECKED)
    one.effects.clear()
    one.order("farm", Action.STOP)
    one.world.advance(3)
    told = []
    for effect in one.effects:
        match effect:
            case do.SetHealth():
                told.append("200" if effect.ready else "404")
            case do.RunCheckers():
                told.append(f"checkers: {', '.join(rule.key for rule in effect.checkers) or 'none'}")
            case do.RunScript():
                told.append(" ".join((effect.script, *effect.args)))
    assert told == [
        "404",
        "checkers: ping.gw",
        "stop_both UP WAIT stop",
        "stop_both force WAIT STOP stop",
        "checkers: none",
        "poststop WAIT STOP stop",
        "transition WAIT STOP stop",
    ]


@pytest.mark.covers("checker module: restarted")
def test_another_module_that_was_started_anew_is_a_stopstart() -> None:
    other = CheckerRule("module", "db", "both", Action.WAIT, params=(("interval", "1"),))
    one = started(replace(CHECKED, checkers=(other,)))
    one.tell(ev.CheckerResult("farm", "module.db", True, "UP Ready", 0.01, restarted=True))
    one.world.advance(3)
    assert [counted.by for counted in one.disk["farm"].counted] == ["module_failure"]
    assert starts(one) == 2


# --- resources by command, own rules --------------------------------------------------------------


@pytest.mark.covers("failover@handle_time")
def test_a_rule_of_the_user_acts_after_its_handle_time() -> None:
    one = started(replace(FARM, failover=OWN))
    one.set_resource("farm", "custom.db", ResourceState.DOWN)
    one.world.advance(2.5)
    assert starts(one) == 1
    one.world.advance(2)
    assert starts(one) == 2
    assert [counted.by for counted in one.disk["farm"].counted] == ["own"]


def test_a_rule_whose_condition_did_not_hold_long_enough_acts_not() -> None:
    one = started(replace(FARM, failover=OWN))
    one.set_resource("farm", "custom.db", ResourceState.DOWN)
    one.world.advance(2.5)
    one.set_resource("farm", "custom.db", ResourceState.UP)
    one.world.advance(10)
    assert starts(one) == 1


def test_paused_rules_act_once_they_are_resumed() -> None:
    one = started(replace(FARM, failover=OWN))
    one.tell(ev.SwitchSet("farm", "failover", False, "admin"))
    one.set_resource("farm", "custom.db", ResourceState.DOWN)
    one.world.advance(20)
    assert starts(one) == 1
    one.tell(ev.SwitchSet("farm", "failover", True, "admin"))
    one.world.advance(5)
    assert starts(one) == 2


@pytest.mark.covers("checker custom")
def test_what_is_set_by_command_names_who_set_it() -> None:
    one = started()
    one.set_resource("farm", "custom.db", ResourceState.DOWN, "alice")
    (known,) = [r for r in status(one).resources if r.name == "custom.db"]
    assert (known.state, known.by, known.detail) == (ResourceState.DOWN, "alice", "set by alice")


@pytest.mark.parametrize("name", ["tcp.web", "proc.app"])
def test_what_is_found_out_cannot_be_set(name: str) -> None:
    one = started(replace(FARM, checkers=(WEB,)))
    one.set_resource("farm", name, ResourceState.DOWN)
    assert resources(one)[name] == "up"
    assert f"resource {name} is found out, not set: admin cannot set it" in lines(one)


def test_a_script_that_makes_up_resources_does_not_fill_the_memory() -> None:
    one = started(replace(FARM, checkers=(DB,)))
    for number in range(2 * MOST_RESOURCES):
        one.set_resource("farm", f"job.{number}", ResourceState.UP)
    assert len(status(one).resources) == MOST_RESOURCES
    words = f"resource job.{number} is one too many, there are {MOST_RESOURCES}: admin cannot set it"
    assert words in lines(one)
    for name in ("job.0", "custom.db"):
        one.set_resource("farm", name, ResourceState.DOWN)
        assert resources(one)[name] == "down"


def test_a_live_change_of_the_checkers_keeps_what_is_known() -> None:
    one = started(CHECKED)
    http = CheckerRule("http", "page", "both", None, params=(("interval", "1"),))
    one.install(replace(CHECKED, checkers=(WEB, http)), ALL_SCRIPTS)
    assert set(one.checkers("farm")) == {"tcp.web", "http.page"}
    assert resources(one)["tcp.web"] == "up"
    one.world.advance(3)
    assert starts(one) == 1
    assert resources(one)["http.page"] == "up"


# --- processes ------------------------------------------------------------------------------------

HANDLED = replace(
    FARM, monitoring=Monitoring(4.0, (ProcRule("app", "both", action=Action.STOPSTART, handler="repair"),))
)


@pytest.mark.covers("proc@action")
def test_a_handler_that_repairs_keeps_the_module_up() -> None:
    one = started(HANDLED)
    one.ran.clear()
    one.kill_process("app")
    one.world.advance(1)
    assert one.ran == [("repair", "app")]
    assert one.shown("farm") == UP_READY
    assert one.disk["farm"].counted == ()
    one.world.advance(5)
    one.kill_process("app")
    one.world.advance(1)
    assert one.ran == [("repair", "app"), ("repair", "app")]


def test_a_handler_that_only_says_so_is_asked_again_a_poll_later() -> None:
    one = started(HANDLED)
    one.handler = FakeScript(0.1)
    one.ran.clear()
    one.kill_process("app")
    one.world.advance(3.5)
    assert one.ran == [("repair", "app")]
    one.world.advance(2)
    assert one.ran == [("repair", "app"), ("repair", "app")]


@pytest.mark.covers("proc@action")
@pytest.mark.parametrize(
    ("handler", "words"),
    [
        (FakeScript(0.1, exit_code=3), "app gone; handler repair: exit code 3"),
        (FakeScript(hangs=True), "app gone; handler repair: killed with its whole process tree"),
    ],
)
def test_a_handler_that_does_not_is_followed_by_a_counted_stopstart(handler: FakeScript, words: str) -> None:
    one = started(HANDLED)
    one.handler = handler
    one.ran.clear()
    one.kill_process("app")
    one.world.advance(15)
    assert ("poststop", "WAIT", "STOP", "stopstart") in one.ran
    assert [(c.by, c.text) for c in one.disk["farm"].counted] == [("errd", words)]
    assert one.shown("farm") == UP_READY
    assert not one.running_scripts()


def test_a_handler_ends_with_the_stop_it_would_work_against() -> None:
    one = started(HANDLED)
    one.handler = FakeScript(hangs=True)
    one.kill_process("app")
    one.world.advance(1)
    assert one.disk["farm"].handlers
    one.order("farm", Action.STOP)
    one.world.advance(3)
    assert one.shown("farm") == STOPPED
    assert not one.running_scripts()
    assert one.disk["farm"].counted == ()


def test_a_handler_whose_end_is_never_told_is_given_up() -> None:
    one = started(HANDLED)
    one.handler = FakeScript(hangs=True, undying=True)
    one.kill_process("app")
    one.world.advance(15)
    assert "handler repair: its process tree is killed" in lines(one)
    one.world.advance(30)
    assert "the end of handler repair was never told after its kill" in lines(one, LogType.CRITICAL)
    assert one.disk["farm"].handlers == ()
    assert starts(one) == 2
    one.handler = FakeScript(starts=("app",))
    one.kill_process("app")
    one.world.advance(3)
    assert one.ran[-1] == ("repair", "app")
    assert one.shown("farm") == UP_READY


def test_the_handler_of_a_dead_agent_is_killed_by_the_next_one() -> None:
    one = started(HANDLED)
    one.handler = FakeScript(hangs=True)
    one.kill_process("app")
    one.world.advance(1)
    (run,) = one.disk["farm"].handlers
    one.kill_agent()
    one.start_agent()
    assert do.KillScript("farm", run) in one.effects
    one.world.advance(10)
    assert one.shown("farm") == UP_READY


@pytest.mark.covers("proc@restart_services", "script -Services", "script stop_both UP UP")
@pytest.mark.covers("script stop_both force UP UP", "script action restart")
def test_the_services_to_restart_are_told_to_the_scripts() -> None:
    service = ProcRule("httpd", "both", service=True, action=Action.RESTART, restart_services="httpd, php")
    one = started(replace(FARM, monitoring=Monitoring(4.0, (service,))), start_both=FakeScript(starts=("httpd",)))
    one.ran.clear()
    one.kill_process("httpd")
    one.world.advance(1)
    assert one.ran == [
        ("stop_both", "UP", "UP", "restart", "-Services", "httpd, php"),
        ("stop_both", "force", "UP", "UP", "restart", "-Services", "httpd, php"),
        ("start_both", "WAIT", "UP", "restart", "-Services", "httpd, php"),
    ]
    assert "service httpd does not run: restart by errd" in lines(one)
    one.ran.clear()
    one.order("farm", Action.RESTART)
    one.world.advance(1)
    assert one.ran[0] == ("stop_both", "UP", "UP", "restart")


@pytest.mark.covers("proc@class")
def test_an_own_class_is_monitored_once_it_is_enabled() -> None:
    extra = ProcRule("batch", "nightly", action=Action.RESTART)
    config = replace(FARM, monitoring=Monitoring(2.0, (APP, extra)))
    one = started(config, start_both=FakeScript(starts=("app", "batch")))
    one.kill_process("batch")
    one.world.advance(5)
    assert starts(one) == 1
    one.tell(ev.ClassSwitched("farm", "nightly", True, "start_both"))
    assert status(one).classes == ("nightly",)
    one.world.advance(0.01)
    one.kill_agent()
    one.start_agent()
    one.world.advance(3)
    assert status(one).classes == ("nightly",)
    assert starts(one) == 2
    one.tell(ev.ClassSwitched("farm", "nightly", False, "admin"))
    one.kill_process("batch")
    one.world.advance(5)
    assert starts(one) == 2


@pytest.mark.parametrize("name", ["both", "pre", "weekly"])
def test_only_an_own_class_can_be_switched(name: str) -> None:
    one = started()
    one.tell(ev.ClassSwitched("farm", name, False, "admin"))
    assert f"no process rule has an own class {name}: admin cannot switch it" in lines(one)


@pytest.mark.covers("proc@class")
def test_a_pre_process_is_monitored_in_wait() -> None:
    licence = ProcRule("licence", "pre", action=Action.STOP)
    one = machine(replace(CHECKED, monitoring=Monitoring(2.0, (licence,))))
    one.looks_like["ping.gw"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(8)
    assert one.shown("farm") == STOPPED
    assert one.why("farm") == "no process named licence was ever seen: stop by errd"


# --- adoption -------------------------------------------------------------------------------------


def again(one: FakeMachine) -> None:
    """Another agent takes over."""
    one.world.advance(1)
    one.ran.clear()
    one.kill_agent()
    one.start_agent()


def test_an_agent_adopts_after_one_good_round_of_checks() -> None:
    one = started(replace(CHECKED, monitoring=FARM.monitoring))
    again(one)
    assert do.CheckNow("farm", 1) in one.effects
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    assert one.ran == []


def test_an_application_that_does_not_answer_is_not_adopted() -> None:
    one = started(CHECKED)
    one.kill_agent()
    one.looks_like["tcp.web"] = "bad"
    one.start_agent()
    one.world.advance(0.5)
    assert [(c.by, c.text) for c in one.disk["farm"].counted] == [
        ("crash", "tcp.web is down after a start of the agent")
    ]


def test_an_application_that_dies_while_it_is_looked_at_is_not_adopted() -> None:
    """Its death is told, a scan is under way, and a checker that looked before says that all is well."""
    one = started(replace(CHECKED, monitoring=FARM.monitoring))
    again(one)
    one.world.advance(0.0085)
    one.kill_process("app")
    one.world.advance(0.5)
    assert [counted.by for counted in one.disk["farm"].counted] == ["crash"]
    assert not [line for line in lines(one, LogType.INFO) if "was adopted" in line]


def test_a_checker_that_never_answers_does_not_cost_the_application() -> None:
    one = started(CHECKED)
    one.looks_like["tcp.web"] = "hangs"
    again(one)
    one.world.advance(90)
    assert one.shown("farm") == UP_TRANSIENT
    assert one.ran == []


@pytest.mark.parametrize(
    ("switch", "config", "seen"),
    [
        ("errd", FARM, "app went away while no agent was running"),
        ("checker", CHECKED, "tcp.web is down after a start of the agent"),
    ],
)
def test_a_pause_that_ended_without_an_agent_lets_nothing_be_adopted_unseen(
    switch: str, config: ModuleConfig, seen: str
) -> None:
    one = started(config)
    one.tell(ev.SwitchSet("farm", switch, False, "admin", until=one.world.now + 2))
    one.world.advance(1)
    one.kill_agent()
    one.kill_process("app")
    one.world.advance(3)
    one.start_agent()
    one.world.advance(0.5)
    assert f"{switch} switched on by its end time" in lines(one, LogType.USER)
    assert [(c.by, c.text) for c in one.disk["farm"].counted] == [("crash", seen)]


@pytest.mark.parametrize(("switch", "config"), [("errd", FARM), ("checker", CHECKED)])
def test_what_is_paused_does_not_keep_an_agent_from_adopting(switch: str, config: object) -> None:
    one = started(config)  # type: ignore[arg-type]
    one.tell(ev.SwitchSet("farm", switch, False, "admin"))
    one.kill_process("app")
    again(one)
    one.world.advance(5)
    assert one.shown("farm") == UP_READY
    assert one.ran == []
