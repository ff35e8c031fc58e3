"""Finding and watching real processes on Windows (or Wine)."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

if sys.platform != "win32":
    pytest.skip("the Windows half", allow_module_level=True)

from nodeagent.adapters.processes.applications import ApplicationProcesses
from nodeagent.adapters.processes.windows import table
from nodeagent.contract.config import ProcRule
from nodeagent.core.events import ProcessDied, ProcessesSeen, ProcessRef
from tests.fakes.posted import Posted

pytestmark = pytest.mark.wine

Begun = tuple[subprocess.Popen[bytes], ProcessRef]


def rule(name: str, **changes: Any) -> ProcRule:
    return ProcRule(**{"name": name, "proc_class": "both"} | changes)


@pytest.fixture
def start() -> Iterator[Callable[..., Begun]]:
    """Starts small programs that wait: cmd with a mark in its command line."""
    children: list[subprocess.Popen[bytes]] = []

    def begin(mark: str = "") -> Begun:
        child = subprocess.Popen(["cmd.exe", "/d", "/k", "rem", mark], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        children.append(child)
        created = table.created(child.pid)
        assert created is not None
        return child, ProcessRef(child.pid, created)

    yield begin
    for child in children:
        child.kill()
        child.wait()
        assert child.stdin
        child.stdin.close()


@pytest.fixture
async def posted() -> Posted:
    return Posted()


@pytest.fixture
async def processes(posted: Posted) -> AsyncIterator[ApplicationProcesses]:
    processes = ApplicationProcesses(posted)
    yield processes
    await processes.close()


async def test_found_by_name_with_or_without_exe_and_whatever_the_case(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    _, process = start()
    processes.scan("web", (rule("CMD"), rule("cmd.EXE"), rule("cm")))
    found = (await posted.one(ProcessesSeen)).found
    assert process in found["CMD"]
    assert found["CMD"] == found["cmd.EXE"]
    assert found["cm"] == ()


async def test_found_by_command_line(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    start("first")
    _, second = start("second-one")
    processes.scan("web", (rule("any", nameregex="^CMD", argregex="second-one"),))
    assert (await posted.one(ProcessesSeen)).found == {"any": (second,)}


async def test_the_agent_and_scripts_are_left_out(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    _, one = start("left-out")
    _, other = start("left-in")
    processes.exclude(frozenset({one}))
    processes.scan("web", (rule("cmd", argregex="left-"), rule("agent", nameregex=Path(sys.executable).stem)))
    found = (await posted.one(ProcessesSeen)).found
    assert found == {"cmd": (other,), "agent": ()}


async def test_a_service_that_is_not_there(processes: ApplicationProcesses, posted: Posted) -> None:
    processes.scan("web", (rule("no such service", service=True),))
    assert (await posted.one(ProcessesSeen)).found == {"no such service": ()}


async def test_a_death_is_told_at_once(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    child, process = start()
    processes.watch("web", frozenset({process}))
    await asyncio.sleep(0.1)
    assert posted.events == []
    before = monotonic()
    child.kill()
    assert await posted.one(ProcessDied) == ProcessDied("web", process)
    assert monotonic() - before < 2.0


async def test_one_that_is_gone_or_another_by_now_is_told(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    _, living = start()
    gone, earlier = ProcessRef(2**30, 5.0), ProcessRef(living.pid, living.created - 1.0)
    processes.watch("web", frozenset({living, gone, earlier}))
    died = await posted.wait(ProcessDied, 2)
    assert {death.process for death in died} == {gone, earlier}


async def test_more_than_one_wait_can_take(
    processes: ApplicationProcesses, posted: Posted, start: Callable[..., Begun]
) -> None:
    """The same few processes under many modules: each watch holds a handle of its own."""
    begun = [start() for _ in range(4)]
    for number in range(20):
        processes.watch(f"m{number}", frozenset(process for _, process in begun))
    for number in range(0, 20, 2):
        processes.watch(f"m{number}", frozenset({begun[0][1]}))
    for child, _ in begun:
        child.kill()
    died = await posted.wait(ProcessDied, 50)
    await asyncio.sleep(0.2)
    expected = {ProcessDied(f"m{n}", p) for n in range(20) for _, p in begun if n % 2 or p == begun[0][1]}
    assert set(died) == expected
    assert len(posted.all(ProcessDied)) == 50
