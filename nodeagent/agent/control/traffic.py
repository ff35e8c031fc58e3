"""The virtual IPs of this node's modules."""

import asyncio
import os
from dataclasses import dataclass
from ipaddress import ip_address

from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.agent.control.parts import Parts
from nodeagent.agent.flood_probe import flooded, interface_problem
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, VipStatus, VipWhere, WhereQuery
from nodeagent.core.flood import FloodRound
from nodeagent.core.traffic_messages import GateSet
from nodeagent.engine.ports import Caller, Refused


@dataclass(frozen=True, slots=True)
class AgentTraffic:
    """The port `TrafficControl`."""

    parts: Parts

    def vip(self, module: str) -> VipStatus:
        """The slot map and who says what; refused without a virtual IP."""
        self.parts.applied(module)
        found = self.parts.engine.node.vip(module, self.parts.engine.now())
        if found is None:
            raise Refused(404, "no-vip", f"module {module} has no virtual IP")
        return found

    def where(self, module: str, query: WhereQuery) -> tuple[VipWhere, ...]:
        """Which node serves a client, by each rule."""
        self.vip(module)
        try:
            return self.parts.engine.node.vip_where(module, query.address, query.port) or ()
        except ValueError:
            raise Refused(400, "bad-request", f"{query.address!r} is not an IP address") from None

    def set_gate(self, caller: Caller, module: str, open: bool) -> None:
        """Open or close the traffic; refused unless the module says `scriptcontrol`."""
        self.vip(module)
        traffic = self.parts.engine.node.traffic.traffic_of(module)
        if traffic is None or not traffic.vip.scriptcontrol:
            text = f'the traffic of {module} opens and closes by itself: its <vip> does not say scriptcontrol="on"'
            raise Refused(409, "no-script-control", text)
        self.parts.engine.post(GateSet(module, open, caller.name))

    async def flood_probe(self, request: FloodProbe) -> FloodHeard:
        """Whether the other nodes' frames to an unknown MAC arrive here; they must do the same now."""
        committed = self.parts.store.cluster.cluster()
        if committed is None or len(committed.config.nodes) < 2 or not committed.keys:
            raise Refused(409, "no-others", "this node is in no cluster with others: nobody would send frames to it")
        lan = committed.config.command_lan.address_of(committed.me)
        address = request.address or (lan.addr if lan else "")
        try:
            ip_address(address)
        except ValueError:
            raise Refused(400, "bad-request", f"{address!r} is not an IP address") from None
        interface, problem = await asyncio.to_thread(interface_problem, address, request.interface)
        if not problem:
            nodes, keys = committed.config.nodes, committed.keys
            part = FloodRound(bytes.fromhex(request.round), os.urandom(16), committed.me, nodes, keys, ChaChaSealer())
            problem = await flooded(part, interface)
        if problem:
            raise Refused(409, "no-flood-probe", problem)
        return FloodHeard(committed.me, interface, tuple(sorted(part.near)), tuple(sorted(part.reached_by)))
