"""The command line as a process of its own: encodings, pipes, faults, usage."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nodeagent.cli.command_tree import described
from nodeagent.cli.entry import guarded, keepgreen, safekit
from nodeagent.cli.main import keepgreen as tree
from nodeagent.cli.reference import DIRECTORY, pages
from tests.cli.conftest import Run
from tests.fakes.agent import LINES, FakeAgent

KEEPGREEN = (sys.executable, "-m", "nodeagent")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_terminal_without_the_glyphs_gets_others(agent: FakeAgent, encoding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*KEEPGREEN, "state", "-v"], check=False, env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("✔ Ready" if encoding == "utf-8" else "+ Ready") in done.stdout.decode(encoding)


@pytest.mark.parametrize("nodes", [(), ("-H", "node1")])
@pytest.mark.parametrize(("encoding", "shown"), [("ascii", b"caf? ?\n"), ("cp1252", b"caf\xe9 ?\n")])
def test_a_terminal_without_a_letter_of_the_log_shows_the_others(
    agent: FakeAgent, nodes: tuple[str, ...], encoding: str, shown: bytes
) -> None:
    agent.tell("GET", "/log", {"lines": [msgspec.structs.replace(LINES[0], text="café ☕")], "next": 2})
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*KEEPGREEN, *nodes, "log"], check=False, env=env, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.replace(b"\r", b"").endswith(shown)


def test_a_closed_pipe_is_quiet(agent: FakeAgent) -> None:
    agent.tell("GET", "/log", {"lines": LINES * 20_000, "next": 2})
    with subprocess.Popen([*KEEPGREEN, "log"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.covers("exit 73")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux stands for the full disk")
@pytest.mark.parametrize("command", [("state",), ("log", "--json"), ("get", "-r", "proc.httpd"), ("--help",)])
def test_an_answer_that_a_full_disk_does_not_take(agent: FakeAgent, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*KEEPGREEN, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (73, "the answer cannot be written: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="/dev/full is of Linux")
@pytest.mark.parametrize("how", ["2>/dev/full", "2>&1 >/dev/null | true", "2</dev/null"])
def test_an_error_that_nobody_can_be_told_is_in_the_exit_code(agent: FakeAgent, how: str) -> None:
    command = f"set -o pipefail; {shlex.join(KEEPGREEN)} state -m none {how}"
    assert subprocess.run(["bash", "-c", command], check=False, timeout=60).returncode == 64


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Linux closes the streams")
@pytest.mark.parametrize(("words", "code"), [("state >&-", 0), ("state -m none 2>&-", 64), ("passwd --stdin <&-", 65)])
def test_a_stream_that_the_caller_has_closed(agent: FakeAgent, words: str, code: int) -> None:
    command = shlex.join(KEEPGREEN)
    done = subprocess.run(["sh", "-c", f"{command} {words}"], capture_output=True, check=False, timeout=60)
    assert done.returncode == code
    assert b"fault" not in done.stderr


def test_a_list_of_commands_cuts_no_sentence(run: Run) -> None:
    for group in ((), ("cluster",), ("demo",), ("module",), ("service",), ("token",), ("vip",)):
        _, _, commands = run(*group, "--help").out.partition("Commands:\n")
        assert commands
        assert "..." not in commands
    assert "Stop the module wholly, then start it." in " ".join(run("--help").out.split())


@pytest.mark.covers("exit 130")
@pytest.mark.skipif(sys.platform == "win32", reason="a signal stands for Ctrl-C")
def test_ctrl_c_ends_following_quietly(agent: FakeAgent) -> None:
    with subprocess.Popen([*KEEPGREEN, "log", "-f"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while len(agent.asked("GET", "/log")) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 130


@pytest.mark.covers("exit 70")
@pytest.mark.parametrize("entry", ["main", "safekit"])
def test_ctrl_c_while_the_command_is_loaded_is_quiet(entry: str) -> None:
    interrupted = """
import sys
class Interrupted:
    def find_spec(self, name, path, target=None):
        if name == "nodeagent.cli.entry":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
import nodeagent.__main__
"""
    command = [sys.executable, "-c", f"{interrupted}nodeagent.__main__.{entry}()"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_a_fault_is_one_sentence_and_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    def faulty() -> int:
        raise KeyError("a\nb")

    assert guarded(faulty) == 70
    sentence = capsys.readouterr().err
    assert sentence.count("\n") == 1
    file = Path(sentence.rsplit("are in ", 1)[1].strip())
    assert "in faulty" in file.read_text()
    file.unlink()


def test_a_fault_with_debug_is_on_stderr(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGREEN_DEBUG", "1")
    assert guarded(lambda: int("x")) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.covers("exit 64")
@pytest.mark.parametrize(
    "args",
    [("nonsense",), ("cluster", "nonsense"), ("state", "--nonsense"), ("log", "-n", "x"), ("log", "-n"),
     ("errd", "maybe"), ("cluster", "config"), ("module", "install"), ("start", "extra"), ("passwd",),
     ("passwd", "--user", "a/b", "--stdin")],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_a_sentence_with_a_hint_and_64(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out) == (64, "")
    assert 1 <= err.count("\n") <= 2
    assert not err.startswith("Usage")


@pytest.mark.parametrize("args", [("--help",), ("printi", "--help"), ("set", "--help"), ("cluster", "--help")])
def test_help_is_on_stdout(run: Run, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, err) == (0, "")
    assert "Usage: keepgreen" in out


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_reference_pages_are_what_the_program_says(name: str) -> None:
    written = (DIRECTORY / name).read_text(encoding="utf-8")
    assert written == pages()[name], "run python -m nodeagent.cli.reference"


def test_every_command_that_says_what_came_of_it_says_it_as_json_too() -> None:
    commands = [(command.path, [names for names, _ in command.options]) for command in described(tree)]
    without = {path for path, options in commands if not any("--json" in names for names in options)}
    talk = {"printi", "printe", "completion", "console", "demo", "agent run"}
    assert without == {f"keepgreen {name}" for name in talk}


_ENDLESS = {"agent", "console", "logview", "waitstart", "waitstop", "waitstate"}
_CHANGING = {"demo", "passwd", "service", "firewall", "snapshot", "enrol"}
"""Of this machine: files, services, rules."""
_ASKED = sorted({*tree.commands, "-r", "-H", "wait"} - _ENDLESS - _CHANGING)
_KNOWN = (
    "-m -i -r -v --json --wait web on off status check info list up config --until 2h -lq --types -n 0 -1 --from "
    "--as -- - exitcode genkey install"
)
_WORDS = st.one_of(
    st.sampled_from(_KNOWN.split()),
    st.text(alphabet=st.characters(codec="utf-8"), max_size=8),
    st.just("\udcff\udcfe"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(command=st.sampled_from(_ASKED), words=st.lists(_WORDS, max_size=5), shim=st.booleans())
@example(command="-H", words=["\udcff\udcfe", "state"], shim=False)
def test_no_command_line_is_a_fault(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str], command: str, words: list[str], shim: bool
) -> None:
    if "boundcmd" in words or (command == "log" and any(w.startswith("-") and "f" in w for w in words)):
        return
    code = (safekit if shim else keepgreen)([command, *words])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "fault of Keepgreen" not in said
    assert code != 70
