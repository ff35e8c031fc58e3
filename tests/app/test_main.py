"""The command line of the console, and a home that nobody can write to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.main import main

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("size", ["wide", "1440", "1440x", "-5x7", "1440x900x2"])
def test_a_size_that_is_none_is_said_with_an_example(size: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--size={size}"])
    assert ended.value.code == 2
    assert f"'{size}' is no size: give width and height in pixels, as in 1440x900" in capsys.readouterr().err


def test_a_home_that_cannot_be_made_keeps_nobody_from_looking(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    environment = os.environ | {
        "KEEPGREEN_CONSOLE_HOME": str(tmp_path / "file" / "home"),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    pictures = tmp_path / "pictures"
    command = [sys.executable, "-m", "app", "--screenshots", str(pictures)]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert "Traceback" not in ended.stderr
    assert (ended.returncode, len(list(pictures.glob("*first_run.png")))) == (0, 1)
