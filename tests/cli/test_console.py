"""`keepgreen console` without the libraries of the console: one sentence, no traceback."""

import subprocess
import sys

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
