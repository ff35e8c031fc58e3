"""Starts the machine anew, where the administrator has allowed the agent to."""

import subprocess
import sys
import threading

from nodeagent.contract.states import LogType
from nodeagent.listening import Say

_COMMAND = ["shutdown", "/r", "/t", "0"] if sys.platform == "win32" else ["systemctl", "reboot"]
_LIMIT = 60.0
"""Seconds the command may take before it counts as failed."""


class SystemReboot:
    """The port `Rebooting`. `allowed` is `[agent] reboot` of agent.toml."""

    def __init__(self, allowed: bool, say: Say, command: list[str] | None = None) -> None:
        self._allowed, self._say, self._command = allowed, say, command or _COMMAND

    def reboot(self, module: str, why: str) -> None:
        """Do it, or say in the log why not."""
        if not self._allowed:
            text = f"{module} asks for a reboot of this machine ({why}); agent.toml does not allow it: [agent] reboot"
            self._say(LogType.CRITICAL, text)
            return
        self._say(LogType.CRITICAL, f"this machine is rebooted for {module}: {why}")
        threading.Thread(target=self._run, name="reboot", daemon=True).start()

    def _run(self) -> None:
        try:
            done = subprocess.run(self._command, capture_output=True, text=True, timeout=_LIMIT, check=False)
            failed = done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            failed = str(error)
        if failed:
            self._say(LogType.CRITICAL, f"the machine could not be rebooted: {failed}")
