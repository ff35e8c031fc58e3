from nodeagent.adapters.config_store.vip_check import no_look, vip_problems
from nodeagent.contract.config import ModuleConfig, VirtualIp
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.states import Mode
from tests.core.vip_plans import PLANS

WEB = PLANS["one_tcp_port"].vip
BESIDE = PLANS["udp_only"].vip


def module(vip: VirtualIp | None = WEB) -> ModuleConfig:
    return ModuleConfig("web", Mode.FARM, vip=vip)


def test_every_reason_of_this_node_is_an_error_of_the_file() -> None:
    found = vip_problems(module(), {}, lambda vip: (f"no {vip.addresses[0].addr}", "no kernel"))
    assert found == [
        Problem(Severity.ERROR, text, "conf/userconfig.xml", path="safe/service/vip")
        for text in ("no 10.77.0.100", "no kernel")
    ]


def test_the_traffic_of_another_module_is_an_error() -> None:
    (found,) = vip_problems(module(), {"db": WEB, "dns": BESIDE}, no_look)
    assert found.text == "tcp port 80 of 10.77.0.100 is served by the module db too: one module may"
    assert found.severity is Severity.ERROR


def test_a_module_without_one_asks_nobody() -> None:
    assert vip_problems(module(None), {"db": WEB}, lambda vip: ("never",)) == []
