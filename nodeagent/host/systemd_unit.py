"""The agent's unit of systemd: its text, and how `keepgreen service` puts it in force.

`python -m nodeagent.host.systemd_unit FILE` writes the unit that the packages bring; a test compares.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from nodeagent.durable import write_durably
from nodeagent.home import Home
from nodeagent.host.installation import NAME, CannotInstall

UNIT = f"{NAME}.service"
_PATIENCE = 90.0
_PROPERTIES = ("LoadState", "FragmentPath", "DropInPaths", "Environment", "ExecStart")

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
_MARK = _TEXT.splitlines()[0]


@dataclass(frozen=True, slots=True)
class Places:
    """Where systemd and its units are."""

    own: Path = Path("/etc/systemd/system") / UNIT
    """Of the administrator; it goes before the packaged ones."""
    packaged: tuple[Path, ...] = (Path("/usr/lib/systemd/system") / UNIT, Path("/lib/systemd/system") / UNIT)
    running: Path = Path("/run/systemd/system")
    """There while systemd runs the system."""


SYSTEM = Places()


def unit_text(home: Home) -> str:
    """The unit of an agent that lives there."""
    moved = "" if home == Home.usual() else f"Environment=KEEPGREEN_HOME={home.safe}\n"
    return _TEXT.format(environment=moved, safe=home.safe)


def install(home: Home, places: Places = SYSTEM) -> None:
    """Start the agent now and at each boot, in place of the agent of another home. Raises CannotInstall. Blocks."""
    _require_systemd(places, "let its own init start `keepgreen agent run`")
    if " " in str(home.safe):
        raise CannotInstall(f"{home.safe} has a space in it, which a unit's command line cannot take")
    if not os.access(home.safe / "keepgreen", os.X_OK):
        raise CannotInstall(f"there is no {home.safe}/keepgreen: run `keepgreen agent run` there once, which lays it")
    own = _text(places.own)
    ours, same = own.startswith(_MARK), _serves(own, home)
    if not ours and not same and places.own.exists():
        raise CannotInstall(_in_the_way(places.own, own))
    moves = ours and not same
    if moves:
        _systemctl("disable", UNIT)  # the links of what comes may name another file
    try:
        if any(_serves(_text(path), home) for path in places.packaged):
            if moves:
                places.own.unlink()
        elif ours or not own:
            write_durably(places.own, unit_text(home).encode())
    except OSError as error:
        raise CannotInstall(f"{places.own} cannot be written: {error.strerror or error}") from error
    _systemctl("daemon-reload")
    if wrong := elsewhere(home):
        raise CannotInstall(f"{wrong}: remove that file, then run `keepgreen service install` again")
    _systemctl("enable", UNIT)
    _systemctl("restart" if moves else "start", UNIT)


def remove(places: Places = SYSTEM) -> None:
    """End the agent and start it at no boot any more; the applications go on. Raises CannotInstall. Blocks."""
    _require_systemd(places, "there is no service of it to remove")
    _systemctl("disable", "--now", UNIT)
    try:
        places.own.unlink(missing_ok=True)
    except OSError as error:
        raise CannotInstall(f"{places.own} cannot be removed: {error.strerror or error}") from error
    _systemctl("daemon-reload")


def elsewhere(home: Home) -> str:
    """What the service starts instead of the agent of this home, as one clause. Blocks.

    Empty when it starts that one, when there is no service, and when systemd does not say.
    """
    try:
        said = _asked("show", f"--property={','.join(_PROPERTIES)}", "--", UNIT)
    except CannotInstall:
        return ""
    unit = dict(line.partition("=")[::2] for line in said.splitlines())
    if unit.get("LoadState") == "masked":
        return f"{UNIT} is masked by {unit.get('FragmentPath') or 'the administrator'}"
    program = re.match(r"\{ path=(.*?) ; argv", unit.get("ExecStart", ""))
    if program is None:
        return ""
    moved = re.search(r"(?:^|\s)KEEPGREEN_HOME=(\S+)", unit.get("Environment", ""))
    if (Path(moved[1]) if moved else Path(program[1]).parent) == home.safe:
        return ""
    told = f"KEEPGREEN_HOME={moved[1]} " if moved else ""
    files = " and ".join(file for file in (unit.get("FragmentPath"), unit.get("DropInPaths")) if file)
    return f"{files or 'the unit'} starts `{told}{program[1]}`, not the agent of {home.safe}"


def _serves(unit: str, home: Home) -> bool:
    return f"\nExecStart={home.safe}/keepgreen " in unit


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CannotInstall(f"{path} cannot be read: {error.strerror or error}") from error


def _in_the_way(path: Path, text: str) -> str:
    if not text.strip():
        return f"{path} masks the service: run `systemctl unmask {UNIT}` first"
    return f"{path}, which Keepgreen did not write, starts something else: move it away, then run this again"


def _require_systemd(places: Places, advice: str) -> None:
    if not places.running.is_dir():
        raise CannotInstall(f"systemd does not run this system: {advice}")


def _systemctl(*words: str) -> None:
    _asked(*words)


def _asked(*words: str) -> str:
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
    return done.stdout


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(unit_text(Home(Path("/opt/keepgreen"), Path("/var/lib/keepgreen"))), encoding="utf-8")
