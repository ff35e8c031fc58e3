"""The API of the local agent with the types of the contract."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import PREFIX, accepted, ask, not_understood, readable
from nodeagent.contract.api import FileInfo
from nodeagent.contract.status import ModuleStatus, NodeStatus

T = TypeVar("T")


def fetch(path: str, type: type[T], query: dict[str, str] | None = None) -> T:
    """GET below `/api/v1` as this type. Raises CommandFailed."""
    asked = f"?{urlencode(query, errors='replace')}" if query else ""
    return _decode(accepted(ask("GET", f"{PREFIX}{path}{asked}")), type)


def send(path: str, body: object, type: type[T], *, timeout: float = 60.0) -> T:
    """POST a Struct or plain values below `/api/v1`, the answer as this type. Raises CommandFailed."""
    return _decode(accepted(ask("POST", f"{PREFIX}{path}", _encode(body), timeout=timeout)), type)


def tell(path: str, body: object) -> None:
    """POST where the answer says nothing but that it was done."""
    accepted(ask("POST", f"{PREFIX}{path}", _encode(body)))


def put(path: str, body: bytes, type: type[T], sent: Callable[[int], None] | None = None) -> T:
    """PUT raw bytes below `/api/v1`; `sent` is told how many have gone."""
    raw = "application/octet-stream"
    return _decode(accepted(ask("PUT", f"{PREFIX}{path}", body, timeout=120.0, content_type=raw, sent=sent)), type)


def delete(path: str, type: type[T], *, timeout: float = 30.0) -> T:
    """DELETE below `/api/v1`; NoneType for an answer that says nothing."""
    return _decode(accepted(ask("DELETE", f"{PREFIX}{path}", timeout=timeout)) or b"null", type)


def status_of(status: NodeStatus, module: str) -> ModuleStatus:
    """This node's module of that name. Raises CommandFailed when it is not there."""
    found = next((m for m in status.modules if m.name == module), None)
    if found is None:
        raise CommandFailed(f"no module {module} is installed on {status.node}", Exit.USAGE)
    return found


def installed_files(module: str) -> dict[str, bytes]:
    """All files of the module as the agent has it."""
    infos = fetch(f"/modules/{module}/files", tuple[FileInfo, ...])
    return {
        info.path: accepted(ask("GET", f"{PREFIX}/modules/{module}/files/{quote(info.path, errors='replace')}"))
        for info in infos
    }


def as_json(value: object) -> str:
    """Any answer as indented JSON; bytes as base64."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def _encode(body: object) -> bytes:
    return msgspec.json.encode(_readable(msgspec.to_builtins(body)))


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, (list, tuple)) else value


def _decode(body: bytes, type: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=type)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_understood(error) from None
