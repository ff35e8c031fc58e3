"""Commands that are made alike, each by itself: what reaches the agent, what comes back, and the exit codes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from nodeagent.cli import shim
from nodeagent.cli.exits import MEANINGS, STATE_EXITS, exit_of_http
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.shim_table import TABLE, How
from tests.cli.conftest import Run
from tests.fakes.agent import CLUSTER, FakeAgent


@pytest.mark.covers("keepgreen start", "keepgreen stop", "keepgreen restart", "keepgreen stopstart")
@pytest.mark.covers("keepgreen forcestop")
@pytest.mark.parametrize("action", ["start", "stop", "restart", "stopstart", "forcestop"])
def test_an_action_is_ordered(run: Run, agent: FakeAgent, action: str) -> None:
    agent.tell("POST", "/modules/web/actions", {"accepted": True, "text": f"{action} accepted"})
    assert run(action, "-m", "web", "-i", "watchdog") == (0, f"{action} accepted\n", "")
    (asked,) = agent.asked("POST", "/modules/web/actions")
    assert (asked.json["action"], asked.json["identity"]) == (action, "watchdog")
    assert not asked.json.get("wait")
    agent.refuse("POST", "/modules/web/actions", 409, "the module is stopping")
    assert run(action, "-m", "web") == (75, "", "the module is stopping\n")


@pytest.mark.covers("keepgreen errd", "keepgreen checker", "keepgreen failover")
@pytest.mark.parametrize("name", ["errd", "checker", "failover"])
def test_a_switch_is_set_and_shown(run: Run, agent: FakeAgent, name: str) -> None:
    assert run(name, "off", "-m", "web", "--until", "2h").code == 0
    assert run(name, "on", "-m", "web").code == 0
    asked = [request.json for request in agent.asked("POST", "/modules/web/switches")]
    assert asked[0] == {"switch": name, "on": False, "seconds": 7200.0}
    assert (asked[1]["switch"], asked[1]["on"]) == (name, True)
    assert run(name, "status", "-m", "web").out.endswith("on\n")


@pytest.mark.covers("keepgreen cluster genkey")
def test_the_cluster_key_is_made_once(run: Run, agent: FakeAgent) -> None:
    assert run("cluster", "genkey").code == 0
    assert len(agent.asked("POST", "/cluster/key")) == 1
    agent.refuse("POST", "/cluster/key", 409, "there is a cluster key already")
    assert run("cluster", "genkey") == (75, "", "there is a cluster key already\n")


@pytest.mark.covers("keepgreen cluster info", "keepgreen module list")
def test_what_is_in_force_is_shown(run: Run, agent: FakeAgent) -> None:
    shown = run("cluster", "info").out
    assert "this node  node1" in shown
    assert "signature  c1" in shown
    assert [line.split() for line in shown.splitlines()[-2:]] == [
        ["default", "node1", "127.9.0.1", "ab"],
        ["default", "node2", "127.9.0.2", "not", "known"],
    ]
    agent.tell("GET", "/cluster", ClusterInfo(True, "node1", CLUSTER, "c1", ("node1", "node2")))
    lines = run("cluster", "info").out.splitlines()
    assert [line.split()[3:] for line in lines[-2:]] == [["ab" * 32], ["not", "known"]], "it knows its own"
    agent.tell("GET", "/cluster", {"configured": False, "name": ""})
    assert run("cluster", "info").out.startswith("this node is in no cluster")
    assert run("module", "list").out.splitlines()[1].split()[:5] == ["web", "4", "node1", "node2", "alice"]
    agent.tell("GET", "/modules", [])
    assert run("module", "list").out.startswith("no module is installed")


@pytest.mark.covers("keepgreen resetloop")
def test_the_count_begins_anew(run: Run, agent: FakeAgent) -> None:
    assert run("resetloop", "-m", "web").code == 0
    assert len(agent.asked("DELETE", "/modules/web/loop")) == 1


@pytest.mark.covers("keepgreen logview", "exit 130")
@pytest.mark.skipif(sys.platform == "win32", reason="a signal stands for Ctrl-C")
def test_logview_goes_on_until_ctrl_c(agent: FakeAgent) -> None:
    command = [sys.executable, "-m", "nodeagent", "logview", "-m", "web"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        deadline = time.monotonic() + 60
        while len(agent.asked("GET", "/log")) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert b"web life: started" in out
    assert "after=2" in agent.asked("GET", "/log")[1].path


@pytest.mark.covers("safekit *: same")
@pytest.mark.parametrize("command", [row.command for row in TABLE if row.how is How.SAME])
def test_the_shim_hands_it_on_as_it_is(command: str) -> None:
    handed: list[Sequence[str]] = []

    def dispatch(words: Sequence[str]) -> int:
        handed.append(words)
        return 42

    words = [command, "-m", "web", "-i", "who", "a b"]
    assert shim.run(words, dispatch) == 42
    assert handed == [words]


def test_exit_codes_are_never_taken_for_an_answer() -> None:
    errors = {int(code) for code in MEANINGS} - {0}
    assert min(errors) >= 64
    assert sorted(STATE_EXITS.values()) == [0, 1, 2]
    assert {exit_of_http(status) for status in (400, 401, 404, 409, 422, 502, 503, 500)} <= errors
