import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from nodeagent.contract.api import LogPage, ModuleInfo, OrderAnswer, StageCluster, Staged, StageModule
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.states import State
from tests.cli.conftest import Run
from tests.fakes.agent import CLUSTER, STATUS, WEB, FakeAgent

BAD = Problem(Severity.ERROR, "maxloop must be a number", "userconfig.xml", 3, "safe/service/@maxloop")


@pytest.mark.covers("keepgreen state", "exit 0")
def test_state_shows_this_node_and_what_the_others_say(run: Run, agent: FakeAgent) -> None:
    code, out, _ = run("state", "-v")
    rows = [line.split() for line in out.splitlines()]
    assert code == 0
    assert rows[0] == ["node", "module", "state", "status", "share", "since", "by", "why"]
    assert rows[1] == ["node1", "web", "UP", "✔", "Ready", "50", "%", "(load", "balancer)", "2h", "5m", "ago", "alice"]
    assert rows[2] == ["node2", "web", "WAIT", "↻", "Transient"]
    assert rows[3] == ["node3", "lost", "?", "unknown", "1m", "5s", "ago", "silent", "for", "1.0", "s"]
    assert run("state", "-l", "-m", "web").out.splitlines()[1].split() == ["node1", "web", "UP", "✔", "Ready"]


@pytest.mark.covers("exit 0 of state -q", "exit 1 of state -q", "exit 2 of state -q")
@pytest.mark.parametrize(("state", "code"), [(State.STOP, 0), (State.WAIT, 1), (State.UP, 2)])
def test_state_lq_says_it_by_exit_code(run: Run, agent: FakeAgent, state: State, code: int) -> None:
    module = msgspec.structs.replace(WEB, state=state)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(module,)))
    assert run("state", "-m", "web", "-lq") == (code, "", "")


def test_a_node_that_lives_without_the_module_is_not_unknown(run: Run, agent: FakeAgent) -> None:
    peers = tuple(msgspec.structs.replace(peer, modules=()) for peer in STATUS.peers)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, peers=peers))
    assert "not in force there" in run("state", "-m", "web").out.splitlines()[2]
    assert run("state").out.splitlines()[2].split() == ["node2", "no", "module"]
    assert run("state").out.splitlines()[3].split() == ["node3", "lost", "?", "unknown"]


def test_a_module_that_was_never_applied(run: Run, agent: FakeAgent) -> None:
    module = msgspec.structs.replace(WEB, configured=False)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(module,), alarms=("two nodes are node1",)))
    out = run("state").out
    assert "NOT CONFIGURED" in out
    assert "installed, not in force" in out
    assert "alarm: two nodes are node1" in out


@pytest.mark.parametrize(
    "args",
    [("state",), ("why",), ("log",), ("cluster", "info"), ("module", "list"), ("fingerprint",), ("level",), ("start",),
     ("cluster", "genkey"), ("errd", "status"), ("errd", "off", "--until", "2h"), ("config",), ("check",)],
    ids=" ".join,
)  # fmt: skip
def test_json_everywhere(run: Run, agent: FakeAgent, args: tuple[str, ...]) -> None:
    code, out, _ = run(*args, "--json")
    assert code == 0
    for document in out.splitlines() if args == ("log",) else [out]:
        assert json.loads(document) is not None


@pytest.mark.covers("keepgreen why")
def test_why_is_the_sentence_and_its_chain(run: Run, agent: FakeAgent) -> None:
    lines = run("why", "-m", "web").out.splitlines()
    assert lines[0] == "STOP since 03:12:04: 4th restart in 24 h"
    assert lines[1].endswith("errd: httpd is gone → restart")
    assert [line.strip() for line in lines[2:]] == ["pid 4711", "userlog_x.ulog:3"]


def test_an_action_says_what_the_agent_says(run: Run, agent: FakeAgent) -> None:
    assert run("start", "-m", "web") == (0, "start accepted\n", "")
    assert run("restart", "-m", "web", "--wait") == (0, "web is UP Ready\n", "")
    assert agent.asked("POST", "/modules/web/actions")[1].json["wait"] > 0


@pytest.mark.covers("exit 75")
@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (OrderAnswer(False, "start_both runs"), "start_both runs"),
        (OrderAnswer(True, "accepted", False, "WAIT", "Transient"), "the start of web has not ended"),
        (OrderAnswer(True, "accepted", True, "STOP", "NotReady"), "web ended in STOP NotReady: STOP since 03:12:04"),
    ],
)
def test_an_action_that_did_not_get_there_is_75(run: Run, agent: FakeAgent, answer: OrderAnswer, sentence: str) -> None:
    agent.tell("POST", "/modules/web/actions", answer)
    code, _, err = run("start", "-m", "web", "--wait")
    assert code == 75
    assert err.startswith(sentence)


@pytest.mark.covers("exit 77", "exit 64", "exit 75", "exit 70")
@pytest.mark.parametrize(("status", "code"), [(403, 77), (404, 64), (409, 75), (500, 70)])
def test_a_refusal_of_the_agent_is_its_sentence(run: Run, agent: FakeAgent, status: int, code: int) -> None:
    agent.refuse("POST", "/modules/web/actions", status, "not inside its own script")
    assert run("stop", "-m", "web") == (code, "", "not inside its own script\n")


def test_an_answer_of_another_version_is_one_sentence(run: Run, agent: FakeAgent) -> None:
    agent.answers["GET", "/status"] = (200, b'{"node": 3}')
    code, out, err = run("state")
    assert (code, out, err.count("\n")) == (70, "", 1)
    assert "one version" in err


@pytest.mark.covers("keepgreen log")
def test_log_asks_for_the_last_lines_and_never_drives_the_terminal(run: Run, agent: FakeAgent) -> None:
    out = run("log", "-m", "web", "-n", "2", "--types", "ce", "--text", "a&b").out
    assert "I node1 web life: started" in out
    assert "\x1b" not in out
    query = agent.asked("GET", "/log")[0].path.split("?")[1].split("&")
    assert sorted(query) == ["limit=2", "module=web", "newest=1", "text=a%26b", "types=CE"]
    assert run("log", "--types", "XY").code == 64


def test_a_log_that_nothing_can_come_into_is_not_waited_for(run: Run, agent: FakeAgent) -> None:
    agent.tell("GET", "/log", LogPage((), 0))
    assert run("log", "-m", "web") == (0, "", "")
    for command in ("log", "logview"):
        assert run(command, "-m", "wbe") == (64, "", "no module wbe is installed on node1\n")


def test_switches(run: Run, agent: FakeAgent) -> None:
    assert run("checker", "off", "-m", "web", "--until", "1h30m").out == "the checkers of web: off for 1h 30m\n"
    assert agent.asked("POST", "/modules/web/switches")[0].json == {"switch": "checker", "on": False, "seconds": 5400.0}
    assert run("checker", "status").out == "the checkers of web: on\n"
    assert run("checker", "on", "--until", "2h").code == 64
    assert run("checker", "off", "--until", "soon").err.startswith("--until: 'soon' must be a duration")
    for command in ("checker", "boot"):
        over = "--until: '0' is over at once: a longer time is wanted, e.g. 2h\n"
        assert run(command, "off", "-m", "web", "--until", "0") == (64, "", over)


@pytest.mark.covers("keepgreen cluster check", "exit 65")
def test_cluster_check_needs_no_agent(run: Run, home: Path) -> None:
    good, bad = home / "good.xml", home / "bad.xml"
    good.write_bytes(CLUSTER)
    bad.write_bytes(CLUSTER.replace(b"127.9.0.2", b"127.9.0.1"))
    assert run("cluster", "check", str(good)).code == 0
    code, out, _ = run("cluster", "check", str(bad))
    assert code == 65
    assert f"{bad}:2: error" in out
    assert json.loads(run("cluster", "check", str(bad), "--json").out)["ok"] is False
    assert run("cluster", "check", str(home / "none.xml")).code == 65
    assert run("cluster", "check") == (75, "", "this node is in no cluster: name the FILE to check\n")
    (home / "var" / "cluster" / "rev" / "2").mkdir(parents=True)
    (home / "var" / "cluster" / "rev" / "2" / "cluster.xml").write_bytes(CLUSTER)
    (home / "var" / "cluster" / "node.json").write_text('{"revision": 2}')
    assert run("cluster", "check").code == 0


@pytest.mark.covers("keepgreen cluster config")
def test_cluster_config_stages_and_commits_as_the_node_that_is_named(run: Run, agent: FakeAgent, home: Path) -> None:
    file = home / "cluster.xml"
    file.write_bytes(CLUSTER)
    code, _, err = run("cluster", "config", str(file))
    assert code == 64
    assert "say which one it is with --as (node1, node2)" in err
    assert run("cluster", "config", str(file), "--as", "node9").code == 64
    assert run("cluster", "config", str(file), "--as", "node2").out == "this node is node2 of node1, node2\n"
    staged = msgspec.json.decode(agent.asked("POST", "/cluster/stage")[0].body, type=StageCluster)
    assert (staged.xml, staged.name) == (CLUSTER, "node2")
    assert agent.asked("POST", "/cluster/commit")[0].json["signature"] == "c2"


def test_cluster_config_brings_the_key_and_the_pins(run: Run, agent: FakeAgent, home: Path) -> None:
    file, key = home / "cluster.xml", home / "key.json"
    file.write_bytes(CLUSTER)
    key.write_text(run("cluster", "genkey", "--json").out)
    pin = "cd" * 32
    args = ("cluster", "config", str(file), "--as", "node2", "--key", str(key), "--pin", f"node2={pin.upper()}")
    assert run(*args).code == 0
    staged = msgspec.json.decode(agent.asked("POST", "/cluster/stage")[0].body, type=StageCluster)
    assert (staged.keys, staged.pins) == ((b"k" * 32,), {"node1": "ab", "node2": pin})
    for wrong in ("node9=" + pin, "node2=short", "node2", f"node2={'x' * 64}"):
        assert run("cluster", "config", str(file), "--as", "node2", "--pin", wrong).code == 64
    key.write_text("{}")
    assert run(*args).code == 65


def test_cluster_config_finds_its_own_address(run: Run, agent: FakeAgent, home: Path) -> None:
    file = home / "cluster.xml"
    file.write_bytes(CLUSTER.replace(b"127.9.0.2", b"127.0.0.1"))
    assert run("cluster", "config", str(file)).code == 0
    assert agent.asked("POST", "/cluster/stage")[0].json["name"] == "node2"


@pytest.mark.covers("exit 65")
def test_a_refused_configuration_names_the_problems_and_is_not_committed(run: Run, agent: FakeAgent) -> None:
    agent.tell("POST", "/modules/web/stage", Staged(False, "", (BAD,)))
    code, out, _ = run("config", "-m", "web")
    assert code == 65
    assert "userconfig.xml:3: error: safe/service/@maxloop: maxloop must be a number" in out
    assert agent.asked("POST", "/modules/web/commit") == []


@pytest.mark.covers("keepgreen config")
def test_config_takes_the_installed_files_or_those_of_a_directory(run: Run, agent: FakeAgent, home: Path) -> None:
    assert run("config").code == 0
    first = msgspec.json.decode(agent.asked("POST", "/modules/web/stage")[0].body, type=StageModule)
    assert first.files == {"conf/userconfig.xml": b"<safe/>", "bin/start_both": b"true\n"}
    assert first.nodes == ("node1", "node2")
    (home / "new" / "conf").mkdir(parents=True)
    (home / "new" / "conf" / "userconfig.xml").write_bytes(b"<safe />")
    assert run("config", "--nodes", "node2", "--from", str(home / "new")).code == 0
    second = msgspec.json.decode(agent.asked("POST", "/modules/web/stage")[1].body, type=StageModule)
    assert second.files == {"conf/userconfig.xml": b"<safe />"}
    assert second.nodes == ("node2",)
    assert run("config", "--from", str(home)).code == 65
    assert run("config", "--from", "") == (64, "", "--from '' names no directory\n")


@pytest.mark.covers("keepgreen module install")
def test_install_takes_the_name_of_the_file_and_names_unknown_calls(run: Run, agent: FakeAgent, home: Path) -> None:
    (home / "web.safe").write_bytes(b"PK whatever")
    unknown = Problem(Severity.WARNING, "this version does not know `safekit wibble`: it exits 64", "bin/start_both", 1)
    agent.tell("PUT", "/modules/web", ModuleInfo("web", False, 0, problems=(unknown,)))
    code, out, _ = run("module", "install", str(home / "web.safe"))
    assert code == 0
    assert out.splitlines()[0] == "web is installed; `keepgreen config -m web` puts it in force"
    assert "bin/start_both:1: warning: this version does not know `safekit wibble`" in out
    assert agent.asked("PUT", "/modules/web")[0].body == b"PK whatever"


@pytest.mark.covers("keepgreen check")
def test_check_of_a_file_needs_no_agent(run: Run, home: Path) -> None:
    file = home / "userconfig.xml"
    file.write_text('<safe><service mode="light"><user/></service></safe>')
    assert run("check", str(file)).code == 0
    file.write_text('<safe><service mode="light" maxloop="many"><user/></service></safe>')
    code, out, _ = run("check", str(file))
    assert code == 65
    assert "maxloop" in out


@pytest.mark.covers("keepgreen check", "exit 65")
def test_check_names_every_mistake_of_a_file_that_is_no_xml(run: Run, home: Path) -> None:
    file = home / "userconfig.xml"
    file.write_text('<safe>\n<service mode="light" maxloop=3>\n<user/>&\n<health rounds="many"/></service></safe>')
    assert run("check", str(file)) == (
        65,
        f'{file}:2: error: column 31: there is a missing quote: maxloop="…" is how a value is written\n'
        f"{file}:3: error: column 8: there is an & that should be &amp;\n"
        f'{file}:4: error: safe/service/health/@rounds: rounds="many" must be a whole number from 0 to 1000\n'
        f"{file}: 3 errors\n",
        "",
    )


@pytest.mark.covers("keepgreen check")
def test_check_of_a_file_looks_at_the_whole_cluster_in_force(run: Run, home: Path) -> None:
    """Lans and nodes, and the detection window and the addresses of the machines too."""
    cluster = home / "var" / "cluster" / "rev" / "0" / "cluster.xml"
    file = home / "userconfig.xml"
    file.write_text('<safe><service mode="farm"><farm pulse="1ms"><lan name="default"/></farm></service></safe>')
    assert run("check", str(file)).code == 0
    cluster.parent.mkdir(parents=True, exist_ok=True)
    cluster.write_text('<cluster><lans><lan name="default"><node name="n1" addr="10.0.0.1"/></lan></lans></cluster>')
    code, out, _ = run("check", str(file))
    assert code == 65
    assert "this module would lose a node after 0.01 s of silence, the cluster after 1 s" in out


@pytest.mark.covers("keepgreen passwd")
def test_passwd_never_echoes(agent: FakeAgent) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", "passwd", "--stdin"],
        input="swordfish\n", check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("the password of admin is set\n", "")
    assert agent.asked("POST", "/users/admin/password")[0].json == {"password": "swordfish"}


@pytest.mark.covers("keepgreen passwd", "exit 65")
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (b"\n", "a password has 8 to 256 characters"),
        (b"seven77\n", "a password has 8 to 256 characters"),
        (b"x" * 257, "a password has 8 to 256 characters"),
        (b"sword\xfffish\n", "the standard input is not UTF-8 text"),
    ],
)
def test_a_password_that_is_not_taken(agent: FakeAgent, typed: bytes, sentence: str) -> None:
    command = [sys.executable, "-m", "nodeagent", "passwd", "--stdin"]
    done = subprocess.run(command, input=typed, check=False, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr.decode()) == (65, f"{sentence}{os.linesep}")
    assert agent.asked("POST", "/users/admin/password") == []


@pytest.mark.covers("keepgreen level", "keepgreen fingerprint")
def test_level_and_fingerprint(run: Run, agent: FakeAgent) -> None:
    assert "agent 0.1.0" in run("level").out
    out = run("fingerprint").out
    assert "one two three four five six" in out
    assert "ab" * 32 in out


@pytest.mark.covers("exit 69")
@pytest.mark.parametrize(
    "args",
    [("state",), ("why", "-m", "web"), ("log",), ("cluster", "info"), ("module", "list"), ("start", "-m", "web"),
     ("fingerprint",), ("errd", "on", "-m", "web"), ("config", "-m", "web")],
    ids=" ".join,
)  # fmt: skip
def test_without_an_agent_every_command_says_so(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out, err.count("\n")) == (69, "", 1)
    assert "(start it with `keepgreen agent run`)" in err


def test_level_works_without_an_agent(run: Run) -> None:
    assert run("level").code == 0
