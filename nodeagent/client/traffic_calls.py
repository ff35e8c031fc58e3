"""Calls about the virtual IP of a module."""

from nodeagent.client.calls import Calls, asked, module_path
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, VipStatus, VipWhere, WhereQuery


class TrafficCalls(Calls):
    """What can be asked of a node about its virtual IPs."""

    async def vip(self, module: str) -> VipStatus:
        """The slot map of a module as this node has it."""
        return await self.call("GET", f"{module_path(module)}/vip", VipStatus)

    async def vip_where(self, module: str, query: WhereQuery) -> tuple[VipWhere, ...]:
        """Which node serves a client, by each rule."""
        place = f"{module_path(module)}/vip/where"
        return await self.call("GET", place, tuple[VipWhere, ...], query=asked(query))

    async def flood_probe(self, request: FloodProbe) -> FloodHeard:
        """Whether the other nodes' frames to an unknown MAC arrive there; see client.flood, which asks all."""
        return await self.call("POST", "/vip/flood-probe", FloodHeard, request)
