"""Changes of a running farm: another cluster.xml, a node more, a node less, a new machine in place of a dead one.

`clients` are administrators' connections by node name, logged in. Every change goes to all of them or to none, and a
call that broke off may be made again. All raise CallFailed with the node's name in front.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from nodeagent.client.addresses import NoAddress, with_addresses
from nodeagent.client.configuration import accepted, take_configuration
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract import api
from nodeagent.contract.states import Action

Clients = Mapping[str, NodeCalls]
LogIn = Callable[[], Awaitable[object]]
T = TypeVar("T")

CONFIRM_WITHIN: Final = 60.0
STOP_WAIT: Final = 900.0
"""Seconds a stop may take: the drain and both of its time limits."""


async def change_cluster(clients: Clients, xml: bytes, pins: Mapping[str, str] | None = None) -> str:
    """Put a cluster.xml in force on all these nodes, or on none; its signature.

    Host names become addresses. `pins` of nodes that are new. Each node goes back by itself when it is not told to
    stay, which it is only when all of them answer with the new configuration in force.
    """
    try:
        xml = await with_addresses(xml)
    except NoAddress as names:
        raise CallFailed(Trouble.DENIED, str(names)) from None
    infos = await on_all(clients, lambda _, client: client.cluster())
    enrolled = {name: pin for info in infos.values() for name, pin in info.known.items()}
    known = {**enrolled, **next(iter(infos.values())).pins}
    requests = {name: api.StageCluster(xml, name, pins={**known, **(pins or {})}) for name in clients}
    signature = await staged_on_all(clients, requests)
    try:
        await on_all(clients, lambda _, c: c.commit_cluster(api.Commit(signature, confirm_within=CONFIRM_WITHIN)))
        infos = await on_all(clients, lambda _, client: client.cluster())
        for name, info in infos.items():
            if info.signature != signature:
                raise CallFailed(Trouble.DENIED, f"{name}: it has another configuration in force")
    except BaseException:
        await asyncio.gather(*(c.rollback_cluster(signature) for c in clients.values()), return_exceptions=True)
        raise
    await on_all(clients, lambda _, client: client.confirm_cluster(signature))
    return signature


async def add_node(
    clients: Clients, name: str, newcomer: NodeCalls, xml: bytes, modules: Sequence[str] = (), *, log_in: LogIn
) -> None:
    """Take a node into the cluster: `xml` holds it already, `modules` are to run there too; they are not started.

    Afterwards the newcomer has the users of the cluster: `log_in` is to log in there with what is right in it.
    """
    pin = (await newcomer.connect()).pin
    await change_cluster(clients, xml, {name: pin})
    await take_configuration(next(iter(clients.values())), newcomer, log_in)
    for module in modules:
        nodes = await nodes_of(clients, module)
        await spread_module({**clients, name: newcomer}, module, (*nodes, *(n for n in (name,) if n not in nodes)))


async def replace_node(clients: Clients, name: str, newcomer: NodeCalls, *, log_in: LogIn) -> None:
    """A new machine takes the place of a dead one: its name and modules, with a key of its own; not started.

    `clients` are the other nodes. The dead machine still has the cluster key: rotate it when others may get at it.
    """
    rest = {node: client for node, client in clients.items() if node != name}
    source = next(iter(rest.values()))
    cluster = await source.cluster()
    if name not in cluster.nodes:
        raise CallFailed(Trouble.DENIED, f"{name} is not a node of the cluster: it has {', '.join(cluster.nodes)}")
    pin = (await newcomer.connect()).pin
    begun = cluster.pins.get(name) == pin  # by a call that broke off, maybe as late as with its modules
    if not begun and any(peer.name == name and peer.alive for peer in (await source.status()).peers):
        raise CallFailed(Trouble.DENIED, f"{name} is alive: only a dead node is replaced")
    await change_cluster(rest, cluster.xml, {name: pin})
    await take_configuration(source, newcomer, log_in)


async def remove_node(clients: Clients, name: str, xml: bytes) -> None:
    """Take a node out of the cluster: `xml` is the one without it. Its modules are stopped, clients drained first.

    A node that is not in `clients` is taken to be gone for good.
    """
    rest = {node: client for node, client in clients.items() if node != name}
    leaving = clients.get(name)
    modules = await next(iter(rest.values())).modules()
    for module in (module for module in modules if module.configured and name in module.nodes):
        if leaving is not None:
            await leaving.order(module.name, api.Order(Action.STOP, wait=STOP_WAIT))
            await leaving.deconfigure_module(module.name)
        left = tuple(node for node in module.nodes if node != name)
        await spread_module(rest, module.name, left)
    if leaving is not None:
        await leaving.deconfigure_cluster()
    await change_cluster(rest, xml)


async def spread_module(clients: Clients, module: str, nodes: tuple[str, ...]) -> None:
    """The module's revision in force becomes that of exactly these nodes; what runs goes on running."""
    source, info = await _source(clients, module)
    request = api.StageModule(await source.module_contents(module, info.revision), nodes)
    chosen = {name: client for name, client in clients.items() if name in nodes}
    staged = await on_all(chosen, lambda _, client: client.stage_module(module, request))
    signature = agreed(staged)
    await on_all(chosen, lambda _, client: client.commit_module(module, api.Commit(signature)))


async def nodes_of(clients: Clients, module: str) -> tuple[str, ...]:
    """The nodes a module is in force for."""
    return (await _source(clients, module))[1].nodes


async def staged_on_all(clients: Clients, requests: Mapping[str, api.StageCluster]) -> str:
    """Stage on every node; the one signature. Nothing is in force yet."""
    return agreed(await on_all(clients, lambda name, client: client.stage_cluster(requests[name])))


def agreed(staged: Mapping[str, api.Staged]) -> str:
    """The one signature of what all nodes have staged."""
    signatures = {accepted(name, answer).signature for name, answer in staged.items()}
    if len(signatures) != 1:
        raise CallFailed(Trouble.DENIED, "the nodes do not agree on what was staged")
    return signatures.pop()


async def on_all(clients: Clients, work: Callable[[str, NodeCalls], Awaitable[T]]) -> dict[str, T]:
    """The same on all nodes at once; all are waited for before the first failure is raised."""
    answers = await asyncio.gather(*(work(name, client) for name, client in clients.items()), return_exceptions=True)
    done: dict[str, T] = {}
    for name, answer in zip(clients, answers, strict=True):
        if isinstance(answer, CallFailed):
            said = str(answer).removeprefix(f"{name}: ")  # a node that passes the call on has named it
            raise CallFailed(answer.trouble, f"{name}: {said}", answer.problem)
        if isinstance(answer, BaseException):
            raise answer
        done[name] = answer
    return done


async def _source(clients: Clients, module: str) -> tuple[NodeCalls, api.ModuleInfo]:
    """A node that has the module in force."""
    for client in clients.values():
        for info in await client.modules():
            if info.name == module and info.configured:
                return client, info
    raise CallFailed(Trouble.DENIED, f"no node has module {module} in force")
