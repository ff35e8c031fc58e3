"""A new cluster key for a running farm, in three sweeps: all accept it, all use it, all forget the ones before.

After each step of each sweep every node accepts every key that any node uses, so no heartbeat is lost, wherever it
breaks off. A rotation that broke off is mended by beginning a new one.
"""

from collections.abc import Mapping
from secrets import token_bytes
from typing import Final

from nodeagent.client.cluster_changes import Clients, on_all, staged_on_all
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract import api

KEY_BYTES: Final = 32
_SWEEPS: Final = ("accept the new key", "use the new key", "forget the old key")


async def rotate_key(clients: Clients) -> str:
    """Give all nodes of the cluster a new key; its name, as `ClusterInfo.keys` shows it.

    `clients` are administrators' connections to every node of the cluster, by name. Raises CallFailed: which sweep
    failed, and that the farm goes on.
    """
    clusters = await on_all(clients, lambda _, client: client.cluster())
    _refuse_half(clusters)
    active = await on_all(clients, lambda _, client: client.present_cluster_key())
    used = tuple(dict.fromkeys(active.values()))
    new = token_bytes(KEY_BYTES)
    sweeps: tuple[Mapping[str, tuple[bytes, ...]], ...] = (
        {name: (own, *(key for key in used if key != own), new) for name, own in active.items()},
        dict.fromkeys(clients, (new, *used)),
        dict.fromkeys(clients, (new,)),
    )
    said = ""
    for what, keys in zip(_SWEEPS, sweeps, strict=True):
        try:
            said = await _sweep(clients, clusters, keys)
        except CallFailed as failed:
            text = f"not all nodes {what}: {failed}; the farm goes on with the keys it has, rotate again"
            raise CallFailed(failed.trouble, text, failed.problem) from None
    return said


async def _sweep(
    clients: Clients, clusters: Mapping[str, api.ClusterInfo], keys: Mapping[str, tuple[bytes, ...]]
) -> str:
    """Put these keys in force on all nodes; the name of the first key of the last one."""
    signature = await staged_on_all(
        clients, {name: api.StageCluster(info.xml, name, keys[name]) for name, info in clusters.items()}
    )

    async def commit(_: str, client: NodeCalls) -> api.ClusterInfo:
        return await client.commit_cluster(api.Commit(signature))

    await on_all(clients, commit)
    infos = await on_all(clients, lambda _, client: client.cluster())
    for name, info in infos.items():
        if len(info.keys) != len(keys[name]) or {frozenset(info.keys)} != {
            frozenset(one.keys) for one in infos.values()
        }:
            raise CallFailed(Trouble.DENIED, f"{name}: it has other keys than it was given")
    return infos[name].keys[0]


def _refuse_half(clusters: Mapping[str, api.ClusterInfo]) -> None:
    """A rotation without one of the nodes would lose that node."""
    nodes = next(iter(clusters.values())).nodes if clusters else ()
    if absent := [node for node in nodes if node not in clusters]:
        raise CallFailed(Trouble.DENIED, f"all nodes take part in a rotation: {', '.join(absent)} is missing")
    if len({info.signature for info in clusters.values()}) != 1:
        raise CallFailed(Trouble.DENIED, "the nodes have different cluster configurations: apply one first")
    if keyless := [name for name, info in clusters.items() if not info.has_key]:
        raise CallFailed(Trouble.DENIED, f"{', '.join(keyless)} has no cluster key")
