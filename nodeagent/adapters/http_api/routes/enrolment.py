"""Enrolment, ordered on the two nodes themselves; what they say to each other goes over a port of its own."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import enrolment
from nodeagent.contract.states import Role


async def _open(call: Call) -> object:
    return await call.control.enrolment.open(call.caller)


async def _join(call: Call) -> object:
    return await call.control.enrolment.join(call.caller, call.body)


ROUTES: tuple[Route, ...] = (
    Route(
        "enrolOpen",
        "POST",
        "/enrol",
        "Let one newcomer in, by a code",
        _open,
        Role.ADMIN,
        gives=enrolment.EnrolOpened,
        changes=True,
        local=True,
    ),
    Route(
        "enrolJoin",
        "POST",
        "/enrol/join",
        "Be the newcomer of a node that is open",
        _join,
        Role.ADMIN,
        takes=enrolment.EnrolJoin,
        gives=enrolment.Enrolled,
        cap=4096,
        changes=True,
        audited=lambda body: f"{body.address} {body.port}",
        local=True,
    ),
)
