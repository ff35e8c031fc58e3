"""What a value in agent.toml may be; each check gives the sentence about one that is not allowed, else nothing."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from nodeagent.adapters.settings.kinds import PORTS
from nodeagent.contract.states import LogType

Check = Callable[[Any], str]
"""Why a value is not allowed; empty when it is."""


def flag(value: Any) -> str:
    """true or false."""
    return "" if isinstance(value, bool) else f"{value!r} is neither true nor false"


def number(low: int, high: int, what: str) -> Check:
    """A whole number from `low` to `high`."""

    def check(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return ""
        return f"{value!r} is not {what}: a number from {low} to {high} is allowed"

    return check


def word(value: Any) -> str:
    """Text on one line."""
    good = isinstance(value, str) and value.isprintable() and value == value.strip()
    return "" if good else f"{value!r} is not one word or line of text in quotes"


def one_of(*words: str) -> Check:
    """One of these words."""
    return lambda value: "" if value in words else f"{value!r} is not one of {', '.join(words)}"


def types(value: Any) -> str:
    """Types of log lines by their letters."""
    if isinstance(value, str) and set(value) <= set(LogType):
        return ""
    return f"{value!r} are not types of log lines: the letters {''.join(LogType)} are allowed"


def mail_address(value: Any) -> str:
    """name@domain."""
    if isinstance(value, str) and re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", value):
        return ""
    return f"{value!r} is not an e-mail address: name@domain is allowed"


def mail_addresses(value: Any) -> str:
    """A list of them."""
    if not isinstance(value, list) or not value:
        return f'{value!r} is not a list of e-mail addresses, as ["name@domain"]'
    return next((why for one in value if (why := mail_address(one))), "")


def url(value: Any) -> str:
    """An address of HTTP."""
    try:
        parts = urlsplit(value if isinstance(value, str) and value.isascii() and value.isprintable() else "")
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and " " not in value
    except ValueError:
        good = False
    return "" if good else f"{value!r} is not an address as https://host/path"


def address(value: Any) -> str:
    """An IP address, or nothing."""
    if value == "":
        return ""
    try:
        ipaddress.ip_address(value if isinstance(value, str) else "")
    except ValueError:
        return f'{value!r} is not an IP address: one of this machine is allowed, or "" for all'
    return ""


def ports_differ(listen: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each port needs its own number."""
    errors: list[tuple[str, str]] = []
    used: dict[int, str] = {}
    for key, default in PORTS.items():
        port = listen.get(key, default)
        if other := used.get(port):
            errors.append((key, f"{port} is the {other} too: each needs its own"))
        used[port] = key
    return errors


def mail_is_whole(mail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What [mail] lacks once anything is in it."""
    errors = [(key, f"[mail] needs {key}") for key in ("server", "to") if mail and not mail.get(key)]
    if bool(mail.get("user")) != bool(mail.get("password_file")):
        errors.append(("user", "user and password_file go together"))
    elif mail.get("user") and mail.get("security") == "none":
        errors.append(("security", 'a password is not sent in the clear: "starttls" or "tls" is allowed with a user'))
    return errors


def webhook_is_whole(webhook: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What [webhook] lacks once anything is in it."""
    return [("url", "[webhook] needs url")] if webhook and not webhook.get("url") else []
