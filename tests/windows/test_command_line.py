"""What the commands make of the errors of Windows."""

import sys

import pytest

from nodeagent.cli.entry import guarded
from nodeagent.cli.exits import Exit

if sys.platform != "win32":
    pytest.skip("runs on Windows or in Wine: `python -m tests.windows.run_in_wine`", allow_module_level=True)

pytestmark = pytest.mark.wine


def test_a_closed_pipe_is_quiet_and_a_refusal_of_the_system_is_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the number EINVAL: the C runtime's for the pipe, ERROR_INVALID_PARAMETER for the refusal."""
    monkeypatch.setenv("KEEPGREEN_DEBUG", "1")
    said = capsys.readouterr
    for error, code in (
        (OSError(22, "Invalid argument"), Exit.OK),
        (OSError(0, "wrong parameter", None, 87), Exit.INTERNAL),
        (OSError(22, "Invalid argument", "a file"), Exit.INTERNAL),
    ):

        def fails(error: OSError = error) -> int:
            raise error

        stdout = sys.stdout
        assert guarded(fails) == code
        if sys.stdout is not stdout:
            sys.stdout.close()
            sys.stdout = stdout
        assert ("this is a fault of Keepgreen" in said().err) == (code == Exit.INTERNAL)
