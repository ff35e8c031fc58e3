"""The local transport: the kernel's word about the caller, and the token file of Windows."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from nodeagent.adapters.http_api import LocalServer, Logins, Users
from nodeagent.adapters.http_api.local import PATH_CAP, bound
from nodeagent.adapters.tls import NodeKeys
from nodeagent.home import Home
from tests.fakes.api_server import TABLE, FakeKeeping, Served, exchange, part_of, served
from tests.fakes.control import FakeControl, FakeRecords
from tests.fakes.short_directory import short_directory
from tests.fakes.waiting import until

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="UNIX sockets with peer credentials")

ASK = """
import os, socket, sys
os.setgroups([])
os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /api/v1/status HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
answer = b""
while data := s.recv(65536):
    answer += data
sys.stdout.buffer.write(answer)
"""


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory with a path short enough for a socket that others may enter, too."""
    with short_directory() as directory:
        directory.chmod(0o755)
        yield directory


@pytest.fixture
async def node(short: Path) -> AsyncIterator[Served]:
    async with served(short) as started:
        yield started


@linux_only
async def test_the_caller_is_the_operating_systems_user(node: Served) -> None:
    answer = await node.local("POST", "/modules/web/actions", {"action": "start"})
    assert answer.status == 202
    import pwd

    assert node.control.calls == [(pwd.getpwuid(os.geteuid()).pw_name, "web", "start")]
    assert (await node.local("POST", "/modules/web/print", {"text": "hello"})).status == 204
    assert (await node.local("POST", "/nothing", None)).json["type"] == "urn:keepgreen:not-found"


@linux_only
async def test_the_socket_is_for_owner_and_group(node: Served) -> None:
    assert stat.S_IMODE(node.home.socket.stat().st_mode) == 0o660


@linux_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becoming another user needs root")
async def test_another_user_is_refused(node: Served) -> None:
    def ask() -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-c", ASK, str(node.home.socket), "65534"]
        return subprocess.run(command, capture_output=True, timeout=30, check=False)

    for place in (node.home.var, node.home.socket.parent):
        place.chmod(0o755)
    kept_out = await asyncio.to_thread(ask)
    assert b"PermissionError" in kept_out.stderr, "the mode alone keeps him out"
    node.home.socket.chmod(0o666)
    answer = await asyncio.to_thread(ask)
    head, _, body = answer.stdout.partition(b"\r\n\r\n")
    assert b" 403 " in head.partition(b"\r\n")[0]
    said = json.loads(body)
    assert said["type"] == "urn:keepgreen:not-in-group"
    assert "is neither root nor in the group keepgreen" in said["detail"]


@linux_only
async def test_the_file_goes_with_the_agent(short: Path) -> None:
    async with served(short) as node:
        assert node.home.socket.exists()
    assert not node.home.socket.exists()


@linux_only
def test_what_a_dead_agent_left_is_replaced(short: Path) -> None:
    path = short / "agent.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
    assert path.exists()
    with bound(path) as sock, socket.socket(socket.AF_UNIX) as client:
        assert sock.getsockname()
        client.connect(str(path))
    assert [entry.name for entry in short.iterdir()] == ["agent.sock"]


@linux_only
def test_what_is_not_ours_is_left_alone(short: Path) -> None:
    path = short / "agent.sock"
    with bound(path), pytest.raises(OSError, match="another agent serves"):
        bound(path)
    path.unlink()
    path.write_text("a file")
    with pytest.raises(OSError, match="is not a socket"):
        bound(path)
    assert path.read_text() == "a file"
    with pytest.raises(OSError, match="longer than the system allows"):
        bound(short / ("x" * PATH_CAP))


@linux_only
async def test_a_second_agent_waits_and_says_so_once(short: Path) -> None:
    async with served(short) as node:
        records = FakeRecords()
        keeping = FakeKeeping()
        users = Users(TABLE, keeping.keep)
        second = LocalServer(
            part_of(FakeControl(), users, Logins(users), node.keys), node.home, audit=records.audit, say=records.say
        )
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(second.run())
            await until(lambda: "another agent serves" in second.problem)
            node.home.socket.unlink()
            await until(lambda: not second.problem)
            assert (await node.local("GET", "/identity")).status == 200
            task.cancel()
        assert len(records.lines) == 1
        users.close()


async def test_windows_uses_a_token_in_a_private_file(tmp_path: Path) -> None:
    records, keeping = FakeRecords(), FakeKeeping()
    users = Users(TABLE, keeping.keep)
    home = Home(tmp_path, tmp_path / "var")
    control = FakeControl()
    part = part_of(control, users, Logins(users), NodeKeys(home.tls))
    server = LocalServer(part, home, audit=records.audit, say=records.say, platform="win32")

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.run())
        await until(lambda: not server.problem)
        said = json.loads(home.local_token.read_bytes())
        if sys.platform != "win32":
            assert stat.S_IMODE(home.local_token.stat().st_mode) == 0o600

        async def ask(token: str) -> int:
            reader, writer = await asyncio.open_connection("127.0.0.1", said["port"])
            return (await exchange(reader, writer, "POST", "/modules/web/boot", {"on": True}, token)).status

        assert await ask("") == 401
        assert await ask(said["token"][:-1]) == 401
        assert await ask(said["token"]) == 204
        assert control.calls == [("local administrator", "web", True, 0.0)]
        task.cancel()
    assert not home.local_token.exists()
    users.close()
