"""`printi`, `printe`, `set`, `get`, `vip open|close`: what scripts call, with the standard library only."""

import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import PREFIX, accepted, ask, module_name, module_path, readable, told

COMMANDS = ("printi", "printe", "set", "get")
GATES = ("open", "close")
VALUES = ("init", "up", "down", "unknown")
_PRINT_SECONDS = 0.8
"""A script that prints must not wait longer for an agent that is down or frozen."""
_LONGEST_NAME = 128
_LONGEST_TEXT = 5000
"""Characters of a line that are sent; the log marks and cuts what has more than 4000."""


def answers(args: Sequence[str]) -> bool:
    """Whether `run` does this command line."""
    words = tuple(args[:3])
    if words[:1] == ("vip",):
        return len(words) > 1 and words[1] in GATES and "--help" not in words
    return bool(words) and words[0] in COMMANDS and "--help" not in words[:2]


def run(args: Sequence[str]) -> int:
    """Do one of COMMANDS, or `vip` with one of GATES. Raises CommandFailed."""
    command, words = args[0], list(args[1:])
    if command == "vip":
        options, _ = _options(f"vip {words[0]}", words[1:], {"-m": "module", "--json": ""})
        return set_gate(words[0] == "open", options.get("module", ""), "--json" in options)
    if command in ("printi", "printe"):
        options, text = _options(command, words, {"-m": "module", "-i": "who"}, stop_at_text=True)
        return print_line(" ".join(text), command == "printe", options.get("module", ""), options.get("who", ""))
    flags = {"-m": "module", "-r": "resource", "--json": ""}
    if command == "get":
        options, _ = _options(command, words, flags)
        return get(options.get("resource", ""), options.get("module", ""), "--json" in options)
    options, _ = _options(command, words, {**flags, "-v": "value", "-i": "who"})
    return set_resource(
        options.get("resource", ""),
        options.get("value", ""),
        options.get("module", ""),
        "--json" in options,
    )


def print_line(text: str, error: bool, module: str = "", who: str = "") -> int:
    """printi / printe: one line in the module's log; without an agent the text goes to stderr and the code is 69."""
    if not text:
        raise CommandFailed(f'{"printe" if error else "printi"} wants a text, e.g. `printi "ready"`', Exit.USAGE)
    origin = readable(who or os.environ.get("KEEPGREEN_RUN", ""))
    line = {"text": readable(text[:_LONGEST_TEXT]), "error": error, "origin": origin[:_LONGEST_NAME]}
    end = time.monotonic() + _PRINT_SECONDS
    try:
        path = module_path(module_name(module, _PRINT_SECONDS)) + "/print"
        accepted(ask("POST", path, json.dumps(line).encode(), timeout=max(0.05, end - time.monotonic())))
    except CommandFailed as failed:
        raise CommandFailed(f"{text}\n{failed.sentence}", failed.exit_code) from None
    return Exit.OK


def set_resource(resource: str, value: str, module: str = "", as_json: bool = False) -> int:
    """`set -r res -v val`: what a custom checker found."""
    if not resource or not value:
        raise CommandFailed("set wants a resource and a value, e.g. `set -r custom.db -v up`", Exit.USAGE)
    kind, _, ident = resource.partition(".")
    named = kind.isascii() and kind.replace("-", "").replace("_", "").isalnum() and len(resource) <= _LONGEST_NAME
    if not named or len(ident.split()) != 1 or ident != ident.strip() or "/" in ident:
        raise CommandFailed(
            f"{resource[:40]!r} is not the name of a resource: class.name is, e.g. custom.db", Exit.USAGE
        )
    if value not in VALUES:
        raise CommandFailed(f"{value!r} is not a value of a resource: {', '.join(VALUES)}", Exit.USAGE)
    body = {"name": readable(resource), "value": value}
    accepted(ask("POST", module_path(module_name(module)) + "/resources", json.dumps(body).encode()))
    if as_json:
        sys.stdout.write(json.dumps({"name": resource, "value": value}) + "\n")
    return Exit.OK


def get(resource: str, module: str = "", as_json: bool = False) -> int:
    """`get -r res`: writes its value."""
    if not resource:
        raise CommandFailed("get wants a resource, e.g. `get -r proc.httpd`", Exit.USAGE)
    name = module_name(module)
    values = told(ask("GET", f"{PREFIX}/status"), lambda status: _values(status, name))
    if values is None:
        raise CommandFailed(f"no module {name} is installed on this node", Exit.USAGE)
    if resource not in values:
        known = ", ".join(sorted(values)) or "none"
        raise CommandFailed(f"module {name} has no resource {resource!r} now (there are: {known})", Exit.USAGE)
    said = json.dumps({"name": resource, "value": values[resource]}) if as_json else values[resource]
    sys.stdout.write(said + "\n")
    return Exit.OK


def _values(status: dict[str, Any], module: str) -> dict[str, str] | None:
    """Resource → value; None where the module is not."""
    found = next((m for m in status["modules"] if m["name"] == module), None)
    return None if found is None else {str(r["name"]): str(r["state"]) for r in found.get("resources", ())}


def set_gate(open: bool, module: str = "", as_json: bool = False) -> int:
    """`vip open|close`: whether this node takes traffic of the module's virtual IP."""
    accepted(ask("POST", module_path(module_name(module)) + "/vip", json.dumps({"open": open}).encode()))
    if as_json:
        sys.stdout.write(json.dumps({"open": open}) + "\n")
    return Exit.OK


def sleep_command() -> None:
    """Entry point of sleep.exe."""
    sys.exit(sleep(sys.argv[1:]))


def sleep(words: Sequence[str]) -> int:
    """`sleep SECONDS` for scripts on Windows, which have none."""
    try:
        time.sleep(float(words[0]))
    except (IndexError, ValueError, OverflowError):
        sys.stderr.write("sleep wants a number of seconds, e.g. `sleep 5`\n")
        return Exit.USAGE
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    return Exit.OK


def _options(
    command: str, words: list[str], known: dict[str, str], stop_at_text: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Split off `known` options (an empty name: a flag, kept under its own word)."""
    options: dict[str, str] = {}
    while words and words[0] in known:
        flag = words.pop(0)
        if not known[flag]:
            options[flag] = ""
        elif words:
            options[known[flag]] = words.pop(0)
        else:
            raise CommandFailed(f"{command}: {flag} wants a value", Exit.USAGE)
    if stop_at_text:
        return options, words[1:] if words[:1] == ["--"] else words
    if words:
        allowed = " ".join(known)
        raise CommandFailed(f"{command} does not know {words[0]!r} (it takes {allowed})", Exit.USAGE)
    return options, words
