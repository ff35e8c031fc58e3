"""What can be asked of one node of a cluster, by its name. Every call raises CallFailed with the agent's own reason."""

import asyncio
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from app.services.connection import Work
from app.services.kept_lines import slim
from nodeagent.contract import api, revisions
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.record_api import AuditPage, RecordQuery, ResourcePage
from nodeagent.contract.states import Action
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, VipStatus, VipWhere, WhereQuery

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient

T = TypeVar("T")
OnBytes = Callable[[int], None]
"""Told how many bytes have arrived in all."""


class Called(Protocol):
    """What a call needs of a node."""

    async def call(self, work: Work[T]) -> T:
        """Do something with the node's open session. Raises CallFailed."""


class NodeCalls(ABC):
    """The calls of a cluster session."""

    @abstractmethod
    def watcher(self, node: str) -> Called:
        """The node with this name. Raises CallFailed when there is none."""

    # --- orders -------------------------------------------------------------------------------

    async def order(self, node: str, module: str, action: Action, *, wait: float = 0.0) -> api.OrderAnswer:
        """Order an action; `wait` in seconds for its end. Raises CallFailed, with the agent's reason when refused."""
        return await self.watcher(node).call(lambda client: client.order(module, api.Order(action, wait=wait)))

    async def set_switch(self, node: str, module: str, switch: api.SetSwitch) -> None:
        """Pause or resume its checks."""
        await self.watcher(node).call(lambda client: client.set_switch(module, switch))

    async def set_boot(self, node: str, module: str, on: bool) -> None:
        """Start at boot there, or not."""
        await self.watcher(node).call(lambda client: client.set_boot(module, api.SetBoot(on)))

    # --- what is written down -----------------------------------------------------------------

    async def why(self, node: str, module: str) -> api.WhyAnswer:
        """Why a module is not green there."""
        return await self.watcher(node).call(lambda client: client.why(module))

    async def outputs(self, node: str, module: str) -> tuple[api.FileInfo, ...]:
        """Script output files, newest first."""
        return await self.watcher(node).call(lambda client: client.outputs(module))

    async def output(self, node: str, module: str, name: str) -> bytes:
        """One of them."""
        return await self.watcher(node).call(lambda client: client.output(module, name))

    async def log(self, node: str, query: api.LogQuery) -> api.LogPage:
        """A page of the node's log, from its disk."""
        page = await self.watcher(node).call(lambda client: client.log(query))
        return msgspec.structs.replace(page, lines=slim(page.lines))

    async def audit(self, node: str, query: RecordQuery) -> AuditPage:
        """A page of the node's list of commands that changed something."""
        return await self.watcher(node).call(lambda client: client.audit(query))

    async def resource_history(self, node: str, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        """The states a resource took."""
        return await self.watcher(node).call(lambda client: client.resource_history(module, resource, query))

    async def snapshot(self, node: str, module: str, target: Path, on_bytes: OnBytes, *, anonymise: bool) -> int:
        """Save the node's snapshot of a module as this file; its size in bytes. Cancelled or failed: no file.

        Raises CallFailed, or OSError when the file cannot be written.
        """
        part = target.with_name(f"{target.name}.part")

        async def save(client: "ApiClient") -> int:
            size = 0
            with part.open("wb") as file:
                async for chunk in client.snapshot(module, anonymise=anonymise):
                    await asyncio.to_thread(file.write, chunk)
                    size += len(chunk)
                    on_bytes(size)
            return size

        try:
            size = await self.watcher(node).call(save)
            await asyncio.to_thread(os.replace, part, target)
        finally:
            part.unlink(missing_ok=True)
        return size

    # --- the virtual IP -----------------------------------------------------------------------

    async def vip(self, node: str, module: str) -> VipStatus:
        """The slot map of a module as this node has it."""
        return await self.watcher(node).call(lambda client: client.vip(module))

    async def vip_where(self, node: str, module: str, address: str, port: int) -> tuple[VipWhere, ...]:
        """Which node serves a client, by each rule."""
        query = WhereQuery(address, port)
        return await self.watcher(node).call(lambda client: client.vip_where(module, query))

    async def flood_probe(self, node: str, request: FloodProbe) -> FloodHeard:
        """What the node hears of the others; all are asked at once."""
        return await self.watcher(node).call(lambda client: client.flood_probe(request))

    # --- configuration ------------------------------------------------------------------------

    async def cluster(self, node: str) -> api.ClusterInfo:
        """The cluster as this node has it."""
        return await self.watcher(node).call(lambda client: client.cluster())

    async def cluster_history(self, node: str) -> tuple[revisions.Revision, ...]:
        """The revisions of cluster.xml that the node keeps, newest first."""
        return await self.watcher(node).call(lambda client: client.cluster_history())

    async def cluster_revision(self, node: str, revision: int) -> bytes:
        """The cluster.xml of one of them."""
        return await self.watcher(node).call(lambda client: client.cluster_revision(revision))

    async def cluster_difference(self, node: str, earlier: int, later: int) -> revisions.Difference:
        """What two of them differ in."""
        query = revisions.DiffQuery(earlier, later)
        return await self.watcher(node).call(lambda client: client.cluster_difference(query))

    async def reach(self, node: str, request: Reach, through: str = "") -> Reached:
        """Whether this node reaches a place; `through` another one where this console does not reach it itself."""
        return await self.watcher(through or node).call(lambda client: client.reach(request, node if through else ""))

    async def status_through(self, through: str, node: str) -> NodeStatus:
        """What a node knows now, asked through another one."""
        return await self.watcher(through).call(lambda client: client.peer_status(node))

    async def modules(self, node: str) -> tuple[api.ModuleInfo, ...]:
        """What is installed there."""
        return await self.watcher(node).call(lambda client: client.modules())

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of the module as the node has it, by path; of an earlier revision where one is given."""
        return await self.watcher(node).call(lambda client: client.module_contents(module, revision))

    async def module_archive(self, node: str, module: str) -> bytes:
        """The module as a `.safe` archive."""
        return await self.watcher(node).call(lambda client: client.module_archive(module))

    async def module_history(self, node: str, module: str) -> tuple[revisions.Revision, ...]:
        """The revisions that the node keeps, newest first."""
        return await self.watcher(node).call(lambda client: client.module_history(module))

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> revisions.Difference:
        """What two revisions differ in."""
        query = revisions.DiffQuery(earlier, later)
        return await self.watcher(node).call(lambda client: client.module_difference(module, query))

    async def uninstall(self, node: str, module: str) -> revisions.Uninstalled:
        """Take the module away from this node, which keeps a copy."""
        return await self.watcher(node).call(lambda client: client.uninstall(module))
