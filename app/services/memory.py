"""What the console remembers between two runs: clusters with their pins, the window, the settings. No password.

One JSON file, replaced at once; a damaged one is set aside and the console starts as if new.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from app.services.nodes import NodeAddress

HOME_VARIABLE = "KEEPGREEN_CONSOLE_HOME"
FILE = "console.json"


class RememberedCluster(msgspec.Struct, frozen=True):
    """A cluster, or nodes that are not in one yet. `id` is the console's own and never changes."""

    id: str
    title: str = ""
    user: str = "admin"
    nodes: tuple[NodeAddress, ...] = ()


class Settings(msgspec.Struct, frozen=True):
    """What the Settings page sets."""

    theme: Literal["system", "light", "dark"] = "system"
    language: str = ""
    """`en`, `fr`; empty = the system's."""
    reduced_motion: bool = False
    notify: bool = False
    """Tell of problems in the system tray while another window is in front."""


class Window(msgspec.Struct, frozen=True):
    """Where the window was, as Qt's own saved bytes, and where somebody dragged the borders in it."""

    geometry: bytes = b""
    borders: dict[str, int] = msgspec.field(default_factory=dict)
    """Name of the border → pixels of the part that keeps its size when the window changes."""


class Remembered(msgspec.Struct, frozen=True):
    """The whole file."""

    clusters: tuple[RememberedCluster, ...] = ()
    settings: Settings = Settings()
    window: Window = Window()


class Memory:
    """The file and its present content. `now` is changed on the loop, files are written beside it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._file = directory / FILE
        self._turn = asyncio.Lock()
        self._written = self.now = Remembered()
        self.damaged: Path | None = None
        """Where a file went that could not be read."""

    def load(self) -> Remembered:
        """Read the file. Blocks; called once, before the window is shown."""
        try:
            self.now = msgspec.json.decode(self._file.read_bytes(), type=Remembered)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
            with contextlib.suppress(OSError):
                self.damaged = self._file.replace(self._file.with_name(f"{FILE}.corrupt-{stamp}"))
        self._written = self.now
        return self.now

    async def remember(self, **changes: object) -> None:
        """Change fields of `now` and write the file. Raises OSError when the disk refuses; `now` is changed even so."""
        self.now = msgspec.structs.replace(self.now, **changes)
        async with self._turn:
            fresh = self.now
            if fresh != self._written:
                await asyncio.to_thread(self._write, fresh)
                self._written = fresh

    async def remember_cluster(self, cluster: RememberedCluster) -> None:
        """Add it, or replace the one with its id in its place."""
        kept = tuple(cluster if known.id == cluster.id else known for known in self.now.clusters)
        await self.remember(clusters=kept if cluster in kept else (*kept, cluster))

    async def forget_cluster(self, cluster_id: str) -> None:
        """Remember it no more."""
        await self.remember(clusters=tuple(known for known in self.now.clusters if known.id != cluster_id))

    def _write(self, content: Remembered) -> None:
        data = msgspec.json.format(msgspec.json.encode(content), indent=2)
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self._file.with_name(f".{FILE}.new")
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)


def console_home(environment: Mapping[str, str], home: Path) -> Path:
    """KEEPGREEN_CONSOLE_HOME, else where this system keeps a program's settings."""
    if told := environment.get(HOME_VARIABLE):
        return Path(told)
    if sys.platform == "win32":
        return Path(environment.get("LOCALAPPDATA") or home / "AppData" / "Local") / "Keepgreen"
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "keepgreen"
