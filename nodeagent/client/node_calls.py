"""Every call of a node that does not depend on what carries it."""

from nodeagent.client.cluster_calls import ClusterCalls
from nodeagent.client.module_calls import ModuleCalls
from nodeagent.client.record_calls import RecordCalls
from nodeagent.client.traffic_calls import TrafficCalls
from nodeagent.contract import api
from nodeagent.contract.status import NodeStatus


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
