"""The status snapshot of this node, put together from the core, the stores and the ports."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from nodeagent import __version__
from nodeagent.adapters.config_store import ConfigStore
from nodeagent.adapters.node_load import NodeLoad
from nodeagent.agent.peer_memory import PeerMemory
from nodeagent.contract.status import Listener, ModuleStatus, NodeStatus, ProbeSource
from nodeagent.durable import wall_time
from nodeagent.engine.loop import Engine


@dataclass(frozen=True, slots=True)
class Around:
    """What is not the core's: asked at each snapshot."""

    listeners: Callable[[], tuple[Listener, ...]]
    probes: Callable[[], tuple[ProbeSource, ...]]
    alarms: Callable[[], tuple[str, ...]]
    load: NodeLoad
    memory: PeerMemory


class Snapshot:
    """Knows the revision; `changed` makes the next one. Making it blocks a moment."""

    def __init__(self, engine: Engine, store: ConfigStore, pin: str, boot_id: str, around: Around) -> None:
        self._engine, self._store, self._pin, self._boot_id, self._around = engine, store, pin, boot_id, around
        self._started = wall_time()
        self._revision = 1
        self._never_applied = self._installed_only()

    def changed(self) -> None:
        """Something in it is different now."""
        self._revision += 1

    async def look_for_modules(self) -> None:
        """Which modules are installed but were never applied may be different now."""
        self._never_applied = await asyncio.to_thread(self._installed_only)
        self.changed()

    def module(self, name: str) -> ModuleStatus | None:
        """One module as it is at this moment; None when this node does not have it."""
        applied = self._engine.node.module(name, self._engine.now())
        return applied or next((module for module in self._never_applied if module.name == name), None)

    def now(self) -> NodeStatus:
        """The snapshot of this moment."""
        node, cluster = self._engine.node, self._store.cluster
        now, committed = self._engine.now(), cluster.cluster()
        applied = node.modules(now)
        names = {module.name for module in applied}
        return NodeStatus(
            node=cluster.name,
            uuid=cluster.uuid,
            version=__version__,
            revision=self._revision,
            time=now + self._engine.wall_offset,
            boot_id=self._boot_id,
            started=self._started,
            cluster_signature=committed.signature if committed else "",
            modules=(*applied, *(module for module in self._never_applied if module.name not in names)),
            peers=self._around.memory.over(node.peers(now)),
            rejected=node.membership.rejected(),
            frozen=node.freezes.count,
            alarms=(*node.alarms(now), *self._around.alarms()),
            listeners=self._around.listeners(),
            probes=self._around.probes(),
            pin=self._pin,
            node_id=committed.config.nodes.index(committed.me) + 1 if committed else 0,
            cpu=self._around.load.cpu,
            memory=self._around.load.memory,
        )

    def _installed_only(self) -> tuple[ModuleStatus, ...]:
        """Reads a few small files: blocks."""
        known = (module for module in self._store.modules.installed() if not module.configured)
        return tuple(ModuleStatus(module.name, configured=False) for module in known)


def clock_text(seconds: float) -> str:
    """A moment in the node's own time zone: the time of today, else with its date."""
    moment = datetime.fromtimestamp(seconds, UTC).astimezone()
    today = datetime.fromtimestamp(wall_time(), UTC).astimezone().date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M:%S")
