"""`<vip>`: what is read of it, and everything that is wrong in it."""

import pytest

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import (
    ModuleConfig,
    Proto,
    ShareBy,
    TrafficGroup,
    TrafficRule,
    VirtualAddress,
    VirtualIp,
    VmacType,
)
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.states import Action
from nodeagent.contract.vip_check import shared_traffic
from tests.contract.odd_files import FULL

NODES = ("n1", "n2", "n3")
CLUSTER, _ = read_cluster(
    b"""<cluster><lans><lan name="default"><node name="n1" addr="10.0.0.1"/><node name="n2" addr="10.0.0.2"/>
    <node name="n3" addr="10.0.0.3"/></lan></lans></cluster>"""
)


def _read(vip: str, mode: str = "farm", nodes: tuple[str, ...] = NODES) -> tuple[ModuleConfig | None, list[Problem]]:
    """The `<vip>` begins on line 2."""
    farm = '<farm><lan name="default"/></farm>' if mode == "farm" else ""
    text = f'<safe><service mode="{mode}">{farm}\n{vip}\n</service></safe>'
    return read_module("web", text.encode(), nodes=nodes, cluster=CLUSTER)


def _vip(addresses: str, groups: str = "", more: str = "") -> str:
    """Addresses on line 3, groups on line 4 and after."""
    balancing = f"<loadbalancing_list>\n{groups}\n</loadbalancing_list>" if groups else ""
    return f"<vip {more}><interface_list>\n{addresses}</interface_list>{balancing}</vip>"


def _invisible(*addresses: str, interface: str = "", shared: str = "") -> str:
    inside = "".join(f'<virtual_addr addr="{addr}"/>' for addr in addresses)
    return (
        f"<interface {interface}>"
        f'<virtual_interface type="vmac_invisible" {shared}>{inside}</virtual_interface></interface>'
    )


GROUP = '<group name="g"><rule port="80" filter="on_addr"/></group>'
V4 = _invisible("10.0.0.200")


def _config(text: str, nodes: tuple[str, ...] = NODES) -> tuple[VirtualIp, list[tuple[str, str]]]:
    config, problems = _read(text, nodes=nodes)
    assert config is not None, problems
    assert config.vip is not None
    return config.vip, [(problem.severity.value, problem.text) for problem in problems]


def test_a_whole_virtual_ip_is_read() -> None:
    vip, said = _config(
        _vip(
            _invisible("10.0.0.200", "FD00::0:c8", interface='name="eth0" check="off"')
            + '<interface><virtual_interface type="vmac_directed"><virtual_addr addr="10.0.0.201" check="off"/>'
            "</virtual_interface></interface>",
            '<group name="web"><cluster><host name="n3" power="0"/><host name="n1" power="4"/></cluster>'
            '<rule port="80" filter="on_addr"/><rule virtual_addr="fd00:0::c8" proto="udp" filter="on_port"/></group>'
            '<group name="rest"><rule virtual_addr="10.0.0.201" proto="tcp" filter="on_port"/></group>',
            'tcpreset="off" scriptcontrol="on"',
        )
    )
    every = ("10.0.0.200", "fd00::c8", "10.0.0.201")
    assert vip == VirtualIp(
        (
            VirtualAddress("10.0.0.200", VmacType.INVISIBLE, "5a:fe:0a:00:00:c8", "eth0", interface_check=False),
            VirtualAddress("fd00::c8", VmacType.INVISIBLE, "5a:fe:00:00:00:c8", "eth0", interface_check=False),
            VirtualAddress("10.0.0.201", VmacType.DIRECTED, check=False),
        ),
        (
            TrafficGroup(
                "web",
                # Who is not listed carries nothing of the group.
                (("n1", 4), ("n2", 0), ("n3", 0)),
                (
                    TrafficRule(every, 80, Proto.TCP, ShareBy.ADDR),
                    TrafficRule(("fd00::c8",), 0, Proto.UDP, ShareBy.PORT),
                ),
            ),
            TrafficGroup(
                "rest",
                (("n1", 1), ("n2", 1), ("n3", 1)),
                (TrafficRule(("10.0.0.201",), 0, Proto.TCP, ShareBy.PORT),),
            ),
        ),
        tcpreset=False,
        scriptcontrol=True,
    )
    assert said == []


def test_it_brings_its_own_checkers() -> None:
    places = _invisible("10.0.0.200", "10.0.0.201", interface='name="eth0"') + _invisible("10.0.0.202")
    config, _ = _read(_vip(places, GROUP))
    assert config is not None
    assert [(c.key, c.action, c.fall) for c in config.checkers] == [
        ("intf.eth0", Action.WAIT, 2),
        ("ip.10.0.0.200", Action.STOPSTART, 3),
        ("ip.10.0.0.201", Action.STOPSTART, 3),
        ("intf.to_10.0.0.202", Action.WAIT, 2),
        ("ip.10.0.0.202", Action.STOPSTART, 3),
    ]
    unchecked = _invisible("10.0.0.200", interface='check="off"').replace(
        "<virtual_addr ", '<virtual_addr check="off" '
    )
    config, _ = _read(_vip(unchecked, GROUP))
    assert config is not None
    assert not config.checkers


def test_a_module_without_a_vip_has_none() -> None:
    config, _ = _read("")
    assert config is not None
    assert config.vip is None


def test_the_virtual_mac_may_be_given() -> None:
    vip, said = _config(_vip(_invisible("10.0.0.200", "fd00::1", shared='addr="5A-FE-0A-00-00-6B"'), GROUP))
    assert {address.vmac for address in vip.addresses} == {"5a:fe:0a:00:00:6b"}
    assert said == []


def test_without_known_nodes_the_listed_hosts_are_the_powers() -> None:
    group = '<group name="g"><cluster><host name="x" power="2"/></cluster><rule port="80" filter="on_addr"/></group>'
    vip, _ = _config(_vip(V4, group), nodes=())
    assert vip.groups[0].powers == (("x", 2),)


def test_what_is_kept_only_is_named() -> None:
    config, problems = _read(
        _vip(
            '<interface arpreroute="on" arpinterval="60">'
            '<virtual_interface type="vmac_directed" addr="5A:FE:00:00:00:01">'
            '<virtual_addr addr="10.0.0.200" connections="on" netmask="255.255.255.0"/>'
            "</virtual_interface></interface>",
            '<group name="g"><rule proto="arp" filter="on_addr"/>\n<rule port="80" filter="on_ipid"/></group>',
        )
    )
    assert config is not None
    assert config.vip is not None
    assert config.vip.groups[0].rules == (TrafficRule(("10.0.0.200",), 80, Proto.TCP, ShareBy.ADDR),)
    assert config.not_in_force == ("interface@arpreroute", "virtual_addr@connections", "rule@filter")
    assert [(problem.line, problem.severity.value, problem.text) for problem in problems] == [
        (3, "warning", 'not yet in force in this version: arpreroute="on" of <interface> at line 3'),
        (3, "warning", 'not yet in force in this version: connections="on" of <virtual_addr> at line 3'),
        (3, "note", "netmask is read and kept but not used: a virtual address is set without a network"),
        (3, "note", "addr is read and kept but not used: vmac_directed has no virtual MAC"),
        (4, "note", 'proto="arp" is read and kept but not used: no address needs such a rule'),
        (
            5,
            "warning",
            'not yet in force in this version: filter="on_ipid" of <rule> (on_addr is used instead) at line 5',
        ),
    ]


def test_traffic_that_no_rule_matches_is_warned_of() -> None:
    for groups in ("", '<group name="g"><rule virtual_addr="10.0.0.201" port="80" filter="on_addr"/></group>'):
        _, said = _config(_vip(_invisible("10.0.0.200", "10.0.0.201"), groups))
        assert ("warning", "no rule matches traffic to 10.0.0.200: all of it is dropped") in said
        assert len(said) == (1 if groups else 2)


def test_the_address_that_a_node_has_behind_a_nat_device_is_no_virtual_one() -> None:
    cluster, _ = read_cluster(
        b"<cluster><lans><lan name='default'>"
        b"<node name='n1' addr='192.0.2.1' laddr='10.0.0.200'/></lan></lans></cluster>"
    )
    data = _vip(_invisible("10.0.0.200"), GROUP)
    farm = '<farm><lan name="default"/></farm>'
    _, problems = read_module(
        "web", f"<safe><service mode='farm'>{farm}{data}</service></safe>".encode(), cluster=cluster
    )
    assert ["10.0.0.200 is the address of n1" in problem.text for problem in errors_of(problems)] == [True]


def _rules(*rules: str) -> str:
    return '<group name="g">' + "\n".join(f'<rule filter="on_addr" {rule}/>' for rule in rules) + "</group>"


BAD = {
    "light": (_vip(V4, GROUP), "light", [(2, '<vip> needs mode="farm"')]),
    "an address twice": (
        _vip(_invisible("fd00::1", "10.0.0.200") + "\n" + _invisible("fd00:0::1"), GROUP),
        "farm",
        [(4, "the virtual address fd00::1 is given twice")],
    ),
    "a name": (_vip(_invisible("www.example.org"), GROUP), "farm", [(3, "must be an IPv4 or IPv6 address")]),
    "the address of a node": (_vip(_invisible("10.0.0.2"), GROUP), "farm", [(3, "10.0.0.2 is the address of n2")]),
    "directed IPv6": (
        _vip(
            '<interface><virtual_interface type="vmac_directed"><virtual_addr addr="fd00::1"/></virtual_interface>'
            "</interface>",
            GROUP,
        ),
        "farm",
        [(3, 'fd00::1 cannot be shared by type="vmac_directed": IPv4 only in this version')],
    ),
    "a group address": (
        _vip(_invisible("10.0.0.200", shared='addr="03:FE:00:00:00:01"'), GROUP),
        "farm",
        [(3, 'addr="03:FE:00:00:00:01" is a group address: its first byte must be even')],
    ),
    "an undeclared address": (
        _vip(V4, _rules('virtual_addr="10.0.0.201"')),
        "farm",
        [(4, 'virtual_addr="10.0.0.201" is not declared above: there is 10.0.0.200')],
    ),
    "an unknown host": (
        _vip(V4, '<group name="g"><cluster><host name="n4"/></cluster><rule filter="on_addr"/></group>'),
        "farm",
        [(4, '"n4" is not a node of this module: it has n1, n2, n3')],
    ),
    "a host twice": (
        _vip(
            V4,
            '<group name="g"><cluster><host name="n1"/>\n<host name="n1"/></cluster><rule filter="on_addr"/></group>',
        ),
        "farm",
        [(5, 'the host "n1" stands twice in this group')],
    ),
    "no power": (
        _vip(V4, '<group name="g"><cluster><host name="n1" power="0"/></cluster><rule filter="on_addr"/></group>'),
        "farm",
        [(4, "every power of this group is 0")],
    ),
    "the name of a group twice": (
        _vip(V4, GROUP + "\n" + '<group name="g"><rule port="81" filter="on_addr"/></group>'),
        "farm",
        [(5, 'two groups have the name "g"')],
    ),
    "two rules for one port": (
        _vip(V4, _rules('port="80"', 'port="81"', 'virtual_addr="10.0.0.200" port="80"')),
        "farm",
        [(6, "tcp port 80 of 10.0.0.200 is matched by the rule of line 4 already")],
    ),
    "two groups for any port": (
        _vip(V4, _rules('proto="udp"') + "\n" + '<group name="h"><rule proto="udp" filter="on_port"/></group>'),
        "farm",
        [(5, "any udp port of 10.0.0.200 is matched by the rule of line 4 already")],
    ),
    "two rules on one line": (
        _vip(V4, '<group name="g"><rule port="80" filter="on_addr"/><rule port="80" filter="on_port"/></group>'),
        "farm",
        [(4, "tcp port 80 of 10.0.0.200 is matched by the rule of line 4 already")],
    ),
    "everything at once": (
        _vip(_invisible("10.0.0.200", "10.0.0.200", "10.0.0.1"), _rules('virtual_addr="10.9.9.9"', 'port="99999"')),
        "light",
        [
            (2, "mode="),
            (3, "given twice"),
            (3, "is the address of n1"),
            (4, "not declared"),
            (5, "must be * or a port"),
        ],
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_everything_that_is_wrong_is_an_error(what: str) -> None:
    text, mode, expected = BAD[what]
    config, problems = _read(text, mode)
    assert config is None
    errors = [(problem.line, problem.text) for problem in problems if problem.severity == "error"]
    assert len(errors) == len(expected), errors
    for (line, said), (wanted, fragment) in zip(errors, expected, strict=True):
        assert (line, fragment in said) == (wanted, True), said


def test_an_exact_port_may_stand_beside_any_port() -> None:
    vip, said = _config(_vip(V4, _rules('port="80"', 'port="*"', 'port="80" proto="udp"')))
    assert [rule.port for rule in vip.groups[0].rules] == [80, 0, 80]
    assert said == []


def test_modules_may_share_an_address_but_no_port() -> None:
    web, _ = _config(_vip(V4, GROUP))
    other, _ = _config(_vip(V4, '<group name="g"><rule port="81" filter="on_addr"/></group>'))
    udp, _ = _config(_vip(V4, '<group name="g"><rule port="80" proto="udp" filter="on_addr"/></group>'))
    elsewhere, _ = _config(_vip(_invisible("10.0.0.201"), GROUP))
    assert shared_traffic(web, {"a": other, "b": udp, "c": elsewhere}) == []
    assert shared_traffic(web, {"a": web}) == [
        "tcp port 80 of 10.0.0.200 is served by the module a too: one module may"
    ]
    named, _ = _config(
        _vip(
            _invisible("10.0.0.200", interface='name="eth1"'),
            '<group name="g"><rule port="82" filter="on_addr"/></group>',
        )
    )
    assert shared_traffic(web, {"a": named}) == [
        "the virtual address 10.0.0.200 is that of the module a too: both must give the same interface and virtual MAC"
    ]
    directed, _ = _config(_vip(V4.replace("invisible", "directed"), '<group name="g"><rule filter="on_addr"/></group>'))
    assert shared_traffic(web, {"a": directed}) == [
        "the virtual address 10.0.0.200 is that of the module a too: with vmac_directed each module needs an address"
        " of its own"
    ]


def test_the_full_file_has_its_virtual_ip() -> None:
    config, _ = read_module("web", FULL, environment={"SITE": "Lyon"}, nodes=("n1", "n2"))
    assert config is not None
    assert config.vip is not None
    assert config.vip.groups[0].powers == (("n1", 2), ("n2", 0))
    assert config.vip.groups[0].rules[0].port == 80
