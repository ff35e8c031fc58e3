"""The agent's unit of systemd: its text, and how `keepgreen service` puts it in force.

`python -m nodeagent.host.systemd_unit FILE` writes the unit that the packages bring; a test compares.
"""

import os
import subprocess
import sys
from pathlib import Path

from nodeagent.durable import write_durably
from nodeagent.home import Home
from nodeagent.host.installation import NAME, CannotInstall

UNIT = f"{NAME}.service"
_OWN = Path("/etc/systemd/system") / UNIT
_PACKAGED = (Path("/usr/lib/systemd/system") / UNIT, Path("/lib/systemd/system") / UNIT)
_SYSTEMD = Path("/run/systemd/system")
_PATIENCE = 90.0

_TEXT = """\
# Written by `python -m nodeagent.host.systemd_unit`.
[Unit]
Description=Keepgreen node agent
Wants=network-online.target
After=network-online.target nss-lookup.target
# Supervision must come back, however often it fell.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
{environment}ExecStart={safe}/keepgreen agent run
# However it ended, other nodes take its traffic; the kernel itself lets go only a detection window later.
ExecStopPost=-{safe}/keepgreen vip release
Restart=always
RestartSec=1
# A file that is wrong does not heal by itself: 65 and 73 say so in one sentence.
RestartPreventExitStatus=65 73
TimeoutStartSec=90
# At the system's shutdown the agent asks for as much more as its modules' stop scripts may take.
TimeoutStopSec=30
WatchdogSec=60
# The applications are not the agent: a stop, an upgrade or an OOM kill of it leaves them alone. Each script has a
# transient scope in keepgreen-<module>.slice, made by systemd itself, so nothing is delegated to this unit.
KillMode=process
OOMPolicy=continue
TasksMax=infinity
# No sandbox, no limits, no umask: scripts and applications are children of the agent and would be in them too.

[Install]
WantedBy=multi-user.target
"""


def unit_text(home: Home) -> str:
    """The unit of an agent that lives there."""
    moved = "" if home == Home.usual() else f"Environment=KEEPGREEN_HOME={home.safe}\n"
    return _TEXT.format(environment=moved, safe=home.safe)


def install(home: Home) -> None:
    """Start the agent now and at each boot. Raises CannotInstall. Blocks."""
    _require_systemd()
    if " " in str(home.safe):
        raise CannotInstall(f"{home.safe} has a space in it, which a unit's command line cannot take")
    if not os.access(home.safe / "keepgreen", os.X_OK):
        raise CannotInstall(f"there is no {home.safe}/keepgreen: run `keepgreen agent run` there once, which lays it")
    if not any(path.exists() for path in _PACKAGED) or home != Home.usual():
        try:
            write_durably(_OWN, unit_text(home).encode())
        except OSError as error:
            raise CannotInstall(f"{_OWN} cannot be written: {error.strerror or error}") from error
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", UNIT)


def remove() -> None:
    """End the agent and start it at no boot any more; the applications go on. Raises CannotInstall. Blocks."""
    _require_systemd()
    _systemctl("disable", "--now", UNIT)
    try:
        _OWN.unlink(missing_ok=True)
    except OSError as error:
        raise CannotInstall(f"{_OWN} cannot be removed: {error.strerror or error}") from error
    _systemctl("daemon-reload")


def _require_systemd() -> None:
    if not _SYSTEMD.is_dir():
        raise CannotInstall("systemd does not run this system: let its own init start `keepgreen agent run`")


def _systemctl(*words: str) -> None:
    try:
        done = subprocess.run(
            ["systemctl", *words], stdin=subprocess.DEVNULL, capture_output=True, errors="replace", check=False,
            timeout=_PATIENCE,
        )  # fmt: skip
        failed = done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        failed = str(error)
    if failed:
        raise CannotInstall(f"`systemctl {' '.join(words)}`: {failed}")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(unit_text(Home(Path("/opt/keepgreen"), Path("/var/lib/keepgreen"))), encoding="utf-8")
