"""What systemd is told, over a real notification socket."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

if sys.platform != "linux":
    pytest.skip("systemd is for Linux", allow_module_level=True)

from nodeagent.host.systemd import EXTENSION, Systemd
from tests.fakes.systemctl import FakeSystemctl
from tests.fakes.waiting import until


class Listener:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.setblocking(False)
        self._heard: list[str] = []

    @property
    def heard(self) -> list[str]:
        """All words so far."""
        while True:
            try:
                self._heard += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return self._heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    listener = Listener(f"@kg-{uuid4().hex}" if request.param == "abstract" else str(tmp_path / "notify"))
    yield listener
    listener.close()


def systemd(environment: dict[str, str]) -> Systemd:
    found = Systemd.from_environment(environment)
    assert found is not None
    return found


async def test_the_agent_is_ready_and_lives(listener: Listener) -> None:
    environment = {"NOTIFY_SOCKET": listener.address, "WATCHDOG_USEC": "30000", "PATH": "/bin"}
    supervisor = systemd(environment)
    assert environment == {"PATH": "/bin"}
    supervisor.started()
    await until(lambda: listener.heard.count("WATCHDOG=1") >= 3)
    assert listener.heard[:2] == ["READY=1", "STATUS=serving"]
    supervisor.close()
    count = len(listener.heard)
    await asyncio.sleep(0.1)
    assert len(listener.heard) == count


@pytest.mark.parametrize("watched", [{}, {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "0"}, {"WATCHDOG_USEC": "infinity"}])
async def test_no_signs_of_life_where_nobody_waits_for_ours(listener: Listener, watched: dict[str, str]) -> None:
    supervisor = systemd({"NOTIFY_SOCKET": listener.address, **watched})
    supervisor.started()
    assert listener.heard == ["READY=1", "STATUS=serving"]
    supervisor.close()


async def test_a_long_stop_asks_for_more_time_once_a_second(listener: Listener) -> None:
    supervisor = systemd({"NOTIFY_SOCKET": listener.address})
    for _ in range(20):
        supervisor.stopping(600.0, "stopping web")
    assert listener.heard == [f"EXTEND_TIMEOUT_USEC={EXTENSION * 1e6:.0f}", "STATUS=stopping web, 600 s at most"]
    supervisor.close()


async def test_nobody_listens_any_more(listener: Listener) -> None:
    supervisor = systemd({"NOTIFY_SOCKET": listener.address})
    listener.close()
    supervisor.started()
    supervisor.close()


async def test_without_systemd() -> None:
    environment = {"WATCHDOG_USEC": "1000"}
    assert Systemd.from_environment(environment) is None
    assert environment == {}


@pytest.mark.parametrize(("state", "stops"), [("running", False), ("degraded", False), ("stopping", True)])
async def test_a_shutdown_is_told_from_a_restart(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, stops: bool
) -> None:
    fake = FakeSystemctl(tmp_path)
    fake.system(state)
    monkeypatch.setenv("PATH", fake.path)
    supervisor = systemd({"NOTIFY_SOCKET": listener.address})
    assert await supervisor.system_stops() is stops
    assert listener.heard == ["STOPPING=1"]
    supervisor.close()


async def test_no_answer_means_a_restart(listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    supervisor = systemd({"NOTIFY_SOCKET": listener.address})
    assert not await supervisor.system_stops()
    supervisor.close()
