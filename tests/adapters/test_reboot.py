"""The order to reboot, with harmless commands in the place of the system's."""

import sys
import threading
from pathlib import Path

import pytest

from nodeagent.adapters.reboot import SystemReboot
from nodeagent.contract.states import LogType
from tests.fakes.waiting import until


class FakeLog:
    """What was said, and in which thread."""

    def __init__(self) -> None:
        self.said: list[tuple[LogType, str]] = []
        self.threads: set[threading.Thread] = set()

    def __call__(self, type_: LogType, text: str) -> None:
        self.said.append((type_, text))
        self.threads.add(threading.current_thread())


@pytest.mark.covers("agent.reboot")
async def test_a_machine_that_does_not_allow_it_is_not_rebooted(tmp_path: Path) -> None:
    log, mark, before = FakeLog(), tmp_path / "rebooted", set(threading.enumerate())
    SystemReboot(False, log, [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]).reboot("web", "4 failures")
    ((type_, text),) = log.said
    assert type_ is LogType.CRITICAL
    assert "web asks for a reboot" in text
    assert "reboot = true in [agent]" in text
    assert not mark.exists()
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name == "reboot"]


@pytest.mark.covers("agent.reboot")
async def test_the_command_runs(tmp_path: Path) -> None:
    log, mark = FakeLog(), tmp_path / "rebooted"
    SystemReboot(True, log, [sys.executable, "-c", f"open({str(mark)!r}, 'w')"]).reboot("web", "4 failures")
    assert log.said == [(LogType.CRITICAL, "this machine is rebooted for web: 4 failures")]
    await until(mark.exists)


async def test_a_failure_is_said_in_the_loops_thread() -> None:
    log = FakeLog()
    SystemReboot(True, log, [sys.executable, "-c", "raise SystemExit('not today')"]).reboot("web", "4 failures")
    await until(lambda: len(log.said) == 2)
    assert log.said[1] == (LogType.CRITICAL, "the machine could not be rebooted: not today")
    assert log.threads == {threading.current_thread()}


async def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    log = FakeLog()
    SystemReboot(True, log, [str(tmp_path / "nothing")]).reboot("web", "4 failures")
    await until(lambda: len(log.said) == 2)
    assert "could not be rebooted" in log.said[1][1]


async def test_what_it_says_may_be_in_any_encoding() -> None:
    log = FakeLog()
    speak = "import sys; sys.stderr.buffer.write(b'nicht \\x81\\xff jetzt'); sys.exit(1)"
    SystemReboot(True, log, [sys.executable, "-c", speak]).reboot("web", "4 failures")
    await until(lambda: len(log.said) == 2)
    assert log.said[1][1].startswith("the machine could not be rebooted: nicht ")
    assert log.said[1][1].endswith(" jetzt")
