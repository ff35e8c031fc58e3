"""Handlers of `proc` rules: from RunHandler to the end of a real process."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the programs here are for Linux", allow_module_level=True)

from nodeagent.adapters.processes.linux import table
from nodeagent.adapters.processes.scripts import ScriptProcesses
from nodeagent.adapters.script_jobs import NodeFacts, script_job
from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import Mode
from nodeagent.core.effects import RunHandler
from nodeagent.core.events import ScriptEnded, ScriptStarted
from nodeagent.engine.ports import CommittedModule, ScriptJob
from nodeagent.home import Home
from tests.fakes.posted import Posted
from tests.fakes.waiting import until

MODULE = CommittedModule(ModuleConfig("web", Mode.FARM), 3, frozenset(), {})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "safe", tmp_path / "var")


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
async def runner(posted: Posted) -> AsyncIterator[ScriptProcesses]:
    runner = ScriptProcesses(posted)
    yield runner
    await runner.close()


def job(home: Home, executable: str, *args: str) -> ScriptJob:
    return script_job(RunHandler("web", "h1", executable, args, 3), MODULE, home, NodeFacts("n1"))


def program(home: Home, name: str, text: str) -> None:
    path = home.revision("web", 3) / "bin" / name
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.covers("proc@action")
async def test_a_program_of_the_module_with_its_arguments_and_its_own_output(
    home: Home, posted: Posted, runner: ScriptProcesses
) -> None:
    program(home, "revive.sh", 'echo "$SAFEMODULE: $*"; exit 3')
    runner.run(job(home, "revive", "httpd", "0"))
    assert await posted.one(ScriptEnded) == ScriptEnded("web", "h1", 3, "web: httpd 0")
    (started,) = posted.all(ScriptStarted)
    assert started.output.endswith("_revive.sh.ulog")
    assert (home.user_log("web") / started.output).read_text() == "web: httpd 0\n"


async def test_a_command_of_the_system(home: Home, posted: Posted, runner: ScriptProcesses) -> None:
    runner.run(job(home, "echo", "as", "found"))
    assert await posted.one(ScriptEnded) == ScriptEnded("web", "h1", 0, "as found")


@pytest.mark.parametrize("name", ["nothing-of-that-name", "/no/such/handler"])
async def test_a_handler_that_does_not_exist(home: Home, posted: Posted, runner: ScriptProcesses, name: str) -> None:
    runner.run(job(home, name))
    assert await posted.one(ScriptEnded) == ScriptEnded("web", "h1", 127, error=f"{name} does not exist")
    assert posted.all(ScriptStarted) == []


async def test_a_kill_takes_all_that_the_handler_started(
    home: Home, posted: Posted, runner: ScriptProcesses, tmp_path: Path
) -> None:
    program(home, "revive", f"setsid sleep 600 & echo $! > {tmp_path}/pid; sleep 600")
    runner.run(job(home, "revive"))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    runner.kill("web", "h1")
    assert (await posted.one(ScriptEnded)).exit_code is None
    left = table.stat(int((tmp_path / "pid").read_text()))
    assert left is None or left.ended
