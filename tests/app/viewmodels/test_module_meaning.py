"""The ruler of a module: what follows a failure, and how long it may take."""

import pytest

from app.viewmodels.module_fields import Tab
from app.viewmodels.module_meaning import Stretch, meaning
from nodeagent.contract.config import CheckerRule, ModuleConfig, Monitoring, ProcRule, UserScripts
from nodeagent.contract.states import Action, Mode

USER = UserScripts(nicestoptimeout=30, forcestoptimeout=20, starttimeout=60)


def ruler(tab: Tab, action: Action) -> tuple[Stretch, ...]:
    config = ModuleConfig(
        "farm",
        Mode.FARM,
        user=USER,
        monitoring=Monitoring(procs=(ProcRule("httpd", "both", action=action),)),
        checkers=(CheckerRule("tcp", "web", action=action, params=(("interval", "10"), ("timeout", "5"))),),
    )
    return meaning(config, None, tab, 1).ruler


@pytest.mark.parametrize("action", [Action.RESTART, Action.STOPSTART, Action.STOP])
def test_what_follows_takes_as_long_whoever_has_seen_it(action: Action) -> None:
    process, checker = ruler(Tab.PROCESSES, action), ruler(Tab.CHECKERS, action)
    assert process[1:] == checker[1:]
    seconds = [stretch.seconds for stretch in checker[1:]]
    assert seconds == ([30, 20, 0] if action is Action.STOP else [30, 20, 60, 0])
    assert checker[0].seconds == 15, "refused at once or silent for the time-out, whichever is longer"


def test_a_start_without_a_limit_has_no_end_on_the_ruler() -> None:
    config = ModuleConfig("farm", Mode.FARM, checkers=(CheckerRule("intf", "lan", action=Action.RESTART),))
    assert meaning(config, None, Tab.CHECKERS, 1).ruler[-1].words == "start_both, without a limit"
