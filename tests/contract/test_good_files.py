from typing import Any

import pytest

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import (
    CheckerRule,
    ClusterConfig,
    Failover,
    FarmLans,
    Health,
    ModuleConfig,
    ProcRule,
    UserScripts,
)
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.module_xml import expand_module, read_module
from nodeagent.contract.states import Action, Boot, Mode
from tests.contract.odd_files import FULL, USUAL, odd_userconfig

CLUSTER = b"""<cluster>
  <lans port="4801" pulse="50ms" slost_count="8" mlost_count="20">
    <lan name="default" command="on">
      <node name="n1" addr="10.0.0.1"/>
      <node name="n2" addr="server-2.example.org"/>
    </lan>
    <lan name="private" console="on" framework="on">
      <node name="n2" addr="FD00::0002"/>
    </lan>
  </lans>
</cluster>"""


def _module(data: bytes, **given: Any) -> tuple[ModuleConfig, list[Problem]]:
    config, problems = read_module("web", data, **given)
    assert config is not None, problems
    return config, problems


def _cluster(data: bytes) -> tuple[ClusterConfig, list[Problem]]:
    config, problems = read_cluster(data)
    assert config is not None, problems
    return config, problems


def _said(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.severity.value, problem.text) for problem in problems]


def test_a_cluster_is_read_with_its_notes() -> None:
    config, problems = _cluster(CLUSTER)
    assert (config.port, config.pulse, config.slost_count, config.mlost_count) == (4801, 0.05, 8, 20)
    assert config.nodes == ("n1", "n2")
    assert config.command_lan.name == "default"
    assert [[(n.node, n.addr) for n in lan.nodes] for lan in config.lans] == [
        [("n1", "10.0.0.1"), ("n2", "server-2.example.org")],
        [("n2", "fd00::2")],
    ]
    assert [(line, kind) for line, kind, _ in _said(problems)] == [(2, "note"), (7, "note"), (7, "note")]


def test_defaults_of_the_table_are_those_of_the_types() -> None:
    config, problems = _cluster(b'<cluster><lans><lan name="a"><node name="x" addr="::1"/></lan></lans></cluster>')
    assert config == ClusterConfig(config.lans, signature=config.signature)
    assert [(p.severity, p.text) for p in problems] == [(Severity.NOTE, 'single node: the cluster has one node, "x"')]


@pytest.mark.parametrize("wrong", ["name='a b'", "name=''", ""])
def test_a_node_whose_name_is_refused_is_one_of_several(wrong: str) -> None:
    nodes = f"<node {wrong} addr='10.0.0.1'/><node name='x' addr='10.0.0.2'/>"
    _, problems = read_cluster(f"<cluster><lans><lan name='default'>{nodes}</lan></lans></cluster>".encode())
    assert [problem.severity for problem in problems] == [Severity.ERROR]
    module, problems = _module(
        b'<safe><service mode="light"><user/><errd><proc name="p" class="both"/></errd><health/>'
        b'<check><custom ident="c" exec="x"/></check><failover/></service></safe>'
    )
    assert module.user == UserScripts()
    assert module.health == Health()
    assert module.monitoring is not None
    assert (module.monitoring.polltimer, module.monitoring.procs) == (30.0, (ProcRule("p", "both"),))
    assert module.checkers == (CheckerRule("custom", "c", params=(("exec", "x"),)),)
    assert module.failover == Failover()
    rest = (module.user, module.monitoring, module.checkers, module.signature)
    assert module == ModuleConfig(
        "web", Mode.LIGHT, user=rest[0], monitoring=rest[1], checkers=rest[2], signature=rest[3]
    )


def test_the_usual_file_of_a_farm_is_accepted_with_one_warning() -> None:
    config, problems = _module(USUAL, lan_names=["default"], nodes=("n1", "n2"))
    assert (config.loop_interval, config.maxloop, config.nodes) == (86400.0, 3, ("n1", "n2"))
    assert config.farm == FarmLans(("default",))
    assert config.monitoring is not None
    assert config.monitoring.procs == (ProcRule("PROCESS_NAME", "both", action=Action.RESTART),)
    assert _said(problems) == [
        (10, "warning", 'name="PROCESS_NAME" looks like a placeholder: put your own value there')
    ]


@pytest.mark.covers("proc@atmost", "user/var@name", "user/var@value", "service/var@name", "service/var@value")
def test_everything_is_read_and_what_is_not_in_force_is_named() -> None:
    config, problems = _module(FULL, environment={"SITE": "Lyon"})
    assert (config.boot, config.boot_delay, config.loop_interval) == (Boot.AUTO, 60.0, 5400.0)
    assert (config.restart_delay, config.restart_delay_max, config.automatic_reboot) == (2.0, 30.0, True)
    assert config.farm == FarmLans(("default", "private"), 0.2, 20)
    assert config.user == UserScripts(10.0, 0.5, 120.0, False, 64, True)
    assert config.variables == (("WHERE", "Lyon & 80"), ("SERVICES", "a,b"))
    assert config.health == Health(7.0, 2)
    assert config.monitoring is not None
    assert config.monitoring.procs == (
        ProcRule("httpd", "both", False, "^httpd", "-k start", 2, 9, Action.RESTART, "", 3, "", 0.25),
        ProcRule("cache", "pre", action=None),
        ProcRule("W3SVC", "web", service=True, action=Action.RESTART, restart_services="W3SVC, WAS"),
        ProcRule("odd", "both", action=Action.STOPSTART, handler="handle_odd"),
    )
    assert [(c.kind, c.ident, c.when, c.action) for c in config.checkers] == [
        ("tcp", "web", "both", Action.RESTART),
        ("tcp", "db", "pre", Action.WAIT),
        ("ping", "router", "both", None),
        ("intf", "lan", "both", Action.WAIT),
        ("ip", "vip", "both", Action.STOPSTART),
        ("custom", "own", "both", None),
        ("module", "other", "both", Action.WAIT),
        ("http", "page", "both", Action.RESTART),
        ("intf", "to_10.0.0.200", "both", Action.WAIT),
        ("ip", "10.0.0.200", "both", Action.STOPSTART),
    ]
    assert dict(config.checkers[0].params) == {"addr": "localhost", "port": "80", "interval": "60", "timeout": "5"}
    assert (config.checkers[5].fall, config.checkers[5].rise, config.checkers[5].warmup) == (2, 3, 0.0)
    own = "own: if (custom.own == down && tcp.? == down) then stopstart();"
    assert [rule.text() for rule in config.failover.rules] == [own] == [config.failover.text]
    assert (config.failover.extends, config.failover.period, config.failover.handle_time) == (False, 2.0, 0.0)
    assert config.not_in_force == ("interface@arpreroute",)
    assert [text for _, kind, text in _said(problems) if kind == "warning"] == [
        'not yet in force in this version: arpreroute="on" of <interface> at line 11',
    ]
    assert {text for _, kind, text in _said(problems) if kind == "note"} == {
        "port is read and kept but not used: heartbeats use the port of cluster.xml",
        "addr is read and kept but not used: vmac_directed has no virtual MAC",
        'class="web" is watched only while a command enables it',
        "period is read and kept but not used: rules are evaluated at every change of a resource",
    }


def test_a_local_address_behind_nat_is_read() -> None:
    config, problems = _cluster(
        b'<cluster><lans><lan name="a"><node name="x" addr="1.2.3.4" laddr="10.0.0.1"/>'
        b'<node name="y" addr="1.2.3.5"/></lan></lans></cluster>'
    )
    assert config.lans[0].nodes[0].laddr == "10.0.0.1"
    assert not problems


def test_unknown_parts_are_warnings_that_name_them() -> None:
    config, problems = _module(odd_userconfig())
    assert _said(problems) == [
        (9, "warning", 'unknown attribute "old_attribute" of <service>: kept, not used'),
        (12, "warning", "unknown element <heartbeat_of_old> in <service>: kept, not used"),
        (296, "warning", "unknown element <unknown> in <service>: kept, not used"),
    ]
    assert config.monitoring is not None
    assert len(config.monitoring.procs) == 70
    assert config.monitoring.procs[3].argregex == 'a > "3"'


@pytest.mark.parametrize(
    ("inside", "fragment"),
    [
        ("<userr/>", '<userr> in <service>: kept, not used; did you mean "user"?'),
        (
            '<user nicestop_timeout="3"/>',
            '"nicestop_timeout" of <user>: kept, not used; did you mean "nicestoptimeout"?',
        ),
        ("stray", "the text in <service> has no meaning"),
        ('<user/><errd><proc name="x" class="prim"/></errd>', 'class="prim" belongs to mode="mirror"'),
        (
            '<user/><errd><proc name="java" argregex="a" class="both"/><proc name="java" class="both"/></errd>',
            'several <proc> have the name "java": the resource of this one is "proc.java#2"',
        ),
        ('<farm><lan name="a"/></farm>', '<farm> has no meaning with mode="light"'),
    ],
)
def test_a_likely_mistake_is_a_warning(inside: str, fragment: str) -> None:
    _, problems = _module(f'<safe><service mode="light">{inside}</service></safe>'.encode())
    assert [(p.severity, fragment in p.text) for p in problems] == [(Severity.WARNING, True)]


def test_an_editors_schema_hint_is_no_finding() -> None:
    _, problems = _module(
        b'<safe xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="userconfig.xsd">'
        b'<service mode="light"/></safe>'
    )
    assert problems == []


@pytest.mark.covers("macro@name", "macro@value")
def test_macros_come_from_the_file_then_from_the_environment() -> None:
    data = (
        b'<safe><macro name="A" value="1%E%"/><macro name="B" value="%A%%A%"/>'
        b'<service mode="light"><var name="x" value="%B% 100% %E%"/><!-- %UNKNOWN% --></service></safe>'
    )
    config, _ = _module(data, environment={"E": "<&>", "A": "hidden", "B": "hidden"})
    assert config.variables == (("x", "1<&>1<&> 100% <&>"),)
    expanded, problems = expand_module(data, environment={"E": "<&>"})
    assert problems == []
    assert b'value="1&lt;&amp;&gt;1&lt;&amp;&gt; 100% &lt;&amp;&gt;"' in expanded
    assert _module(expanded)[0].variables == config.variables
    partly, problems = expand_module(data)
    assert b'value="1%E%1%E% 100% %E%"' in partly
    assert [(p.severity, "%E% is not defined" in p.text) for p in problems] == [(Severity.WARNING, True)] * 2


SAME = [
    b'<safe>\r\n<!-- c -->\n  <service   mode="light"\nboot="on" ></service></safe>',
    b"\xef\xbb\xbf<?xml version='1.0'?><!DOCTYPE safe><safe><service boot='on' mode='light'/></safe>",
    '\ufeff<safe><service boot="on" mode="light"/></safe>'.encode("utf-16-le"),
]


def test_the_signature_is_that_of_the_content_and_of_the_nodes() -> None:
    signatures = {_module(data, nodes=("b", "a"))[0].signature for data in SAME}
    assert len(signatures) == 1
    assert signatures == {_module(SAME[0], nodes=("a", "b"), environment={"X": "1"})[0].signature}
    assert len(signatures.pop()) == 64
    others = {
        _module(data, nodes=nodes)[0].signature
        for data, nodes in [(SAME[0], ("a", "b")), (SAME[0], ("a",)), (SAME[0].replace(b"on", b"off"), ("a", "b"))]
    }
    assert len(others) == 3


def test_a_cluster_signature_ignores_form_and_sees_content() -> None:
    same = CLUSTER.replace(b'"', b"'").replace(b"\n", b"\r\n").replace(b"<lans ", b"<!-- x --><lans  ")
    assert _cluster(CLUSTER)[0].signature == _cluster(same)[0].signature
    moved = CLUSTER.replace(b"10.0.0.1", b"10.0.0.9")
    assert _cluster(CLUSTER)[0].signature != _cluster(moved)[0].signature


def test_the_signature_does_not_depend_on_the_environment() -> None:
    data = b'<safe><service mode="light"><var name="x" value="%E%"/></service></safe>'
    one, other = (_module(data, environment={"E": value})[0] for value in ("1", "2"))
    assert one.signature == other.signature
    assert one.variables != other.variables
