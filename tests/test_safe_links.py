import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from nodeagent.safe_links import launcher, lay_commands, program, script

linux = pytest.mark.skipif(sys.platform == "win32", reason="links and #! lines are for Linux")


@linux
def test_the_commands_work_from_anywhere(tmp_path: Path) -> None:
    safe = tmp_path / "opt"
    assert lay_commands(safe) == ()
    bare = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/nonsense", "PYTHONHOME": "/nonsense", "KEEPGREEN_HOME": "/nowhere"}
    for name in ("safekit", "keepgreen"):
        done = subprocess.run(
            [safe / name, "printe", "-m", "web", "said"],
            check=False,
            env=bare,
            cwd="/",
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stdout) == (69, "")
        assert done.stderr.startswith("said\nno agent answers at /nowhere/var/run/agent.sock")
    assert subprocess.run([safe / "bin" / "sleep", "0"], check=False, timeout=60).returncode == 0


@linux
def test_laying_again_changes_nothing_and_repairs_what_was_spoilt(tmp_path: Path) -> None:
    lay_commands(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "safekit", tmp_path / "keepgreen")}
    assert lay_commands(tmp_path) == ()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    (tmp_path / "safekit").write_text("spoilt")
    (tmp_path / "keepgreen").chmod(0o644)
    (tmp_path / "bin" / "sleep").unlink()
    (tmp_path / "bin" / "sleep").symlink_to(tmp_path / "gone")
    assert lay_commands(tmp_path) == ()
    assert (tmp_path / "safekit").read_text().startswith("#!")
    assert os.access(tmp_path / "keepgreen", os.X_OK)
    assert (tmp_path / "bin" / "sleep").exists()


@linux
def test_the_commands_of_a_moved_home_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGREEN_HOME", str(tmp_path))
    lay_commands(tmp_path)
    monkeypatch.delenv("KEEPGREEN_HOME")
    done = subprocess.run([tmp_path / "keepgreen", "state"], check=False, capture_output=True, text=True, timeout=60)
    assert f"no agent answers at {tmp_path}/var/run/agent.sock" in done.stderr


@linux
def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    problems = lay_commands(tmp_path / "file")
    assert len(problems) == 3
    assert all("cannot be" in problem for problem in problems)


@linux
def test_an_interpreter_in_a_place_with_spaces(tmp_path: Path) -> None:
    python = tmp_path / "my python"
    python.symlink_to(sys.executable)
    command = tmp_path / "command"
    command.write_bytes(script("import sys\nprint(sys.argv[1:])\n", str(python)))
    command.chmod(0o755)
    assert subprocess.check_output([command, "a b", "c"], timeout=60) == b"['a b', 'c']\n"


@pytest.mark.wine
@pytest.mark.skipif(sys.platform != "win32", reason="makes Windows executables")
def test_on_windows_the_commands_are_real_executables(tmp_path: Path) -> None:
    safe = tmp_path / "Program Files"
    assert lay_commands(safe) == ()
    assert lay_commands(safe) == ()
    for command, code in (
        (["safekit.exe", "-r", "exitcode", "5"], 5),
        (["safekit.exe", "nonsense"], 64),
        (["keepgreen.exe", "printe", "-m", "web", "x"], 69),
        (["bin/sleep.exe", "0"], 0),
    ):
        done = subprocess.run(
            [safe / command[0], *command[1:]],
            env={**os.environ, "KEEPGREEN_HOME": str(tmp_path)}, check=False, capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code


def test_a_windows_launcher_is_stub_interpreter_and_program() -> None:
    made = launcher(b"MZ stub", program("nodeagent.__main__", "safekit"), r"C:\Program Files\Keepgreen\python.exe")
    assert made.startswith(b'MZ stub#!"C:\\Program Files\\Keepgreen\\python.exe" -I\r\nPK')
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        source = archive.read("__main__.py").decode()
    compile(source, "__main__.py", "exec")
    assert "from nodeagent.__main__ import safekit\nsafekit()\n" in source
    assert launcher(b"MZ stub", source, "x") == launcher(b"MZ stub", source, "x")
