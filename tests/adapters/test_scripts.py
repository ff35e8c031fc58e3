"""Scripts as real processes on Linux."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

if sys.platform != "linux":
    pytest.skip("the Linux half", allow_module_level=True)

from nodeagent.adapters.processes.linux import table, tree
from nodeagent.adapters.processes.linux.child import Child
from nodeagent.adapters.processes.scripts import ScriptProcesses, end_lost
from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef, ScriptEnded, ScriptStarted
from nodeagent.engine.ports import ScriptJob
from tests.fakes.posted import Posted
from tests.fakes.standstills import standstills
from tests.fakes.waiting import until

NOBODY = ProcessRef(2**22 + 1, 0.0)


class Stage:
    """A directory for scripts, a runner, and what it posted."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.outputs = directory / "userlog"
        self.posted = Posted()
        self.runner = ScriptProcesses(self.posted)
        self.run_name = uuid4().hex

    @property
    def marks(self) -> frozenset[bytes]:
        return frozenset({f"KEEPGREEN_RUN=web/{self.run_name}".encode()})

    def script(self, text: str, mode: int = 0o755) -> Path:
        path = self.directory / "start_both"
        path.write_text(text)
        path.chmod(mode)
        return path

    def job(self, executable: Path | None, **changes: Any) -> ScriptJob:
        values = {
            "module": "web",
            "run": self.run_name,
            "script": Script.START_BOTH,
            "executable": executable,
            "args": (),
            "cwd": self.directory,
            "env": {"PATH": os.environ["PATH"], "KEEPGREEN_HOME": str(self.directory)},
            "output_dir": self.outputs,
            "output_cap": 2_000_000,
        }
        return ScriptJob(**values | changes)

    async def play(self, text: str, **changes: Any) -> ScriptEnded:
        self.runner.run(self.job(self.script("#!/bin/sh\n" + text), **changes))
        return await self.posted.one(ScriptEnded)

    def begin(self, text: str, **changes: Any) -> None:
        self.runner.run(self.job(self.script("#!/bin/sh\n" + text), **changes))

    def kill(self) -> None:
        self.runner.kill("web", self.run_name)

    def output(self) -> Path:
        (path,) = self.outputs.iterdir()
        return path

    def reap(self) -> None:
        """What a runner let go on is still a child of ours."""
        for event in self.posted.all(ScriptStarted):
            with suppress(ChildProcessError):
                os.waitpid(event.process.pid, 0)

    def members(self) -> frozenset[int]:
        return tree.members(NOBODY, self.marks)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.runner.close()
    assert tree.kill(NOBODY, stage.marks)
    stage.reap()


async def pid_in(path: Path) -> int:
    def text() -> str:
        return path.read_text() if path.exists() else ""

    await until(lambda: text().endswith("\n"))
    return int(text())


def alive(pid: int) -> bool:
    found = table.stat(pid)
    return found is not None and not found.ended


def children() -> set[Child]:
    return {known for known in gc.get_objects() if type(known) is Child}


async def test_only_the_agents_user_may_read_what_a_script_says(stage: Stage) -> None:
    await stage.play("echo the password is secret")
    assert stage.output().stat().st_mode & 0o777 == 0o600
    assert stage.output().read_text() == "the password is secret\n"


async def test_a_normal_run(stage: Stage) -> None:
    ended = await stage.play("echo hello; echo world >&2; exit 0")
    started = stage.posted.events[0]
    assert isinstance(started, ScriptStarted)
    assert (started.module, started.run) == ("web", stage.run_name)
    assert ended == ScriptEnded("web", stage.run_name, 0, "world")
    assert stage.output().name == started.output
    assert started.output.startswith("userlog_2")
    assert started.output.endswith("_start_both.ulog")
    assert stage.output().read_text() == "hello\nworld\n"


async def test_exit_code(stage: Stage) -> None:
    assert (await stage.play("echo 'port 80 in use'; exit 3")).exit_code == 3


async def test_ended_by_a_signal_that_was_not_ours(stage: Stage) -> None:
    assert (await stage.play("kill -9 $$")).exit_code == -9


async def test_arguments_environment_and_directory(stage: Stage) -> None:
    elsewhere = stage.directory / "else where"
    elsewhere.mkdir()
    await stage.play(
        'for a in "$@"; do echo "[$a]"; done; echo "$COLOUR $KEEPGREEN_RUN ${HOME-unset}"; pwd; cat',
        args=("UP", "a b", ""),
        cwd=elsewhere,
        env={"PATH": os.environ["PATH"], "COLOUR": "green"},
    )
    assert stage.output().read_text().splitlines() == [
        "[UP]",
        "[a b]",
        "[]",
        f"green web/{stage.run_name} unset",
        str(elsewhere),
    ]


async def test_own_session_and_no_pipe_and_no_other_file(stage: Stage) -> None:
    await stage.play("echo $$; ps -o sid= -p $$; for fd in /proc/self/fd/*; do readlink $fd; done")
    pid, session, *files = stage.output().read_text().splitlines()
    assert pid == session.strip()
    assert not any(file.startswith(("pipe:", "socket:")) for file in files)
    assert files.count(str(stage.output())) == 2
    assert files.count("/dev/null") == 1


async def test_a_script_that_the_module_does_not_bring_has_ended_well(stage: Stage) -> None:
    stage.runner.run(stage.job(None))
    assert stage.posted.events == []  # not within the call: the engine is still busy with the order
    assert await stage.posted.one(ScriptEnded) == ScriptEnded("web", stage.run_name, 0)
    assert stage.posted.all(ScriptStarted) == []


@pytest.mark.covers("user@logging")
async def test_without_output(stage: Stage) -> None:
    ended = await stage.play("echo lost", keep_output=False)
    assert ended.said == ""
    assert stage.posted.all(ScriptStarted)[0].output == ""
    assert not stage.outputs.exists()


async def test_output_that_cannot_be_kept_does_not_stop_the_script(stage: Stage) -> None:
    stage.outputs.write_text("a file where the directory should be")
    ended = await stage.play("touch ran")
    assert ended.exit_code == 0
    assert ended.said.startswith("(its output could not be kept: ")
    assert (stage.directory / "ran").exists()


async def test_not_there(stage: Stage) -> None:
    stage.runner.run(stage.job(stage.directory / "nothing"))
    ended = await stage.posted.one(ScriptEnded)
    assert ended.exit_code == 127
    assert ended.error == f"{stage.directory}/nothing does not exist"
    assert stage.posted.all(ScriptStarted) == []


@pytest.mark.parametrize(
    ("text", "mode", "error"),
    [
        ("#!/bin/sh\n", 0o644, "is not executable: Permission denied (chmod +x helps)"),
        ("#!/no/such/shell -x\n", 0o755, "wants the interpreter /no/such/shell, which does not exist"),
        (
            "#!/bin/sh\r\necho hi\r\n",
            0o755,
            "wants the interpreter /bin/sh, which does not exist (the file has Windows line ends)",
        ),
        ("echo hi\n", 0o755, "is no program and has no #! line (#!/bin/sh as the first one helps)"),
    ],
)
async def test_not_to_be_run(stage: Stage, text: str, mode: int, error: str) -> None:
    path = stage.directory / "start_both"
    path.write_bytes(text.encode())
    path.chmod(mode)
    stage.runner.run(stage.job(path))
    ended = await stage.posted.one(ScriptEnded)
    assert (ended.exit_code, ended.error) == (126, f"{path} {error}")


async def test_no_working_directory(stage: Stage) -> None:
    ended = await stage.play("true", cwd=stage.directory / "nowhere")
    assert (ended.exit_code, ended.error) == (126, f"the working directory {stage.directory}/nowhere does not exist")


async def test_an_environment_that_cannot_be_given(stage: Stage) -> None:
    ended = await stage.play("true", env={"A=B": "x"})
    assert (ended.exit_code, ended.error) == (
        126,
        f"{stage.directory}/start_both cannot be run: illegal environment variable name",
    )


async def test_a_hanging_script_is_killed_with_its_tree(stage: Stage) -> None:
    stage.begin("(sleep 600 & echo $! > grandchild; wait) & sleep 600")
    grandchild = await pid_in(stage.directory / "grandchild")
    await until(lambda: len(stage.members()) == 4)  # the script may be forking its last one still
    stage.kill()
    ended = await stage.posted.one(ScriptEnded)
    assert ended.exit_code is None
    assert not alive(grandchild)
    assert stage.members() == frozenset()


async def test_a_script_that_ignores_sigterm_is_killed(stage: Stage) -> None:
    stage.begin("trap '' TERM INT HUP; echo ready > ready; while :; do sleep 1; done")
    await until((stage.directory / "ready").exists)
    stage.kill()
    assert (await stage.posted.one(ScriptEnded)).exit_code is None
    assert stage.members() == frozenset()


async def test_kill_before_it_was_started(stage: Stage) -> None:
    stage.begin("sleep 600")
    stage.kill()
    stage.kill()
    assert (await stage.posted.one(ScriptEnded)).exit_code is None
    assert stage.members() == frozenset()
    assert len(stage.posted.all(ScriptEnded)) == 1


DAEMON = "(setsid sh -c 'echo $$ > daemon; exec sleep 600' &)\nuntil [ -s daemon ]; do :; done\n"


async def test_the_application_outlives_the_normal_end_of_its_script(stage: Stage) -> None:
    assert (await stage.play(DAEMON)).exit_code == 0
    daemon = await pid_in(stage.directory / "daemon")
    stage.kill()  # too late: the run has ended
    await asyncio.sleep(0.2)
    assert alive(daemon)


async def test_a_kill_that_comes_while_the_end_is_being_told_is_too_late(stage: Stage) -> None:
    stage.begin(DAEMON + "f=$(readlink /proc/$$/fd/1); rm $f; mkfifo $f")  # reading the last words waits for a writer
    started = await stage.posted.one(ScriptStarted)
    daemon = await pid_in(stage.directory / "daemon")
    await until(lambda: table.stat(started.process.pid) is None)
    stage.kill()
    await asyncio.sleep(0.2)
    stage.output().write_text("")
    assert (await stage.posted.one(ScriptEnded)).exit_code == 0
    assert alive(daemon)


async def test_a_daemon_dies_with_the_tree(stage: Stage) -> None:
    stage.begin(DAEMON + "sleep 600")
    daemon = await pid_in(stage.directory / "daemon")
    assert alive(daemon)
    stage.kill()
    await stage.posted.one(ScriptEnded)
    assert not alive(daemon)


async def test_a_child_that_cleared_its_environment_and_session_dies_with_the_tree(stage: Stage) -> None:
    stage.begin("env -i setsid sh -c 'echo $$ > child; exec sleep 600' & sleep 600")
    child = await pid_in(stage.directory / "child")
    stage.kill()
    await stage.posted.one(ScriptEnded)
    assert not alive(child)


async def test_the_run_of_another_agent_with_the_same_name_is_left_alone(stage: Stage) -> None:
    other = Posted()
    neighbour = ScriptProcesses(other)
    script = stage.script("#!/bin/sh\nexec sleep 600\n")
    stage.runner.run(stage.job(script))
    neighbour.run(stage.job(script, env={"PATH": os.environ["PATH"], "KEEPGREEN_HOME": "/elsewhere"}))
    started = await other.one(ScriptStarted)
    await stage.posted.one(ScriptStarted)
    stage.kill()
    await stage.posted.one(ScriptEnded)
    assert alive(started.process.pid)
    neighbour.kill("web", stage.run_name)
    await other.one(ScriptEnded)
    await neighbour.close()


async def test_the_run_ends_with_the_script_whoever_holds_the_file(stage: Stage) -> None:
    ended = await stage.play("(sleep 1; echo late; exec sleep 600) &\necho early")
    assert ended.said == "early"
    await until(lambda: stage.output().read_text() == "early\nlate\n")


async def test_a_script_that_closes_its_output_goes_on(stage: Stage) -> None:
    stage.begin("echo first; exec >&- 2>&- <&-; until [ -e go ]; do sleep 0.02; done; exit 4")
    await stage.posted.one(ScriptStarted)
    await asyncio.sleep(0.2)
    assert stage.posted.all(ScriptEnded) == []
    (stage.directory / "go").touch()
    ended = await stage.posted.one(ScriptEnded)
    assert (ended.exit_code, ended.said) == (4, "first")


@pytest.mark.covers("user@userlogsize")
async def test_a_flood_is_trimmed_and_delays_nobody(stage: Stage) -> None:
    cap, biggest = 65536, 0
    stage.begin("head -c 50000000 /dev/zero | tr '\\0' 'x' | fold -w 99; echo end; sleep 1", output_cap=cap)
    started = await stage.posted.one(ScriptStarted)
    path = stage.outputs / started.output
    async with standstills() as stood:
        while not stage.posted.all(ScriptEnded):
            await asyncio.sleep(0.01)
            biggest = max(biggest, path.stat().st_size)
    await until(lambda: path.stat().st_size <= cap)
    text = path.read_text()
    assert biggest > cap
    assert text.startswith("x" * 99)
    assert text.endswith("end\n")
    assert text.count("[Keepgreen: ") == 1
    assert max(stood) < 1.0
    assert stage.posted.all(ScriptEnded)[0].exit_code == 0


async def test_what_the_application_writes_after_the_script_is_trimmed_too(stage: Stage) -> None:
    await stage.play("(until [ -e go ]; do sleep 0.02; done; head -c 500000 /dev/zero) &", output_cap=20_000)
    await stage.runner.close()
    later = ScriptProcesses(Posted())
    later.tend(stage.outputs, 20_000)
    (stage.directory / "go").touch()
    await until(lambda: b"[Keepgreen: " in stage.output().read_bytes())
    await until(lambda: stage.output().stat().st_size <= 20_000)
    await later.close()


async def test_old_outputs_go(stage: Stage) -> None:
    stage.outputs.mkdir()
    for number in range(60):
        path = stage.outputs / f"userlog_{number:02}_stop_both.ulog"
        path.touch()
        os.utime(path, (number, number))
    await stage.play("echo new")
    names = sorted(path.name for path in stage.outputs.iterdir())
    assert len(names) == 50
    assert names[0] == "userlog_11_stop_both.ulog"


async def test_scripts_outlive_the_runner_and_are_adopted(stage: Stage) -> None:
    stage.begin("echo $$ > me; trap '' PIPE; until [ -e go ]; do sleep 0.02; done; echo done; touch finished")
    started = await stage.posted.one(ScriptStarted)
    await pid_in(stage.directory / "me")
    await stage.runner.close()
    posted = Posted()
    second = ScriptProcesses(posted)
    second.wait_for("web", stage.run_name, started.process)
    await asyncio.sleep(0.1)
    assert posted.events == []
    (stage.directory / "go").touch()
    assert await posted.one(ScriptEnded) == ScriptEnded("web", stage.run_name, None)
    assert (stage.directory / "finished").exists()
    assert stage.posted.all(ScriptEnded) == []
    await second.close()


async def test_an_adopted_script_is_killed_with_its_tree(stage: Stage) -> None:
    stage.begin(DAEMON + "sleep 600")
    started = await stage.posted.one(ScriptStarted)
    daemon = await pid_in(stage.directory / "daemon")
    await stage.runner.close()
    posted = Posted()
    second = ScriptProcesses(posted)
    second.wait_for("web", stage.run_name, started.process)
    second.kill("web", stage.run_name)
    assert (await posted.one(ScriptEnded)).exit_code is None
    assert not alive(daemon)
    await second.close()


async def test_waiting_for_a_script_that_is_gone(stage: Stage) -> None:
    stage.runner.wait_for("web", stage.run_name, NOBODY)
    assert stage.posted.events == []
    assert (await stage.posted.one(ScriptEnded)).exit_code is None


async def test_waiting_for_a_pid_that_is_another_process_now(stage: Stage) -> None:
    began = table.created(os.getpid())
    assert began is not None
    stage.runner.wait_for("web", stage.run_name, ProcessRef(os.getpid(), began - 5))
    assert (await stage.posted.one(ScriptEnded)).exit_code is None


BOMB = """#!/usr/bin/env python3
import os, time
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        if len(os.listdir("pids")) < 60 and os.fork() == 0:
            os.setsid()
            open(f"pids/{os.getpid()}", "w").close()
    except OSError:
        pass
    time.sleep(0.001)
"""


async def test_one_that_forks_without_end_is_killed(stage: Stage) -> None:
    (stage.directory / "pids").mkdir()
    stage.runner.run(stage.job(stage.script(BOMB)))
    await until(lambda: len(list((stage.directory / "pids").iterdir())) > 30)
    stage.kill()
    await stage.posted.one(ScriptEnded)
    assert stage.members() == frozenset()
    assert not any(alive(int(path.name)) for path in (stage.directory / "pids").iterdir())


async def test_a_process_that_takes_its_time_to_go_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel takes away the environment of a dying process first; on a busy machine the rest takes a while."""
    stage.begin("setsid sleep 60 & sleep 60")
    await until(lambda: len(stage.members()) >= 3)
    processes = stage.members()
    blow = tree._send
    blows: list[threading.Timer] = []

    def late(pids: frozenset[int], number: signal.Signals) -> None:
        if number != signal.SIGKILL or not pids:
            return
        monkeypatch.setattr(tree, "members", lambda *_: frozenset())
        blows.append(threading.Timer(0.3, blow, (pids, number)))
        blows[-1].start()

    with monkeypatch.context():
        monkeypatch.setattr(tree, "_send", late)
        assert await asyncio.to_thread(tree.kill, NOBODY, stage.marks)
        assert not any(alive(pid) for pid in processes)
    await stage.posted.one(ScriptEnded)


def test_the_agent_itself_is_never_killed(tmp_path: Path) -> None:
    """An agent that a script has started carries the mark of that run."""
    mark = f"KEEPGREEN_RUN=web/{uuid4().hex}"
    program = (
        "from nodeagent.adapters.processes.linux import tree; from nodeagent.core.events import ProcessRef; "
        f"print(tree.kill(ProcessRef({NOBODY.pid}, 0.0), frozenset({{b'{mark}'}})))"
    )
    name, _, value = mark.partition("=")
    agent = subprocess.run(
        [sys.executable, "-c", program], env={name: value}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (agent.returncode, agent.stdout) == (0, "True\n")


async def test_a_lost_run_is_ended_with_its_daemons(stage: Stage) -> None:
    stage.begin("setsid sh -c 'sleep 60 & sleep 60' & sleep 60")
    await until(lambda: len(stage.members()) >= 4)
    await asyncio.to_thread(end_lost, "/another/home", lambda _module, _run: True)
    await asyncio.to_thread(end_lost, str(stage.directory), lambda _module, run: run == "another")
    assert len(stage.members()) >= 4
    lost = ("web", stage.run_name)
    await asyncio.to_thread(end_lost, str(stage.directory), lambda module, run: (module, run) == lost)
    assert stage.members() == frozenset()
    await stage.posted.one(ScriptEnded)


async def test_nothing_is_kept_of_a_run_that_is_over(stage: Stage) -> None:
    gc.collect()
    gc.disable()  # what is kept until the collector happens to look makes the memory of an agent rise for hours
    try:
        earlier = children()
        await stage.play("exit 0")
        await until(lambda: children() <= earlier)
    finally:
        gc.enable()


async def test_many_at_once(stage: Stage) -> None:
    script = stage.script("#!/bin/sh\nexit $1\n")
    for number in range(20):
        stage.runner.run(stage.job(script, run=f"{stage.run_name}-{number}", args=(str(number),)))
    ended = await stage.posted.wait(ScriptEnded, 20)
    assert sorted((e.run.rpartition("-")[2], e.exit_code) for e in ended) == sorted((str(n), n) for n in range(20))
