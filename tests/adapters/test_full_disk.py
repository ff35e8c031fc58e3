"""A disk without room: what stands stays, what is refused is said, and everything goes on when there is room again."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nodeagent.home import Home

if sys.platform == "win32":
    pytest.skip("Windows has neither a tmpfs nor a limit of a file's size", allow_module_level=True)

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.contract.api import Commit, StageModule
from nodeagent.engine.ports import Refused
from tests.fakes.configuration import stage_cluster, stage_module
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


@pytest.mark.covers("storage disk full")
async def test_a_small_disk(small_disk: Path) -> None:
    home = Home(small_disk, small_disk / "var")
    filler = small_disk / "filler"
    await story(home, lambda: fill(filler), filler.unlink)


def test_a_limit_of_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.fakes.full_disk", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.stdout == b"told to the end\n", done.stderr.decode()


PAGE = 4096
"""A tmpfs gives room by the page."""

Change = Callable[[ConfigStore], Iterator[None]]
"""Pauses after each step that wrote."""


def cluster_change(store: ConfigStore) -> Iterator[None]:
    staged = store.cluster.stage(stage_cluster("n1", "n2", port=4801))
    yield
    store.cluster.commit(Commit(staged.signature))
    yield


def module_change(store: ConfigStore) -> Iterator[None]:
    yield from committed(store, stage_module({"web/a": b"new"}))


def restored(store: ConfigStore) -> Iterator[None]:
    yield from committed(store, store.modules.restoring("m", 1, ""))


def committed(store: ConfigStore, request: StageModule) -> Iterator[None]:
    staged = store.modules.stage("m", request)
    yield
    store.modules.commit("m", staged.signature, "")
    yield


def out_of_force(store: ConfigStore) -> Iterator[None]:
    store.modules.deconfigure("m")
    yield


def in_force(store: ConfigStore) -> tuple[int, bytes | None]:
    cluster, module = store.cluster.cluster(), store.modules.module("m")
    return cluster.config.port if cluster else 0, store.modules.file("m", "web/a") if module else None


def steps_done(change: Iterator[None]) -> int:
    done = 0
    with suppress(Refused):
        for _ in change:
            done += 1
    return done


@pytest.mark.covers("storage atomic")
@pytest.mark.parametrize(
    ("change", "steps", "after"),
    [
        pytest.param(cluster_change, 2, (4801, b"second"), id="cluster"),
        pytest.param(module_change, 2, (4800, b"new"), id="module"),
        pytest.param(restored, 2, (4800, b"first"), id="restore"),
        pytest.param(out_of_force, 1, (4800, None), id="out of force"),
    ],
)
def test_every_amount_of_room_leaves_the_old_or_the_new(
    small_disk: Path, change: Change, steps: int, after: tuple[int, bytes | None]
) -> None:
    reached: set[int] = set()
    for pages in range(14):
        home = Home(small_disk / str(pages), small_disk / str(pages) / "var")
        store = ConfigStore.open(home)
        store.cluster.commit(Commit(store.cluster.stage(stage_cluster("n1", "n2")).signature))
        for content in (b"first", b"second"):
            steps_done(committed(store, stage_module({"web/a": content})))
        filler = small_disk / "filler"
        fill(filler)
        os.truncate(filler, (filler.stat().st_size // PAGE - pages) * PAGE)
        done = steps_done(change(store))
        reached.add(done)
        expected = after if done == steps else (4800, b"second")
        assert [in_force(one) for one in (store, ConfigStore.open(home))] == [expected, expected]
        filler.unlink()
        shutil.rmtree(home.safe)
    assert reached == set(range(steps + 1))
