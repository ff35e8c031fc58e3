"""cluster.xml as a table: what an edit does not mean stays byte for byte."""

import pytest

from app.viewmodels import cluster_form as edits
from app.viewmodels.cluster_form import EMPTY, cell_of, form_of
from nodeagent.contract.cluster_xml import read_cluster

FILE = b"""<?xml version="1.0"?>
<!-- plant 7, do not touch -->
<cluster>
\t<lans pulse='200ms' colour="blue">
\t\t<lan name="private"><node name="node1" addr="192.168.10.1"/></lan>
\t\t<lan name="default" command="on" console="on">
\t\t\t<node name="node1" addr="10.0.0.107" /> <!-- rack 1 -->
\t\t\t<node name="node2" addr="10.0.0.108"/>
\t\t</lan>
\t</lans>
</cluster>
"""


def test_rows_follow_the_command_lan_and_find_a_node_by_name_on_the_others() -> None:
    form = form_of(FILE)
    assert [lan.name for lan in form.lans] == ["private", "default"]
    assert form.base == 1
    assert [(node.name, [cell.text for cell in node.cells]) for node in form.nodes] == [
        ("node1", ["192.168.10.1", "10.0.0.107"]),
        ("node2", ["", "10.0.0.108"]),
    ]
    assert (form.port, form.pulse, form.slost_count) == ("4800", "200ms", "10")


def test_an_address_changes_and_every_other_byte_stays() -> None:
    assert edits.addressed(FILE, 0, 1, "10.0.0.7") == FILE.replace(b"10.0.0.107", b"10.0.0.7")


def test_a_rename_goes_through_all_lans() -> None:
    assert edits.renamed(FILE, 0, "web1") == FILE.replace(b'name="node1"', b'name="web1"')


def test_a_node_that_is_not_on_a_lan_is_put_there_and_taken_off() -> None:
    there = edits.addressed(FILE, 1, 0, "192.168.10.2")
    assert form_of(there).nodes[1].cells[0].text == "192.168.10.2"
    assert edits.addressed(there, 1, 0, "") == FILE


def test_a_node_comes_and_goes_without_a_trace() -> None:
    more = edits.with_node(FILE, "node3", "10.0.0.109")
    assert [node.name for node in form_of(more).nodes] == ["node1", "node2", "node3"]
    assert b"rack 1" in more
    assert edits.without_node(more, 2) == FILE


def test_a_lan_comes_with_every_node_and_goes_without_a_trace() -> None:
    more = edits.with_lan(FILE, "third")
    assert [cell.text for cell in (node.cells[2] for node in form_of(more).nodes)] == ["", ""]
    assert edits.without_lan(more, 2) == FILE


def test_the_window_is_count_times_pulse_and_one_pulse_more_at_most() -> None:
    assert form_of(EMPTY).window == pytest.approx((1.0, 1.1))
    assert form_of(FILE).window == pytest.approx((2.0, 2.2))
    assert form_of(edits.timed(EMPTY, "pulse", "soon")).window is None


def test_a_default_that_is_not_written_stays_unwritten() -> None:
    assert edits.timed(FILE, "port", "4800") == FILE
    assert b"port='4900'" in edits.timed(FILE, "port", "4900").replace(b'"', b"'")


def test_a_problem_finds_its_field() -> None:
    wrong = edits.addressed(FILE, 1, 1, "10.0.0.107")
    _, problems = read_cluster(wrong)
    errors = [problem for problem in problems if problem.severity == "error"]
    assert [cell_of(form_of(wrong), problem) for problem in errors] == [(1, 1)]
    _, problems = read_cluster(edits.renamed(FILE, 0, "no de"))
    assert (0, -1) in {cell_of(form_of(FILE), problem) for problem in problems}


def test_two_nodes_of_one_name_stay_two_rows() -> None:
    twice = edits.renamed(FILE, 1, "node1")
    assert [node.cells[1].text for node in form_of(twice).nodes] == ["10.0.0.107", "10.0.0.108"]


def test_a_new_name_is_the_first_free_one() -> None:
    assert edits.free_name(["node1", "Node2", "web"], "node") == "node3"
    assert edits.free_name([], "node") == "node1"


def test_a_new_file_accepts_nodes() -> None:
    data = edits.with_node(edits.with_node(EMPTY, "a", "10.0.0.1"), "b", "10.0.0.2")
    config, _ = read_cluster(data)
    assert config is not None
    assert config.nodes == ("a", "b")
