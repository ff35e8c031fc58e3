"""A monitored systemd unit: the process that stands for it."""

import subprocess
import sys

assert sys.platform == "linux"

_PATIENCE = 5.0


def service_process(name: str) -> int | None:
    """The main process of the unit; None when it is not active, unknown, or systemd does not answer. Blocks."""
    try:
        answer = subprocess.run(
            ["systemctl", "show", "--property=MainPID", "--value", "--", name],
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    pid = answer.stdout.strip()
    return int(pid) if pid.isdigit() and pid != "0" else None
