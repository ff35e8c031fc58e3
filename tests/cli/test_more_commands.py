"""Orders and questions beside start and stop: classes, boot, counts, waits, files, records."""

import json
import os
import sys
from pathlib import Path

import msgspec
import pytest

from nodeagent.cli.options import LARGEST
from nodeagent.cli.tables import clock
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus, Switches
from tests.cli.conftest import Run
from tests.fakes.agent import CLUSTER, STATUS, WEB, FakeAgent


@pytest.mark.covers("keepgreen errd", "proc@class")
def test_a_class_of_processes(run: Run, agent: FakeAgent) -> None:
    assert run("errd", "enable", "nightly", "-m", "web").out == "the class nightly of web: enabled\n"
    assert run("errd", "disable", "nightly").code == 0
    asked = [request.json for request in agent.asked("POST", "/modules/web/classes")]
    assert asked == [{"name": "nightly", "on": True}, {"name": "nightly", "on": False}]
    assert run("errd", "enable").err == "errd enable wants a class\n"
    assert run("errd", "on", "nightly").code == 64
    assert run("checker", "enable", "nightly").code == 64


@pytest.mark.covers("keepgreen boot")
def test_the_boot_setting(run: Run, agent: FakeAgent) -> None:
    assert run("boot", "on", "-m", "web", "--until", "2h").out == "start of web at boot: off\n"
    assert agent.asked("POST", "/modules/web/boot")[0].json == {"on": True, "seconds": 7200.0}
    agent.tell("GET", "/modules/web/boot", {"on": True, "until": 1_790_000_000.0, "configured": "off"})
    out = run("boot", "status").out
    assert out.startswith("start of web at boot: on until ")
    assert "boot=off, which counts instead" in out
    assert json.loads(run("boot", "status", "--json").out)["configured"] == "off"
    assert run("boot", "status", "--until", "2h").code == 64


@pytest.mark.covers("keepgreen run-without")
def test_run_without(run: Run, agent: FakeAgent) -> None:
    assert run("run-without", "start", "-m", "web").out == "run-without start accepted\n"
    assert agent.asked("POST", "/modules/web/run-without")[0].json == {"start": True}
    agent.refuse("POST", "/modules/web/run-without", 409, "the module is not stopped")
    assert run("run-without", "stop", "-m", "web") == (75, "", "the module is not stopped\n")


@pytest.mark.covers("keepgreen incloop", "keepgreen checkloop")
def test_the_count_of_automatic_actions(run: Run, agent: FakeAgent) -> None:
    assert run("incloop", "-i", "watchdog", "queue", "full").code == 0
    assert agent.asked("POST", "/modules/web/loop")[0].json == {"identity": "watchdog", "text": "queue full"}
    assert run("checkloop").out == "1 automatic action of web in 24 h, 3 allowed\n"
    assert json.loads(run("checkloop", "--json").out)["allowed"] is True


@pytest.mark.covers("keepgreen waitstart", "keepgreen waitstop", "keepgreen waitstate")
def test_waits_end_when_the_module_is_there(run: Run, agent: FakeAgent) -> None:
    assert run("waitstart", "-m", "web").out == "web is UP Ready\n"
    assert run("waitstate", "up", "-m", "web").code == 0
    code, _, err = run("waitstop", "-m", "web", "--timeout", "1ms")
    assert (code, err) == (75, "web is not stopped after 0.001 s, it is UP Ready\n")
    assert run("waitstop", "-m", "web", "--timeout", "0") == (75, "", "web is not stopped after 0 s, it is UP Ready\n")
    stopped = msgspec.structs.replace(WEB, state=State.STOP, status=Status.NOT_READY)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(stopped,)))
    assert json.loads(run("waitstop", "-m", "web", "--json").out)["state"] == "STOP"


def test_a_script_does_not_wait_for_its_own_module(run: Run, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGREEN_RUN", "web/3")
    assert run("waitstart", "-m", "web") == (75, "", "a script of web cannot wait for its own module\n")


@pytest.mark.covers("keepgreen snapshot", "keepgreen module package", "exit 73")
@pytest.mark.parametrize("command", [("snapshot",), ("snapshot", "--anonymise"), ("module", "package")], ids=" ".join)
def test_a_file_is_there_whole_or_not_at_all(run: Run, agent: FakeAgent, home: Path, command: tuple[str, ...]) -> None:
    file = home / "web.zip"
    assert run(*command, "-m", "web", str(file)).code == 0
    assert file.read_bytes() == b"PK" * 200_000
    assert json.loads(run(*command, "-m", "web", str(file), "--json").out)["size"] == 400_000
    for route in ("archive", "snapshot"):
        agent.refuse("GET", f"/modules/web/{route}", 409, "a snapshot of this node is being made")
    other = home / "other.zip"
    assert run(*command, "-m", "web", str(other)).code == 75
    code, _, err = run(*command, "-m", "web", str(home / "no" / "such.zip"))
    assert (code, "cannot be written" in err) == (73, True)
    assert [path.name for path in home.glob("*.zip*")] == ["web.zip"]


@pytest.mark.covers("keepgreen snapshot", "exit 73")
@pytest.mark.skipif(sys.platform == "win32", reason="devices and links of Linux")
def test_what_is_no_file_is_not_put_aside_for_one(run: Run, agent: FakeAgent, home: Path) -> None:
    pipe, link, meant = home / "pipe", home / "link.zip", home / "meant.zip"
    os.mkfifo(pipe)
    link.symlink_to(meant)
    for target in (str(pipe), str(home), "/", ".", "", "x" * 5000, "nul\0"):
        code, out, err = run("snapshot", "-m", "web", target)
        assert (code, out, err.count("\n")) == (73, "", 1), err
        assert "cannot be written" in err
    assert pipe.is_fifo()
    assert run("snapshot", "-m", "web", str(link)).code == 0
    assert link.is_symlink()
    assert meant.read_bytes() == b"PK" * 200_000


def test_a_file_without_end_and_a_directory_of_others_are_refused(run: Run, agent: FakeAgent, home: Path) -> None:
    with (home / "large.xml").open("wb") as large:
        large.truncate(LARGEST + 1)
    code, _, err = run("check", str(home / "large.xml"))
    assert (code, err) == (65, f"{home / 'large.xml'} has more than 64 MiB, which no file of ours has\n")
    (home / "tree" / "conf").mkdir(parents=True)
    (home / "tree" / "bin").mkdir()
    (home / "large.xml").rename(home / "tree" / "bin" / "large")
    assert run("config", "-m", "web", "--from", str(home / "tree")).err.endswith("holds no conf/userconfig.xml\n")
    (home / "tree" / "conf" / "userconfig.xml").write_bytes(b"<safe/>")
    assert run("config", "-m", "web", "--from", str(home / "tree")).code == 65
    code, _, err = run("config", "-m", "web", "--nodes", " , ")
    assert (code, err) == (64, "--nodes ' , ' names no node\n")
    assert agent.asked("POST", "/modules/web/stage") == []


@pytest.mark.covers("keepgreen log", "keepgreen cmdlog")
def test_what_is_looked_for_is_bounded_and_letters_may_come_twice(run: Run, agent: FakeAgent) -> None:
    for command in ("log", "cmdlog"):
        assert run(command, "--text", "x" * 201) == (64, "", "--text looks for at most 200 characters\n")
        assert run(command, "--text", "x" * 200).code == 0
    assert run("log", "--types", "cec" * 9).code == 0
    assert "types=CE&" in agent.asked("GET", "/log")[-1].path


@pytest.mark.covers("keepgreen deconfig", "keepgreen module uninstall")
def test_a_module_leaves(run: Run, agent: FakeAgent) -> None:
    assert run("deconfig", "-m", "web").out.startswith("web is not in force on this node any more")
    assert "backups/web.safe" in run("module", "uninstall", "-m", "web").out
    assert len(agent.asked("DELETE", "/modules/web")) == 1


@pytest.mark.covers("keepgreen cmdlog")
def test_the_audit_log(run: Run, agent: FakeAgent) -> None:
    rows = [line.split() for line in run("cmdlog", "--text", "stop").out.splitlines()]
    assert rows[1][2:] == ["admin", "10.0.0.9", "order", "web", "stop", "ok"]
    assert "text=stop" in agent.asked("GET", "/audit")[0].path


@pytest.mark.covers("keepgreen check")
def test_check_without_an_agent_reads_what_is_in_force(run: Run, home: Path) -> None:
    place = home / "var" / "modules" / "web"
    (place / "rev" / "3" / "conf").mkdir(parents=True)
    (place / "current").write_text("3\n")
    file = place / "rev" / "3" / "conf" / "userconfig.xml"
    file.write_text('<safe><service mode="light"><user/></service></safe>')
    assert run("check", "-m", "web").out == f"{file} is good\n"
    file.write_text('<safe><service mode="light" maxloop="many"><user/></service></safe>')
    assert run("check", "-m", "web").code == 65
    assert run("check", "-m", "none").code == 69
    assert run("check").code == 69


@pytest.mark.covers("keepgreen cluster state")
def test_the_cluster_as_this_node_sees_it(run: Run, agent: FakeAgent) -> None:
    rows = run("cluster", "state").out.splitlines()
    assert rows[1].split() == ["node1", "this", "node", "0.1.0"]
    assert rows[3].startswith("node3")
    assert "silent for 1.0 s" in rows[3]
    assert rows[3].rstrip().endswith("silent for 1.0 s"), "what it had in force is not known any more"
    said = json.loads(run("cluster", "state", "--json").out)
    assert (said["peers"][1]["name"], said["rejected"], said["alarms"]) == ("node3", {}, [])


@pytest.mark.parametrize(
    ("offset", "shown"), [(-0.0004, "+0.000 s"), (0.0, "+0.000 s"), (-0.0006, "-0.001 s"), (1.5, "+1.500 s")]
)
def test_a_clock_that_is_right_is_not_shown_as_late(run: Run, agent: FakeAgent, offset: float, shown: str) -> None:
    peer = msgspec.structs.replace(STATUS.peers[0], clock_offset=offset)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, peers=(peer,)))
    assert shown in run("cluster", "state").out.splitlines()[2]


@pytest.mark.covers("keepgreen state", "keepgreen checker", "keepgreen failover", "keepgreen errd")
def test_what_is_paused_stands_below_the_state(run: Run, agent: FakeAgent) -> None:
    until = 1_790_003_600.0
    paused = msgspec.structs.replace(WEB, switches=Switches(checker=False, checker_until=until, failover=False))
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(paused, WEB)))
    end = clock(until)[:19]
    assert run("state", "-v").out.splitlines()[-2:] == [
        f"node1: the checkers of web: off until {end}",
        "node1: the failover rules of web: off",
    ]
    assert run("checker", "status", "-m", "web").out == f"the checkers of web: off until {end}\n"
    assert " off" not in run("state").out
    installed = ModuleStatus("db", configured=False)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(installed,)))
    shown = run("state", "-v", "-l").out.splitlines()[1]
    assert shown.split() == ["node1", "db", "NOT", "CONFIGURED", "installed,", "not", "in", "force"]
    other = msgspec.structs.replace(paused, name="db")
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(other, WEB)))
    assert " off" not in run("state", "-v", "-m", "web").out


def test_why_a_node_is_not_heard_stands_below_the_nodes(run: Run, agent: FakeAgent) -> None:
    rejected = {"node1 rejects node3: unknown key": 72}
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, rejected=rejected))
    assert run("cluster", "state").out.splitlines()[-1] == (
        "node1 rejects node3: unknown key (72 since the agent began)"
    )
    assert json.loads(run("cluster", "state", "--json").out)["rejected"] == rejected


@pytest.mark.covers("keepgreen cluster deconfig")
def test_leaving_the_cluster(run: Run, agent: FakeAgent) -> None:
    assert run("cluster", "deconfig").out.startswith("node1 is in no cluster any more")


@pytest.mark.covers("keepgreen cluster rotate")
def test_a_rotation_needs_every_node(run: Run, agent: FakeAgent) -> None:
    agent.refuse("GET", "/nodes/node2/cluster", 502, "node2: nothing listens there")
    assert run("cluster", "rotate") == (69, "", "node2: nothing listens there\n")
    wrong = [Problem(Severity.ERROR, "one is wrong", "cluster.xml", 3), Problem(Severity.ERROR, "so is another")]
    agent.refuse("GET", "/nodes/node2/cluster", 422, "refused", *wrong)
    code, _, err = run("cluster", "rotate")
    assert (code, err) == (65, "node2: refused\ncluster.xml:3: error: one is wrong\nerror: so is another\n")


@pytest.mark.covers("keepgreen cluster replace")
def test_only_a_node_of_the_cluster_is_replaced(run: Run, agent: FakeAgent) -> None:
    assert run("cluster", "replace", "node9", "127.0.0.1").err == "the cluster has no node node9; it has node1, node2\n"
    code, _, err = run("cluster", "replace", "node2", "127.9.0.9", "--port", "9", "--pin", "ab" * 32)
    assert code == 69
    assert "127.9.0.9:9" in err
    code, _, err = run("cluster", "replace", "node2", "127.9.0.9", "--pin", "abc")
    assert (code, err) == (64, "--pin 'abc': 64 hex digits are wanted, as `fingerprint` shows them\n")


class TestSeveralNodes:
    """`-H`: the agent passes each request on."""

    @pytest.fixture(autouse=True)
    def _two(self, agent: FakeAgent) -> None:
        for (method, path), answer in list(agent.answers.items()):
            agent.answers[method, f"/nodes/node2{path}"] = answer

    @pytest.mark.covers("keepgreen -H")
    def test_all_of_them(self, run: Run, agent: FakeAgent) -> None:
        agent.tell("POST", "/nodes/node2/modules/web/actions", {"accepted": True, "text": "stop accepted there"})
        assert run("-H", "*", "stop", "-m", "web") == (0, "node1: start accepted\nnode2: stop accepted there\n", "")
        assert len(agent.asked("POST", "/modules/web/actions")) == 1
        assert len(agent.asked("POST", "/nodes/node2/modules/web/actions")) == 1

    @pytest.mark.covers("keepgreen -H")
    def test_each_says_what_went_wrong_and_the_worst_counts(self, run: Run, agent: FakeAgent) -> None:
        agent.refuse("POST", "/nodes/node2/modules/web/actions", 502, "node2: nothing listens on 127.9.0.2:9453")
        code, out, err = run("-H", "node1,node2", "start", "-m", "web")
        assert (code, err) == (69, "")
        assert out == "node1: start accepted\nnode2: nothing listens on 127.9.0.2:9453\n"

    def test_json_has_a_result_per_node(self, run: Run, agent: FakeAgent) -> None:
        agent.refuse("GET", "/nodes/node2/modules/web/why", 404, "no module web is installed on node2")
        said = json.loads(run("-H", "*", "why", "-m", "web", "--json").out)
        assert said["node1"]["answer"]["module"] == "web"
        assert said["node2"] == {"exit": 64, "answer": None, "error": "no module web is installed on node2"}

    def test_tables_and_the_quick_commands(self, run: Run, agent: FakeAgent) -> None:
        lines = run("-H", "node2", "state", "-l").out.splitlines()
        assert (lines[0], lines[1].split()) == ("node2:", ["node", "module", "state", "status"])
        assert run("-H", "node2", "get", "-r", "proc.httpd", "-m", "web").out == "node2: up\n"
        assert run("-H", "node2", "state", "-lq", "-m", "web").code == 2

    @pytest.mark.parametrize("option", ["-Hnode2", "-H=node2"])
    def test_nodes_that_stand_right_behind_the_option_are_not_lost(
        self, run: Run, agent: FakeAgent, option: str
    ) -> None:
        agent.tell("POST", "/nodes/node2/modules/web/actions", {"accepted": True, "text": "stop accepted there"})
        assert run(option, "stop", "-m", "web").out == "node2: stop accepted there\n"
        assert agent.asked("POST", "/modules/web/actions") == []

    def test_a_node_that_does_not_answer_is_not_checked_by_the_files_of_this_one(
        self, run: Run, agent: FakeAgent, home: Path
    ) -> None:
        file = home / "var" / "modules" / "web" / "rev" / "0" / "conf" / "userconfig.xml"
        file.parent.mkdir(parents=True)
        file.write_text("<safe/>")
        agent.refuse("GET", "/nodes/node2/modules/web/files", 502, "node2: nothing listens on 127.9.0.2:9453")
        assert run("-H", "node2", "check", "-m", "web") == (69, "node2: nothing listens on 127.9.0.2:9453\n", "")

    def test_the_configuration_of_the_cluster_is_that_of_the_node(self, run: Run, agent: FakeAgent, home: Path) -> None:
        (home / "c.xml").write_bytes(CLUSTER)
        assert run("-H", "node2", "cluster", "config", str(home / "c.xml")).code == 0
        assert agent.asked("POST", "/nodes/node2/cluster/stage")[0].json["name"] == "node2"

    @pytest.mark.parametrize(
        "words",
        [
            "* service status",
            "* log -f",
            "* log -fn5",
            "* cluster check",
            "* vip probe",
            "node9 state",
            ", state",
            "*",
            "* agent run",
            "* snapshot -m web one.zip",
            "node1,node2 module package -m web one.safe",
            "* -H * state",
            "* -Hnode1 state",
            "* cluster rotate",
            "* cluster replace node2 127.9.0.3",
        ],
    )
    def test_wrong_use_is_one_sentence(self, run: Run, words: str) -> None:
        code, out, err = run("-H", *words.split())
        assert (code, out, err.count("\n")) == (64, "", 1)

    @pytest.mark.covers("safekit -H: translated")
    def test_from_an_existing_script(self, run_safekit: Run) -> None:
        assert run_safekit("-H", "*", "stop", "-m", "web").code == 0


@pytest.mark.parametrize("words", [("snapshot", "-m", "web"), ("module", "package", "-m", "web")])
def test_one_file_is_of_one_node(run: Run, agent: FakeAgent, words: tuple[str, ...]) -> None:
    done = run("-H", "node1,node2", *words, "x.zip")
    assert done.code == 64
    assert done.err == f"{' '.join(words[:-2])} writes one file: name one node with -H\n"
