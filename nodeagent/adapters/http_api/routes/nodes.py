"""The other nodes of the cluster: how they log in here, and how a request is passed on to one of them."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from nodeagent.adapters.http_api.route import MODULE, Call, Route
from nodeagent.contract import api, node_login, reach_api
from nodeagent.contract.states import Role
from nodeagent.engine.ports import Refused


async def _challenge(call: Call) -> object:
    return node_login.NodeChallenge(call.to.node_logins.challenge())


async def _login(call: Call) -> object:
    return call.to.node_logins.login(call.body)


async def _reach(call: Call) -> object:
    return await call.control.peers.reach(call.body)


def _like(path: str) -> re.Pattern[str]:
    """What is below `/api/v1` at this path of a route."""
    return re.compile(
        "/".join(".+" if part == "{path}" else re.sub(r"{\w+}", "[^/]+", part) for part in path.split("/"))
    )


def _relay(method: str, role: Role, passable: Sequence[Route]) -> Route:
    known = [(_like(route.path), route) for route in passable if route.method == method]

    def changes_nothing(call: Call) -> bool:
        """One that no route is like may be of a newer version, and is taken to change something; a GET is not."""
        rest = f"/{call.names['rest']}"
        found = next((route for like, route in known if like.fullmatch(rest)), None)
        return method == "GET" if found is None else not found.changes

    async def passed_on(call: Call) -> object:
        rest = call.names["rest"]
        if {".", ".."} & {*rest.split("/")}:
            raise Refused(400, "bad-name", "a path that is passed on holds no `.` and no `..`")
        if rest.partition("/")[0] == "nodes":
            raise Refused(400, "one-hop", "a request is passed on once: from this node to the one that is meant")
        peer = call.control.peers.peer(call.names["node"])
        target = f"/{quote(rest)}{f'?{call.raw_query}' if call.raw_query else ''}"
        return await call.to.relay.pass_on(call.caller, peer, method, target, call.body or b"")

    return Route(
        f"relay{method.title()}",
        method,
        "/nodes/{node}/{rest}",
        "Pass a request on to another node of the cluster, with the rights of the caller",
        passed_on,
        role,
        takes=bytes if method in ("POST", "PUT") else None,
        gives=bytes,
        cap=MODULE,
        changes=True,
        idle=changes_nothing,
        relayed=True,
    )


def relays(passable: Sequence[Route]) -> tuple[Route, ...]:
    """The routes that pass a request on; it goes to the audit log here, too, if its own route among these says so."""
    roles = {"GET": Role.MONITOR, "POST": Role.CONTROL, "PUT": Role.ADMIN, "DELETE": Role.CONTROL}
    return tuple(_relay(method, role, passable) for method, role in roles.items())


ROUTES: tuple[Route, ...] = (
    Route(
        "nodeChallenge",
        "POST",
        "/node-challenge",
        "What another node of the cluster signs to log in",
        _challenge,
        None,
        gives=node_login.NodeChallenge,
    ),
    Route(
        "nodeLogin",
        "POST",
        "/node-login",
        "Open a session for a node of the cluster, by its key",
        _login,
        None,
        takes=node_login.NodeLogin,
        gives=api.Session,
        cap=4096,
        proves=True,
        audited=lambda body: body.user,
    ),
    Route(
        "connectivity",
        "POST",
        "/connectivity",
        "Whether this node can open a TCP connection to a place",
        _reach,
        Role.CONTROL,
        takes=reach_api.Reach,
        gives=reach_api.Reached,
    ),
)
