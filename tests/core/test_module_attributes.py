"""Attributes of `<service>`, `<farm>`, `<errd>` and `<vip>` in the life of a module, in virtual time."""

from dataclasses import replace as again
from itertools import pairwise

import pytest
from msgspec.structs import replace

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import FarmLans, ModuleConfig, Monitoring, ProcRule
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.states import Action, Boot, Mode
from nodeagent.core.membership import Membership
from nodeagent.core.traffic_messages import WithdrawTraffic
from tests.core.lives import FARM, STOPPED, UP_READY, machine, started, starts
from tests.core.test_farm_traffic import FakeSwitchedFarm, shop
from tests.fakes.farm import FakeFarm, cluster
from tests.fakes.sealer import FakeSealer

# --- service --------------------------------------------------------------------------------------


@pytest.mark.covers("service@boot")
@pytest.mark.parametrize("wanted", [True, False])
def test_boot_auto_is_what_the_administrator_wanted_last(wanted: bool) -> None:
    one = started(replace(FARM, boot=Boot.AUTO))
    if not wanted:
        one.order("farm", Action.STOP)
        one.world.advance(3)
    one.power_off()
    one.start_agent()
    one.world.advance(3)
    assert one.shown("farm") == (UP_READY if wanted else STOPPED)


@pytest.mark.covers("service@boot_delay")
def test_boot_delay_is_waited_for_at_boot_and_at_no_other_start() -> None:
    one = machine(replace(FARM, boot=Boot.ON, boot_delay=20.0))
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == UP_READY
    one.power_off()
    one.start_agent()
    one.world.advance(19)
    assert starts(one) == 1
    one.world.advance(3)
    assert (starts(one), one.shown("farm")) == (2, UP_READY)


@pytest.mark.covers("service@boot")
@pytest.mark.parametrize("setting", [True, False])
def test_the_nodes_own_setting_counts_where_the_module_ignores_boot(setting: bool) -> None:
    one = started(replace(FARM, boot=Boot.IGNORE))
    one.modules["farm"] = again(one.modules["farm"], boot_on=setting)
    one.power_off()
    one.start_agent()
    one.world.advance(3)
    assert one.shown("farm") == (UP_READY if setting else STOPPED)


@pytest.mark.covers("service@restart_delay_max", "service@restart_delay")
def test_restart_delay_grows_no_further_than_its_most() -> None:
    one = started(replace(FARM, restart_delay=2.0, restart_delay_max=3.0, maxloop=9))
    waited = []
    for _ in range(3):
        one.kill_process("app")
        begun = one.world.now
        while starts(one) == len(waited) + 1:
            one.world.advance(0.1)
        waited.append(round(one.world.now - begun))
        one.world.advance(1)
    assert waited == [2, 3, 3]


@pytest.mark.covers("service@mode")
def test_mirror_is_refused_in_words() -> None:
    config, problems = read_module("web", b'<safe><service mode="mirror"/></safe>')
    assert config is None
    assert "not in this version" in problems[0].text


# --- processes ------------------------------------------------------------------------------------


@pytest.mark.covers("proc@action")
@pytest.mark.parametrize(
    ("action", "shown", "script"),
    [
        ("restart", UP_READY, "stop_both UP UP restart"),
        ("stopstart", UP_READY, "poststop WAIT STOP stopstart"),
        ("", UP_READY, "poststop WAIT STOP stopstart"),
        ("stop", STOPPED, "poststop WAIT STOP stop"),
        ("noaction", UP_READY, ""),
        ("repair", UP_READY, "repair app"),
    ],
)
def test_what_follows_the_death_of_a_process(action: str, shown: object, script: str) -> None:
    written = f'action="{action}"' if action else ""
    text = f'<safe><service mode="light"><user/><errd><proc name="app" class="both" {written}/></errd></service></safe>'
    config, _ = read_module("farm", text.encode())
    assert config is not None
    one = started(replace(FARM, monitoring=config.monitoring))
    one.ran.clear()
    one.kill_process("app")
    one.world.advance(5)
    ran = [" ".join(words) for words in one.ran]
    assert script in ran if script else ran == []
    assert one.shown("farm") == shown


@pytest.mark.covers("errd@polltimer")
def test_a_process_that_never_appears_is_missed_after_one_poll_period() -> None:
    rules = Monitoring(40.0, (ProcRule("other", "both", action=Action.STOP),))
    one = machine(replace(FARM, monitoring=rules))
    one.order("farm", Action.START)
    one.world.advance(39)
    assert starts(one) == 1
    assert one.shown("farm") != STOPPED
    one.world.advance(3)
    assert one.shown("farm") == STOPPED


# --- lans -----------------------------------------------------------------------------------------


@pytest.mark.covers("farm@slost_count")
def test_the_modules_own_count_of_silent_pulses() -> None:
    run = FakeFarm(cluster(2))
    run.start_all()
    agent = run.agents["node1"]

    def seen(count: int) -> bool:
        module = ModuleConfig("web", Mode.FARM, ("node1", "node2"), farm=FarmLans(slost_count=count))
        return bool(agent.membership.module_view(module, run.now + agent.skew))

    run.network.part({"node1"}, {"node2"}, "lan1")
    run.run(1.3)
    assert not seen(0)
    assert not seen(12)
    assert seen(20)
    run.run(1.0)
    assert not seen(20)


@pytest.mark.covers("lans@pulse")
@pytest.mark.parametrize("pulse", [0.1, 0.25])
def test_a_heartbeat_in_every_pulse(pulse: float) -> None:
    one = Membership(b"1" * 16, "uuid-1", FakeSealer(), "1", (9453, 9010))
    one.configure(replace(cluster(2), pulse=pulse), "node1", (b"k" * 32,), 0.0)
    beats = [now for now in (number / 100 for number in range(300)) if one.tick(now)]
    steps = [later - earlier for earlier, later in pairwise(beats[5:])]
    assert steps == pytest.approx([pulse] * len(steps), abs=0.011)
    assert len(steps) >= 5


@pytest.mark.covers("lans@slost_count", "lans@pulse")
@pytest.mark.parametrize("count", [10, 30])
def test_a_silent_node_is_lost_after_so_many_pulses(count: int) -> None:
    run = FakeFarm(cluster(2, slost_count=count))
    run.start_all()
    run.run(count / 10)
    run.network.part({"node1"}, {"node2"}, "lan1")
    run.run(count / 10 - 0.15)
    assert run.alive("node1") == {"node2"}
    run.run(0.3)
    assert run.alive("node1") == set()


@pytest.mark.covers("lans/lan@command", "node@name")
def test_the_command_lan_gives_the_nodes_their_order() -> None:
    def order(first: str, second: str) -> tuple[str, ...]:
        nodes = ['<node name="a" addr="10.0.{0}.1"/>', '<node name="b" addr="10.0.{0}.2"/>']
        lans = (
            f'<lan name="x" command="{first}">{"".join(nodes).format(1)}</lan>'
            f'<lan name="y" command="{second}">{"".join(reversed(nodes)).format(2)}</lan>'
        )
        config, problems = read_cluster(f"<cluster><lans>{lans}</lans></cluster>".encode())
        assert config is not None, problems
        return config.nodes

    assert order("off", "off") == order("on", "off") == ("a", "b")
    assert order("off", "on") == ("b", "a")


# --- vip ------------------------------------------------------------------------------------------


@pytest.mark.covers("vip@tcpreset")
@pytest.mark.parametrize("reset", [True, False])
def test_connections_are_reset_with_the_address_if_the_module_says_so(reset: bool) -> None:
    farm = FakeSwitchedFarm()
    farm.start(shop(tcpreset=reset))
    farm.machines["n1"].order("shop", Action.STOP)
    farm.run(3.0)
    withdrawn = [effect for effect in farm.machines["n1"].effects if isinstance(effect, WithdrawTraffic)]
    assert withdrawn == [WithdrawTraffic("shop", reset)]
