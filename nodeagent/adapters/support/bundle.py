"""The zip itself: parts written one after the other into a file, each bounded in size and time.

A part that fails, takes too long or is too large is a line in manifest.json; the others are there all the same.
"""

import threading
import time
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

from nodeagent.adapters.support.anonymity import Anonymity
from nodeagent.adapters.support.secrecy import Secrecy
from nodeagent.adapters.support.text import decoded, is_binary
from nodeagent.durable import make_private

PART_BYTES = 8 * 1024 * 1024
PART_SECONDS = 20.0
ALL_SECONDS = 180.0


@dataclass(frozen=True, slots=True)
class Part:
    """One file of the snapshot. `make` blocks and may raise anything; what it says then stands in the manifest."""

    name: str
    make: Callable[[], bytes]


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of manifest.json."""

    name: str
    bytes: int = 0
    seconds: float = 0.0
    cut: bool = False
    problem: str = ""


class Bundle:
    """Writes the zip. Secrets go from every part and its name, and with `anonymity` addresses and names."""

    def __init__(
        self,
        secrecy: Secrecy,
        anonymity: Anonymity | None = None,
        *,
        part_bytes: int = PART_BYTES,
        part_seconds: float = PART_SECONDS,
        all_seconds: float = ALL_SECONDS,
    ) -> None:
        self._secrecy, self._anonymity = secrecy, anonymity
        self._part_bytes, self._part_seconds, self._all_seconds = part_bytes, part_seconds, all_seconds

    def write(self, parts: Iterable[Part], target: Path) -> None:
        """All parts, then the manifest. Blocks; raises OSError when `target` cannot be written."""
        entries: list[_Entry] = []
        end = time.monotonic() + self._all_seconds
        with target.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            make_private(target)
            for part in parts:
                entry, data = self._made(part, min(self._part_seconds, end - time.monotonic()))
                if data is not None:
                    archive.writestr(entry.name, data)
                entries.append(entry)
            manifest = {"anonymised": self._anonymity is not None, "parts": entries}
            archive.writestr("manifest.json", msgspec.json.format(msgspec.json.encode(manifest)))

    def _made(self, part: Part, seconds: float) -> tuple[_Entry, bytes | None]:
        name = self._clean(part.name)
        if seconds <= 0:
            return _Entry(name, problem="left out: the snapshot took too long already"), None
        begun = time.monotonic()
        result = _bounded(part.make, seconds)
        took = round(time.monotonic() - begun, 3)
        if not isinstance(result, bytes):
            return _Entry(name, seconds=took, problem=self._clean(result)), None
        if is_binary(result):
            return _Entry(name, len(result), took, problem="left out: it is no text"), None
        cut = len(result) > self._part_bytes
        data = self._cleaned(result[: self._part_bytes])
        return _Entry(name, len(data), took, cut), data

    def _cleaned(self, data: bytes) -> bytes:
        """Text in the encoding it came in."""
        text, codec = decoded(data)
        return self._clean(text).encode(codec, "replace")

    def _clean(self, text: str) -> str:
        text = self._secrecy.text(text)
        return self._anonymity.text(text) if self._anonymity else text


def safe_name(*words: str) -> str:
    """A name inside the zip that every system takes."""
    clean = "/".join(words).translate({ord(letter): "_" for letter in ':*?"<>|\\'})
    return PurePosixPath(*(part for part in PurePosixPath(clean).parts if part not in ("..", "/"))).as_posix()


def _bounded(make: Callable[[], bytes], seconds: float) -> bytes | str:
    """What `make` gives, or why it gives nothing. One that hangs is left behind."""
    result: list[bytes | str] = []

    def run() -> None:
        try:
            result.append(make())
        except Exception as error:
            result.append(f"{error or type(error).__name__}")

    thread = threading.Thread(target=run, name="snapshot part", daemon=True)
    thread.start()
    thread.join(seconds)
    return result[0] if result else f"left out: it took longer than {seconds:.0f} s"
