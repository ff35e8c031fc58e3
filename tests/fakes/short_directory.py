"""Directories for nodes, with short names: a UNIX socket's path is at most 107 bytes. A test run that is killed leaves
them behind, with agents at work in them: the next one finds nobody's lock on them and clears them away.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PREFIX = "kgtest-"

if sys.platform == "win32":

    def locked(directory: Path) -> int | None:
        """None: Windows locks no directories, so that nothing is ever found to be abandoned."""
        return None

else:
    import fcntl

    def locked(directory: Path) -> int | None:
        """A descriptor with the lock on it, until it is closed or its process ends; None when another has the lock."""
        with suppress(OSError):
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
            else:
                return descriptor
        return None


@contextmanager
def short_directory() -> Iterator[Path]:
    """An empty one, gone afterwards."""
    clear_abandoned()
    made, lock = _made()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _made() -> tuple[Path, int | None]:
    """One of our own. Without a lock where there are none; else another try: somebody took it for abandoned."""
    for _ in range(10):
        made = Path(tempfile.mkdtemp(prefix=PREFIX))
        lock = locked(made)
        if lock is not None and made.exists():
            return made, lock
        if lock is not None:
            os.close(lock)
        with suppress(FileNotFoundError):
            made.rmdir()
    return Path(tempfile.mkdtemp(prefix=PREFIX)), None


def clear_abandoned() -> list[Path]:
    """End what runs in directories whose test run is gone, and remove them; which they were."""
    gone: list[Path] = []
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if (lock := locked(directory)) is not None:
            end_all(directory)
            shutil.rmtree(directory, ignore_errors=True)
            os.close(lock)
            gone.append(directory)
    return gone


def end_all(directory: Path) -> None:
    """Kill every process whose home is in the directory."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(process.environ().get("KEEPGREEN_HOME", "")).is_relative_to(directory):
                process.kill()
