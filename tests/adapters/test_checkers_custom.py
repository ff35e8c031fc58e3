"""Custom checkers: real programs, kept running, and ended with everything they started."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

if sys.platform != "linux":
    pytest.skip("shell scripts as programs", allow_module_level=True)

from nodeagent.adapters.checkers import ModuleCheckers
from nodeagent.adapters.processes.linux import table
from nodeagent.adapters.processes.programs import ProgramProcesses, end_strays
from nodeagent.adapters.processes.scripts import ScriptProcesses
from nodeagent.core.events import CheckerResult
from nodeagent.engine.ports import CheckerJob, ProgramEnd, ScriptJob
from tests.fakes.checking import FakePrograms, checking, job
from tests.fakes.posted import Posted
from tests.fakes.waiting import until

ROOT = Path(__file__).resolve().parents[2]
CAP = 200_000


class Bench:
    """A home with one custom program."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.posted = Posted()
        self.pids = directory / "pids"
        self.pids.touch()
        self.ident = uuid4().hex[:8]

    def job(self, text: str, ident: str = "", **env: str) -> CheckerJob:
        ident = ident or self.ident
        path = self.directory / f"program-{ident}"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        run = f"custom.{ident}"
        environment = {"PATH": os.environ["PATH"], "KEEPGREEN_HOME": str(self.directory), "PIDS": str(self.pids), **env}
        return job(
            "custom",
            ident,
            ScriptJob(
                "web", run, f"custom_{ident}", path, (), self.directory, environment, self.directory / "log", CAP
            ),
            exec=path.name,
        )

    def started(self) -> list[int]:
        return [int(line) for line in self.pids.read_text().split()]

    def living(self) -> list[int]:
        return [pid for pid in self.started() if (found := table.stat(pid)) and not found.ended]

    @asynccontextmanager
    async def checkers(self) -> AsyncIterator[ModuleCheckers]:
        scripts = ScriptProcesses(Posted())
        programs = ProgramProcesses(scripts.tend)
        try:
            async with checking(self.posted, programs) as checkers:
                yield checkers
        finally:
            programs.close()
            await scripts.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


FAMILY = """
echo $$ >> $PIDS
sleep 600 & echo $! >> $PIDS
setsid sh -c 'echo $$ >> $PIDS; sleep 600' &
(setsid sh -c 'trap "" TERM; echo $$ >> $PIDS; while :; do sleep 1; done' &)
"""


async def test_the_whole_tree_ends_with_the_checker(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job(FAMILY + "wait"),))
        await until(lambda: len(bench.started()) == 4)
        assert len(bench.living()) == 4
        checkers.check("web", ())
        await until(lambda: not bench.living())
    assert bench.posted.events == []


async def test_close_waits_until_all_is_gone(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job(FAMILY + "wait"),))
        await until(lambda: len(bench.started()) == 4)
    assert not bench.living()


@pytest.mark.covers("checker custom")
async def test_what_an_ended_program_left_is_ended_before_it_starts_again(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check(
            "web", (bench.job("pids=$(wc -l < $PIDS); kill -0 $(cat $PIDS) && exit 9; " + FAMILY + "exit 3"),)
        )
        results = await bench.posted.wait(CheckerResult, 3)
    assert [(r.module, r.good, r.text) for r in results] == [("web", None, "custom program ended with exit code 3")] * 3
    assert len(set(bench.started())) >= 4
    assert not bench.living()


async def test_all_its_runs_write_one_file(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job("echo once more; kill -9 $$"),))
        results = await bench.posted.wait(CheckerResult, 3)
    assert results[0].text == "custom program was ended by signal 9"
    (output,) = (bench.directory / "log").iterdir()
    assert output.name.endswith(f"_custom_{bench.ident}.ulog")
    assert output.stat().st_mode & 0o777 == 0o600, "it may say a password"
    assert output.read_text().count("once more\n") >= 3


async def test_a_program_that_cannot_start(bench: Bench) -> None:
    missing = bench.job("exit")
    assert missing.program
    assert missing.program.executable
    missing.program.executable.unlink()
    async with bench.checkers() as checkers:
        checkers.check("web", (missing,))
        seen = await bench.posted.one(CheckerResult)
    assert seen.good is None
    assert seen.text == f"custom program could not be started: {missing.program.executable} does not exist"


async def test_an_unchanged_program_runs_on_and_a_changed_one_is_replaced(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job("echo $$ >> $PIDS; sleep 600"),))
        await until(lambda: len(bench.living()) == 1)
        checkers.check("web", (job("tcp", addr="127.0.0.1", port="9"), bench.job("echo $$ >> $PIDS; sleep 600")))
        checkers.check_now("web", 7)
        await bench.posted.one(CheckerResult)
        assert len(bench.started()) == 1
        checkers.check("web", (bench.job("echo $$ >> $PIDS; sleep 600", COLOUR="green"),))
        await until(lambda: len(bench.started()) == 2 and len(bench.living()) == 1)
        assert bench.living() == bench.started()[1:]


async def test_one_that_floods_stays_within_its_cap(bench: Bench) -> None:
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job("echo $$ >> $PIDS; while :; do head -c 1000000 /dev/zero; sleep 0.05; done"),))
        await until(lambda: bool(bench.living()) and (bench.directory / "log").is_dir())
        (output,) = (bench.directory / "log").iterdir()
        sizes: list[int] = []

        def trimmed() -> bool:
            sizes.append(output.stat().st_size)
            return max(sizes) > CAP and any(later < earlier for earlier, later in pairwise(sizes))

        await until(trimmed)
        checkers.check("web", ())
        await until(lambda: not bench.living())
        await until(lambda: output.stat().st_size <= CAP)


async def test_an_agent_that_was_killed_leaves_nothing(bench: Bench) -> None:
    program = f"""
import asyncio, os, pathlib, signal
from tests.adapters.test_checkers_custom import FAMILY, Bench
async def main():
    bench = Bench(pathlib.Path({str(bench.directory)!r}))
    async with bench.checkers() as checkers:
        checkers.check("web", (bench.job(FAMILY + "wait", "stray"),))
        while len(bench.started()) < 4:
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == -9
    assert len(bench.living()) == 4
    script = await asyncio.create_subprocess_exec(
        "sleep", "600", env={"KEEPGREEN_HOME": str(bench.directory), "KEEPGREEN_RUN": "web/start_both-1"}
    )
    try:
        await asyncio.to_thread(end_strays, "/somebody/elses/home")
        assert len(bench.living()) == 4
        await asyncio.to_thread(end_strays, str(bench.directory))
        assert not bench.living()
        assert script.returncode is None
    finally:
        script.kill()
        await script.wait()
        with suppress(ProcessLookupError):
            for pid in bench.living():
                os.kill(pid, 9)


async def test_pauses_double() -> None:
    """With a first pause of 10 ms, 5 runs are 150 ms apart in all."""
    posted, programs = Posted(), FakePrograms(ProgramEnd(None, "no such file"))
    path = Path("program")
    one = ScriptJob("web", "custom.x", "custom_x", path, (), path, {}, path, CAP)
    began = asyncio.get_running_loop().time()
    async with checking(posted, programs, pause=0.01) as checkers:
        checkers.check("web", (job("custom", "x", one),))
        await posted.wait(CheckerResult, 5)
    assert asyncio.get_running_loop().time() - began >= 0.14
    assert posted.all(CheckerResult)[0].text == "custom program could not be started: no such file"
    assert programs.jobs[0] == one


async def test_a_program_for_which_no_thread_can_be_had_is_tried_again(bench: Bench) -> None:
    usual = threading.stack_size()
    async with bench.checkers() as checkers:
        try:
            threading.stack_size(1 << 50)  # more than a process has addresses for: no thread begins
            checkers.check("web", (bench.job("echo $$ >> $PIDS; sleep 600"),))
            await until(lambda: bool(bench.posted.events))
        finally:
            threading.stack_size(usual)
        (result,) = bench.posted.events[:1]
        assert isinstance(result, CheckerResult)
        assert result.good is None
        assert "no thread" in result.text
        await until(lambda: len(bench.started()) == 1)
