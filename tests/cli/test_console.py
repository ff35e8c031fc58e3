"""`keepgreen console` where it cannot be: one sentence, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

WITHOUT_QASYNC = """
import sys
sys.modules["qasync"] = None
from nodeagent.__main__ import main
sys.argv = ["keepgreen", *{arguments!r}]
sys.exit(main())
"""


@pytest.mark.covers("keepgreen console", "keepgreen demo")
def test_the_missing_console_is_named_with_how_to_install_it() -> None:
    for arguments in (["console"], ["demo"]):
        code = WITHOUT_QASYNC.format(arguments=arguments)
        answer = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 69
        assert "qasync is missing" in answer.stderr
        assert 'pip install "keepgreen[app]"' in answer.stderr
        assert "Traceback" not in answer.stderr
        assert len(answer.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="Windows and macOS always have a display")
@pytest.mark.parametrize("words", [["console"], ["demo"]])
def test_a_server_without_a_display_is_told_so(words: list[str], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    environment.pop("QT_QPA_PLATFORM", None)
    answer = subprocess.run(
        [sys.executable, "-m", "nodeagent", *words],
        check=False, capture_output=True, text=True, timeout=60, cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    sentence = "there is no display here: start the console on a workstation and connect it to this node\n"
    assert (answer.returncode, answer.stdout, answer.stderr) == (69, "", sentence)


@pytest.mark.skipif(sys.platform == "win32", reason="a signal ends it")
def test_a_console_that_a_signal_ended_has_the_exit_code_of_a_shell(tmp_path: Path) -> None:
    deaf_no_more = "import os, signal\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\n"  # as a job in the background is
    (tmp_path / "app.py").write_text(f"{deaf_no_more}os.kill(os.getpid(), 2)\nimport time\ntime.sleep(60)\n")
    code = (
        "import sys\nfrom types import ModuleType\nfrom importlib.machinery import ModuleSpec\n"
        "for name in ('PySide6', 'qasync', 'keyring'):\n"
        "    sys.modules[name] = module = ModuleType(name)\n    module.__spec__ = ModuleSpec(name, None)\n"
        "from nodeagent.__main__ import main\nsys.argv = ['keepgreen', 'console']\nmain()\n"
    )
    path = os.pathsep.join((str(tmp_path), str(Path(__file__).parents[2])))
    answer = subprocess.run(
        [sys.executable, "-c", code],
        check=False, capture_output=True, timeout=60, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": path, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert answer.returncode == 130
