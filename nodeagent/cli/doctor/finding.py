"""What the doctor says."""

from enum import StrEnum

import msgspec


class Health(StrEnum):
    """How a thing is."""

    GOOD = "good"
    NOTE = "note"
    """Could not be looked at, or only worth knowing."""
    WARNING = "warning"
    BAD = "bad"


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `advice` says what to do, empty where all is well."""

    about: str
    health: Health
    text: str
    advice: str = ""


def good(about: str, text: str) -> Finding:
    """All is well."""
    return Finding(about, Health.GOOD, text)


def note(about: str, text: str, advice: str = "") -> Finding:
    """Worth knowing."""
    return Finding(about, Health.NOTE, text, advice)


def warning(about: str, text: str, advice: str) -> Finding:
    """It may do harm one day."""
    return Finding(about, Health.WARNING, text, advice)


def bad(about: str, text: str, advice: str) -> Finding:
    """It does harm now."""
    return Finding(about, Health.BAD, text, advice)
