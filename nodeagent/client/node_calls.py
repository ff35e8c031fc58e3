"""Every call of a node that does not depend on what carries it."""

from typing import Final
from urllib.parse import quote

from nodeagent.client.cluster_calls import ClusterCalls
from nodeagent.client.module_calls import ModuleCalls
from nodeagent.client.record_calls import RecordCalls
from nodeagent.client.traffic_calls import TrafficCalls
from nodeagent.contract import api
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.status import NodeStatus

RELAYED: Final = 10.0
"""Seconds: a relay looks for the other node, and a way may stay without an answer."""


class NodeCalls(ClusterCalls, ModuleCalls, RecordCalls, TrafficCalls):
    """All that can be asked of one node."""

    async def identity(self) -> api.Identity:
        """Who the node is; needs no login."""
        return await self.call("GET", "/identity", api.Identity)

    async def connect(self) -> api.Identity:
        """Meet the node."""
        return await self.identity()

    async def status(self) -> NodeStatus:
        """What the node knows now."""
        return await self.call("GET", "/status", NodeStatus)

    async def peer_status(self, node: str) -> NodeStatus:
        """What another node of its cluster knows now, asked by its relay."""
        return await self.call("GET", f"{_relay(node)}/status", NodeStatus, timeout=RELAYED)

    async def reach(self, request: Reach, node: str = "") -> Reached:
        """Whether it reaches a place; with `node` whether that one does, asked by its relay."""
        path = f"{_relay(node) if node else ''}/connectivity"
        return await self.call("POST", path, Reached, request, timeout=RELAYED)


def _relay(node: str) -> str:
    return f"/nodes/{quote(node, safe='')}"
