"""Starts the machine anew, where the administrator has allowed the agent to."""

import asyncio
import subprocess
import sys
import threading
from contextlib import suppress

from nodeagent.contract.states import LogType
from nodeagent.listening import Say

_COMMAND = ["shutdown", "/r", "/t", "0"] if sys.platform == "win32" else ["systemctl", "reboot"]
_ENCODING = "oem" if sys.platform == "win32" else "utf-8"
"""In which it says why it failed."""
_LIMIT = 60.0
"""Seconds the command may take before it counts as failed."""


class SystemReboot:
    """The port `Rebooting`. Made and used in the loop's thread. `allowed` is `[agent] reboot` of agent.toml."""

    def __init__(self, allowed: bool, say: Say, command: list[str] | None = None) -> None:
        self._allowed, self._say, self._command = allowed, say, command or _COMMAND
        self._loop = asyncio.get_running_loop()

    def reboot(self, module: str, why: str) -> None:
        """Do it, or say in the log why not."""
        if not self._allowed:
            text = (
                f"{module} asks for a reboot of this machine ({why}); reboot = true in [agent] of agent.toml allows it"
            )
            self._say(LogType.CRITICAL, text)
            return
        self._say(LogType.CRITICAL, f"this machine is rebooted for {module}: {why}")
        threading.Thread(target=self._run, name="reboot", daemon=True).start()

    def _run(self) -> None:
        try:
            done = subprocess.run(
                self._command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding=_ENCODING,
                errors="replace",
                timeout=_LIMIT,
                check=False,
            )
            failed = done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""
        except (OSError, subprocess.TimeoutExpired) as error:
            failed = str(error)
        if failed:
            with suppress(RuntimeError):  # the agent has ended meanwhile, and its loop with it
                self._loop.call_soon_threadsafe(self._tell, f"the machine could not be rebooted: {failed}")

    def _tell(self, text: str) -> None:
        self._say(LogType.CRITICAL, text)
