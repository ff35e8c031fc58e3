"""Units of systemd among the monitored processes; systemctl is played, the processes are real."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("the Linux half", allow_module_level=True)

from nodeagent.adapters.processes.applications import ApplicationProcesses
from nodeagent.adapters.processes.linux import table
from nodeagent.contract.config import ProcRule
from nodeagent.core.events import ProcessDied, ProcessesSeen, ProcessRef
from tests.fakes.posted import Posted
from tests.fakes.systemctl import FakeSystemctl


def service(name: str) -> ProcRule:
    return ProcRule(name, "both", service=True)


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    sleep = shutil.which("sleep")
    assert sleep
    with subprocess.Popen([sleep, "600"]) as child:
        yield child
        child.kill()


@pytest.fixture
def main(child: subprocess.Popen[bytes]) -> ProcessRef:
    created = table.created(child.pid)
    assert created is not None
    return ProcessRef(child.pid, created)


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
async def processes(posted: Posted) -> AsyncIterator[ApplicationProcesses]:
    processes = ApplicationProcesses(posted)
    yield processes
    await processes.close()


async def seen(processes: ApplicationProcesses, posted: Posted, *rules: ProcRule) -> Any:
    posted.events.clear()
    processes.scan("web", rules)
    return (await posted.one(ProcessesSeen)).found


@pytest.mark.covers("proc@service")
async def test_a_unit_stands_for_its_main_process(
    processes: ApplicationProcesses, posted: Posted, systemctl: FakeSystemctl, main: ProcessRef
) -> None:
    systemctl.unit("web.service", MainPID=main.pid)
    found = await seen(processes, posted, service("web"), service("nothing"))
    assert found == {"web": (main,), "nothing": ()}


async def test_a_unit_that_has_not_come_up_is_not_there(
    processes: ApplicationProcesses, posted: Posted, systemctl: FakeSystemctl, main: ProcessRef
) -> None:
    systemctl.unit("web.service", MainPID=main.pid, ActiveState="activating")
    assert await seen(processes, posted, service("web")) == {"web": ()}
    systemctl.unit("web.service", MainPID=main.pid, ActiveState="reloading")
    assert await seen(processes, posted, service("web")) == {"web": (main,)}


async def test_a_unit_without_a_process_counts_as_one_and_never_dies(
    processes: ApplicationProcesses,
    posted: Posted,
    systemctl: FakeSystemctl,
    main: ProcessRef,
    child: subprocess.Popen[bytes],
) -> None:
    systemctl.unit("mounts.service", ActiveEnterTimestampMonotonic=4_000_000)
    found = await seen(processes, posted, service("mounts"))
    assert found == {"mounts": (ProcessRef(0, 4.0),)}
    assert await seen(processes, posted, service("mounts")) == found
    posted.events.clear()
    processes.watch("web", frozenset({*found["mounts"], main}))
    child.kill()
    await posted.wait(ProcessDied, 1)
    assert posted.events == [ProcessDied("web", main)]


async def test_a_main_process_that_is_gone_already_is_not_counted(
    processes: ApplicationProcesses,
    posted: Posted,
    systemctl: FakeSystemctl,
    main: ProcessRef,
    child: subprocess.Popen[bytes],
) -> None:
    systemctl.unit("web.service", MainPID=main.pid)
    child.kill()
    child.wait()
    assert await seen(processes, posted, service("web")) == {"web": ()}


async def test_a_silent_systemd_proves_no_loss_but_a_dead_process_does(
    processes: ApplicationProcesses,
    posted: Posted,
    systemctl: FakeSystemctl,
    main: ProcessRef,
    child: subprocess.Popen[bytes],
) -> None:
    systemctl.unit("web.service", MainPID=main.pid)
    systemctl.unit("mounts.service")
    rules = service("web"), service("mounts"), service("nothing")
    found = await seen(processes, posted, *rules)
    systemctl.fall_silent()
    assert await seen(processes, posted, *rules) == found
    child.kill()
    child.wait()
    assert await seen(processes, posted, *rules) == {"web": (), "mounts": (ProcessRef(0, 0.0),), "nothing": ()}


async def test_services_and_processes_in_one_scan(
    processes: ApplicationProcesses, posted: Posted, systemctl: FakeSystemctl, main: ProcessRef
) -> None:
    systemctl.unit("web.service", MainPID=main.pid)
    both = ProcRule("sleep", "both", argregex="^[^ ]*sleep 600$")
    found = await seen(processes, posted, service("web"), both)
    assert found["web"] == (main,)
    assert main in found["sleep"]
