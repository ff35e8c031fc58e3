"""How something wrong is said: one sentence with file, line, element and what is allowed."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """`error` refuses the input, `warning` names a likely mistake, `note` is for the record."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """One finding about an input. `line` is 1-based, 0 when the whole file is meant."""

    severity: Severity
    text: str
    """What is wrong, and what is allowed, in one sentence."""
    file: str = ""
    line: int = 0
    path: str = ""
    """The element path, e.g. `safe/service/errd/proc[2]/@atleast`."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        where = ": ".join(part for part in (place, str(self.severity), self.path) if part)
        return f"{where}: {self.text}"


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Those that refuse the input."""
    return [p for p in problems if p.severity is Severity.ERROR]
