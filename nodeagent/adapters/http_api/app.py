"""One request from its admission to its answer: who, may he, what does he want, what came of it."""

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, cast

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from nodeagent.adapters.http_api.doors import Door, bearer
from nodeagent.adapters.http_api.downloads import send_file, send_relayed
from nodeagent.adapters.http_api.events import Streams
from nodeagent.adapters.http_api.openapi import document
from nodeagent.adapters.http_api.problems import INTERNAL, answer_with, problem, problem_of
from nodeagent.adapters.http_api.relay import Relayed
from nodeagent.adapters.http_api.route import PREFIX, Call, Part, Route, may
from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.contract.api import ProblemDetail
from nodeagent.contract.module_files import path_problem
from nodeagent.contract.module_xml import module_name_problem
from nodeagent.contract.states import LogType, Role
from nodeagent.engine.ports import Caller, Download, Refused
from nodeagent.listening import Say

Audit = Callable[[str, str, str, str], None]
"""(who, source, command, result) → the append-only audit log."""

BODY_SECONDS, OPEN_BODY_SECONDS = 300.0, 10.0
"""How long a body may take to arrive; shorter from callers without a login."""
AUDITED_CAP = 200
NOBODY = Caller("", Role.MONITOR, "")
CHALLENGE = {"WWW-Authenticate": "Bearer"}


class Api:
    """The API behind one door, as an aiohttp application."""

    def __init__(self, part: Part, door: Door, audit: Audit, say: Say) -> None:
        self._part, self._door, self._audit, self._say = part, door, audit, say
        self._streams = Streams()

    def application(self) -> web.Application:
        """The routes below `/api/v1`; everything else is a problem, too."""
        app = web.Application(middlewares=[self._errors_as_problems])
        for route in ROUTES:
            app.router.add_route(route.method, PREFIX + _pattern(route), partial(self._answer, route))
        app.on_response_prepare.append(_guard)
        app.on_shutdown.append(self._streams.close)
        return app

    @web.middleware
    async def _errors_as_problems(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            allowed = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else None
            return answer_with(self._explained(error, request), allowed)

    async def _answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        caller, told, changes = NOBODY, "", route.changes
        try:
            if route.role is not None:
                caller = await self._identified(request)
                _admit(route, route.role, caller)
            names = _names(request)
            body = await _body(route, request)
            told = route.audited(body)
            query = _query(route.asks, request) if route.asks else None
            source = caller.source or request.remote or "local"
            raw_query = request.query_string
            call = Call(self._part, caller, source, bearer(request), names, body, query, raw_query, document)
            changes = changes and not route.idle(call)
            answer = await self._served(route, call, request)
        except Exception as error:
            said = self._explained(error, request)
            if (changes or route.proves) and (caller is not NOBODY or route.role is None):
                self._record(route, request, caller, told, f"refused: {said.detail}")
            return answer_with(said, CHALLENGE if said.status == 401 else None)
        if changes:
            done = "ok" if answer.status < 400 else f"refused: HTTP status {answer.status}"
            self._record(route, request, caller, told, done)
        return answer

    def _explained(self, error: Exception, request: web.Request) -> ProblemDetail:
        said = problem_of(error, request)
        if said is None:
            place = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})"
            self._say(LogType.ERROR, f"unexpected error in {request.method} {request.path}: {what}")
            said = problem(500, "internal", INTERNAL)
        return said

    async def _identified(self, request: web.Request) -> Caller:
        caller = await self._door.caller(request)
        if caller is None:
            raise Refused(401, "login-required", "this needs a login: POST /api/v1/login gives a bearer token")
        return caller

    async def _served(self, route: Route, call: Call, request: web.Request) -> web.StreamResponse:
        if route.stream and not web.WebSocketResponse().can_prepare(request):
            raise Refused(400, "bad-request", "this is a WebSocket: the request has to ask for an upgrade")
        answer = await route.serve(call)
        if route.stream:

            async def still_allowed() -> bool:
                return call.caller.local or await self._door.caller(request) is not None

            return await self._streams.serve(request, cast(AsyncIterator[Any], answer), still_allowed)
        if route.relayed:
            return await send_relayed(request, cast(Relayed, answer))
        if route.gives is None:
            return web.Response(status=204)
        if route.download:
            return await send_file(request, cast(Download, answer), route.media)
        if isinstance(answer, bytes):
            return web.Response(status=route.status, body=answer, headers={"Content-Type": route.media})
        return web.Response(status=route.status, body=msgspec.json.encode(answer), content_type="application/json")

    def _record(self, route: Route, request: web.Request, caller: Caller, told: str, result: str) -> None:
        words = (route.name, *request.match_info.values(), told)
        command = " ".join(word for word in words if word)
        clean = "".join(letter if letter.isprintable() else "?" for letter in command)[:AUDITED_CAP]
        self._audit(caller.name or "-", caller.source or request.remote or "local", clean, result)


def _pattern(route: Route) -> str:
    """`{path}` and `{rest}` may hold slashes."""
    return route.path.replace("{path}", "{path:.+}").replace("{rest}", "{rest:.+}")


def _admit(route: Route, needed: Role, caller: Caller) -> None:
    if route.local and not caller.local:
        raise Refused(403, "local-only", "this is possible only by the command line on the node itself")
    if not may(caller.role, needed):
        raise Refused(403, "role", f"this needs the role {needed}, {caller.name} has {caller.role}")


async def _guard(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "keepgreen"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"


def _names(request: web.Request) -> dict[str, str]:
    """The variable parts of the path; what no module or file can be called goes no further."""
    names = dict(request.match_info)
    found = ""
    if "module" in names:
        found = module_name_problem(names["module"])
    if "path" in names:
        found = found or path_problem(names["path"])
    if "name" in names and (_unusual(names["name"]) or names["name"].startswith(".")):
        found = found or f"{names['name']!r} is not the name of an output file"
    if "resource" in names and _unusual(names["resource"]):
        found = found or f"{names['resource']!r} is not the name of a resource: class.name is allowed"
    if found:
        raise Refused(400, "bad-name", found)
    return names


def _query(asks: type[msgspec.Struct], request: web.Request) -> Any:
    """The query as the route's type; what it does not have is refused: an answer without it would look right."""
    known = asks.__struct_encode_fields__
    if strange := sorted({*request.query} - {*known}):
        names = ", ".join(repr(name[:40]) for name in strange[:3])
        raise Refused(400, "bad-request", f"unknown in the query: {names}; it may have {', '.join(known)}")
    return msgspec.convert(dict(request.query), asks, strict=False)


def _unusual(name: str) -> bool:
    return not name.isprintable() or "/" in name or "\\" in name


async def _body(route: Route, request: web.Request) -> Any:
    """The body, at most the route's cap, as the route's type."""
    too_large = Refused(413, "too-large", f"the body may have at most {route.cap} bytes here")
    if (request.content_length or 0) > route.cap:
        raise too_large
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS if route.role else OPEN_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                data += chunk
                if len(data) > route.cap:
                    raise too_large
    except TimeoutError:
        raise Refused(408, "too-slow", "the body of the request did not arrive in time") from None
    if route.takes is None:
        return None
    return bytes(data) if route.takes is bytes else msgspec.json.decode(bytes(data), type=route.takes)
