"""agent.toml: the agent's own settings, above all its ports."""

import ipaddress
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodeagent.contract.errors import Problem, Severity, errors_of

_PORTS = {"health_port": 9010, "api_port": 9453, "enrol_port": 9001}


@dataclass(frozen=True, slots=True)
class Listen:
    """`[listen]`: where the agent listens; `address` empty = on all."""

    address: str = ""
    health_port: int = _PORTS["health_port"]
    api_port: int = _PORTS["api_port"]
    enrol_port: int = _PORTS["enrol_port"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All of agent.toml."""

    listen: Listen = Listen()


def load_settings(file: Path) -> tuple[Settings | None, list[Problem]]:
    """Read the file; one that is not there means the defaults."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return Settings(), []
    except OSError as error:
        return None, [Problem(Severity.ERROR, f"it cannot be read: {error.strerror}", str(file))]
    return read_settings(data, str(file))


def read_settings(data: bytes, file: str = "agent.toml") -> tuple[Settings | None, list[Problem]]:
    """The settings, or None exactly when an error is among the problems; all of them are reported."""
    try:
        text = data.decode("utf-8-sig")
        content = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem(Severity.ERROR, "it is not UTF-8 text", file, line)]
    except (ValueError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else len(text.splitlines())
        what = re.sub(r" \(at .*\)$", "", str(error))
        return None, [Problem(Severity.ERROR, f"it is not TOML: {what}", file, line)]
    problems = [
        Problem(Severity.WARNING, f"[{key}] is not known; there is [listen]", file, _line_of(text, key), key)
        for key in content
        if key != "listen"
    ]
    listen = content.get("listen", {})
    if not isinstance(listen, dict):
        problems.append(
            Problem(Severity.ERROR, "listen is a table: [listen]", file, _line_of(text, "listen"), "listen")
        )
        return None, problems
    for key, why in _listen_errors(listen):
        problems.append(Problem(Severity.ERROR, why, file, _line_of(text, key), f"listen/{key}"))
    for key in listen:
        if key != "address" and key not in _PORTS:
            allowed = ", ".join(("address", *_PORTS))
            what = f"{key!r} is not known in [listen]; there are {allowed}"
            problems.append(Problem(Severity.WARNING, what, file, _line_of(text, key), f"listen/{key}"))
    if errors_of(problems):
        return None, problems
    return Settings(Listen(**{k: v for k, v in listen.items() if k == "address" or k in _PORTS})), problems


def _listen_errors(listen: dict[str, Any]) -> list[tuple[str, str]]:
    errors: list[tuple[str, str]] = []
    if why := _address_error(listen.get("address", "")):
        errors.append(("address", why))
    used: dict[int, str] = {}
    for key, default in _PORTS.items():
        port = listen.get(key, default)
        if not isinstance(port, int) or isinstance(port, bool) or not 1 <= port <= 65535:
            errors.append((key, f"{port!r} is not a port: a number from 1 to 65535 is allowed"))
        elif other := used.get(port):
            errors.append((key, f"{port} is the {other} too: each needs its own"))
        else:
            used[port] = key
    return errors


def _address_error(address: object) -> str:
    if address == "":
        return ""
    try:
        ipaddress.ip_address(address if isinstance(address, str) else "")
    except ValueError:
        return f'{address!r} is not an IP address: one of this machine is allowed, or "" for all'
    return ""


def _line_of(text: str, key: str) -> int:
    """The line where a key or table is written, 0 when it is not found (it may be quoted)."""
    pattern = re.compile(rf"\s*(\[+\s*)?([\w.]+\.)?[\"']?{re.escape(key)}[\"']?\s*[\].=]")
    return next((n for n, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), 0)
