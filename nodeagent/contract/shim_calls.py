"""Finds the `safekit` calls of a module's scripts that this version does not know. Pure."""

import re
from collections.abc import Iterator, Mapping

from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.shim_table import How, row_of

_CALL = re.compile(r"""(?:^|[\s"'/\\}%(&|;`])safekit(?:\.exe)?["']?[ \t]+(?P<words>[A-Za-z-][^\r\n]*)""", re.IGNORECASE)
_COMMENT = re.compile(r"^\s*(?:#|@?rem\b|::|')", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\n|\r")
_LARGEST_SCRIPT = 1024 * 1024


def shim_call_problems(files: Mapping[str, bytes]) -> list[Problem]:
    """A warning for each call in bin/ that nothing answers here; comments and programs are left out."""
    return [
        Problem(Severity.WARNING, f"this version does not know `safekit {call}`: it exits 64", path, number)
        for path, data in sorted(files.items())
        if path.startswith("bin/") and len(data) <= _LARGEST_SCRIPT and b"\0" not in data
        for number, call in _unknown_calls(data.decode("utf-8", "replace"))
    ]


def _unknown_calls(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_LINE_END.split(text), 1):
        if _COMMENT.match(line):
            continue
        for call in _CALL.finditer(line):
            words = [word.strip("\"'`);") for word in call["words"].split()]
            row = row_of(words)
            if row is None or row.how is How.NOT_YET:
                yield number, " ".join(words[:2])
