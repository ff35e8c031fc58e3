"""The agent as a service of Windows.

The service manager starts the process, which hands its main thread to the dispatcher; the dispatcher calls
`Service` in a thread of its own, where the agent's loop runs. Ctrl-C and consoles play no part here.

The manager waits 30 s for the dispatcher, and a system that boots is slow: the agent is loaded only after that.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nodeagent.home import Home
from nodeagent.host.installation import NAME, CannotInstall

if TYPE_CHECKING:
    from nodeagent.agent.agent import Agent

assert sys.platform == "win32"

import pywintypes  # type: ignore[import-untyped]  # noqa: E402
import servicemanager  # type: ignore[import-untyped]  # noqa: E402
import win32service  # type: ignore[import-untyped]  # noqa: E402
import winerror  # type: ignore[import-untyped]  # noqa: E402

PRESHUTDOWN = 0xF
"""The control that comes before all services are ended; the only one with a time of its own."""
ACCEPT_PRESHUTDOWN = 0x100
_CONFIG_PRESHUTDOWN = 7
_HINT = 15.0
"""Seconds until the next word of a stop that goes on."""
_SHORTEST = 20.0
"""Seconds the system waits at a shutdown when no module needs more."""


def run(home: Home) -> int:
    """Be the service until the manager ends it; 69 when it was not the manager who started this process."""
    Service.home = home
    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(Service)
    try:
        servicemanager.StartServiceCtrlDispatcher()
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT:
            raise
        raise CannotInstall("only the service manager starts this: `keepgreen agent run` is for people") from error
    return 0


class Service:
    """What the dispatcher makes and calls; the supervisor of the agent at the same time."""

    home: Home

    def __init__(self, args: list[str]) -> None:
        self._handle = servicemanager.RegisterServiceCtrlHandler(args[0], self._controlled, True)
        self._state, self._accepts, self._checkpoint = win32service.SERVICE_START_PENDING, 0, 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._system = False
        self._needs = -1.0

    def SvcRun(self) -> None:
        """Run the agent; returns when it has ended. The dispatcher wants this name."""
        self._report(win32service.SERVICE_START_PENDING, _HINT)
        from nodeagent.host.foreground import run_agent

        code = run_agent(self.home, self._serve, servicemanager.LogErrorMsg)
        self._report(win32service.SERVICE_STOPPED, 0, code)

    async def _serve(self, agent: "Agent") -> None:
        from nodeagent.host.foreground import show

        self._loop = asyncio.get_running_loop()
        await agent.run(self._stop, show, self)

    # --- the supervisor of the agent, in the loop's thread ------------------------------------

    def started(self) -> None:
        """The agent serves: stops are taken from now on."""
        self._accepts = win32service.SERVICE_ACCEPT_STOP | ACCEPT_PRESHUTDOWN
        self._report(win32service.SERVICE_RUNNING)

    def may_need(self, seconds: float) -> None:
        """Let the system wait so long at its shutdown; it asks the service manager, not us, by then."""
        if seconds != self._needs:
            self._needs = seconds
            try:
                _configure(lambda service: _set_preshutdown(service, seconds))
            except pywintypes.error as error:
                servicemanager.LogWarningMsg(f"the time for a shutdown cannot be set: {error.strerror}")

    def stopping(self, seconds: float, text: str) -> None:
        """Show that it goes on."""
        self._report(win32service.SERVICE_STOP_PENDING, min(seconds, _HINT))

    async def system_stops(self) -> bool:
        """By which control the stop came."""
        return self._system

    # --- the dispatcher's thread ---------------------------------------------------------------

    def _controlled(self, control: int, event: int, data: Any) -> int:
        if control == win32service.SERVICE_CONTROL_INTERROGATE:
            self._report(self._state)
        elif control in (win32service.SERVICE_CONTROL_STOP, PRESHUTDOWN):
            self._system = control == PRESHUTDOWN
            self._accepts = 0
            self._report(win32service.SERVICE_STOP_PENDING, _HINT)
            if self._loop:
                self._loop.call_soon_threadsafe(self._stop.set)
        else:
            return int(winerror.ERROR_CALL_NOT_IMPLEMENTED)
        return 0

    def _report(self, state: int, hint: float = 0, code: int = 0) -> None:
        self._state = state
        pending = state in (win32service.SERVICE_START_PENDING, win32service.SERVICE_STOP_PENDING)
        self._checkpoint = self._checkpoint + 1 if pending else 0
        ended = winerror.ERROR_SERVICE_SPECIFIC_ERROR if code else 0
        kind = win32service.SERVICE_WIN32_OWN_PROCESS
        status = (kind, state, self._accepts, ended, code, self._checkpoint, int(hint * 1000))
        win32service.SetServiceStatus(self._handle, status)


def _configure(change: Callable[[Any], None]) -> None:
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    try:
        service = win32service.OpenService(manager, NAME, win32service.SERVICE_CHANGE_CONFIG)
        try:
            change(service)
        finally:
            win32service.CloseServiceHandle(service)
    finally:
        win32service.CloseServiceHandle(manager)


def _set_preshutdown(service: Any, seconds: float) -> None:
    milliseconds = int(max(seconds, _SHORTEST) * 1000)
    win32service.ChangeServiceConfig2(service, _CONFIG_PRESHUTDOWN, milliseconds)
