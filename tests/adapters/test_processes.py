"""Finding and watching real processes on Linux."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

if sys.platform != "linux":
    pytest.skip("the Linux half", allow_module_level=True)

from nodeagent.adapters.processes.applications import ApplicationProcesses
from nodeagent.adapters.processes.linux import deaths, table
from nodeagent.contract.config import ProcRule
from nodeagent.core.events import ProcessDied, ProcessesSeen, ProcessRef
from tests.fakes.posted import Posted
from tests.fakes.waiting import until

Start = Callable[..., ProcessRef]


def rule(name: str, **changes: Any) -> ProcRule:
    return ProcRule(**{"name": name, "proc_class": "both"} | changes)


def ended(process: ProcessRef) -> bool:
    found = table.stat(process.pid)
    return found is None or found.ended


def watches() -> int:
    """How many pidfds this process has. Only these: a look under way opens and closes others in its thread."""
    held = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            held += "pidfd" in str(descriptor.readlink())
    return held


@pytest.fixture
def name() -> str:
    """A program name that no other process of this machine has."""
    return f"kg{uuid4().hex[:8]}"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts copies of `sleep` under a name of one's own."""
    children: list[subprocess.Popen[bytes]] = []
    sleep = shutil.which("sleep")
    assert sleep

    def begin(name: str, *args: str) -> ProcessRef:
        program = tmp_path / name
        if not program.exists():
            shutil.copy(sleep, program)
        child = subprocess.Popen([program, "600", *args])
        children.append(child)
        created = table.created(child.pid)
        assert created is not None
        return ProcessRef(child.pid, created)

    yield begin
    for child in children:
        child.kill()
        child.wait()


@pytest.fixture
def speak() -> Iterator[Callable[..., int]]:
    """Starts a program that says one line when it is ready and then waits; its pid."""
    children: list[subprocess.Popen[bytes]] = []

    def begin(*command: str | Path) -> int:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        children.append(child)
        assert child.stdout
        child.stdout.readline()
        return child.pid

    yield begin
    for child in children:
        child.kill()
        child.communicate()


@pytest.fixture
async def posted() -> Posted:
    return Posted()


@pytest.fixture
async def processes(posted: Posted) -> AsyncIterator[ApplicationProcesses]:
    processes = ApplicationProcesses(posted)
    yield processes
    await processes.close()


@pytest.mark.covers("proc@name")
async def test_found_by_name(processes: ApplicationProcesses, posted: Posted, start: Start, name: str) -> None:
    both = sorted([start(name), start(name)])
    start(name + "x")
    processes.scan("web", (rule(name), rule(name.upper()), rule("PROCESS_NAME")))
    seen = await posted.one(ProcessesSeen)
    assert seen == ProcessesSeen("web", {name: tuple(both), name.upper(): (), "PROCESS_NAME": ()})


@pytest.mark.covers("proc@nameregex", "proc@argregex")
async def test_found_by_regex(processes: ApplicationProcesses, posted: Posted, start: Start, name: str) -> None:
    one, two = start(name + "a", "1e0"), start(name + "b", "2e0")
    processes.scan(
        "web",
        (
            rule("all", nameregex=f"^{name}"),
            rule("second", nameregex=name, argregex=" 2e0$"),
            rule(name + "a", argregex="2e0"),
        ),
    )
    found = (await posted.one(ProcessesSeen)).found
    assert found == {"all": tuple(sorted((one, two))), "second": (two,), name + "a": ()}


async def test_a_name_longer_than_the_kernel_keeps(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    program = start(name + "-server-of-the-farm")
    start(name + "-server-of-another")
    processes.scan("web", (rule(name + "-server-of-the-farm"),))
    assert (await posted.one(ProcessesSeen)).found == {name + "-server-of-the-farm": (program,)}


@pytest.mark.parametrize("ending", ["", "-with-a-long-name.sh"])
async def test_a_script_is_known_by_its_own_name(
    processes: ApplicationProcesses,
    posted: Posted,
    speak: Callable[..., int],
    tmp_path: Path,
    name: str,
    ending: str,
) -> None:
    script = tmp_path / (name + ending)
    script.write_text("#!/bin/sh\necho up\nread line\n")
    script.chmod(0o755)
    pid = speak(script)
    processes.scan("web", (rule(name + ending),))
    found = (await posted.one(ProcessesSeen)).found[name + ending]
    assert [process.pid for process in found] == [pid]


async def test_a_program_whose_file_was_replaced_is_found(
    processes: ApplicationProcesses, posted: Posted, start: Start, tmp_path: Path
) -> None:
    long_name = f"kg{uuid4().hex}"
    program = start(long_name)
    (tmp_path / long_name).unlink()
    processes.scan("web", (rule(long_name),))
    assert (await posted.one(ProcessesSeen)).found == {long_name: (program,)}


async def test_a_program_that_renames_itself_is_found_by_both_names(
    processes: ApplicationProcesses, posted: Posted, speak: Callable[..., int], name: str
) -> None:
    pid = speak(
        sys.executable, "-c", f"import ctypes; ctypes.CDLL(None).prctl(15, b'{name}'); print(flush=True); input()"
    )
    executable = table.executable(pid)
    processes.scan("web", (rule(name), rule(executable, argregex=name)))
    found = (await posted.one(ProcessesSeen)).found
    assert [[p.pid for p in found[key]] for key in (name, executable)] == [[pid], [pid]]


async def test_zombies_scripts_and_the_agent_are_left_out(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    living, script, zombie = start(name), start(name), start(name)
    os.kill(zombie.pid, 9)
    processes.exclude(frozenset({script, ProcessRef(living.pid, living.created - 1)}))
    me = table.stat(os.getpid())
    assert me
    await until(lambda: ended(zombie))
    processes.scan("web", (rule(name), rule("agent", nameregex=f"^{me.name}$")))
    found = (await posted.one(ProcessesSeen)).found
    assert found[name] == (living,)
    assert os.getpid() not in {process.pid for process in found["agent"]}


async def test_scans_of_one_module_are_joined(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    for _ in range(50):
        processes.scan("web", (rule(name),))
    last = start(name)
    processes.scan("web", (rule(name),))
    processes.scan("other", (rule(name),))
    await posted.wait(ProcessesSeen, 3)
    await asyncio.sleep(0.2)
    of_web = [seen for seen in posted.all(ProcessesSeen) if seen.module == "web"]
    assert len(of_web) == 2
    assert of_web[-1].found == {name: (last,)}


async def test_a_death_is_told_at_once(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    """The kernel wakes the loop up: nothing is looked at again and again."""
    first, second = start(name), start(name)
    before = watches()
    processes.watch("web", frozenset({first, second}))
    assert watches() == before + 2
    await asyncio.sleep(0.05)
    assert posted.events == []
    os.kill(first.pid, 9)
    assert await posted.one(ProcessDied) == ProcessDied("web", first)
    os.kill(second.pid, 9)
    assert (await posted.wait(ProcessDied, 2))[1] == ProcessDied("web", second)


async def test_a_watch_replaces_the_last_one(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    first, second = start(name), start(name)
    processes.watch("web", frozenset({first}))
    processes.watch("other", frozenset({first}))
    processes.watch("web", frozenset({second}))
    os.kill(first.pid, 9)
    os.kill(second.pid, 9)
    died = await posted.wait(ProcessDied, 2)
    assert set(died) == {ProcessDied("other", first), ProcessDied("web", second)}


async def test_one_that_is_gone_or_another_by_now_is_told(
    processes: ApplicationProcesses, posted: Posted, start: Start, name: str
) -> None:
    living = start(name)
    gone = ProcessRef(2**22 + 1, 5.0)
    earlier = ProcessRef(living.pid, living.created - 1.0)
    processes.watch("web", frozenset({living, gone, earlier}))
    assert posted.events == []  # not within the call
    died = await posted.wait(ProcessDied, 2)
    assert {death.process for death in died} == {gone, earlier}
    os.kill(living.pid, 9)
    assert (await posted.wait(ProcessDied, 3))[2].process == living


async def test_twenty_at_once(processes: ApplicationProcesses, posted: Posted, start: Start, name: str) -> None:
    all_of_them = frozenset(start(name) for _ in range(20))
    processes.scan("web", (rule(name),))
    assert (await posted.one(ProcessesSeen)).found == {name: tuple(sorted(all_of_them))}
    processes.watch("web", all_of_them)
    for process in all_of_them:
        os.kill(process.pid, 9)
    assert {death.process for death in await posted.wait(ProcessDied, 20)} == all_of_them


async def test_closed_means_silent(posted: Posted, start: Start, name: str) -> None:
    processes = ApplicationProcesses(posted)
    process = start(name)
    processes.watch("web", frozenset({process}))
    processes.scan("web", (rule(name),))
    before = watches()
    await processes.close()
    assert watches() == before - 1
    os.kill(process.pid, 9)
    await asyncio.sleep(0.1)
    assert posted.events == []


async def test_without_descriptors_the_death_is_still_seen(start: Start, name: str) -> None:
    """A kernel or sandbox without pidfds, or a process that has used up its descriptors."""
    import resource

    process = start(name)
    gone = asyncio.Event()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    watcher = deaths.Deaths(asyncio.get_running_loop())
    spare = os.open("/dev/null", os.O_RDONLY)
    os.close(spare)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, hard))
    filler = os.open("/dev/null", os.O_RDONLY)
    try:
        death = watcher.watch(process, gone.set)
    finally:
        os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await asyncio.sleep(0.3)
    assert not gone.is_set()
    os.kill(process.pid, 9)
    async with asyncio.timeout(20):
        await gone.wait()
    death.cancel()


@pytest.mark.parametrize("left", [0, 1])
async def test_a_watch_lasts_through_a_want_of_descriptors(start: Start, name: str, left: int) -> None:
    """None is left for the pidfd, or one: then none for the look at whose pid it is."""
    import resource

    process = start(name)
    gone = asyncio.Event()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    watcher = deaths.Deaths(asyncio.get_running_loop())
    spare = os.open("/dev/null", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 1, hard))
    try:
        if left:
            os.close(spare)
        death = watcher.watch(process, gone.set)
        if left:
            spare = os.open("/dev/null", os.O_RDONLY)
        await asyncio.sleep(0.6)
        assert not gone.is_set()
    finally:
        os.close(spare)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    os.kill(process.pid, 9)
    async with asyncio.timeout(20):
        await gone.wait()
    death.cancel()
