"""systemd units, asked by one `systemctl show` for all of them."""

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping

from nodeagent.os_services.service import Service, Unanswered

assert sys.platform == "linux"

_PATIENCE = 10.0
_PROPERTIES = ("LoadState", "ActiveState", "MainPID", "ActiveEnterTimestampMonotonic", "Restart")
_KINDS = ("service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope")
_VALID = re.compile(r"[A-Za-z0-9:_.\\@-]{1,255}")
"""Anything else systemctl would take for a pattern or a path."""
_SERVING = frozenset({"active", "reloading", "refreshing"})


def unit_name(name: str) -> str:
    """The unit a service name means: `nginx` is nginx.service, `nginx.socket` stays."""
    return name if name.rpartition(".")[2] in _KINDS and "." in name else f"{name}.service"


def services(names: Iterable[str]) -> dict[str, Service]:
    """What systemd says of each; a machine without systemd has none of them. Raises Unanswered. Blocks."""
    wanted = list(dict.fromkeys(names))
    found = {name: Service() for name in wanted}
    asked = [name for name in wanted if _VALID.fullmatch(name)]
    if not asked:
        return found
    command = ["systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", *map(unit_name, asked)]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE, errors="replace"
        )
    except FileNotFoundError:
        return found
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unanswered(f"systemctl did not answer: {error}") from error
    if "not been booted with systemd" in answer.stderr:
        return found
    units = [_unit(block) for block in answer.stdout.split("\n\n") if block.strip()]
    if answer.returncode or len(units) != len(asked):
        raise Unanswered(f"systemctl did not answer: {answer.stderr.strip() or f'exit code {answer.returncode}'}")
    return found | dict(zip(asked, units, strict=True))


def _unit(block: str) -> Service:
    said = dict(line.partition("=")[::2] for line in block.strip().splitlines())
    if said.get("LoadState") == "not-found":
        return Service()
    return Service(
        exists=True,
        serves=said.get("ActiveState") in _SERVING,
        pid=int(said.get("MainPID", "") or 0),
        since=_seconds(said),
        restarts="" if said.get("Restart", "no") in ("", "no") else f"Restart={said['Restart']}",
    )


def _seconds(said: Mapping[str, str]) -> float:
    microseconds = said.get("ActiveEnterTimestampMonotonic", "")
    return int(microseconds) / 1e6 if microseconds.isdigit() else 0.0
