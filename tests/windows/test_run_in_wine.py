"""What the runner of the Windows checks says when something is missing, and which packages it wants."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.windows.run_in_wine import LOCK, NEEDED, ROOT, UNUSABLE, VARIABLE, locked, passed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the runner is for Linux")


def test_versions_are_those_of_the_lock_file_and_markers_count_for_nothing() -> None:
    assert locked(["b", "c.d"], "a==1 \\\nb==2.0 ; sys_platform == 'win32' \\\n    --hash=x\nc.d==3\n") == [
        "b==2.0",
        "c.d==3",
    ]
    assert len(locked(NEEDED, LOCK.read_text())) == len(NEEDED)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("", f"{VARIABLE} is not set"), ("/no/such/winpy", "/no/such/winpy, which is not a program")],
)
def test_a_missing_runtime_is_one_sentence(value: str, sentence: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.windows.run_in_wine"],
        env={**os.environ, VARIABLE: value},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == UNUSABLE
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "code", "good"),
    [
        ("====== 3 passed, 1 skipped in 1.20s ======", 0, True),
        ("3 passed in 61.20s (0:01:01)", 0, True),
        ("1 failed, 3 passed in 1.20s", 1, False),
        ("wine: Unimplemented function called", 0, False),
        ("", 0, False),
    ],
)
def test_a_run_that_was_broken_off_is_no_good_one(said: str, code: int, good: bool) -> None:
    assert passed([sys.executable, "-c", f"print({said!r}); raise SystemExit({code})"]) == good
