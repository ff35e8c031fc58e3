"""The agent's loop goes before ordinary work; what it starts does not. On the real scheduler."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the priorities of Linux", allow_module_level=True)

WEIGHED = Path("/proc/self/autogroup").exists()
"""Whether this kernel weighs sessions."""

RISEN = """
import os, subprocess, sys, threading
from nodeagent.host.priority import rise

rise()
seen = [os.getpriority(os.PRIO_PROCESS, 0)]
thread = threading.Thread(target=lambda: seen.append(os.getpriority(os.PRIO_PROCESS, 0)))
thread.start()
thread.join()
child = subprocess.run(["nice"], stdout=subprocess.PIPE, check=True, start_new_session=True)
group = open("/proc/self/autogroup").read().split()[2:] if os.path.exists("/proc/self/autogroup") else []
print(*seen, child.stdout.decode().strip(), *(group or "0"))
"""


def risen(*before: str, service: bool = False) -> list[int]:
    """What a process and its thread and child have after `rise`, and its session as the kernel weighs it."""
    command = [*before, sys.executable, "-c", RISEN]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=30, start_new_session=service)
    return [int(word) for word in done.stdout.split()]


def expected() -> int:
    """What the loop's thread comes to: -10 where this machine gives it; what the tests have already is kept."""
    if own := os.getpriority(os.PRIO_PROCESS, 0):
        return own
    done = subprocess.run(["nice", "-n", "-10", "nice"], capture_output=True, check=True)
    return int(done.stdout)


def own_weight() -> int:
    """That of the session these tests run in, which may have been given one; the first session has no group."""
    group = Path("/proc/self/autogroup")
    weight = group.read_text().split()[2:] if group.exists() else []
    return int(*weight or "0")


def test_only_the_loop_rises() -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert risen()[:3] == [expected(), own, own]


def test_the_session_of_a_service_rises_that_of_a_shell_does_not() -> None:
    shell, service = risen()[3], risen(service=True)[3]
    assert shell == own_weight()
    assert service == (expected() if WEIGHED and expected() < 0 else 0)


def test_a_priority_that_somebody_gave_is_kept() -> None:
    assert risen("nice", "-n", "5")[0] == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
