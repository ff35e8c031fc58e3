"""Who this node is, logging in, the status and its stream."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api
from nodeagent.contract.status import NodeStatus


async def _identity(call: Call) -> object:
    return call.control.identity()


async def _openapi(call: Call) -> object:
    return call.description()


async def _login(call: Call) -> object:
    return await call.to.logins.login(call.source, call.body)


async def _logout(call: Call) -> object:
    call.to.logins.logout(call.token)
    return None


async def _status(call: Call) -> object:
    return call.control.status()


async def _events(call: Call) -> object:
    return call.control.events(call.query.after)


ROUTES: tuple[Route, ...] = (
    Route("identity", "GET", "/identity", "Who this node is", _identity, None, gives=api.Identity),
    Route("openapi", "GET", "/openapi.json", "This description", _openapi, None, gives=bytes, media="application/json"),
    Route(
        "login",
        "POST",
        "/login",
        "Open a session",
        _login,
        None,
        takes=api.Login,
        gives=api.Session,
        cap=4096,
        changes=True,
        audited=lambda body: body.user,
    ),
    Route("logout", "POST", "/logout", "End the session", _logout),
    Route("status", "GET", "/status", "What this node knows now", _status, gives=NodeStatus),
    Route(
        "events",
        "GET",
        "/events",
        "The status whenever it changes, and log lines (WebSocket)",
        _events,
        asks=api.EventQuery,
        gives=api.Event,
        stream=True,
    ),
)
