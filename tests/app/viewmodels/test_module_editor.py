"""The editor of a module: every edit is one splice, errors are at their fields, undo goes over everything."""

import difflib

import pytest

from app.viewmodels.module_changes import changes
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_elements import Listing, additions, fields, rows, title
from app.viewmodels.module_fields import (
    FieldSpec,
    Tab,
    general_fields,
    health_fields,
    page_fields,
    process_fields,
    script_fields,
)
from nodeagent.contract.config import ClusterConfig, Lan, NodeAddress
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.xml_source import Document
from tests.app.viewmodels.modules import FILES, FULL, ODD, RULES

TEN = tuple(NodeAddress(f"node{n}", f"10.0.0.{n}") for n in range(1, 4))
CLUSTER = ClusterConfig((Lan("default", TEN, command=True), Lan("private", TEN), Lan("third", TEN)))
PROC = "safe/service/errd/proc"
VALUES = {
    "boot": "on", "boot_delay": "5s", "maxloop": "9", "loop_interval": "1h", "nicestoptimeout": "31s",
    "forcestoptimeout": "32s", "starttimeout": "33s", "exitcode": "log", "logging": "none", "drain": "4s",
    "rounds": "2", "name": "w3wp.exe", "nameregex": "^w", "argregex": "-k <\"'&>", "atleast": "2", "atmax": "5",
    "action": "stop", "class": "pre", "start_after": "3", "grace": "500ms",
    "restart_delay": "2s", "restart_delay_max": "40s", "automatic_reboot": "on", "pulse": "200ms", "slost_count": "20",
    "tcpreset": "off", "scriptcontrol": "on", "polltimer": "20s", "extends": "no", "handle_time": "3s",
    "userlogsize": "512", "service": "yes", "restart_services": "W3SVC, WAS", "ident": "other", "when": "pre",
    "fall": "3", "rise": "4", "warmup": "5s", "interval": "7s", "timeout": "2s", "port": "8080", "addr": "10.0.0.7",
    "url": "https://localhost/ok", "status": "200,204", "contains": "all well", "insecure": "on", "secure": "on",
    "local_addr": "10.0.0.8", "exec": "db_check", "arg": "-x", "type": "vmac_directed", "check": "off", "power": "3",
    "virtual_addr": "10.0.0.100", "proto": "udp", "filter": "on_port", "value": "green & red",
}  # fmt: skip
OTHERS = {
    ("virtual_interface", "addr"): "5A:FE:00:00:00:01", ("virtual_addr", "addr"): "10.0.0.101",
    ("interface", "name"): "eth1", ("group", "name"): "web", ("host", "name"): "node2", ("to", "name"): "other",
    ("var", "name"): "SHADE", ("macro", "name"): "TERM", ("rule", "port"): "8081",
}  # fmt: skip
"""Values of attributes whose names stand for something else there."""
LISTED = [place for listing in Listing for row in rows(Document(FULL.encode()), listing) for place in fields(row.path)]
EVERY = (
    [(path, spec) for tab in Tab for path, spec in page_fields(tab)]
    + [(f"{PROC}[{number}]" if number > 1 else PROC, spec) for number in (1, 2) for spec in process_fields()]
    + LISTED
)


def editor(xml: str = ODD, **more: object) -> ModuleEditor:
    files = FILES | {USERCONFIG: xml.encode()}
    return ModuleEditor("farm", files, more.get("base", files), CLUSTER, more.get("nodes", ("node1", "node2")))  # type: ignore[arg-type]


def changed_lines(before: bytes, after: bytes) -> list[str]:
    diff = difflib.ndiff(before.decode().split("\n"), after.decode().split("\n"))
    return [line for line in diff if line[0] in "+-"]


def without_addition(before: bytes, after: bytes) -> bytes:
    """What was put in; everything around it must be there as before."""
    start = next(at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new)
    added = len(after) - len(before)
    # The same bytes may end the addition and what stands before it.
    start = next(at for at in range(start, -1, -1) if after[:at] + after[at + added :] == before)
    return after[start : start + added].rstrip(b"/>")


def test_the_fields_are_those_of_the_brief_and_in_the_rule_table() -> None:
    shown = editor(FULL)
    assert len(ODD.split("\n")) >= 300
    assert {spec.attribute for _, spec in EVERY} == set(VALUES)
    for path, spec in EVERY:
        state = shown.field(path, spec)
        assert state.hint
        assert state.allowed
        assert state.spec.label == spec.label


@pytest.mark.parametrize(("path", "spec"), EVERY, ids=lambda part: getattr(part, "attribute", str(part)[-8:]))
def test_each_field_changes_one_line_and_undo_brings_every_byte_back(path: str, spec: FieldSpec) -> None:
    shown = editor(FULL)
    assert shown.errors == ()
    before = shown.field(path, spec).value
    value = OTHERS.get((path.rpartition("/")[2].partition("[")[0], spec.attribute), VALUES[spec.attribute])
    if value == before:
        value = "off" if value == "on" else f"{value}1"
    shown.set_field(path, spec.attribute, value)
    if Document(FULL.encode()).attribute(path, spec.attribute) is None:
        assert without_addition(FULL.encode(), shown.xml).strip().startswith(f"{spec.attribute}=".encode())
    else:
        lines = changed_lines(FULL.encode(), shown.xml)
        assert [line[0] for line in lines] == ["-", "+"], lines
    assert Document(shown.xml).attribute(path, spec.attribute) == value
    assert [problem for problem in shown.errors if problem.attribute == spec.attribute] == []
    state = shown.field(path, spec)
    assert state.value == value
    assert state.changed
    assert shown.changes.count == 1
    assert state.spec.label in shown.undo_name
    shown.undo()
    assert shown.xml == FULL.encode()
    assert not shown.field(path, spec).changed
    shown.redo()
    assert shown.field(path, spec).value == value


def test_an_emptied_field_goes_and_a_required_one_says_what_is_needed() -> None:
    shown = editor()
    shown.set_field(PROC, "atleast", "")
    assert Document(shown.xml).attribute(PROC, "atleast") is None
    assert shown.field(PROC, FieldSpec("atleast", "")).placeholder == "1"
    shown.set_field(PROC, "name", "")
    state = shown.field(PROC, FieldSpec("name", ""))
    assert "at least one character" in state.error
    assert shown.count(Tab.PROCESSES) == 1
    assert shown.errors[0].where == "Processes, process 1, Process name"


def test_typing_in_a_field_is_one_step_until_the_field_is_left() -> None:
    shown = editor()
    for text in ("4", "40", "400ms"):
        shown.set_field("safe/service", "boot_delay", text)
    shown.leave_field()
    shown.set_field("safe/service", "boot_delay", "5s")
    shown.undo()
    assert shown.field("safe/service", general_fields()[1]).value == "400ms"
    shown.undo()
    assert shown.xml == ODD.encode()
    assert shown.undo_name == ""
    assert shown.redo_name == "Delay at boot"


def test_undo_reaches_over_form_scripts_and_processes() -> None:
    shown = editor()
    shown.set_field("safe/service/health", "drain", "9")
    shown.set_file("bin/prestart", b"#!/bin/sh\n", "Add bin/prestart")
    shown.choose_process(2)
    shown.remove_process()
    assert shown.undo_name == "Remove proc.two"
    assert len(shown.processes) == 1
    assert shown.process == 1
    assert shown.changes.count == 3
    for _ in range(3):
        shown.undo()
    assert shown.files == FILES
    assert shown.changes.count == 0
    for _ in range(3):
        shown.redo()
    assert "bin/prestart" in shown.files


def test_what_xml_cannot_hold_is_said_at_the_field_and_changes_nothing() -> None:
    shown = editor()
    shown.set_field(PROC, "argregex", "a\x01b")
    assert "U+0001" in shown.field(PROC, FieldSpec("argregex", "")).error
    assert shown.xml == ODD.encode()
    shown.set_field(PROC, "argregex", "ab")
    assert shown.field(PROC, FieldSpec("argregex", "")).error == ""


@pytest.mark.parametrize(
    ("path", "attribute", "value", "said", "tab"),
    [
        ("safe/service", "maxloop", "many", "must be a whole number", Tab.GENERAL),
        ("safe/service", "boot_delay", "0.2ms", "shorter than 1 ms", Tab.GENERAL),
        (PROC + "[2]", "action", "restrat", 'did you mean "restart"', Tab.PROCESSES),
        (PROC, "argregex", "(", "must be a regular expression", Tab.PROCESSES),
        ("safe/service/user", "starttimeout", "soon", "must be a duration", Tab.SCRIPTS),
        ("safe/service/health", "rounds", "-1", "must be a whole number from 0", Tab.HEALTH),
    ],
)
def test_an_error_stands_at_its_field_and_in_the_count_of_its_tab(
    path: str, attribute: str, value: str, said: str, tab: Tab
) -> None:
    shown = editor()
    shown.set_field(path, attribute, value)
    assert said in shown.field(path, FieldSpec(attribute, "")).error
    assert [shown.count(one) for one in Tab] == [int(one is tab) for one in Tab]
    assert shown.config is None
    jumped = shown.jump()
    assert jumped is not None
    assert (jumped.tab, jumped.path, jumped.attribute) == (tab, path, attribute)
    assert shown.tab is tab


def test_jump_goes_round_over_all_errors_in_the_order_of_the_file() -> None:
    shown = editor()
    shown.set_field("safe/service/health", "rounds", "x")
    shown.set_field("safe/service", "maxloop", "x")
    shown.set_field(PROC + "[2]", "grace", "x")
    found = [shown.jump() for _ in range(4)]
    assert [one.attribute for one in found if one] == ["maxloop", "grace", "rounds", "maxloop"]
    assert shown.process == 2
    assert len(shown.errors) == 3


def test_lans_are_boxes_of_the_clusters_lans_and_of_what_the_file_names() -> None:
    shown = editor()
    assert shown.lans() == (("default", True), ("private", True), ("third", False))
    shown.set_lan("third", True)
    assert shown.changes.restart == ("lan",)
    assert "next start" in shown.changes.words
    for name in ("default", "private", "third"):
        shown.set_lan(name, False)
    assert "at least one <lan>" in shown.lans_error()
    assert shown.errors[0].where == "General, Heartbeats over"
    away = editor(ODD.replace("name='private'", "name='gone'"))
    assert ("gone", True) in away.lans()
    assert 'no lan "gone"' in away.lans_error()


def test_a_process_is_added_copied_and_removed_on_lines_of_its_own() -> None:
    shown = editor()
    shown.add_process()
    assert shown.process == 3
    assert shown.processes[2] == {"name": "", "class": "both", "action": "restart"}
    assert shown.process_wrong(3).keys() == {"name"}
    shown.set_field(f"{PROC}[3]", "name", "three")
    shown.choose_process(2)
    shown.duplicate_process()
    assert shown.processes[3] == shown.processes[1]
    shown.remove_process()
    shown.choose_process(3)
    shown.remove_process()
    assert shown.xml == ODD.encode()


def test_elements_that_are_absent_are_made_where_they_belong() -> None:
    bare = editor('<safe>\n  <service mode="light"/>\n</safe>\n')
    bare.set_field("safe/service/health", "drain", "7")
    bare.add_process()
    bare.set_field(PROC, "name", "httpd")
    assert bare.errors == ()
    assert bare.config is not None
    assert bare.config.monitoring is not None
    assert bare.config.monitoring.procs[0].name == "httpd"
    assert bare.config.health.drain == 7


def test_a_file_that_is_not_xml_is_said_and_kept() -> None:
    broken = editor("<safe><service mode='farm'>\n</safe>")
    assert broken.document is None
    assert broken.page(Tab.GENERAL) == ()
    assert "</service> is expected" in broken.errors[0].text
    assert broken.errors[0].where == "Line 2"
    assert broken.jump() == broken.errors[0]
    assert broken.text.startswith("<safe>")


def test_what_a_change_needs_is_not_promised_while_the_file_is_broken() -> None:
    shown = editor()
    shown.type_xml(shown.text.replace("</safe>", ""), 1)
    assert shown.changes.count == 1
    assert shown.changes.words == "What the changes need is known once the file is XML again"
    shown.undo()
    assert shown.changes.words == "No changes"


def test_a_macro_of_the_nodes_environment_is_no_error_here() -> None:
    shown = editor()
    shown.set_field(PROC, "argregex", "%PROGRAMDATA%/x")
    assert shown.errors == ()
    assert "asks each node" in shown.field(PROC, FieldSpec("argregex", "")).warning


def test_a_placeholder_is_a_warning_at_its_field() -> None:
    shown = editor()
    shown.set_field(PROC, "name", "PROCESS_NAME")
    assert "placeholder" in shown.field(PROC, FieldSpec("name", "")).warning
    assert shown.errors == ()


def test_applied_files_are_the_base_of_what_counts_as_changed() -> None:
    shown = editor()
    shown.set_field("safe/service", "boot", "off")
    assert shown.changes.words == "1 change, live: nothing restarts"
    shown.applied(shown.files)
    assert shown.changes.words == "No changes"
    assert shown.undo_name == "When the node boots"


def test_other_labels_than_the_tables_are_never_shown_twice_in_a_tab() -> None:
    for specs in (general_fields(), script_fields(), health_fields(), process_fields()):
        assert len({spec.label for spec in specs}) == len(specs)


def test_a_removed_element_is_one_change_with_all_in_it() -> None:
    other = FILES | {USERCONFIG: ODD.replace(ODD[ODD.index("    <errd") : ODD.index("    <user")], "").encode()}
    assert changes(FILES, other).places == {("safe/service/errd", "")}


def test_checkers_are_listed_with_what_they_ask() -> None:
    shown = editor(FULL)
    assert [row.cells for row in shown.lists.rows(Listing.CHECKERS)][:3] == [
        ("tcp", "web", "127.0.0.1:80", "10s", "5 s", "1 / 1", "default"),
        ("http", "home", "http://localhost/", "10 s", "5 s", "2 / 1", "default"),
        ("tcp", "tls", "127.0.0.1:443", "10 s", "5 s", "1 / 1", "default"),
    ]
    assert shown.lists.chosen(Listing.CHECKERS) == "safe/service/check/tcp"


@pytest.mark.parametrize("number", range(7))
def test_a_checker_of_each_kind_is_added_named_and_taken_away(number: int) -> None:
    shown = editor()
    addition = shown.lists.additions(Listing.CHECKERS)[number]
    shown.lists.add_element(Listing.CHECKERS, addition)
    path = shown.lists.chosen(Listing.CHECKERS)
    kind = addition.elements[0][0]
    assert path == f"safe/service/check/{kind}"
    assert shown.lists.wrong(path), "a new checker says what it needs"
    for state in shown.lists.element_fields(Listing.CHECKERS):
        if state.error:
            shown.set_field(state.path, state.spec.attribute, VALUES[state.spec.attribute])
    if kind == "module":
        shown.set_field(f"{path}/to", "name", "other")
    assert shown.errors == ()
    shown.lists.remove_element(Listing.CHECKERS)
    assert shown.xml == ODD.encode()


def test_the_second_of_its_kind_is_edited_duplicated_and_removed() -> None:
    shown = editor(FULL)
    shown.lists.choose(Listing.CHECKERS, "safe/service/check/tcp[2]")
    shown.set_field("safe/service/check/tcp[2]/to", "port", "x")
    problem = shown.jump()
    assert problem is not None
    assert problem.where == "Checkers, tcp.tls, Port"
    assert shown.tab is Tab.CHECKERS
    assert shown.lists.chosen(Listing.CHECKERS) == "safe/service/check/tcp[2]"
    shown.undo()
    shown.lists.duplicate_element(Listing.CHECKERS)
    assert shown.lists.chosen(Listing.CHECKERS) == "safe/service/check/tcp[3]"
    assert shown.undo_name == "Duplicate tcp.tls"
    assert Document(shown.xml).attribute("safe/service/check/tcp[3]/to", "port") == "443"
    shown.lists.remove_element(Listing.CHECKERS)
    assert shown.xml == FULL.encode()


def test_a_virtual_ip_is_built_from_nothing() -> None:
    shown = editor()
    document = shown.document
    assert document is not None
    words = [addition.words for addition in additions(document, Listing.ADDRESSES, "")]
    assert words == ["Add interface", "Add group"]
    add = {addition.words: addition for addition in shown.lists.additions(Listing.ADDRESSES)}
    shown.lists.add_element(Listing.ADDRESSES, add["Add interface"])
    shown.set_field("safe/service/vip/interface_list/interface/virtual_interface/virtual_addr", "addr", "10.0.0.100")
    shown.lists.add_element(Listing.ADDRESSES, add["Add group"])
    group = shown.lists.chosen(Listing.ADDRESSES)
    shown.set_field(group, "name", "http")
    assert shown.errors == ()
    assert shown.config is not None
    assert shown.config.vip is not None
    inside = {addition.words: addition for addition in shown.lists.additions(Listing.ADDRESSES)}
    shown.lists.add_element(Listing.ADDRESSES, inside["Add host with a power"])
    assert shown.lists.chosen(Listing.ADDRESSES) == f"{group}/cluster/host"
    assert [row.depth for row in shown.lists.rows(Listing.ADDRESSES)] == [0, 1, 2, 0, 1, 1]


def test_the_last_address_takes_its_way_along_and_the_last_interface_everything() -> None:
    shown = editor(FULL)
    rows_before = shown.lists.rows(Listing.ADDRESSES)
    assert title(rows_before[2].path, shown.document) == "address 10.0.0.100"  # type: ignore[arg-type]
    shown.lists.choose(Listing.ADDRESSES, rows_before[2].path)
    shown.lists.remove_element(Listing.ADDRESSES)
    assert [row.cells[0] for row in shown.lists.rows(Listing.ADDRESSES)][:2] == ["Interface", "Group"]


def test_variables_and_macros_are_added_at_their_places() -> None:
    shown = editor(FULL)
    for listing, path in ((Listing.VARIABLES, "safe/service/user/var"), (Listing.MACROS, "safe/macro[2]")):
        shown.lists.add_element(listing, shown.lists.additions(listing)[0])
        assert shown.lists.chosen(listing) == path
        shown.set_field(path, "name", "NEW")
        assert shown.errors == ()
    assert shown.text.index('<macro name="NEW"') < shown.text.index("<service")


def test_rules_are_edited_inside_their_cdata_and_keep_every_other_byte() -> None:
    shown = editor(FULL)
    assert shown.rules_text == RULES
    shown.set_rules(RULES.replace("wait()", "stop()"))
    lines = changed_lines(FULL.encode(), shown.xml)
    assert [line[0] for line in lines] == ["-", "+"]
    assert lines[1].endswith("then stop();\r")
    shown.set_rules(RULES)
    assert shown.xml == FULL.encode()
    shown.set_rules("  own: if (tcp.web == dwn) then stop();")
    problem = shown.errors[0]
    assert problem.tab is Tab.RULES
    assert "column" in problem.text
    shown.set_rules("]]>")
    assert "]]>" in shown.rules_error


def test_rules_begin_where_there_were_none_and_go_with_their_last_word() -> None:
    shown = editor()
    assert shown.rules_text == ""
    shown.set_rules("own: if (proc.one == down) then wait();")
    assert "<failover><![CDATA[own: if (proc.one == down) then wait();]]></failover>" in shown.text
    assert shown.errors == ()
    shown.set_rules(" ")
    assert shown.xml == ODD.encode()


def test_rules_among_comments_are_left_to_the_file() -> None:
    shown = editor(ODD.replace("<unknown", "<failover><!-- why -->own: if (a.b == up) then stop();</failover><unknown"))
    assert shown.rules_text is None
