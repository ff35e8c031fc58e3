"""One cluster in the window: its nodes, each watched by itself, and what can be asked of them."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from app.services.cluster_rollout import ClusterRequest, Deadline, Decide, apply_cluster
from app.services.memory import RememberedCluster
from app.services.node_calls import NodeCalls
from app.services.node_watcher import NodeWatcher, Pace
from app.services.nodes import API_PORT, Credentials, NodeAddress, NodeView
from app.services.rollout import Applied, OnStep
from app.services.secrets import Secrets
from app.services.tasks import TaskOwner
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.cluster_xml import read_cluster

Learnt = Callable[[RememberedCluster], None]
"""Called when nodes were learnt, or the user changed: to be remembered."""


class ClusterSession(NodeCalls):
    """The nodes of one cluster, or nodes that shall become one. Nodes learnt from a pinned node are added."""

    def __init__(
        self,
        remembered: RememberedCluster,
        secrets: Secrets,
        tasks: TaskOwner,
        *,
        on_learnt: Learnt | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._remembered, self._secrets, self._tasks = remembered, secrets, tasks
        self._on_learnt, self._pace = on_learnt, pace
        self._watchers: list[NodeWatcher] = []
        self._running = False
        self._signatures: dict[str, str] = {}
        self._removed: set[str] = set()
        """Pins of nodes that cluster.xml may still name, though nobody wants to see them."""
        self._logins = asyncio.Event()
        self._logins.set()
        self._subscribers: dict[int, Callable[[], None]] = {}
        self._subscribed = 0
        self._telling = False
        for address in remembered.nodes:
            self._watch(address)

    # --- what it is ---------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """The console's own name of it; never changes."""
        return self._remembered.id

    @property
    def title(self) -> str:
        """What a person called it; may be empty."""
        return self._remembered.title

    @property
    def user(self) -> str:
        """Who logs in."""
        return self._remembered.user

    @property
    def remembered(self) -> RememberedCluster:
        """What to keep for the next start."""
        return self._remembered

    @property
    def nodes(self) -> tuple[NodeWatcher, ...]:
        """In the order of cluster.xml, then as they were added."""
        return tuple(self._watchers)

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now, in the order of `nodes`."""
        return tuple(watcher.view for watcher in self._watchers)

    def watcher(self, node: str) -> NodeWatcher:
        """The watcher of the node with this name. Raises CallFailed when there is none."""
        for watcher in self._watchers:
            if watcher.view.name == node:
                return watcher
        raise CallFailed(Trouble.UNREACHABLE, f"there is no node {node} here")

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call it after changes of any node, several at once; returns what ends that."""
        self._subscribed += 1
        number = self._subscribed
        self._subscribers[number] = callback
        return lambda: self._subscribers.pop(number, None) and None

    # --- its life -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to watch all nodes."""
        self._running = True
        for watcher in self._watchers:
            watcher.start()

    async def stop(self) -> None:
        """End it; no node waits for another, and what is still learnt is not told any more."""
        self._running, self._on_learnt = False, None
        await asyncio.gather(*(watcher.stop() for watcher in self._watchers))

    def add(self, address: NodeAddress, name: str = "") -> NodeWatcher:
        """Watch one more node, from now on remembered; one with this pin or place is given back instead."""
        for known in self._watchers:
            if known.address.place == address.place or (address.pin and known.address.pin == address.pin):
                return known
        watcher = self._watch(address, name)
        self._keep(nodes=(*self._remembered.nodes, address))
        if self._running:
            watcher.start()
        self._changed()
        return watcher

    async def remove(self, node: str) -> None:
        """Watch and remember it no more, also while cluster.xml names it; one that is gone already stays away."""
        try:
            watcher = self.watcher(node)
        except CallFailed:
            return
        self._removed.add(watcher.address.pin)
        self._watchers.remove(watcher)
        self._keep(nodes=tuple(known for known in self._remembered.nodes if known != watcher.address))
        await watcher.stop()
        self._changed()

    def trust(self, address: NodeAddress, name: str = "") -> NodeWatcher:
        """A person has confirmed this key at this place: a replaced server, or one that has moved, is watched anew."""
        old = [one for one in self._watchers if one.address.place == address.place or one.address.pin == address.pin]
        if not old or not address.pin:
            return self.add(address, name)
        if [one.address for one in old] == [address]:
            return old[0]
        place = self._watchers.index(old[0])
        for one in old:
            self._watchers.remove(one)
            self._tasks.start(one.stop(), f"watch {one.address.place} no more")
        fresh = self._watch(address, name or old[0].view.name)
        self._watchers.insert(place, self._watchers.pop())
        gone = {one.address for one in old}
        nodes = (address if known in gone else known for known in self._remembered.nodes)
        self._keep(nodes=tuple(dict.fromkeys(nodes)))
        if self._running:
            fresh.start()
        self._changed()
        return fresh

    def reconnect(self, user: str, addresses: Iterable[NodeAddress]) -> None:
        """A person has logged in to these nodes as this user, with keys that he confirmed."""
        if user != self.user:
            self._keep(user=user)
        for address in addresses:
            self.trust(address).retry()

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        """The node's own password, else that of the cluster it is in."""
        if not address.pin:
            return None
        await self._logins.wait()
        others = [watcher.address.pin for watcher in self._watchers if watcher.address.pin]
        return await self._secrets.find(self.user, address.pin, *others)

    async def apply_cluster(self, request: ClusterRequest, on_step: OnStep, decide: Decide) -> Applied:
        """Apply cluster.xml to its nodes, which are watched from then on. Passwords that it changed are known after it.

        Until the commit no watcher logs in: the passwords are about to change.
        """

        async def settled(deadline: Deadline) -> bool:
            await self._settle(request, deadline.credentials)
            return await decide(deadline)

        self._logins.clear()
        try:
            done = await apply_cluster(request, on_step, settled)
            if done.credentials is not None:
                await self._settle(request, done.credentials)
            return done.applied
        finally:
            self._logins.set()

    # --- inside -------------------------------------------------------------------------------

    async def _settle(self, request: ClusterRequest, credentials: Credentials) -> None:
        """From now on this user and password hold on all of them."""
        pins = {target.address.pin for target in request.targets}
        await self._secrets.keep(credentials, *pins)
        self._logins.set()
        for target in request.targets:
            self.trust(target.address, target.name)
        self.reconnect(credentials.user, (target.address for target in request.targets))

    def _watch(self, address: NodeAddress, name: str = "") -> NodeWatcher:
        self._removed.discard(address.pin)
        watcher = NodeWatcher(address, lambda: self.credentials_of(address), self._tasks, name=name, pace=self._pace)
        self._watchers.append(watcher)
        watcher.subscribe(lambda: self._node_changed(watcher))
        return watcher

    def _node_changed(self, watcher: NodeWatcher) -> None:
        status = watcher.view.status
        known = self._signatures.get(watcher.address.place)
        if watcher.view.reached and status is not None and status.cluster_signature not in {"", known}:
            self._signatures[watcher.address.place] = status.cluster_signature
            self._tasks.start(self._learn(watcher), f"learn from {watcher.view.name}")
        self._changed()

    async def _learn(self, watcher: NodeWatcher) -> None:
        """Add the nodes of this node's cluster: their pins come from a node that is pinned itself."""
        try:
            info = await watcher.call(lambda client: client.cluster())
        except CallFailed:
            self._signatures.pop(watcher.address.place, None)  # asked again with its next status
            return
        config, _ = await asyncio.to_thread(read_cluster, info.xml)
        if config is None:
            return
        ports = {peer.name: peer.api_port for peer in watcher.view.status.peers} if watcher.view.status else {}
        named = {node.node: info.pins.get(node.node, "") for node in config.command_lan.nodes}
        self._removed.intersection_update(named.values())
        for node in config.command_lan.nodes:
            pin = named[node.node]
            if pin and pin not in self._removed and node.node != info.name:
                self.add(NodeAddress(node.addr, ports.get(node.node) or API_PORT, pin), node.node)
        places = {name: place for place, name in enumerate(config.nodes)}
        self._watchers.sort(key=lambda one: places.get(one.view.name, len(places)))
        self._changed()

    def _keep(self, **changes: object) -> None:
        self._remembered = msgspec.structs.replace(self._remembered, **changes)
        if self._on_learnt is not None:
            self._on_learnt(self._remembered)

    def _changed(self) -> None:
        with suppress(RuntimeError):  # before the loop runs there is nobody to tell
            if not self._telling:
                asyncio.get_running_loop().call_soon(self._tell)
                self._telling = True

    def _tell(self) -> None:
        self._telling = False
        for callback in tuple(self._subscribers.values()):
            callback()
