"""Client of the agent's local transport: plain HTTP/1.1 over a unix socket, or 127.0.0.1 with a token on Windows.

Standard library only and by hand, because scripts call `printi` and `set` and wait for them.
Every failure is a CommandFailed; a deadline counts for the whole exchange.
"""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from nodeagent.cli.exits import CommandFailed, Exit, exit_of_http
from nodeagent.home import Home

T = TypeVar("T")

NODE: ContextVar[str] = ContextVar("node", default="")
"""The node that is meant, which the agent here passes requests on to; empty: this one."""

PREFIX = "/api/v1"
_LONGEST_LINE = 65536
_PIECE = 256 * 1024


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Endpoint(NamedTuple):
    """Where the agent of a home listens; `token` goes with each request; `missing`: it has not said where."""

    family: int
    address: str | tuple[str, int]
    token: str = ""
    missing: bool = False

    @property
    def place(self) -> str:
        """The address as a user knows it."""
        return self.address if isinstance(self.address, str) else f"{self.address[0]}:{self.address[1]}"


def endpoint(home: Home, platform: str = sys.platform) -> Endpoint:
    """Find the agent of this home; nothing is opened yet."""
    if sys.platform != "win32" and platform != "win32":
        return Endpoint(socket.AF_UNIX, str(home.socket))
    path = str(home.local_token)
    try:
        said = json.loads(home.local_token.read_bytes())
        return Endpoint(socket.AF_INET, ("127.0.0.1", int(said["port"])), str(said["token"]))
    except PermissionError:
        sentence = f"you may not read {path}: use an account of the Administrators group"
        raise CommandFailed(sentence, Exit.REFUSED) from None
    except (OSError, ValueError, KeyError, TypeError):
        return Endpoint(socket.AF_INET, path, missing=True)


def ask(
    method: str,
    path: str,
    body: bytes = b"",
    *,
    timeout: float = 30.0,
    content_type: str = "application/json",
    at: Endpoint | None = None,
    sent: Callable[[int], None] | None = None,
) -> Answer:
    """One request and its answer within `timeout` seconds. Raises CommandFailed when no agent answers.

    `sent` is told how many bytes of the body have gone.
    """
    with _asked(method, path, body, timeout, content_type, at, sent) as (reader, status, headers):
        return Answer(status, b"".join(_pieces(reader, status, headers)))


def download(path: str, take: Callable[[bytes, int], None], *, timeout: float = 600.0) -> None:
    """GET something large: `take` gets each piece, and how many bytes there will be (0 = not known).

    Raises CommandFailed, with the agent's own sentence for a refusal.
    """
    with _asked("GET", path, b"", timeout, "", None, None) as (reader, status, headers):
        pieces = _pieces(reader, status, headers)
        if not 200 <= status < 300:
            raise refusal(Answer(status, b"".join(pieces)))
        total = int(headers.get(b"content-length", b"0"))
        for piece in pieces:
            take(piece, total)


@contextmanager
def _asked(
    method: str,
    path: str,
    body: bytes,
    timeout: float,
    content_type: str,
    at: Endpoint | None,
    sent: Callable[[int], None] | None,
) -> "Iterator[tuple[_Reader, int, dict[bytes, bytes]]]":
    """A request that was sent, and the head of its answer. Whatever breaks is a CommandFailed."""
    target = at or endpoint(Home.from_environment())
    if target.missing:
        raise agent_down(target.place)
    if node := NODE.get():
        path = f"{PREFIX}/nodes/{node}{path.removeprefix(PREFIX)}"
    deadline = monotonic() + timeout
    try:
        with socket.socket(target.family, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(target.address)
            with suppress(BrokenPipeError, ConnectionResetError):  # a refusal may come before the body was taken
                connection.sendall(_head(method, path, len(body), content_type, target.token))
                for start in range(0, len(body), _PIECE):
                    connection.sendall(body[start : start + _PIECE])
                    if sent:
                        sent(min(start + _PIECE, len(body)))
            reader = _Reader(connection, deadline)
            yield (reader, *_read_head(reader))
    except TimeoutError:
        raise CommandFailed(
            f"the agent at {target.place} did not answer within {timeout:g} s", Exit.AGENT_DOWN
        ) from None
    except PermissionError:
        raise CommandFailed(
            f"you may not speak to the agent at {target.place}: use root or a member of its group", Exit.REFUSED
        ) from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise agent_down(target.place) from None
    except (EOFError, ValueError):
        raise CommandFailed(f"the agent at {target.place} broke its answer off", Exit.AGENT_DOWN) from None
    except OSError as error:
        raise CommandFailed(f"no agent answers at {target.place}: {error.strerror or error}", Exit.AGENT_DOWN) from None


def agent_down(place: str) -> CommandFailed:
    """The one sentence for an agent that is not there."""
    return CommandFailed(f"no agent answers at {place} (start it with `keepgreen agent run`)", Exit.AGENT_DOWN)


def accepted(answer: Answer) -> bytes:
    """The body of a good answer. Raises CommandFailed with the agent's own sentence for a refusal."""
    if 200 <= answer.status < 300:
        return answer.body
    raise refusal(answer)


def refusal(answer: Answer) -> CommandFailed:
    """A problem+json answer as sentence and exit code; all its problems are named, one a line."""
    detail, lines = f"the agent answered with HTTP status {answer.status}", []
    try:
        said = json.loads(answer.body)
        detail = str(said.get("detail") or said.get("title") or detail)
        lines = [_problem_line(problem) for problem in said.get("problems", ())]
    except (ValueError, AttributeError, TypeError):
        pass
    # The sentence often is the first of the problems.
    return CommandFailed("\n".join([detail, *(line for line in lines if line != detail)]), exit_of_http(answer.status))


def told(answer: Answer, read: Callable[[Any], T]) -> T:
    """What `read` finds in the JSON of a good answer. Raises CommandFailed, also for what it cannot read."""
    try:
        return read(json.loads(accepted(answer)))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise not_understood(error) from None


def not_understood(error: Exception) -> CommandFailed:
    """The one sentence for an answer in another form than this command knows."""
    text = f"the agent's answer was not understood ({error}): are the command and the agent of one version?"
    return CommandFailed(text, Exit.INTERNAL)


def module_path(module: str) -> str:
    """The API path of a module. Raises CommandFailed for what cannot be a module's name."""
    if not (0 < len(module) <= 32 and module.isascii() and module.replace("-", "").replace("_", "").isalnum()):
        raise CommandFailed(
            f"{module[:40]!r} is not a module name: letters, digits, `-` and `_`, at most 32 characters", Exit.USAGE
        )
    return f"{PREFIX}/modules/{module}"


def module_name(module: str, timeout: float = 30.0) -> str:
    """`-m`, else SAFEMODULE, else the only module of this node. Raises CommandFailed, also for what is no name."""
    name = module or os.environ.get("SAFEMODULE") or _only_module(timeout)
    module_path(name)
    return name


def readable(text: str) -> str:
    """Bytes of the command line that are not UTF-8 become replacement characters: JSON cannot carry them."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _only_module(timeout: float) -> str:
    answer = ask("GET", f"{PREFIX}/modules", timeout=timeout)
    names = told(answer, lambda modules: [str(module["name"]) for module in modules])
    if len(names) == 1:
        return names[0]
    if not names:
        raise CommandFailed("no module is installed on this node", Exit.USAGE)
    raise CommandFailed(f"say which module with -m: {', '.join(sorted(names))}", Exit.USAGE)


def _problem_line(problem: dict[str, object]) -> str:
    place = f"{problem.get('file', '')}:{problem['line']}" if problem.get("line") else str(problem.get("file", ""))
    parts = (place, str(problem.get("severity", "")), str(problem.get("path", "")), str(problem.get("text", "")))
    return ": ".join(part for part in parts if part)


def _head(method: str, path: str, length: int, content_type: str, token: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: keepgreen", "Connection: close", "Accept: application/json"]
    if token:
        head.append(f"Authorization: Bearer {token}")
    if length or method not in ("GET", "HEAD"):
        head += [f"Content-Type: {content_type}", f"Content-Length: {length}"]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


class _Reader:
    """Reads lines and exact lengths from a socket until a deadline."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection, self._deadline, self._buffer = connection, deadline, bytearray()

    def line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > _LONGEST_LINE or not self._more():
                raise EOFError
        return self._take(end + 2)[:end]

    def exactly(self, length: int) -> bytes:
        while len(self._buffer) < length:
            if not self._more():
                raise EOFError
        return self._take(length)

    def rest(self) -> bytes:
        while self._more():
            pass
        return self._take(len(self._buffer))

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken

    def _more(self) -> bool:
        left = self._deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        data = self._connection.recv(65536)
        self._buffer += data
        return bool(data)


def _read_head(reader: _Reader) -> tuple[int, dict[bytes, bytes]]:
    protocol, _, rest = reader.line().partition(b" ")
    if not protocol.startswith(b"HTTP/1."):
        raise ValueError(protocol)
    status = int(rest[:3])
    headers: dict[bytes, bytes] = {}
    while line := reader.line():
        name, _, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip()
    return status, headers


def _pieces(reader: _Reader, status: int, headers: dict[bytes, bytes]) -> Iterator[bytes]:
    """The body as it arrives."""
    if status == 204:
        return
    if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
        while size := int(reader.line().split(b";")[0], 16):
            yield reader.exactly(size)
            reader.exactly(2)
    elif b"content-length" in headers:
        left = int(headers[b"content-length"])
        while left:
            yield reader.exactly(min(left, _PIECE))
            left -= min(left, _PIECE)
    else:
        yield reader.rest()
