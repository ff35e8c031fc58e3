"""The virtual IPs of this node's modules."""

from dataclasses import dataclass

from nodeagent.agent.control.parts import Parts
from nodeagent.contract.vip_status import VipStatus, VipWhere, WhereQuery
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
