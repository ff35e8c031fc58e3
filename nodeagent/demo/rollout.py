"""Makes a farm out of fresh agents, the way an administrator would: a password on each node, then all over HTTPS."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

import nodeagent
from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import Commit, Order, StageCluster, Staged, StageModule
from nodeagent.contract.states import Action, State, Status
from nodeagent.contract.status import ModuleStatus
from nodeagent.demo.module import cluster_xml, farm_module
from nodeagent.demo.plain_http import fetch
from nodeagent.demo.record import BALANCER, BALANCER_PORT, DemoFailed, DemoInfo, DemoNode

AUTHOR = "demo"
LISTENING = 30.0
"""Seconds until an agent must answer on its API port."""
GREEN = 90.0
"""Seconds until all nodes must be UP Ready."""
STOPPED = 60.0
"""Seconds that a planned stop of the module may take."""

Report = Callable[[str], None]
Clients = dict[str, ApiClient]
T = TypeVar("T")


def rolled_out(info: DemoInfo, report: Report) -> DemoInfo:
    """From agents that have just been started to all nodes UP Ready; the info with pins. Raises DemoFailed. Blocks."""
    with in_one_sentence():
        return asyncio.run(roll_out(info, report))


def stopped(info: DemoInfo, nodes: Sequence[DemoNode]) -> None:
    """A planned stop on these nodes, to its end. Raises DemoFailed where one does not follow. Blocks."""
    with in_one_sentence():
        asyncio.run(stop_module(info, nodes))


@contextlib.contextmanager
def in_one_sentence() -> Iterator[None]:
    """DemoFailed instead of what a node said."""
    try:
        yield
    except CallFailed as failure:
        raise DemoFailed(str(failure), failure.problem.problems if failure.problem else ()) from failure


async def roll_out(info: DemoInfo, report: Report) -> DemoInfo:
    """All steps in turn."""
    nodes = await on_all(info.nodes, introduced)
    report(f"{len(nodes)} agents answer")
    await on_all(
        nodes, lambda node: keepgreen(node, "passwd", "--user", info.user, "--stdin", stdin=info.password + "\n")
    )
    info = msgspec.structs.replace(info, nodes=tuple(nodes))
    async with sessions(info) as clients:
        await form_cluster(info, clients)
        report("cluster.xml is applied on all nodes")
    async with sessions(info) as clients:  # the users of the first node hold everywhere now: a new login
        await apply_module(info, clients)
        report(f"module {info.module} is applied on all nodes")
        await on_all(nodes, lambda node: clients[node.name].order(info.module, Order(Action.START)))
        await all_green(info, clients, report)
    await all_in_rotation(info)
    report(f"{info.application_url} answers from all nodes")
    return info


async def introduced(node: DemoNode) -> DemoNode:
    """The node with its pin and words, asked over its local transport as soon as the agent answers."""
    async with timeout(LISTENING, f"the agent of {node.name} does not answer; its log is {node.home}/demo.log"):
        while not await listens(node.address, node.api_port):
            if node.agent.process() is None:
                raise DemoFailed(f"the agent of {node.name} ended at once; its log is {node.home}/demo.log")
            await asyncio.sleep(0.05)
    identity = json.loads(await keepgreen(node, "fingerprint", "--json"))
    return msgspec.structs.replace(node, pin=identity["pin"], words=identity["words"])


async def form_cluster(info: DemoInfo, clients: Clients) -> None:
    """One key, one set of pins and users, one cluster.xml: staged on all nodes, then committed on all."""
    first = clients[info.nodes[0].name]
    key = await first.cluster_key()
    users = await first.cluster_users()
    xml = cluster_xml(tuple((node.name, node.address) for node in info.nodes))
    pins = {node.name: node.pin for node in info.nodes}

    def request(node: DemoNode) -> StageCluster:
        return StageCluster(xml=xml, name=node.name, keys=(key,), pins=pins, users=users, author=AUTHOR)

    staged = await on_all(info.nodes, lambda node: clients[node.name].stage_cluster(request(node)))
    commit = agreed("cluster.xml", staged)
    await on_all(info.nodes, lambda node: clients[node.name].commit_cluster(commit))


async def apply_module(info: DemoInfo, clients: Clients) -> None:
    """Stage the module on all nodes, then commit it on all."""
    request = StageModule(farm_module(), tuple(node.name for node in info.nodes), AUTHOR)
    staged = await on_all(info.nodes, lambda node: clients[node.name].stage_module(info.module, request))
    commit = agreed(f"module {info.module}", staged)
    await on_all(info.nodes, lambda node: clients[node.name].commit_module(info.module, commit))


def agreed(what: str, staged: Sequence[Staged]) -> Commit:
    """The commit of what all nodes have accepted as one and the same."""
    problems = tuple(problem for answer in staged for problem in answer.problems)
    if not all(answer.ok for answer in staged):
        raise DemoFailed(f"{what} was refused", problems)
    if len({answer.signature for answer in staged}) != 1:
        raise DemoFailed(f"the nodes do not agree on {what}")
    return Commit(staged[0].signature, AUTHOR)


async def all_green(info: DemoInfo, clients: Clients, report: Report) -> None:
    """Wait until each node is UP Ready; says each node once."""
    waiting = list(info.nodes)
    async with timeout(GREEN, f"not all nodes became green in {GREEN:.0f} s"):
        while waiting:
            for node in tuple(waiting):
                module = await module_of(clients[node.name], info.module)
                if module.state is State.UP and module.status is Status.READY:
                    report(f"{node.name} is UP Ready on {node.address}")
                    waiting.remove(node)
                elif module.state is State.STOP and module.why:
                    raise DemoFailed(f"{node.name} stopped: {module.why}")
            await asyncio.sleep(0.1)


async def all_in_rotation(info: DemoInfo) -> None:
    """Wait until the load balancer has seen it, too: each node answers through it."""
    answered: set[str] = set()
    async with timeout(GREEN, f"not all nodes answer at {info.application_url}"):
        while len(answered) < len(info.nodes):
            code, text = await fetch(BALANCER, BALANCER_PORT)
            if code == 200:
                answered.add(text.split()[0])
            else:
                await asyncio.sleep(0.1)


async def stop_module(info: DemoInfo, nodes: Sequence[DemoNode]) -> None:
    """Order it and watch its end, on all of them at once."""

    async def stop(node: DemoNode) -> None:
        async with session(info, node) as client, timeout(STOPPED, f"{node.name} does not stop"):
            await client.order(info.module, Order(Action.STOP))
            while True:
                if (await module_of(client, info.module)).state is State.STOP:
                    return
                await asyncio.sleep(0.1)

    await on_all(nodes, stop)


async def module_of(client: ApiClient, name: str) -> ModuleStatus:
    """The module as its node sees it now."""
    status = await client.status()
    return next((module for module in status.modules if module.name == name), ModuleStatus(name, configured=False))


@contextlib.asynccontextmanager
async def session(info: DemoInfo, node: DemoNode) -> AsyncIterator[ApiClient]:
    """A logged-in client of one node."""
    async with ApiClient(node.address, node.api_port, node.pin) as client:
        await client.login(info.user, info.password)
        yield client


@contextlib.asynccontextmanager
async def sessions(info: DemoInfo) -> AsyncIterator[Clients]:
    """A logged-in client for each node, by name."""
    async with contextlib.AsyncExitStack() as stack:
        yield {node.name: await stack.enter_async_context(session(info, node)) for node in info.nodes}


async def on_all(nodes: Sequence[DemoNode], work: Callable[[DemoNode], Awaitable[T]]) -> list[T]:
    """Do it on all nodes at once; results in the order of the nodes, or the first failure."""

    async def one(node: DemoNode) -> T:
        return await work(node)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(node), name=node.name) for node in nodes]
    except* Exception as failures:
        first: BaseException = failures
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        failure = first
    else:
        return [task.result() for task in tasks]
    raise failure


@contextlib.asynccontextmanager
async def timeout(seconds: float, sentence: str) -> AsyncIterator[None]:
    """DemoFailed with this sentence when it takes longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise DemoFailed(sentence) from None


async def listens(address: str, port: int) -> bool:
    """Somebody accepts connections there."""
    try:
        _, writer = await asyncio.open_connection(address, port)
    except OSError:
        return False
    writer.close()
    return True


async def keepgreen(node: DemoNode, *arguments: str, stdin: str = "") -> str:
    """Run a command of the node's own command line and return what it says. Raises DemoFailed."""
    try:
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "nodeagent", *arguments],
            cwd=Path(nodeagent.__file__).parent.parent,
            env={**os.environ, "KEEPGREEN_HOME": node.home},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=LISTENING,
        )
    except subprocess.TimeoutExpired:
        raise DemoFailed(f"keepgreen {arguments[0]} on {node.name} did not end in {LISTENING:.0f} s") from None
    if done.returncode:
        raise DemoFailed(f"keepgreen {arguments[0]} on {node.name}: {done.stderr.strip()}")
    return done.stdout
