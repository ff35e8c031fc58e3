"""`keepgreen demo …` from up to down, as it is typed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.demo.processes import of_demo
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where a demo may be; whatever a failed test leaves there is ended."""
    with short_directory() as made:
        yield made
        for process in of_demo(made):
            process.kill()


def demo(directory: Path, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "nodeagent", "demo", *words, "--dir", str(directory)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.covers("keepgreen demo up", "keepgreen demo status", "keepgreen demo down", "exit 69")
def test_up_status_and_down(directory: Path) -> None:
    code, out, _ = demo(directory, "status")
    assert code == 69
    assert out.startswith(f"no demo is up in {directory}")
    code, out, err = demo(directory, "up", "--nodes", "1")
    assert code == 0, err
    assert [line.split()[:2] for line in out.splitlines() if line.startswith("node1")] == [["node1", "127.0.0.11"]]
    assert json.loads(demo(directory, "up", "--json")[1])["nodes"][0]["name"] == "node1"
    code, out, _ = demo(directory, "status", "--json")
    assert (code, json.loads(out)["up"]) == (0, True)
    assert demo(directory, "down")[:2] == (0, "the demo is down\n")
    assert of_demo(directory) == []
    assert demo(directory, "status")[0] == 69


@pytest.mark.parametrize(("words", "code"), [("up", 75), ("down", 75), ("status", 65)])
def test_a_directory_that_cannot_serve_is_named(tmp_path: Path, words: str, code: int) -> None:
    (tmp_path / "file").touch()
    said = demo(tmp_path / "file", words)
    assert said[:2] == (code, "")
    assert said[2].endswith(" cannot be used: Not a directory\n")
    (tmp_path / "demo.json").write_bytes(b'{"directory": "\xff"}')
    code, _, err = demo(tmp_path, "status")
    assert (code, err.count("\n")) == (65, 1)
    assert "demo.json cannot be used: " in err
