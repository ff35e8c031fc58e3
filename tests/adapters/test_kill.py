"""kill -9 at any instant leaves a whole configuration and every acknowledged line."""

import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.home import Home
from tests.fakes.committing import PORT

KILLS = 30


def killed(home: Home, after: float) -> list[tuple[str, int]]:
    """What a committing process acknowledged before it was killed `after` seconds from its first word."""
    command = [sys.executable, "-m", "tests.fakes.committing", str(home.safe)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.readline()
    time.sleep(after)
    process.kill()
    said += process.stdout.read()
    errors = process.stderr.read()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    assert not errors, errors.decode()
    whole = said[: said.rfind(b"\n") + 1].decode().split("\n")[:-1]
    return [(what, int(number)) for what, number in (line.split() for line in whole)]


def a_round(home: Home) -> float:
    """Seconds from the first word to a cluster and a module both committed: how fast this disk is."""
    command = [sys.executable, "-m", "tests.fakes.committing", str(home.safe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        while not process.stdout.readline().startswith(b"module"):
            assert process.poll() is None
        took = time.monotonic() - began
        process.kill()
    return took


@pytest.mark.covers("storage kill", "storage atomic")
def test_kill_at_any_instant(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "var")
    elsewhere = tmp_path / "speed"
    window = 3 * a_round(Home(elsewhere, elsewhere / "var"))
    dice = random.Random(4711)
    lines: set[int] = set()
    last = {"cluster": 0, "module": 0}
    kills = 0
    while kills < KILLS or min(last.values()) < 4:
        kills += 1
        for what, number in killed(home, dice.uniform(0, window)):
            if what == "line":
                lines.add(number)
            else:
                last[what] = number
        store = ConfigStore.open(home)
        cluster = store.cluster.cluster()
        if cluster is None:
            assert last["cluster"] == 0
        else:
            number = cluster.config.port - PORT
            assert number in (last["cluster"], last["cluster"] + 1)
            assert store.cluster.users == b"%d" % number
            last["cluster"] = number
        module = store.modules.module("m")
        if module is None:
            assert last["module"] == 0
        else:
            assert module.revision in (last["module"], last["module"] + 1)
            assert len({store.modules.file("m", f"web/{n}") for n in range(6)}) == 1
            assert len(store.modules.files("m")) == 5 + 6
            last["module"] = module.revision
        with closing(sqlite3.connect(home.records)) as records:
            kept = {cursor for (cursor,) in records.execute("SELECT cursor FROM line")}
        assert lines <= kept
    assert len(lines) > 100
