import subprocess
import sys
from pathlib import Path

import msgspec
import psutil
import pytest

from nodeagent.cli import shim
from nodeagent.cli.exits import CommandFailed
from nodeagent.cli.main import keepgreen
from nodeagent.contract.api import Order
from nodeagent.contract.shim_table import TABLE, How, Row
from nodeagent.contract.states import Action
from tests.cli.conftest import Run
from tests.fakes.agent import STATUS, WEB, FakeAgent


def test_the_way_existing_scripts_fail(run_safekit: Run, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEMODULE", "web")
    monkeypatch.setenv("KEEPGREEN_RUN", "web/3")
    assert run_safekit("printe", "start_both failed").code == 0
    assert run_safekit("stop", "-i", "start_both").code == 0
    (order,) = agent.asked("POST", "/modules/web/actions")
    asked = msgspec.json.decode(order.body, type=Order)
    assert asked == Order(Action.STOP, identity="start_both", run="web/3")


def test_every_command_that_is_the_same_exists() -> None:
    same = {row.command for row in TABLE if row.how is How.SAME}
    assert same <= set(keepgreen.commands)
    assert len({row.command for row in TABLE}) == len(TABLE)


@pytest.mark.covers("safekit *: not yet")
@pytest.mark.parametrize("row", [row for row in TABLE if row.how is How.NOT_YET], ids=lambda row: row.command)
def test_what_is_not_in_this_version_says_so(row: Row, run_safekit: Run) -> None:
    code, _, err = run_safekit(*row.command.split(), "-m", "web")
    assert code == 64
    assert err.startswith(f"safekit {row.command} is not in this version")
    assert err.count("\n") == 1


@pytest.mark.parametrize("call", ["nonsense", "-r", "-r nonsense", "-r exitcode", "-r boundcmd x", "-r processtree"])
def test_an_unknown_one_is_one_sentence(run_safekit: Run, call: str) -> None:
    code, out, err = run_safekit(*call.split())
    assert (code, out, err.count("\n")) == (64, "", 1)


@pytest.mark.covers("safekit -r exitcode: translated")
def test_exitcode_and_the_loop_counters(run_safekit: Run, agent: FakeAgent) -> None:
    assert run_safekit("-r", "exitcode", "3") == (3, "", "")
    assert run_safekit("incloop", "-m", "web", "-i", "me").code == 0
    assert agent.asked("POST", "/modules/web/loop")[0].json == {"identity": "me"}
    assert run_safekit("resetloop").code == 0
    assert len(agent.asked("DELETE", "/modules/web/loop")) == 1
    assert run_safekit("checkloop", "-m", "web", "-q") == (0, "", "")
    full = msgspec.structs.replace(WEB, counted=3)
    agent.tell("GET", "/status", msgspec.structs.replace(STATUS, modules=(full,)))
    assert run_safekit("checkloop", "-m", "web").code == 1


@pytest.mark.covers("safekit -r processtree: translated")
def test_kill_ends_a_process_with_its_children(run_safekit: Run) -> None:
    sleeper = "import time; print(1, flush=True); time.sleep(60)"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {sleeper!r}]).wait()"
    with subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        tree = psutil.Process(parent.pid).children(recursive=True)
        assert len(tree) == 1
        assert str(tree[0].pid) in run_safekit("-r", "processtree", "list", str(parent.pid)).out
        assert run_safekit("-r", "processtree", "kill", str(parent.pid)).code == 0
    assert not tree[0].is_running() or tree[0].status() == psutil.STATUS_ZOMBIE


def test_kill_of_nothing_is_one_sentence(run_safekit: Run) -> None:
    assert run_safekit("-r", "processtree", "kill", "no-such-process-here").code == 64
    assert run_safekit("-r", "processtree", "kill", "0" * 3 + "999999999999").code == 64


@pytest.mark.covers("safekit -r boundcmd: translated", "exit 75")
def test_a_bounded_command_gives_its_exit_code_or_is_ended(run_safekit: Run) -> None:
    assert run_safekit("-r", "boundcmd", "60", sys.executable, "-c", "raise SystemExit(7)").code == 7
    code, _, err = run_safekit("-r", "boundcmd", "60", "no-such-program")
    assert (code, err.startswith("no-such-program cannot be run: "), "Errno" in err) == (64, True, False)
    code, _, err = run_safekit("-r", "boundcmd", "0.2", sys.executable, "-c", "import time; time.sleep(60)")
    assert code == 75
    assert "was ended after 0.2 s" in err


def test_the_shim_raises_only_sentences(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed):
        shim.run(["swap", "-m", "web"], lambda args: 0)
