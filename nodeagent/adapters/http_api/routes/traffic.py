"""The virtual IP of a module."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract.states import Role
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, SetGate, VipStatus, VipWhere, WhereQuery


async def _vip(call: Call) -> object:
    return call.control.traffic.vip(call.module)


async def _where(call: Call) -> object:
    return call.control.traffic.where(call.module, call.query)


async def _gate(call: Call) -> object:
    call.control.traffic.set_gate(call.caller, call.module, call.body.open)
    return None


async def _flood_probe(call: Call) -> object:
    return await call.control.traffic.flood_probe(call.body)


_VIP = "/modules/{module}/vip"

ROUTES: tuple[Route, ...] = (
    Route("vip", "GET", _VIP, "The slot map, who owns it, who says what", _vip, gives=VipStatus),
    Route(
        "vipWhere",
        "GET",
        _VIP + "/where",
        "Which node serves a client",
        _where,
        asks=WhereQuery,
        gives=tuple[VipWhere, ...],
    ),
    Route(
        "vipGate",
        "POST",
        _VIP,
        "A script opens or closes the traffic",
        _gate,
        Role.CONTROL,
        takes=SetGate,
        changes=True,
        audited=lambda body: "open" if body.open else "close",
    ),
    Route(
        "floodProbe",
        "POST",
        "/vip/flood-probe",
        "Whether the other nodes' frames to a MAC that no switch knows arrive here; ask all nodes at once",
        _flood_probe,
        Role.CONTROL,
        takes=FloodProbe,
        gives=FloodHeard,
        changes=True,
        audited=lambda body: body.interface or body.address,
    ),
)
