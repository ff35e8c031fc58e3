"""enrol open and join."""

import json

import pytest

from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.enrolment import Enrolled, EnrolOpened
from tests.cli.conftest import Run
from tests.fakes.agent import FakeAgent

CODE = "7K2QX-00000-11111-ZZZZZ"


@pytest.mark.parametrize(("port", "more"), [(9001, ""), (9002, " --port 9002")])
def test_the_code_and_what_to_do_with_it(run: Run, agent: FakeAgent, port: int, more: str) -> None:
    agent.tell("POST", "/enrol", EnrolOpened(CODE, port, 600.0))
    assert run("enrol", "open") == (
        0,
        f"{CODE}\non the new node, within 10m: keepgreen enrol join ADDRESS {CODE}{more}\n",
        "",
    )
    assert json.loads(run("enrol", "open", "--json").out)["code"] == CODE
    agent.refuse("POST", "/enrol", 409, "port 9001 is used by nginx (pid 812)")
    assert run("enrol", "open") == (75, "", "port 9001 is used by nginx (pid 812)\n")


def test_a_node_without_a_cluster_says_as_whom_it_will_be_known(run: Run, agent: FakeAgent) -> None:
    agent.tell("POST", "/enrol", EnrolOpened(CODE, 9001, 600.0))
    agent.tell("GET", "/cluster", ClusterInfo(False, "srv-17"))
    assert run("enrol", "open").out.splitlines()[2] == (
        "this node is in no cluster, so the new one will know it as srv-17: if cluster.xml is to name it otherwise,"
        " put that in force first (`keepgreen cluster config FILE --as NAME`)"
    )
    assert json.loads(run("enrol", "open", "--json").out)["port"] == 9001


def test_joining(run: Run, agent: FakeAgent) -> None:
    agent.tell("POST", "/enrol/join", Enrolled("node1", "ab" * 32, "node2"))
    said = "this node and node1 know each other; node1 knows it as node2\n"
    assert run("enrol", "join", "10.0.0.1", CODE, "--as", "node2") == (0, said, "")
    assert agent.asked("POST", "/enrol/join")[0].json == {
        "address": "10.0.0.1",
        "code": CODE,
        "port": 9001,
        "name": "node2",
    }
    assert json.loads(run("enrol", "join", "10.0.0.1", CODE, "--json").out)["pin"] == "ab" * 32
    agent.refuse("POST", "/enrol/join", 502, "10.0.0.1:9001 is not open")
    assert run("enrol", "join", "10.0.0.1", CODE) == (69, "", "10.0.0.1:9001 is not open\n")
    assert run("-H", "*", "enrol", "open").err == "enrol open is for this node alone: leave out -H\n"


def test_who_has_enrolled_is_shown(run: Run, agent: FakeAgent) -> None:
    agent.tell("GET", "/cluster", ClusterInfo(False, "node1", known={"node2": "ab" * 32}))
    assert f"node2 has enrolled, its pin is {'ab' * 32}" in run("cluster", "info").out
