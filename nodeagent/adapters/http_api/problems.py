"""Every error as RFC 9457 `application/problem+json`: a stable type, one sentence, never a traceback."""

from http import HTTPStatus

import msgspec
from aiohttp import web

from nodeagent.contract.api import ProblemDetail
from nodeagent.contract.errors import Problem
from nodeagent.engine.ports import Refused

MEDIA = "application/problem+json"
INTERNAL = "the agent met an unexpected error and wrote it to its log"


def problem(status: int, kind: str, detail: str, path: str = "", problems: tuple[object, ...] = ()) -> ProblemDetail:
    """A problem of type `urn:keepgreen:<kind>`."""
    return ProblemDetail(
        type=f"urn:keepgreen:{kind}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        path=path,
        problems=tuple(entry for entry in problems if isinstance(entry, Problem)),
    )


def problem_of(error: Exception, request: web.BaseRequest) -> ProblemDetail | None:
    """What an expected exception means; None for one that only a bug can raise."""
    match error:
        case Refused():
            return problem(error.status, error.kind, str(error.detail), problems=error.problems)
        case msgspec.DecodeError():
            # msgspec says `Expected `str`, got `int` - at `$.user``.
            text, _, place = str(error).partition(" - at ")
            return problem(400, "bad-request", f"the request was not understood: {text}", place.strip("`"))
        case UnicodeDecodeError():
            return problem(400, "bad-request", "the request was not understood: it is not UTF-8 text")
        case RecursionError():
            return problem(400, "bad-request", "the request is nested too deeply")
        case web.HTTPNotFound():
            return problem(
                404, "not-found", "there is nothing under this path; /api/v1/openapi.json lists what there is"
            )
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(error.allowed_methods))
            return problem(405, "method-not-allowed", f"{request.method} is not possible here, only {allowed}")
        case web.HTTPException() if error.status >= 400:
            return problem(error.status, "bad-request", error.text or error.reason)
        case web.RequestPayloadError():
            return problem(400, "bad-request", "the body of the request ended early or was not sent as HTTP says")
        case _:
            return None


def answer_with(said: ProblemDetail, headers: dict[str, str] | None = None) -> web.Response:
    """The HTTP answer for a problem."""
    clean = msgspec.structs.replace(said, detail=_encodable(said.detail), path=_encodable(said.path))
    return web.Response(status=said.status, body=msgspec.json.encode(clean), content_type=MEDIA, headers=headers)


def _encodable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
