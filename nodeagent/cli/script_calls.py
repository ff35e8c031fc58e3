"""Finds the `safekit` calls of a module's scripts that this version does not know."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping

from nodeagent.cli.shim_table import How, row_of

_CALL = re.compile(r"""(?:^|[\s"'/\\}%(&|;])safekit(?:\.exe)?["']?[ \t]+(?P<words>[A-Za-z-][^\r\n]*)""")
_COMMENT = re.compile(r"^\s*(?:#|rem\b|::|')", re.IGNORECASE)
_LARGEST_SCRIPT = 1024 * 1024


def unknown_calls_of_files(files: Mapping[str, bytes]) -> Iterator[str]:
    """One sentence per call, with file and line."""
    for path, data in files.items():
        if path.startswith("bin/") and len(data) <= _LARGEST_SCRIPT and b"\0" not in data:
            yield from _unknown_calls(path, data.decode("utf-8", "replace"))


def unknown_calls_of_archive(archive: bytes) -> Iterator[str]:
    """The same for a `.safe` archive that the agent has taken."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        for info in opened.infolist():
            if info.file_size <= _LARGEST_SCRIPT:
                yield from unknown_calls_of_files({info.filename: opened.read(info)})


def _unknown_calls(path: str, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if _COMMENT.match(line):
            continue
        for call in _CALL.finditer(line):
            words = [word.strip("\"'`)") for word in call["words"].split()]
            row = row_of(words)
            if row is None or row.how is How.NOT_YET:
                yield f"{path}:{number}: this version does not know `safekit {' '.join(words[:2])}`"
