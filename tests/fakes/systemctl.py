"""A `systemctl` that answers from files: a stand-in where no systemd runs."""

import os
from pathlib import Path

_PROGRAM = """#!/bin/sh
cd "{directory}"
if [ -e silent ]; then echo "Failed to connect to bus: Connection refused" >&2; exit 1; fi
case "$1" in
show)
    while [ "$1" != -- ]; do shift; done
    shift
    for unit; do
        cat "units/$unit" 2>/dev/null || printf 'Restart=no\\nMainPID=0\\nLoadState=not-found\\nActiveState=inactive\\n'
        echo
    done ;;
is-system-running) cat state; [ "$(cat state)" = running ] ;;
*) echo "$@" >> calls ;;
esac
"""


def started_by(home: str) -> str:
    """The property ExecStart of a unit of the agent that lives there, as systemd writes it."""
    program = f"{home}/keepgreen"
    times = "start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0"
    return f"{{ path={program} ; argv[]={program} agent run ; ignore_errors=no ; {times} }}"


class FakeSystemctl:
    """Lies in a directory of its own; `path` is the PATH that finds it first."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / "systemctl"
        (self._directory / "units").mkdir(parents=True)
        program = self._directory / "systemctl"
        program.write_text(_PROGRAM.format(directory=self._directory))
        program.chmod(0o755)
        self.path = f"{self._directory}:{os.environ['PATH']}"
        self.system("running")

    def unit(self, name: str, **properties: object) -> None:
        """This unit has these properties from now on."""
        said = {"Restart": "no", "MainPID": 0, "LoadState": "loaded", "ActiveState": "active"} | properties
        (self._directory / "units" / name).write_text("".join(f"{key}={value}\n" for key, value in said.items()))

    def system(self, state: str) -> None:
        """What `is-system-running` says."""
        (self._directory / "state").write_text(f"{state}\n")

    def fall_silent(self) -> None:
        """It reaches no systemd any more."""
        (self._directory / "silent").touch()

    @property
    def calls(self) -> list[str]:
        """The commands that change something, as they came."""
        file = self._directory / "calls"
        return file.read_text().splitlines() if file.exists() else []
