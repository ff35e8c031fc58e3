"""Real agents for the console's tests, on addresses that no other test uses, and what pretends to be one."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import msgspec
from aiohttp import web

from app.services.cluster_rollout import Deadline
from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Target
from nodeagent.adapters.tls import NodeKeys
from nodeagent.contract import api
from nodeagent.contract.states import Role
from nodeagent.contract.status import NodeStatus
from tests.e2e.real_farm import NETWORK, RealFarm, RealNode
from tests.fakes.short_directory import short_directory

BLOCK = int(NETWORK.rpartition(".")[2])
"""The third byte of the addresses of this process's nodes."""


class ConsoleNode(RealNode):
    """A fresh agent whose admin has a password of its own."""

    def __init__(self, directory: Path, number: int, network: str) -> None:
        super().__init__(directory, number)
        self.address = f"{network}.{number}"
        self.password = f"password of {self.name}"
        self.known_pin = ""
        (self.home / "var" / "agent.toml").write_text(f'[listen]\naddress = "{self.address}"\n')

    def start(self) -> None:
        """Start it and give admin its password."""
        self.start_agent()
        self.set_password(self.password)
        self.known_pin = str(self.get("/identity")["pin"])

    def set_password(self, password: str) -> None:
        """What `keepgreen passwd` does."""
        self.ask("POST", "/users/admin/password", {"password": password})

    @property
    def credentials(self) -> Credentials:
        """How to log in."""
        return Credentials("admin", self.password)

    @property
    def place(self) -> NodeAddress:
        """Where it is, pinned."""
        return NodeAddress(self.address, pin=self.known_pin)

    @property
    def target(self) -> Target:
        """It, as a part of a rollout."""
        return Target(self.name, self.place, self.credentials)


class ConsoleFarm(RealFarm):
    """Fresh nodes, in no cluster yet."""

    nodes: list[ConsoleNode]  # type: ignore[assignment]

    def __init__(self, directory: Path, count: int, block: int = 0) -> None:
        network = f"127.{100 + block}.{BLOCK}"
        self.nodes = [ConsoleNode(directory, number, network) for number in range(1, count + 1)]

    def start_agents(self) -> None:
        """All of them."""
        for node in self.nodes:
            node.start()

    def power_off(self) -> None:
        """Nothing of it is left."""
        for node in self.nodes:
            node.power_off()

    def xml(self, *names: str) -> bytes:
        """cluster.xml of these nodes, or of all."""
        chosen = [node for node in self.nodes if not names or node.name in names]
        lines = "".join(f'<node name="{node.name}" addr="{node.address}"/>' for node in chosen)
        return f'<cluster><lans><lan name="default">{lines}</lan></lans></cluster>'.encode()


async def keep_when_all_answer(deadline: Deadline) -> bool:
    """The decision of a person who only looks whether all nodes took it."""
    return all(seen.answers for seen in deadline.seen)


@contextmanager
def serving(count: int, block: int) -> Iterator[ConsoleFarm]:
    """So many nodes of one cluster whose module serves."""
    with short_directory() as directory:
        farm = ConsoleFarm(directory, count, block)
        try:
            farm.start_agents()
            farm.form_cluster()
            farm.apply()
            farm.start()
            yield farm
        finally:
            farm.power_off()


class FakeAgent:
    """Answers as an agent; `gone` ends all sessions, `broken` answers nonsense.

    It has no event stream, or one that says what stands in `stream` and stays open.
    """

    def __init__(self, keys: NodeKeys) -> None:
        self.keys, self.logins, self.gone, self.broken = keys, 0, False, False
        self.stream: tuple[str, ...] = ()
        self.streams = 0
        """How many were opened."""
        self.lets_in = asyncio.Event()
        """Logins wait for it."""
        self.lets_in.set()
        self.status = NodeStatus("node9", "u-9", "0.1.0", 1, 1.0, "b", 1.0)
        self.lines = (api.LogLine(1, 1.0, "node9", "", "agent", api.LogType.INFO, "hello"),)
        self.cluster = api.ClusterInfo(configured=False)

    async def identity(self, _: web.Request) -> web.Response:
        pin = self.keys.pin
        return answer(api.Identity("node9", "u-9", "0.1.0", pin, self.keys.words, "", True))

    async def login(self, request: web.Request) -> web.Response:
        self.logins += 1
        await self.lets_in.wait()
        self.gone = False
        said = msgspec.json.decode(await request.read(), type=api.Login)
        if said.password != "right":
            problem = api.ProblemDetail("urn:keepgreen:wrong-password", "Unauthorized", 401, "the password is wrong")
            return answer(problem, 401)
        return answer(api.Session(f"token-{self.logins}", said.user, Role.CONTROL))

    async def read(self, request: web.Request) -> web.Response:
        if self.broken:
            return web.Response(text="<html>nonsense</html>")
        if self.gone or request.headers.get("Authorization") != f"Bearer token-{self.logins}":
            problem = api.ProblemDetail("urn:keepgreen:login-required", "Unauthorized", 401, "this needs a login")
            return answer(problem, 401)
        if request.path.endswith("/log"):
            return answer(api.LogPage(self.lines if not request.query.get("after") else (), 1))
        if request.path.endswith("/cluster"):
            return answer(self.cluster)
        return answer(self.status)

    async def events(self, request: web.Request) -> web.StreamResponse:
        if not self.stream:
            return web.Response(status=404)
        self.streams += 1
        stream = web.WebSocketResponse()
        await stream.prepare(request)
        for said in self.stream:
            await stream.send_str(said)
        async for _ in stream:
            pass
        return stream


class FakeCommitter(FakeAgent):
    """Takes a module. While it `hangs`, the first commit that it is asked for comes to nothing."""

    def __init__(self, keys: NodeKeys) -> None:
        super().__init__(keys)
        self.hangs = False
        self.asked = self.committed = 0
        """Commits asked for, and those that were taken."""
        self._free = asyncio.Event()

    async def module(self, request: web.Request) -> web.Response:
        if request.match_info["step"] != "commit":
            return answer(api.Staged(True, "s" * 64))
        self.asked += 1
        if self.hangs and self.asked == 1:
            await self._free.wait()
            return answer(None)
        self.committed += 1
        return answer(api.ModuleInfo("farm", True, 1, ("node1",)))

    def let_go(self) -> None:
        """Nobody has to wait for the commit that hangs any more."""
        self._free.set()


def answer(body: object, status: int = 200) -> web.Response:
    """JSON."""
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


@asynccontextmanager
async def fake_agent(directory: Path) -> AsyncIterator[tuple[FakeAgent, NodeAddress]]:
    """A FakeAgent on a free port of 127.0.0.1."""
    agent = FakeAgent(NodeKeys(directory))
    async with _served(agent, web.get("/api/v1/events", agent.events)) as address:
        yield agent, address


@asynccontextmanager
async def fake_committer(directory: Path) -> AsyncIterator[tuple[FakeCommitter, NodeAddress]]:
    """A FakeCommitter on a free port of 127.0.0.1."""
    agent = FakeCommitter(NodeKeys(directory))
    async with _served(agent, web.post("/api/v1/modules/farm/{step}", agent.module)) as address:
        try:
            yield agent, address
        finally:
            agent.let_go()


@asynccontextmanager
async def _served(agent: FakeAgent, *routes: web.RouteDef) -> AsyncIterator[NodeAddress]:
    app = web.Application()
    app.router.add_get("/api/v1/identity", agent.identity)
    app.router.add_post("/api/v1/login", agent.login)
    app.router.add_get("/api/v1/{what:(status|log|cluster)}", agent.read)
    app.router.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    context: ssl.SSLContext = agent.keys.server_context()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield NodeAddress("127.0.0.1", runner.addresses[0][1], agent.keys.pin)
    finally:
        await runner.cleanup()
