"""A disk without room: what stands stays, what is refused is said, and everything goes on when there is room again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nodeagent.home import Home

if sys.platform == "win32":
    pytest.skip("Windows has neither a tmpfs nor a limit of a file's size", allow_module_level=True)

from tests.fakes.full_disk import story


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root can mount a small disk")
    command = [mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


async def test_a_small_disk(small_disk: Path) -> None:
    home = Home(small_disk, small_disk / "var")
    filler = small_disk / "filler"
    await story(home, lambda: fill(filler), filler.unlink)


def test_a_limit_of_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fakes.full_disk", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.stdout == b"told to the end\n", done.stderr.decode()
