"""Scripts as real processes on Windows (or Wine)."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

if sys.platform != "win32":
    pytest.skip("the Windows half", allow_module_level=True)

from nodeagent.adapters.processes.scripts import ScriptProcesses
from nodeagent.adapters.processes.windows import api, table
from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef, ScriptEnded, ScriptStarted
from nodeagent.engine.ports import ScriptJob
from tests.fakes.posted import Posted
from tests.fakes.waiting import until

pytestmark = pytest.mark.wine

SLEEP = f'"{sys.executable}" -c "import time; time.sleep(600)"'
PYTHON = f'"{sys.executable}"'


class Stage:
    """A directory for scripts, a runner, and what it posted."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.outputs = directory / "userlog"
        self.posted = Posted()
        self.runner = ScriptProcesses(self.posted)
        self.run_name = uuid4().hex
        self.pids: list[int] = []

    def job(self, executable: Path | None, **changes: Any) -> ScriptJob:
        values = {
            "module": "web",
            "run": self.run_name,
            "script": Script.START_BOTH,
            "executable": executable,
            "args": (),
            "cwd": self.directory,
            "env": dict(os.environ),
            "output_dir": self.outputs,
            "output_cap": 2_000_000,
        }
        return ScriptJob(**values | changes)

    def begin(self, text: str, **changes: Any) -> None:
        path = self.directory / "start both.cmd"
        path.write_bytes(("@echo off\n" + text + "\n").replace("\n", "\r\n").encode())
        self.runner.run(self.job(path, **changes))

    async def play(self, text: str, **changes: Any) -> ScriptEnded:
        self.begin(text, **changes)
        return await self.posted.one(ScriptEnded, 60)

    def kill(self) -> None:
        self.runner.kill("web", self.run_name)

    def program(self, name: str, text: str) -> str:
        """A Python program, and the words that run it; `PID` in it writes its pid into a file of its name."""
        path = self.directory / f"{name}.py"
        write = f"import os; open({str(self.directory / name)!r}, 'w').write(str(os.getpid()) + chr(10))"
        path.write_text(text.replace("PID", write))
        return f'{PYTHON} "{path}"'

    async def pid(self, name: str) -> int:
        path = self.directory / name
        await until(lambda: path.exists() and path.read_text().endswith("\n"))
        self.pids.append(int(path.read_text()))
        return self.pids[-1]

    def output(self) -> Path:
        (path,) = self.outputs.iterdir()
        return path


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    await stage.runner.close()
    for pid in stage.pids:
        end(pid)


def end(pid: int) -> None:
    try:
        handle = api.open_process(pid, api.PROCESS_TERMINATE)
    except OSError:
        return
    api.terminate_process(handle, 1)
    api.close_handle(handle)


def alive(pid: int) -> bool:
    return any(pid == other for other, _, _ in api.snapshot())


async def test_a_normal_run(stage: Stage) -> None:
    ended = await stage.play("echo hello\necho world 1>&2\nexit /b 0")
    started = stage.posted.events[0]
    assert isinstance(started, ScriptStarted)
    assert (ended.exit_code, ended.said, ended.error) == (0, "world", "")
    assert stage.output().name == started.output
    assert [line.strip() for line in stage.output().read_text().splitlines()] == ["hello", "world"]


async def test_exit_code(stage: Stage) -> None:
    assert (await stage.play("exit /b 3")).exit_code == 3


async def test_arguments_environment_and_directory(stage: Stage) -> None:
    await stage.play(
        f"{PYTHON} -c \"import os, sys; print(sys.argv[1:]); print(os.environ['COLOUR']); "
        "print(os.environ['KEEPGREEN_RUN']); print(os.getcwd())\" %*",
        args=("UP", "a b", "c&d"),
        env={**os.environ, "COLOUR": "green"},
    )
    lines = stage.output().read_text().splitlines()
    assert lines[:3] == ["['UP', 'a b', 'c&d']", "green", f"web/{stage.run_name}"]
    assert lines[3].lower() == str(stage.directory).lower()


async def test_a_program_instead_of_a_script(stage: Stage) -> None:
    stage.runner.run(stage.job(Path(sys.executable), args=("-c", "import sys; print('x y'); sys.exit(7)")))
    ended = await stage.posted.one(ScriptEnded, 60)
    assert (ended.exit_code, ended.said) == (7, "x y")


async def test_not_there(stage: Stage) -> None:
    stage.runner.run(stage.job(stage.directory / "nothing.cmd"))
    ended = await stage.posted.one(ScriptEnded)
    assert ended.exit_code == 127
    assert ended.error.endswith("nothing.cmd does not exist")


async def test_not_to_be_run(stage: Stage) -> None:
    path = stage.directory / "broken.exe"
    path.write_bytes(b"no program")
    stage.runner.run(stage.job(path))
    ended = await stage.posted.one(ScriptEnded)
    assert ended.exit_code == 126
    assert "broken.exe cannot be run: " in ended.error


async def test_without_output(stage: Stage) -> None:
    assert (await stage.play("echo lost", keep_output=False)).said == ""
    assert not stage.outputs.exists()


async def test_a_hanging_script_is_killed_with_its_tree(stage: Stage) -> None:
    child = stage.program("child", "PID\nimport time; time.sleep(600)")
    stage.begin(child)
    pid = await stage.pid("child")
    stage.kill()
    assert (await stage.posted.one(ScriptEnded, 60)).exit_code is None
    await until(lambda: not alive(pid))


DETACHED = "import subprocess, sys; subprocess.Popen([sys.executable, {!r}], creationflags=8)"


async def test_the_application_outlives_the_normal_end_of_its_script(stage: Stage) -> None:
    stage.program("daemon", "PID\nimport time; time.sleep(600)")
    launcher = stage.program("launcher", DETACHED.format(str(stage.directory / "daemon.py")))
    assert (await stage.play(launcher)).exit_code == 0
    pid = await stage.pid("daemon")
    stage.kill()  # too late: the run has ended
    await asyncio.sleep(0.3)
    assert alive(pid)


async def test_a_detached_program_dies_with_the_tree(stage: Stage) -> None:
    stage.program("daemon", "PID\nimport time; time.sleep(600)")
    launcher = stage.program("launcher", DETACHED.format(str(stage.directory / "daemon.py")))
    stage.begin(f"{launcher}\n{SLEEP}")
    pid = await stage.pid("daemon")
    stage.kill()
    await stage.posted.one(ScriptEnded, 60)
    await until(lambda: not alive(pid))


async def test_a_flood_is_trimmed(stage: Stage) -> None:
    text = "for n in range(20000): print('x' * 99)\nprint('end', flush=True)\nimport time; time.sleep(1)"
    await stage.play(stage.program("flood", text), output_cap=65536)
    await until(lambda: stage.output().stat().st_size <= 65536)
    output = stage.output().read_text()
    assert output.startswith("x" * 99)
    assert output.rstrip().endswith("end")
    assert "\0" not in output
    assert output.count("[Keepgreen: ") == 1


async def test_scripts_outlive_the_runner_and_are_adopted(stage: Stage) -> None:
    program = "PID\nimport os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\nopen('finished', 'w')"
    stage.begin(stage.program("waiter", program))
    await stage.pid("waiter")
    started = stage.posted.all(ScriptStarted)[0]
    await stage.runner.close()
    posted = Posted()
    second = ScriptProcesses(posted)
    second.wait_for("web", stage.run_name, started.process)
    await asyncio.sleep(0.2)
    assert posted.events == []
    (stage.directory / "go").touch()
    assert await posted.one(ScriptEnded, 60) == ScriptEnded("web", stage.run_name, None)
    assert (stage.directory / "finished").exists()
    await second.close()


async def test_an_adopted_script_is_killed_with_its_job(stage: Stage) -> None:
    stage.program("daemon", "PID\nimport time; time.sleep(600)")
    launcher = stage.program("launcher", DETACHED.format(str(stage.directory / "daemon.py")))
    stage.begin(f"{launcher}\n{SLEEP}")
    pid = await stage.pid("daemon")
    started = stage.posted.all(ScriptStarted)[0]
    await stage.runner.close()
    posted = Posted()
    second = ScriptProcesses(posted)
    second.wait_for("web", stage.run_name, started.process)
    second.kill("web", stage.run_name)
    assert (await posted.one(ScriptEnded, 60)).exit_code is None
    await until(lambda: not alive(pid))
    await second.close()


async def test_waiting_for_a_script_that_is_gone_or_another(stage: Stage) -> None:
    began = table.created(os.getpid())
    assert began is not None
    stage.runner.wait_for("web", "gone", ProcessRef(2**30, 0.0))
    stage.runner.wait_for("web", "other", ProcessRef(os.getpid(), began - 5))
    ended = await stage.posted.wait(ScriptEnded, 2)
    assert {event.run for event in ended} == {"gone", "other"}
