"""Durations as the configuration writes them: exact, in microseconds, with suffixes `d h m s ms us`.

Without a suffix the attribute's native unit counts (`loop_interval="24"` is a day). What is above 0 and
below 1 ms is refused, since it is nearly always a wrong unit.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Unit = Literal["d", "h", "m", "s", "ms", "us"]

MICROSECONDS: dict[Unit, int] = {
    "d": 86_400_000_000,
    "h": 3_600_000_000,
    "m": 60_000_000,
    "s": 1_000_000,
    "ms": 1_000,
    "us": 1,
}
UNIT_WORDS: dict[Unit, str] = {
    "d": "day",
    "h": "hour",
    "m": "minute",
    "s": "second",
    "ms": "millisecond",
    "us": "microsecond",
}
LONGEST = 36_500 * MICROSECONDS["d"]

_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_BARE = re.compile(_NUMBER, re.ASCII)
_PARTS = re.compile(" *".join(f"(?:({_NUMBER}){unit})?" for unit in MICROSECONDS), re.ASCII)


@dataclass(frozen=True, order=True)
class Duration:
    """An exact length of time. `str()` gives text that parses back to the same value, e.g. `1m30s`."""

    microseconds: int

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.microseconds / MICROSECONDS["s"]

    @property
    def words(self) -> str:
        """For people: `1 minute 30 seconds`."""
        parts = [f"{count} {UNIT_WORDS[unit]}{'s' if count != 1 else ''}" for unit, count in self._parts()]
        return " ".join(parts) or "0 seconds"

    def __str__(self) -> str:
        return "".join(f"{count}{unit}" for unit, count in self._parts()) or "0"

    def _parts(self) -> list[tuple[Unit, int]]:
        rest, parts = self.microseconds, list[tuple[Unit, int]]()
        for unit, size in MICROSECONDS.items():
            count, rest = divmod(rest, size)
            if count:
                parts.append((unit, count))
        return parts


def parse_duration(text: str, native: Unit) -> Duration:
    """The duration that `text` names; a bare number counts in `native`.

    Raises ValueError with the end of a sentence that begins with the text itself.
    """
    text = text.strip()
    if _BARE.fullmatch(text):
        amounts: list[tuple[str | None, Unit]] = [(text, native)]
    elif text and (match := _PARTS.fullmatch(text)):
        amounts = list(zip(match.groups(), MICROSECONDS, strict=True))
    else:
        raise ValueError(
            f"must be a duration: a number of {UNIT_WORDS[native]}s, or numbers with d, h, m, s, ms or us"
            " from the longest to the shortest, like 1m30s"
        )
    total = sum((Decimal(number) * MICROSECONDS[unit] for number, unit in amounts if number), Decimal(0))
    if 0 < total < MICROSECONDS["ms"]:
        raise ValueError(
            f"is shorter than 1 ms (a number without suffix counts in {UNIT_WORDS[native]}s here):"
            " allowed are 0 and 1ms or more"
        )
    if total > LONGEST:
        raise ValueError(f"is longer than 100 years (a number without suffix counts in {UNIT_WORDS[native]}s here)")
    if total != int(total):
        raise ValueError("is finer than one microsecond, the smallest step")
    return Duration(int(total))
