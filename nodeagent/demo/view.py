"""What the demo looks like from outside: its agents, their answers, and who answers through the load balancer."""

import asyncio
import contextlib
from pathlib import Path

import msgspec

from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import CallFailed
from nodeagent.contract.states import State, Status
from nodeagent.demo.plain_http import PATIENCE, fetch
from nodeagent.demo.processes import home_of, is_agent, of_demo
from nodeagent.demo.record import BALANCER, BALANCER_PORT, DemoInfo, DemoNode
from nodeagent.demo.rollout import module_of


class NodeView(msgspec.Struct, frozen=True):
    """One node at one moment. `agent` is a pid, 0 without one; state and status are None when it did not answer."""

    name: str
    address: str
    agent: int = 0
    state: State | None = None
    status: Status | None = None
    since: float = 0.0
    by: str = ""
    phase: str = ""
    why: str = ""
    ready: int = 0
    """The HTTP status of ready.txt, 0 when nothing answers."""
    application: str = ""
    """What the application answers, empty when it does not."""


class FarmView(msgspec.Struct, frozen=True):
    """The whole demo at one moment."""

    up: bool
    nodes: tuple[NodeView, ...] = ()
    application_url: str = ""
    mosaic_url: str = ""


class Lookout:
    """Looks again and again; keeps its sessions, and renews those that broke."""

    def __init__(self, info: DemoInfo) -> None:
        self.info = info
        self.clients: dict[str, ApiClient] = {}
        self.closing: dict[str, contextlib.AsyncExitStack] = {}

    async def look(self) -> tuple[NodeView, ...]:
        """All nodes at once, within about PATIENCE."""
        running = await asyncio.to_thread(of_demo, Path(self.info.directory))
        agents = {home_of(process): process.pid for process in running if is_agent(process)}
        async with asyncio.TaskGroup() as group:
            views = [
                group.create_task(self.look_at(node, agents.get(Path(node.home), 0)), name=node.name)
                for node in self.info.nodes
            ]
        return tuple(task.result() for task in views)

    async def look_at(self, node: DemoNode, agent: int) -> NodeView:
        """One node; whatever does not answer is left out."""
        path = f"/var/modules/{self.info.module}/ready.txt"
        (ready, _), (code, answer) = await asyncio.gather(
            fetch(node.address, node.health_port, path), fetch(node.address, node.app_port)
        )
        view = NodeView(node.name, node.address, agent, ready=ready, application=answer.strip() if code == 200 else "")
        try:
            async with asyncio.timeout(PATIENCE):
                module = await module_of(await self.client(node), self.info.module)
        except (CallFailed, TimeoutError):
            await self.forget(node)
            return view
        return msgspec.structs.replace(
            view,
            state=module.state,
            status=module.status,
            since=module.since,
            by=module.by,
            phase=module.phase,
            why=module.why,
        )

    async def client(self, node: DemoNode) -> ApiClient:
        """The session with a node, opened when there is none."""
        if node.name not in self.clients:
            async with contextlib.AsyncExitStack() as stack:
                client = await stack.enter_async_context(ApiClient(node.address, node.api_port, node.pin))
                await client.login(self.info.user, self.info.password)
                self.clients[node.name] = client
                self.closing[node.name] = stack.pop_all()
        return self.clients[node.name]

    async def forget(self, node: DemoNode) -> None:
        """Close a session that broke."""
        self.clients.pop(node.name, None)
        if session := self.closing.pop(node.name, None):
            await session.aclose()

    async def close(self) -> None:
        """Close all sessions."""
        for node in self.info.nodes:
            await self.forget(node)


async def look(info: DemoInfo) -> tuple[NodeView, ...]:
    """One look."""
    lookout = Lookout(info)
    try:
        return await lookout.look()
    finally:
        await lookout.close()


class Traffic:
    """A client of the load balancer: one request after the other, each on its own connection."""

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        """Answers by node since the beginning."""
        self.failed = 0
        self.last_failure = ""

    async def run(self, pause: float = 0.1) -> None:
        """Ask until cancelled, `pause` seconds apart."""
        while True:
            await self.ask()
            await asyncio.sleep(pause)

    async def ask(self) -> None:
        """One request."""
        code, answer = await fetch(BALANCER, BALANCER_PORT)
        if code == 200:
            node = answer.split(maxsplit=1)[0]
            self.answers[node] = self.answers.get(node, 0) + 1
        else:
            self.failed += 1
            self.last_failure = answer if not code else f"HTTP {code}"

    def sentence(self) -> str:
        """What came of it, in words."""
        total = sum(self.answers.values())
        shares = ", ".join(f"{node} {count * 100 / total:.0f} %" for node, count in sorted(self.answers.items()))
        failed = f"{self.failed} failed" + (f" (last: {self.last_failure})" if self.failed else "")
        return f"{total + self.failed} requests through the load balancer: {shares or 'no answer'}; {failed}"
