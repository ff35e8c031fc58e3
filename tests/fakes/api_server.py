"""A real API server on 127.0.0.1 with a FakeControl behind it, for the tests of the HTTP API and its client."""

import asyncio
import json
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from argon2 import PasswordHasher

from nodeagent.adapters.http_api import ApiServer, LocalServer, Logins, NodeLogins, Relay, Users
from nodeagent.adapters.http_api.route import Part
from nodeagent.adapters.http_api.users import User, UserTable
from nodeagent.adapters.tls import NodeKeys
from nodeagent.contract.states import Role
from nodeagent.home import Home
from tests.fakes.control import FakeControl, FakeRecords
from tests.fakes.waiting import until

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
PASSWORDS = {role: f"password-of-{role}" for role in Role}
TABLE = msgspec.json.encode(UserTable(tuple(User(role, role, CHEAP.hash(word)) for role, word in PASSWORDS.items())))


class FakeKeeping:
    """Keeps the user table in memory."""

    def __init__(self) -> None:
        self.kept = b""

    async def keep(self, data: bytes) -> None:
        self.kept = data


@dataclass
class Served:
    """A running node: TLS on `port`, the local transport in `home`."""

    control: FakeControl
    records: FakeRecords
    users: Users
    logins: Logins
    keeping: FakeKeeping
    keys: NodeKeys
    home: Home
    port: int
    slept: list[float]

    def client_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    async def token(self, role: Role = Role.ADMIN) -> str:
        answer = await self.tls("POST", "/login", {"user": role, "password": PASSWORDS[role]})
        assert answer.status == 200, answer
        return str(answer.json["token"])

    async def tls(
        self, method: str, path: str, body: Any = None, token: str = "", headers: dict[str, str] | None = None
    ) -> "Answer":
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.client_context())
        return await exchange(reader, writer, method, path, body, token, headers)

    async def local(self, method: str, path: str, body: Any = None) -> "Answer":
        reader, writer, token = await self.open_local()
        return await exchange(reader, writer, method, path, body, token)

    async def open_local(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
        """A connection to the local transport, and the token that its requests need."""
        if sys.platform == "win32":
            said = json.loads(self.home.local_token.read_bytes())
            return *await asyncio.open_connection("127.0.0.1", said["port"]), said["token"]
        return *await asyncio.open_unix_connection(str(self.home.socket)), ""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    method: str,
    path: str,
    body: Any = None,
    token: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    data = body if isinstance(body, bytes) else (b"" if body is None else msgspec.json.encode(body))
    said = {"Host": "x", "Connection": "close", "Content-Length": str(len(data)), **(headers or {})}
    if token:
        said["Authorization"] = f"Bearer {token}"
    full = path if path.startswith("!") else f"/api/v1{path}"
    lines = [f"{method} {full.removeprefix('!')} HTTP/1.1", *(f"{k}: {v}" for k, v in said.items()), "", ""]
    try:
        async with asyncio.timeout(30):
            writer.write("\r\n".join(lines).encode("utf-8", "surrogatepass") + data)
            return parsed(await reader.read())
    finally:
        writer.close()


def parsed(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return Answer(int(first.split()[1]), headers, body)


def part_of(control: FakeControl, users: Users, logins: Logins, keys: NodeKeys) -> Part:
    """What a server needs."""
    return Part(control, users, logins, NodeLogins(keys.pin, control.pins, logins), Relay(keys))


@asynccontextmanager
async def served(directory: Path, table: bytes = TABLE) -> AsyncIterator[Served]:
    """Both transports, until the context ends. Penalties are noted in `slept`, not slept."""
    control, records, keeping, slept = FakeControl(), FakeRecords(), FakeKeeping(), list[float]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    users = Users(table, keeping.keep)
    logins = Logins(users, sleep=sleep)
    home = Home(directory, directory / "v")
    keys = NodeKeys(home.tls)
    part = part_of(control, users, logins, keys)
    control.pin = keys.pin
    server = ApiServer(part, keys.server_context(), address="127.0.0.1", port=0, audit=records.audit, say=records.say)
    local = LocalServer(part, home, audit=records.audit, say=records.say)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(server.run()), tasks.create_task(local.run())]
        await until(lambda: server.listeners[0].open and not local.problem)
        yield Served(control, records, users, logins, keeping, keys, home, server.listeners[0].port, slept)
        for task in running:
            task.cancel()
    users.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
