"""Each attribute of both files by itself: two values of it are two configurations, or it is said to have no effect.

What the value then does is shown elsewhere; docs/reference/tests.md says where.
"""

from collections.abc import Callable

import msgspec
import pytest

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig, ModuleConfig
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.module_build import DEFAULT_ACTIONS
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.xml_source import Document
from tests.promises import attribute_id, attributes

CLUSTER = b"""<cluster><lans><lan name="a"><node name="n1" addr="10.0.0.1"/><node name="n2" addr="10.0.0.2"/></lan>
</lans></cluster>"""
MODULE = b"""<safe><macro name="A" value="1"/><service mode="farm"><farm><lan name="a"/></farm>
<user><var name="x" value="%A%"/></user><var name="y" value="1"/><errd><proc name="app" class="both"/></errd><check>
<tcp ident="x"><to addr="h" port="1"/></tcp><ping ident="x"><to addr="h"/></ping>
<intf ident="x"><to local_addr="10.0.0.1"/></intf><ip ident="x"><to addr="10.0.0.1"/></ip>
<custom ident="x" exec="x"/><module><to name="other"/></module><http ident="x"><to url="http://h/"/></http>
</check><failover/><health/></service></safe>"""
VIP = b"""<safe><service mode="farm"><farm><lan name="a"/></farm><vip><interface_list><interface>
<virtual_interface type="vmac_invisible"><virtual_addr addr="10.0.0.200"/><virtual_addr addr="10.0.0.201"/>
</virtual_interface></interface></interface_list><loadbalancing_list><group name="g"><cluster><host name="n1"/>
</cluster><rule port="80" filter="on_addr"/></group></loadbalancing_list></vip></service></safe>"""

_CHECKER = {
    "ident": ("x", "z"),
    "when": ("both", "pre"),
    "action": ("stop", "noaction"),
    "fall": ("2", "3"),
    "rise": ("2", "3"),
    "warmup": ("2", "3s"),
}
_TO = {
    "addr": ("10.0.0.1", "10.0.0.2"),
    "port": ("1", "2"),
    "interval": ("1", "2s"),
    "timeout": ("1", "2s"),
    "local_addr": ("10.0.0.1", "10.0.0.2"),
    "name": ("other", "another"),
    "secure": ("off", "on"),
    "url": ("http://h/", "http://g/"),
    "status": ("200", "200,204"),
    "contains": ("OK", "good"),
    "insecure": ("off", "on"),
}
VALUES: dict[str, tuple[str, str]] = {
    "lans@port": ("4800", "4801"),
    "lans@pulse": ("100", "1s"),
    "lans@slost_count": ("10", "11"),
    "lans@mlost_count": ("20", "21"),
    "lans/lan@name": ("a", "b"),
    "lans/lan@command": ("off", "on"),
    "lans/lan@console": ("off", "on"),
    "lans/lan@framework": ("off", "on"),
    "node@name": ("n1", "n3"),
    "node@addr": ("10.0.0.1", "10.0.0.3"),
    "node@laddr": ("10.1.0.1", "10.1.0.2"),
    "macro@name": ("A", "B"),
    "macro@value": ("1", "2"),
    "service@mode": ("farm", "light"),
    "service@boot": ("on", "off"),
    "service@boot_delay": ("1", "1m"),
    "service@maxloop": ("1", "2"),
    "service@loop_interval": ("1", "1s"),
    "service@automatic_reboot": ("off", "on"),
    "service@restart_delay": ("1", "2"),
    "service@restart_delay_max": ("1", "2"),
    "farm@port": ("4800", "4801"),
    "farm@pulse": ("200", "300ms"),
    "farm@slost_count": ("10", "20"),
    "farm/lan@name": ("a", "b"),
    "vip@tcpreset": ("off", "on"),
    "vip@scriptcontrol": ("off", "on"),
    "interface@check": ("off", "on"),
    "interface@name": ("eth0", "eth1"),
    "interface@arpreroute": ("off", "on"),
    "interface@arpinterval": ("60", "30"),
    "interface@arpelapse": ("1", "2"),
    "virtual_interface@type": ("vmac_invisible", "vmac_directed"),
    "virtual_interface@addr": ("5A:FE:00:00:00:02", "5A:FE:00:00:00:04"),
    "virtual_addr@addr": ("10.0.0.202", "10.0.0.203"),
    "virtual_addr@check": ("off", "on"),
    "virtual_addr@connections": ("off", "on"),
    "virtual_addr@netmask": ("24", "255.255.0.0"),
    "group@name": ("g", "h"),
    "host@name": ("n1", "n2"),
    "host@power": ("1", "2"),
    "rule@virtual_addr": ("*", "10.0.0.201"),
    "rule@port": ("80", "*"),
    "rule@proto": ("tcp", "udp"),
    "rule@filter": ("on_addr", "on_port"),
    "user@nicestoptimeout": ("1", "2"),
    "user@forcestoptimeout": ("1", "2"),
    "user@starttimeout": ("0", "2"),
    "user@logging": ("userlog", "none"),
    "user@userlogsize": ("1", "2"),
    "user@exitcode": ("log", "act"),
    "user/var@name": ("x", "z"),
    "user/var@value": ("1", "2"),
    "service/var@name": ("y", "z"),
    "service/var@value": ("1", "2"),
    "errd@polltimer": ("1", "2"),
    "proc@name": ("app", "other"),
    "proc@service": ("no", "yes"),
    "proc@nameregex": ("^a", "^b"),
    "proc@argregex": ("^a", "^b"),
    "proc@atleast": ("1", "2"),
    "proc@atmax": ("1", "2"),
    "proc@atmost": ("1", "2"),
    "proc@action": ("stop", "noaction"),
    "proc@class": ("both", "pre"),
    "proc@start_after": ("1", "2"),
    "proc@restart_services": ("a", "b"),
    "proc@grace": ("1", "2"),
    **{f"{kind}@{name}": values for kind in DEFAULT_ACTIONS for name, values in _CHECKER.items()},
    **{f"{kind}/to@{name}": values for kind in DEFAULT_ACTIONS for name, values in _TO.items()},
    "custom@exec": ("x", "z"),
    "custom@arg": ("-v 1", "-v 2"),
    "module@name": ("other", "another"),
    "failover@extends": ("no", "yes"),
    "failover@period": ("1s", "2s"),
    "failover@handle_time": ("1s", "2s"),
    "health@drain": ("1", "2"),
    "health@rounds": ("1", "2"),
}
"""Two values of each; those of a kind of checker that does not have the attribute are not asked for."""

ALL = [(path, rule.name) for file in ("cluster.xml", "userconfig.xml") for path, rule in attributes(file)]
KEPT = {
    attribute_id(path, rule.name)
    for file in ("cluster.xml", "userconfig.xml")
    for path, rule in attributes(file)
    if rule.unused or not rule.in_force
}
ONE_VALUE = "virtual_addr@where"


def _read(path: str, attribute: str, value: str) -> tuple[ClusterConfig | ModuleConfig, list[Problem]]:
    """The configuration with this value, without its signature."""
    read: Callable[[bytes], tuple[ClusterConfig | ModuleConfig | None, list[Problem]]]
    if path.startswith("cluster"):
        source, read = CLUSTER, read_cluster
    else:
        source = VIP if "/vip" in path else MODULE
        read = lambda data: read_module("web", data, environment={"A": "9"}, nodes=("n1", "n2"))  # noqa: E731
    document = Document(source)
    if (path, attribute) == ("safe/service/check/module", "name"):
        document = Document(document.remove_attribute(f"{path}/to", attribute))
    config, problems = read(document.set_attribute(path, attribute, value))
    assert config is not None, errors_of(problems)
    return msgspec.structs.replace(config, signature=""), problems


@pytest.mark.parametrize(("path", "attribute"), [pair for pair in ALL if attribute_id(*pair) not in {*KEPT, ONE_VALUE}])
def test_two_values_are_two_configurations(path: str, attribute: str) -> None:
    first, second = (_read(path, attribute, value)[0] for value in VALUES[attribute_id(path, attribute)])
    assert first != second
    assert _read(path, attribute, VALUES[attribute_id(path, attribute)][0])[0] == first


@pytest.mark.covers("virtual_addr@where")
def test_the_only_place_of_a_virtual_address() -> None:
    path = next(path for path, attribute in ALL if attribute_id(path, attribute) == ONE_VALUE)
    assert _read(path, "where", "alias")[0] == _read(path, "check", "on")[0]
    config, problems = read_module("web", Document(VIP).set_attribute(path, "where", "one_side"))
    assert config is None
    assert "alias" in errors_of(problems)[0].text


@pytest.mark.covers(
    "lans@mlost_count",
    "lans/lan@console",
    "lans/lan@framework",
    "farm@port",
    "interface@arpreroute",
    "interface@arpinterval",
    "interface@arpelapse",
    "virtual_addr@connections",
    "virtual_addr@netmask",
    "failover@period",
    read_only=True,
)
@pytest.mark.parametrize(("path", "attribute"), [pair for pair in ALL if attribute_id(*pair) in KEPT])
def test_what_is_read_and_kept_is_said_to_have_no_effect(path: str, attribute: str) -> None:
    _, problems = _read(path, attribute, VALUES[attribute_id(path, attribute)][1])
    said = [problem.text for problem in problems if attribute in problem.text]
    assert [("read and kept but not used" in text) or ("not yet in force" in text) for text in said] == [True]
