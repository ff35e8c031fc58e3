"""The types of attribute values: what each accepts, in code, in words and as XML Schema.

`parse` gives the typed value or raises ValueError with the end of a sentence that begins with the value
(`must be …`, `is …`). `schema` is the XSD base type with its facets.
"""

import difflib
import ipaddress
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from nodeagent.contract.arguments import words_of
from nodeagent.contract.durations import UNIT_WORDS, Duration, Unit, parse_duration

Schema = tuple[str, tuple[tuple[str, str], ...]]

HOST_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"{HOST_LABEL}(?:\.{HOST_LABEL})*\.?", re.ASCII)


class ValueType(Protocol):
    """One type of the rule table."""

    @property
    def words(self) -> str:
        """What is allowed, for a sentence and the reference."""

    def parse(self, text: str) -> object:
        """The typed value; ValueError says what is wrong."""

    def schema(self) -> Schema:
        """Base type and facets for the XSD."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` when a known word is near, else nothing."""
    near = difflib.get_close_matches(word[:64].lower(), list(known), 1, 0.75)
    return f'; did you mean "{near[0]}"?' if near else ""


def is_ip(text: str) -> bool:
    """Whether this is an IP address, not the name of a host."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Text:
    """Any text, or text of one shape: `pattern` in the common part of Python's and XSD's syntax, matched whole."""

    pattern: str = ""
    words: str = "any text"

    def parse(self, text: str) -> str:
        """The text itself; without surrounding blanks when it has a shape."""
        if not self.pattern:
            return text
        if not re.fullmatch(self.pattern, text.strip(), re.ASCII):
            raise ValueError(f"must be {self.words}")
        return text.strip()

    def schema(self) -> Schema:
        """xs:string with the pattern."""
        return "xs:string", (("pattern", self.pattern),) if self.pattern else ()


@dataclass(frozen=True)
class SomeText:
    """Any text that is not blank."""

    words: str = "at least one character"

    def parse(self, text: str) -> str:
        """The text without surrounding blanks."""
        if not text.strip():
            raise ValueError(f"must be {self.words}")
        return text.strip()

    def schema(self) -> Schema:
        """A non-empty string."""
        return "xs:string", (("minLength", "1"),)


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`."""

    low: int
    high: int

    @property
    def words(self) -> str:
        """The range."""
        return f"a whole number from {self.low} to {self.high}"

    def parse(self, text: str) -> int:
        """The number."""
        if not re.fullmatch(r"[+-]?\d{1,12}", text.strip(), re.ASCII) or not self.low <= int(text) <= self.high:
            raise ValueError(f"must be {self.words}")
        return int(text)

    def schema(self) -> Schema:
        """xs:integer within the range."""
        return "xs:integer", (("minInclusive", str(self.low)), ("maxInclusive", str(self.high)))


@dataclass(frozen=True)
class Choice:
    """One of the words given."""

    values: tuple[str, ...]

    @property
    def words(self) -> str:
        """The words."""
        return "one of " + ", ".join(self.values)

    def parse(self, text: str) -> str:
        """The word."""
        if text.strip() not in self.values:
            raise ValueError(f"must be {self.words}{suggestion(text, self.values)}")
        return text.strip()

    def schema(self) -> Schema:
        """An enumeration."""
        return "xs:string", tuple(("enumeration", value) for value in self.values)


@dataclass(frozen=True)
class Switch:
    """on or off; yes and no are read too, since existing files use both."""

    words: str = "on or off (or yes, no)"

    def parse(self, text: str) -> bool:
        """True for on and yes."""
        if text.strip() not in {"on", "off", "yes", "no"}:
            raise ValueError(f"must be {self.words}")
        return text.strip() in {"on", "yes"}

    def schema(self) -> Schema:
        """An enumeration."""
        return "xs:string", tuple(("enumeration", value) for value in ("on", "off", "yes", "no"))


@dataclass(frozen=True)
class Span:
    """A duration with its native unit; `zero` tells whether 0 has a meaning for this attribute."""

    unit: Unit
    zero: bool = True

    @property
    def words(self) -> str:
        """Unit and limits."""
        return f"a duration, without suffix in {UNIT_WORDS[self.unit]}s{'' if self.zero else ', not 0'}"

    def parse(self, text: str) -> Duration:
        """The exact duration."""
        duration = parse_duration(text, self.unit)
        if not duration.microseconds and not self.zero:
            raise ValueError("must be 1ms or more")
        return duration

    def schema(self) -> Schema:
        """A pattern near to what is accepted."""
        number = r"[0-9]+(\.[0-9]+)?"
        return "xs:string", (("pattern", rf"{number}|({number}(d|h|m|s|ms|us) *)+"),)


@dataclass(frozen=True)
class Expression:
    """A regular expression as Python's `re` understands it."""

    words: str = "a regular expression"

    def parse(self, text: str) -> str:
        """The expression, after it compiled."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"must be {self.words}: {error}") from error
        return text

    def schema(self) -> Schema:
        """Any string: XSD cannot tell."""
        return "xs:string", ()


@dataclass(frozen=True)
class Arguments:
    """The arguments of a program on one line, as at least one kind of system can read them."""

    words: str = "arguments with blanks between them, every quote closed"

    def parse(self, text: str) -> str:
        """The line itself."""
        try:
            words_of(text, windows=False)
        except ValueError:
            try:
                words_of(text, windows=True)
            except ValueError:
                raise ValueError(f"must be {self.words}") from None
        return text

    def schema(self) -> Schema:
        """Any string: XSD cannot tell."""
        return "xs:string", ()


@dataclass(frozen=True)
class Address:
    """An IP address of a machine, or its host name when `hosts`. IP addresses come back in their usual form."""

    hosts: bool = True
    link_local: bool = False

    @property
    def words(self) -> str:
        """The families."""
        return "an IPv4 address, an IPv6 address or a host name" if self.hosts else "an IPv4 or IPv6 address"

    def parse(self, text: str) -> str:
        """The address or name."""
        text = text.strip()
        try:
            ip = ipaddress.ip_address(text)
        except ValueError:
            last = text.rstrip(".").rpartition(".")[2]
            if self.hosts and len(text) <= 253 and _HOST.fullmatch(text) and not last.isdigit():
                return text
            raise ValueError(f"must be {self.words}") from None
        real = getattr(ip, "ipv4_mapped", None) or ip
        if real.is_link_local and not self.link_local:
            raise ValueError(
                "is a link-local address, which is not the same machine on every network: use a routed one"
            )
        if real.is_unspecified or real.is_multicast or str(real) == "255.255.255.255":
            raise ValueError("is not the address of one machine")
        return str(ip)

    def schema(self) -> Schema:
        """A non-empty string: XSD cannot tell."""
        return "xs:string", (("minLength", "1"),)


@dataclass(frozen=True)
class ActionOrHandler:
    """What follows a missing process: one of the actions, or the name of an executable."""

    actions: tuple[str, ...]
    words: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "words", f"{', '.join(self.actions)}, or the name of an executable")

    def parse(self, text: str) -> str:
        """The word. A name that is nearly an action is a slip, not an executable."""
        word = text.strip()
        if word in self.actions:
            return word
        if not word or word.lower() in {"start", "wait", "forcestop", "swap"}:
            raise ValueError(f"must be {self.words}")
        if hint := suggestion(word, self.actions):
            raise ValueError(f"must be {self.words}{hint}")
        return word

    def schema(self) -> Schema:
        """A non-empty string."""
        return "xs:string", (("minLength", "1"),)
