"""Bringing the right configuration to a node that was away: what one living node has, the other takes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract import api
from nodeagent.contract.errors import errors_of


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it."""

    name: str
    """The node's name in the cluster."""
    signature: str
    """Of the cluster configuration that both have now."""
    modules: tuple[api.ModuleInfo, ...]
    """The modules that were put in force now; those that were the same already are not among them."""
    only_here: tuple[str, ...]
    """Applied on this node, but not for it on the other one: they are left as they are."""


async def take_configuration(
    source: NodeCalls, target: NodeCalls, log_in: Callable[[], Awaitable[object]] | None = None
) -> Taken:
    """Put the cluster of `source` and its modules that belong to `target` in force on `target`; both are logged in.

    The node is found in the cluster by its key, else by its name. What is the same already is left alone, so a call
    that broke off may be made again. The cluster brings its users: when they are others than before, `log_in` is to
    log in at `target` once more, with what is right in the cluster. Raises CallFailed.
    """
    cluster, who = await source.cluster(), await target.connect()
    if not cluster.configured:
        raise CallFailed(Trouble.DENIED, f"{cluster.name} is in no cluster: it has nothing to give")
    if cluster.pending is not None:
        raise CallFailed(Trouble.DENIED, f"the cluster configuration of {cluster.name} is not confirmed yet")
    name = next((node for node, pin in cluster.pins.items() if pin == who.pin), who.node)
    if name not in cluster.nodes:
        raise CallFailed(Trouble.DENIED, f"{name} is not a node of the cluster: it has {', '.join(cluster.nodes)}")
    has = await target.cluster()
    if (has.signature, has.pending) != (cluster.signature, None):
        changed = await _take_cluster(source, target, cluster, name)
        if changed and log_in is not None:
            await log_in()
    wanted = [module for module in await source.modules() if module.configured and name in module.nodes]
    before = {module.name: module for module in await target.modules() if module.configured}
    taken = [
        await _take_module(source, target, module)
        for module in wanted
        if module.name not in before or before[module.name].signature != module.signature
    ]
    here = tuple(sorted(before.keys() - {module.name for module in wanted}))
    return Taken(name, cluster.signature, tuple(taken), here)


async def restoring(client: NodeCalls, module: str, revision: int) -> api.StageModule:
    """The request that makes a revision kept on this node the next one on every node of the module."""
    files = await client.module_contents(module, revision)
    history = {line.number: line.nodes for line in await client.module_history(module)}
    now = next((info.nodes for info in await client.modules() if info.name == module and info.configured), ())
    return api.StageModule(files, now or history.get(revision, ()))


def accepted(what: str, staged: api.Staged) -> api.Staged:
    """What a node has staged. Raises CallFailed with everything wrong when it did not, `what` in front."""
    if not staged.ok:
        wrong = "; ".join(problem.text for problem in errors_of(staged.problems)) or "it was refused"
        raise CallFailed(Trouble.DENIED, f"{what}: {wrong}")
    return staged


async def _take_cluster(source: NodeCalls, target: NodeCalls, cluster: api.ClusterInfo, name: str) -> bool:
    """Whether the target has other users now."""
    keys = (await source.present_cluster_key(),) if cluster.has_key else ()
    users, had = await source.cluster_users(), await target.cluster_users()
    request = api.StageCluster(cluster.xml, name, keys, cluster.pins, users, take_over=True)
    staged = accepted(name, await target.stage_cluster(request))
    await target.commit_cluster(api.Commit(staged.signature))
    return users not in (b"", had)


async def _take_module(source: NodeCalls, target: NodeCalls, module: api.ModuleInfo) -> api.ModuleInfo:
    request = api.StageModule(await source.module_contents(module.name, module.revision), module.nodes)
    staged = accepted(module.name, await target.stage_module(module.name, request))
    return await target.commit_module(module.name, api.Commit(staged.signature))
