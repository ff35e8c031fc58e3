from nodeagent.agent.supervisor import longest_stop
from nodeagent.contract.config import Health, ModuleConfig, UserScripts
from nodeagent.contract.states import Mode


def test_the_longest_stop_is_the_sum_of_all_time_outs_on_the_way() -> None:
    config = ModuleConfig("web", Mode.FARM, user=UserScripts(nicestoptimeout=5, forcestoptimeout=3))
    bare = ModuleConfig("web", Mode.FARM)
    kills = longest_stop(bare)
    assert kills > 0
    assert longest_stop(config) - kills == 5 + 5 + 3 + 3 + 3
    drained = ModuleConfig("web", Mode.FARM, user=config.user, health=Health(drain=7))
    assert longest_stop(drained) - longest_stop(config) == 7
