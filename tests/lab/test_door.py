"""`dev.py lab`, with a sleeping process as the owner: a person's lab on this machine is not touched."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.lab import door
from tests.lab.clients import ROOT
from tests.lab.topology import labs

Door = Callable[..., "subprocess.CompletedProcess[str]"]
CALL = "import sys; from tests.lab.door import main; sys.exit(main(sys.argv[2:], owner=int(sys.argv[1])))"


@pytest.fixture
def owner(possible: None) -> Iterator[int]:
    """A process without a lab; one that it has at the end is removed."""
    with subprocess.Popen(["sleep", "600"]) as sleeper:
        try:
            yield sleeper.pid
        finally:
            door.down(sleeper.pid)
            sleeper.kill()


@pytest.fixture
def lab(owner: int) -> Door:
    """`dev.py lab …` for this owner."""

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", CALL, str(owner), *arguments]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    return call


def test_a_person_builds_enters_and_removes_a_lab(lab: Door, owner: int) -> None:
    built = lab("up")
    assert built.returncode == 0, built.stderr
    assert built.stdout.count("UP Ready") == 3
    assert "10.77.0.13" in built.stdout
    assert "stands already" in lab("up").stderr
    assert "UP" in lab("shell", "node2", "keepgreen", "state").stdout
    assert "10.77.1.250/16" in lab("shell", "client1", "ip", "-o", "addr").stdout
    assert lab("shell", "sw", "false").returncode == 1
    assert "there is: client1, node1, node2, node3, sw" in lab("shell", "node9").stderr
    assert lab("down").stdout == "The lab is gone.\n"
    assert not any(name.startswith(f"{owner}-") for name in labs())


def test_without_a_lab_or_a_known_command_a_sentence_says_so(lab: Door) -> None:
    assert lab("down").stdout == "There is no lab.\n"
    assert "`python3 dev.py lab up` makes one" in lab("shell", "node1").stderr
    assert "lab shell NAME" in lab("what").stderr
    assert lab().returncode == 2
