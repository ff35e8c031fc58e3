"""Applying cluster.xml: also what makes a cluster of fresh nodes and takes later nodes into one.

One node is the *source* of what all must share: a node that is in the cluster already, else the first one. It makes
the cluster key where there is none, and its users become those of all nodes: afterwards its password holds
everywhere. Pins come from the connections themselves.

After the commit each node goes back by itself unless it is told in time to stay. So this side only has to look
whether it still reaches all and to say so; when it dies, or is cancelled, nothing stays half-applied.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from secrets import token_bytes
from typing import TYPE_CHECKING, TypeVar

import msgspec

from app.services.connection import Work, logged_in, with_login
from app.services.nodes import Credentials
from app.services.rollout import (
    Applied,
    OnStep,
    Outcome,
    Stage,
    Step,
    Steps,
    StepState,
    Stopped,
    Target,
    agreed,
    taking_part,
)
from nodeagent.client.addresses import NoAddress, with_addresses
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import ClusterInfo, Commit, StageCluster, Staged

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient

T = TypeVar("T")

CONFIRM_WITHIN = 60.0
KEY_BYTES = 32
LOOK = 5.0
"""Seconds that peers get to hear one another after the commit."""


class Seen(msgspec.Struct, frozen=True):
    """What one node says after the commit."""

    node: str
    answers: bool
    detail: str = ""
    silent: tuple[str, ...] = ()
    """Peers it does not hear (yet)."""


class ClusterRequest(msgspec.Struct, frozen=True):
    """cluster.xml and its nodes; each node of the file must be a target."""

    xml: bytes
    targets: tuple[Target, ...]
    take_over: bool = False
    """Take nodes out of another cluster."""
    confirm_within: float = CONFIRM_WITHIN
    """Seconds until the nodes go back unless they are told to stay."""


class Deadline(msgspec.Struct, frozen=True):
    """A commit that waits for a decision."""

    signature: str
    within: float
    """Seconds the nodes wait, counted from the moment this is given."""
    credentials: Credentials
    """What holds on all nodes from now on."""
    seen: tuple[Seen, ...]


Decide = Callable[[Deadline], Awaitable[bool]]
"""Asked once after the commit: True keeps it, False takes it back."""


class ClusterApplied(msgspec.Struct, frozen=True):
    """The result. `credentials` hold on all nodes that took the commit, also when it went back."""

    applied: Applied
    credentials: Credentials | None = None


class _Shared(msgspec.Struct, frozen=True):
    """What all nodes are to have in common; empty fields keep what they have."""

    source: Target
    keys: tuple[bytes, ...]
    users: bytes
    fresh: frozenset[str]
    """Nodes that get the key and the users of the source."""


async def check_cluster(request: ClusterRequest, on_step: OnStep) -> Applied:
    """Check on all nodes; nothing is changed, no key is made."""
    async with taking_part(request.targets, on_step) as at:
        try:
            await _looked(at, await _resolved(request))
        except Stopped as stopped:
            return at.result(Outcome.REFUSED, detail=stopped.detail)
        return at.result(Outcome.CHECKED)


async def apply_cluster(request: ClusterRequest, on_step: OnStep, decide: Decide) -> ClusterApplied:
    """Check, stage, commit on all; then `decide`, and confirm on all or take it back on all."""
    async with taking_part(request.targets, on_step) as at:
        try:
            request = await _resolved(request)
            infos, source = await _looked(at, request)
            shared = await _shared(at, source, infos)
            staged = await at.each(Stage.STAGE, lambda target: _stage(at, request, shared, target))
            signature = agreed(staged)
        except Stopped as stopped:
            return ClusterApplied(at.result(Outcome.REFUSED, detail=stopped.detail))
        holds = source.credentials
        try:
            keep = await _committed(at, request, shared, signature, decide)
        except asyncio.CancelledError:
            await _go_back(at, signature, holds)  # kinder than to let them find out by themselves
            raise
        if not keep:
            await _go_back(at, signature, holds)
            return ClusterApplied(at.result(Outcome.WENT_BACK, signature), holds)
        try:
            await at.each(Stage.CONFIRM, lambda target: _confirm(at, target, signature, holds))
        except Stopped:
            # One confirmed node confirms its peers: those that could not be told find out from it.
            kept = any(step.state is StepState.DONE for step in at.last.values())
            return ClusterApplied(at.result(Outcome.INCOMPLETE if kept else Outcome.WENT_BACK, signature), holds)
        return ClusterApplied(at.result(Outcome.APPLIED, signature), holds)


async def _resolved(request: ClusterRequest) -> ClusterRequest:
    """The request with addresses in place of host names, so that all nodes store the same. Raises Stopped."""
    try:
        return msgspec.structs.replace(request, xml=await with_addresses(request.xml))
    except NoAddress as names:
        raise Stopped(str(names)) from None


async def _looked(at: Steps, request: ClusterRequest) -> tuple[dict[str, ClusterInfo], Target]:
    """Step one: what each node is in now, and the source. Raises Stopped, also for a node of another cluster."""
    infos: dict[str, ClusterInfo] = {}

    async def look(target: Target) -> None:
        client = await at.open(target)
        at.judged(target, await client.check_cluster(StageCluster(request.xml, target.name)))
        infos[target.name] = await client.cluster()

    await at.each(Stage.CHECK, look)
    source = _source(at.targets, infos)
    foreign = [target for target in at.targets if _is_foreign(target, infos[target.name], infos[source.name])]
    for target in foreign:
        if request.take_over:
            infos[target.name] = ClusterInfo(False, target.name)
        else:
            others = ", ".join(infos[target.name].nodes)
            detail = f"{target.name} is in another cluster ({others})"
            at.tell(Step(target.name, Stage.CHECK, StepState.FAILED, 0.0, Trouble.OTHER_CLUSTER, detail))
    if foreign and not request.take_over:
        raise Stopped
    return infos, source


def _source(targets: tuple[Target, ...], infos: dict[str, ClusterInfo]) -> Target:
    """A node of the cluster that most of them are in, else the first."""
    members = (infos[target.name] for target in targets)
    signatures = Counter(info.signature for info in members if info.configured)
    if not signatures:
        return targets[0]
    (most, _), *_ = signatures.most_common(1)
    return next(target for target in targets if infos[target.name].signature == most)


def _is_foreign(target: Target, info: ClusterInfo, source: ClusterInfo) -> bool:
    known = info.signature == source.signature or target.address.pin in source.pins.values()
    return info.configured and not known


async def _shared(at: Steps, source: Target, infos: dict[str, ClusterInfo]) -> _Shared:
    """The key and the users for nodes that are not in the cluster yet. Raises Stopped."""
    fresh = frozenset(name for name, info in infos.items() if not info.configured)
    if not fresh:
        return _Shared(source, (), b"", fresh)
    client = at.client(source)
    try:
        return _Shared(source, (await _key(client, infos[source.name]),), await client.cluster_users(), fresh)
    except CallFailed as failed:
        at.tell(Step(source.name, Stage.STAGE, StepState.FAILED, 0.0, failed.trouble, str(failed)))
        raise Stopped from None


async def _key(client: "ApiClient", source: ClusterInfo) -> bytes:
    """The cluster's key; a new cluster gets a new one, also when an apply that came to nothing left one behind."""
    if source.configured:
        return await client.present_cluster_key()
    return token_bytes(KEY_BYTES) if source.has_key else await client.cluster_key()


async def _stage(at: Steps, request: ClusterRequest, shared: _Shared, target: Target) -> Staged:
    joins = target.name in shared.fresh
    body = StageCluster(
        xml=request.xml,
        name=target.name,
        keys=shared.keys,
        pins={one.name: one.address.pin for one in request.targets},
        users=shared.users if joins and target is not shared.source else b"",
        take_over=request.take_over and joins,
    )
    return at.judged(target, await at.client(target).stage_cluster(body))


async def _committed(at: Steps, request: ClusterRequest, shared: _Shared, signature: str, decide: Decide) -> bool:
    """Commit on all and ask for the decision; False when a node did not take it or nobody decided in time."""
    loop = asyncio.get_running_loop()
    over = loop.time() + request.confirm_within
    commit = Commit(signature, confirm_within=request.confirm_within)
    try:
        await at.each(Stage.COMMIT, lambda target: at.client(target).commit_cluster(commit))
    except Stopped:
        return False
    holds = shared.source.credentials
    seen = await asyncio.gather(*(_seen(at, target, signature, holds) for target in at.targets))
    try:
        async with asyncio.timeout_at(over):
            return await decide(Deadline(signature, over - loop.time(), holds, tuple(seen)))
    except TimeoutError:
        return False


async def _seen(at: Steps, target: Target, signature: str, holds: Credentials) -> Seen:
    """Look at one node until it hears all its peers, for some seconds at most."""
    loop = asyncio.get_running_loop()
    until, seen = loop.time() + LOOK, Seen(target.name, False)
    while True:
        try:
            status = await _again(at, target, holds, lambda client: client.status())
            right = status.cluster_signature == signature
            silent = tuple(peer.name for peer in status.peers if not peer.alive)
            seen = Seen(target.name, right, "" if right else "it has another configuration in force", silent)
        except CallFailed as failed:
            seen = Seen(target.name, False, str(failed))
        if (seen.answers and not seen.silent) or loop.time() > until:
            return seen
        await asyncio.sleep(0.2)


async def _confirm(at: Steps, target: Target, signature: str, holds: Credentials) -> None:
    await _again(at, target, holds, lambda client: client.confirm_cluster(signature))


async def _go_back(at: Steps, signature: str, holds: Credentials) -> None:
    """Tell all nodes at once; one that cannot be told goes back when its time is over."""

    async def one(target: Target) -> None:
        failed_before = at.last[target.name].state is StepState.FAILED
        try:
            await _again(at, target, holds, lambda client: client.rollback_cluster(signature))
            state, trouble, detail = StepState.WENT_BACK, None, ""
        except CallFailed as failed:
            state, trouble, detail = StepState.GOES_BACK, failed.trouble, str(failed)
        if not failed_before:  # why it failed says more
            at.tell(Step(target.name, Stage.COMMIT, state, 0.0, trouble, detail))

    await asyncio.gather(*(one(target) for target in at.targets))


async def _again(at: Steps, target: Target, holds: Credentials, work: Work[T]) -> T:
    """A call after the commit, which ended the sessions of nodes that took over the source's users."""
    client = at.client(target)
    return await with_login(client, work, lambda: logged_in(client, holds))
