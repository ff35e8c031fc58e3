"""The end of the system told from the end of the agent; systemctl and the notification socket are played."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_farm import APP, FILES, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory
from tests.fakes.systemctl import FakeSystemctl

STOP = FILES["bin/stop_both"].replace(b"pkill", b"sleep 2\npkill")


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


@pytest.fixture
def farm(systemctl: FakeSystemctl, words: socket.socket) -> Iterator[RealFarm]:
    with short_directory() as directory, running_farm(directory, 1) as farm:
        farm.apply(scripts={"bin/stop_both": STOP})
        farm.start()
        yield farm


def heard(words: socket.socket) -> str:
    said = []
    while True:
        try:
            said.append(words.recv(4096).decode())
        except BlockingIOError:
            return "\n".join(said)


def application(node: RealNode) -> list[int]:
    return [p.pid for p in node.processes() if p.cmdline()[:1] == [f"{APP}-{node.name}"]]


def end(node: RealNode) -> None:
    assert node.agent is not None
    node.agent.send_signal(signal.SIGTERM)
    assert node.agent.wait(60) == 0


def stopped(node: RealNode) -> list[str]:
    file = node.home / "var" / "modules" / "farm" / "var" / "stopped"
    return file.read_text().splitlines() if file.exists() else []


def test_a_restart_of_the_service_leaves_the_application_alone(farm: RealFarm, words: socket.socket) -> None:
    (node,) = farm.nodes
    assert "READY=1" in heard(words)
    before = application(node)
    end(node)
    assert application(node) == before != []
    assert stopped(node) == []
    assert "EXTEND_TIMEOUT_USEC" not in heard(words)
    node.start_agent()
    farm.all_green(20)
    assert node.started() == 1


def test_a_shutdown_of_the_system_stops_the_modules_first(
    farm: RealFarm, words: socket.socket, systemctl: FakeSystemctl
) -> None:
    (node,) = farm.nodes
    systemctl.system("stopping")
    end(node)
    assert application(node) == []
    assert [line.split()[:2] for line in stopped(node)] == [["UP", "WAIT"], ["force", "WAIT"]]
    said = heard(words)
    assert "STOPPING=1" in said
    assert "EXTEND_TIMEOUT_USEC=" in said
    assert "stopping farm" in said
    systemctl.system("running")
    node.boot += 1
    node.start_agent()
    until(node.green, 20, "the module starts at boot, since nobody ordered its stop")
    assert node.started() == 2
