"""Reading agent.toml: every table and key is in a table here, every error is said at once."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nodeagent.adapters.settings import checks
from nodeagent.adapters.settings.checks import Check
from nodeagent.adapters.settings.kinds import PORTS, SECURITY, Listen, Mail, Permissions, Records, Settings, Webhook
from nodeagent.contract.errors import Problem, Severity, errors_of

_Whole = Callable[[Mapping[str, Any]], list[tuple[str, str]]]
"""What is wrong with the allowed values of a table together: key and why."""


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of the file: what it becomes, and the check of each key."""

    kind: Callable[..., Any]
    checks: Mapping[str, Check]
    whole: _Whole = lambda values: []
    fields: Mapping[str, str] = field(default_factory=dict)
    """The names of fields that are not called like their key."""

    def read(self, content: object, name: str) -> tuple[dict[str, Any], list[tuple[Severity, str, str]]]:
        """The values by field, and what is to be said: severity, key and sentence."""
        if not isinstance(content, dict):
            return {}, [(Severity.ERROR, "", f"{name} is a table: [{name}]")]
        said = [
            (Severity.WARNING, key, f"{key!r} is not known in [{name}]; there are {', '.join(self.checks)}")
            for key in content
            if key not in self.checks
        ]
        values = {key: content[key] for key in self.checks if key in content}
        wrong = [(key, why) for key, value in values.items() if (why := self.checks[key](value))]
        allowed = {key: value for key, value in values.items() if key not in dict(wrong)}
        wrong += [(key, why) for key, why in self.whole(allowed) if key not in dict(wrong)]
        said += [(Severity.ERROR, key, why) for key, why in wrong]
        return {
            self.fields.get(key, key): tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
        }, said


_port, _days = checks.number(1, 65535, "a port"), checks.number(1, 3650, "a number of days")
_hourly = checks.number(1, 1000, "a number of messages")
TABLES = {
    "agent": _Table(Permissions, {"reboot": checks.flag}),
    "listen": _Table(Listen, {"address": checks.address, **dict.fromkeys(PORTS, _port)}, checks.ports_differ),
    "records": _Table(
        Records,
        {
            "log_days": _days,
            "log_mb": checks.number(10, 100_000, "a size in MB"),
            "audit_days": _days,
            "history_days": _days,
            "output_days": _days,
        },
    ),
    "mail": _Table(
        Mail,
        {
            "server": checks.word,
            "port": _port,
            "security": checks.one_of(*SECURITY),
            "user": checks.word,
            "password_file": checks.word,
            "from": checks.mail_address,
            "to": checks.mail_addresses,
            "types": checks.types,
            "hourly": _hourly,
            "ca_file": checks.word,
        },
        checks.mail_is_whole,
        {"from": "sender"},
    ),
    "webhook": _Table(
        Webhook,
        {
            "url": checks.url,
            "secret_file": checks.word,
            "types": checks.types,
            "hourly": _hourly,
            "ca_file": checks.word,
        },
        checks.webhook_is_whole,
    ),
}
"""Every table of the file with its keys."""


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
    tables = " and ".join(f"[{name}]" for name in TABLES)
    problems = [
        Problem(Severity.WARNING, f"[{key}] is not known; there is {tables}", file, _line_of(text, key), key)
        for key in content
        if key not in TABLES
    ]
    read = {}
    for name, table in TABLES.items():
        values, found_here = table.read(content.get(name, {}), name)
        problems += [
            Problem(severity, why, file, _line_of(text, name, key), f"{name}/{key}" if key else name)
            for severity, key, why in found_here
        ]
        read[name] = values
    if errors_of(problems):
        return None, problems
    made: dict[str, Any] = {name: table.kind(**read[name]) for name, table in TABLES.items()}
    return Settings(**made), problems


def _line_of(text: str, table: str, key: str = "") -> int:
    """The line where a table or a key of it is written, 0 when it is not found."""
    header = re.compile(r"\s*\[+\s*[\"']?([\w-]+)")
    name = rf"\s*[\"']?{re.escape(table)}[\"']?\s*"
    inside = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
    above = re.compile(rf"{name}(\.\s*[\"']?{re.escape(key)}[\"']?\s*)?[=.]" if key else rf"{name}[=.]")
    current = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := header.match(line):
            current = found[1]
            if current == table and not key:
                return number
        elif (key and current == table and inside.match(line)) or (not current and above.match(line)):
            return number
    return _line_of(text, table) if key else 0
