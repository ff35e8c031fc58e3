"""The doctor's judgements by table, and the command with an agent that answers and one that does not."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nodeagent.cli.doctor.facts import Machine, Peer, Place, Seen
from nodeagent.cli.doctor.finding import Finding, Health
from nodeagent.cli.doctor.judgement import judged
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.status import LanStatus, Listener, NodeStatus, PeerStatus
from nodeagent.host.rights import Guarded
from tests.cli.conftest import Run
from tests.fakes.agent import FakeAgent
from tests.fakes.rights import open_to_all

MACHINE = Machine(
    system="linux",
    installed=True,
    running=True,
    settings=(),
    guarded=(Guarded("/v/tls/key.pem", True), Guarded("/v", False)),
    free=10_000_000_000,
    total=20_000_000_000,
    unwritable="",
    addresses=frozenset({"10.0.0.1", "127.0.0.1"}),
    var="/v",
    safe="/s",
)
STATUS = NodeStatus(
    "node1", "u1", "0.1.0", 1, 0.0, "b", 0.0, listeners=(Listener("API port", "0.0.0.0", 9453, open=True),)
)
SEEN_PEER = PeerStatus("node2", True, 0.0, lans=(LanStatus("default", "10.0.0.2", True, 0.0),), version="0.1.0")
WAY = Place("API", "10.0.0.2", 9453, Reached(True, "", 0.001, "10.0.0.1", 1500))
BACK = Place("API", "10.0.0.1", 9453, Reached(True, "", 0.001, "10.0.0.2", 1500))
PEER = Peer(SEEN_PEER, ("10.0.0.2",), ("10.0.0.2",), (WAY,), (BACK,), "", "u2", True, True)
ALL_WELL = Seen(MACHINE, STATUS, "", ("10.0.0.1",), (PEER,))


def machine(**changes: Any) -> Seen:
    return replace(ALL_WELL, machine=replace(MACHINE, **changes))


def status(**changes: Any) -> Seen:
    return replace(ALL_WELL, status=msgspec.structs.replace(STATUS, **changes))


def peer(**changes: Any) -> Seen:
    return replace(ALL_WELL, peers=(replace(PEER, **changes),))


def seen_peer(**changes: Any) -> Seen:
    return peer(seen=msgspec.structs.replace(SEEN_PEER, **changes))


def unwell(seen: Seen) -> list[Finding]:
    return [finding for finding in judged(seen) if finding.health is not Health.GOOD]


def test_nothing_is_said_of_what_is_well() -> None:
    assert unwell(ALL_WELL) == []


@pytest.mark.parametrize(
    ("seen", "health", "about", "text"),
    [
        (replace(ALL_WELL, status=None, no_answer="no agent answers", peers=()), "bad", "agent", "no agent answers"),
        (machine(installed=None), "note", "service", "did not say"),
        (machine(installed=False), "warning", "service", "not installed"),
        (machine(running=False), "bad", "service", "does not run"),
        (machine(settings=(Problem(Severity.ERROR, "no port", "a.toml", 3),)), "bad", "agent.toml", "a.toml:3"),
        (machine(settings=(Problem(Severity.WARNING, "odd", "a.toml"),)), "warning", "agent.toml", "odd"),
        (machine(unwritable="Read-only file system"), "bad", "disk", "Read-only"),
        (machine(made=False), "note", "disk", "no agent has run with this home"),
        (machine(shut=True), "note", "disk", "this user may not write in /v"),
        (machine(free=10_000_000), "bad", "disk", "10 MB"),
        (machine(free=100_000_000), "warning", "disk", "100 MB"),
        (
            machine(guarded=(Guarded("/v/k", True, "mode 640", "chmod 600 /v/k"),)),
            "bad",
            "secrets",
            "/v/k can be read by others (mode 640)",
        ),
        (
            machine(guarded=(Guarded("/v", False, "mode 777", "chmod go-w /v"),)),
            "bad",
            "files",
            "/v can be changed by others (mode 777)",
        ),
        (machine(elsewhere="it starts `/srv/kg/keepgreen`"), "warning", "service", "/srv/kg"),
        (machine(system="win32"), "note", "antivirus", "virus scanner"),
        (machine(addresses=frozenset()), "bad", "address", "10.0.0.1 of cluster.xml is on no interface"),
        (
            status(listeners=(Listener("health port", "", 9010, False, "9010 is used by nginx (pid 8)"),)),
            "bad",
            "health port",
            "nginx",
        ),
        (status(alarms=("two nodes are node1",)), "bad", "alarm", "two nodes"),
        (seen_peer(alive=False, reason="never heard"), "bad", "node node2", "no heartbeat: never heard"),
        (
            seen_peer(lans=(*SEEN_PEER.lans, LanStatus("second", "10.1.0.2", False, 0.0))),
            "warning",
            "node node2",
            "not heard on second (10.1.0.2)",
        ),
        (peer(hears_us=False), "bad", "node node2", "does not hear this node"),
        (peer(from_here=(replace(WAY, reached=Reached(False, "refused")),)), "bad", "node node2", "from here: refused"),
        (peer(from_there=(replace(BACK, reached=Reached(False, "late")),)), "bad", "node node2", "from there: late"),
        (peer(unreached="node2: nothing listens"), "warning", "node node2", "could not be asked"),
        (
            peer(from_there=(replace(BACK, reached=Reached(True, mtu=9000)),)),
            "warning",
            "node node2",
            "1500 here, 9000 there",
        ),
        (peer(path_mtu=False), "warning", "node node2", "do not get there"),
        (peer(names=("192.0.2.9",)), "warning", "node node2", "its name is 192.0.2.9 here"),
        (peer(names=()), "note", "node node2", "its name has no address here"),
        (seen_peer(clock_offset=-70.0), "warning", "node node2", "-70.0 s"),
        (peer(uuid="u1"), "bad", "node node2", "its disk is a copy"),
        (seen_peer(same_configuration=False), "bad", "node node2", "another configuration"),
        (seen_peer(version="0.2.0"), "warning", "versions", "0.1.0, 0.2.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_fault_is_one_finding_with_advice(seen: Seen, health: str, about: str, text: str) -> None:
    found = unwell(seen)
    assert [(one.health, one.about) for one in found] == [(health, about)]
    assert text in found[0].text
    assert found[0].advice or health == "note"


def test_a_node_that_is_rejected_is_told_why() -> None:
    """Only of the node that is meant, and only while it is not heard: the counts are from the agent's begin on."""
    rejected = {"node1 rejects node2: unknown key": 72, "node1 rejects node9: replay": 1}
    well = status(rejected=rejected)
    assert unwell(well) == []
    (found,) = unwell(replace(seen_peer(alive=False, reason="never heard"), status=well.status))
    assert found.text == "no heartbeat: never heard; node1 rejects node2: unknown key"


@pytest.mark.covers("keepgreen doctor")
def test_without_an_agent_the_rest_is_looked_at_all_the_same(run: Run, home: Path) -> None:
    (home / "var" / "tls").mkdir(parents=True)
    key = home / "var" / "tls" / "key.pem"
    key.write_text("secret")
    open_to_all(key)
    (home / "var" / "agent.toml").write_text("[listen]\napi_port = 0\n")
    code, out, _ = run("doctor", "--json")
    said = json.loads(out)
    assert (code, said["ok"]) == (1, False)
    about = {finding["about"] for finding in said["findings"] if finding["health"] == "bad"}
    assert about & {"agent", "agent.toml", "secrets"} == {"agent", "agent.toml", "secrets"}
    shown = run("doctor", "-a").out
    assert ("icacls" if sys.platform == "win32" else "chmod 600") in shown
    assert "secrets" in shown
    assert "looks were good" in shown


def test_the_secrets_that_agent_toml_names_are_looked_at(run: Run, home: Path) -> None:
    var = home / "var"
    var.mkdir()
    (var / "agent.toml").write_text('[webhook]\nurl = "https://hooks.example/x"\nsecret_file = "hook.secret"\n')
    (var / "hook.secret").write_text("secret")
    open_to_all(var / "hook.secret")
    findings = json.loads(run("doctor", "--json").out)["findings"]
    (text,) = (one["text"] for one in findings if one["about"] == "secrets")
    assert text.startswith(f"{var / 'hook.secret'} can be read by others")


def test_an_agent_outside_a_cluster(run: Run, agent: FakeAgent) -> None:
    agent.tell("GET", "/cluster", {"configured": False, "name": "node1"})
    said = json.loads(run("doctor", "--json").out)
    assert {"about": "agent", "health": "good", "text": "version 0.1.0 answers as node1", "advice": ""} in said[
        "findings"
    ]


def test_an_agent_that_is_off_is_to_be_started_not_its_firewall_opened() -> None:
    refused = Reached(False, "refused: nothing listens there", cause="refused")
    gone = msgspec.structs.replace(SEEN_PEER, alive=False, reason="said goodbye")
    found = unwell(peer(seen=gone, from_here=(replace(WAY, reached=refused),), unreached="nothing listens there"))
    assert len(found) == 3
    assert all("start" in finding.advice and "open" not in finding.advice for finding in found), found
    silent = Reached(False, "no answer within 3 s", cause="silence")
    found = unwell(peer(seen=gone, from_here=(replace(WAY, reached=silent),), unreached="no answer"))
    assert all("open" in finding.advice for finding in found), found


@pytest.mark.parametrize(
    ("installed", "running", "system", "advice"),
    [
        (False, False, "linux", "`keepgreen service install`, or `keepgreen agent run`"),
        (True, False, "linux", "`systemctl start keepgreen`"),
        (True, False, "win32", "`net start keepgreen`"),
        (True, True, "linux", "its service runs: look into `journalctl -u keepgreen`, then restart the service"),
        (True, True, "win32", "its service runs: look into the Event Viewer, then restart the service"),
    ],
)
def test_how_an_agent_that_is_silent_is_started(installed: bool, running: bool, system: str, advice: str) -> None:
    here = replace(MACHINE, installed=installed, running=running, system=system)
    silent = replace(ALL_WELL, machine=here, status=None, no_answer="no agent answers", peers=())
    (finding,) = (one for one in judged(silent) if one.about == "agent")
    assert advice in finding.advice


def test_what_is_shut_to_this_user_is_no_fault_of_the_agent() -> None:
    unread = Problem(Severity.ERROR, "it cannot be read: Permission denied", "agent.toml")
    found = unwell(machine(shut=True, settings=(unread, Problem(Severity.ERROR, "no port", "agent.toml", 3))))
    assert [(one.health, one.about) for one in found] == [
        ("note", "agent.toml"),
        ("bad", "agent.toml"),
        ("note", "disk"),
    ]
    assert found[0].advice == found[2].advice == "run `keepgreen doctor` as root or as an administrator"
    (unread_here,) = unwell(machine(settings=(unread,)))
    assert (unread_here.health, unread_here.advice) == ("bad", "put it right, then restart the agent")


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ("9010 is used by nginx (pid 8)", "end that program, or give the agent another port in agent.toml"),
        (
            "9010 waits for the address 10.9.9.9, which this machine does not have",
            "correct the address, or give the agent another port in agent.toml",
        ),
    ],
)
def test_a_port_that_nobody_has_taken_is_not_to_be_freed(problem: str, advice: str) -> None:
    (finding,) = unwell(status(listeners=(Listener("health port", "", 9010, False, problem),)))
    assert finding.advice == advice


def test_a_node_without_a_way_to_it_is_not_the_matter_of_a_firewall() -> None:
    nowhere = Reached(False, "no route to host", cause="no way")
    (finding,) = unwell(peer(from_here=(replace(WAY, reached=nowhere),)))
    assert finding.advice == "look at the cable, the route and the address"


def test_an_agent_that_takes_connections_and_says_nothing_is_looked_at_first() -> None:
    lost = msgspec.structs.replace(SEEN_PEER, alive=False, reason="silent for 9 s")
    found = unwell(peer(seen=lost, from_there=(), unreached="node2: 10.0.0.2:9453 did not answer in time"))
    assert [finding.advice.partition(" ")[0] for finding in found] == ["look", "look"]
    assert all("hangs" in finding.advice for finding in found)


def test_a_way_that_cannot_be_tried_leaves_the_rest_of_the_report(run: Run, agent: FakeAgent) -> None:
    agent.refuse("POST", "/connectivity", 503, "the agent is ending")
    code, out, err = run("doctor", "--json")
    assert (code in (0, 1), err) == (True, "")
    texts = [finding["text"] for finding in json.loads(out)["findings"]]
    assert "it could not be asked: the agent is ending" in texts


def test_a_home_that_is_a_file(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "file"
    file.write_text("")
    monkeypatch.setenv("KEEPGREEN_HOME", str(file))
    findings = json.loads(run("doctor", "--json").out)["findings"]
    (disk,) = (one for one in findings if one["about"] == "disk")
    assert disk["health"] == "bad"
    assert disk["text"].endswith(f"cannot be written: {file} is no directory")


def test_a_home_where_no_agent_has_run(run: Run, home: Path) -> None:
    findings = json.loads(run("doctor", "--json").out)["findings"]
    assert [one["health"] for one in findings if one["about"] == "disk"] == ["note", "good"]


def test_who_may_not_ask_the_agent_is_not_told_to_start_it() -> None:
    closed = replace(ALL_WELL, status=None, no_answer="you may not speak to the agent", peers=(), not_allowed=True)
    (finding,) = (one for one in unwell(closed) if one.about == "agent")
    assert finding.advice == "run `keepgreen doctor` as root or as an administrator"
