"""Makes the agent a service of Windows, and takes it out again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nodeagent.home import Home
from nodeagent.host.installation import NAME, CannotInstall
from nodeagent.safe_links import program

assert sys.platform == "win32"

import pywintypes  # type: ignore[import-untyped]  # noqa: E402
import win32service  # type: ignore[import-untyped]  # noqa: E402
import winerror  # type: ignore[import-untyped]  # noqa: E402

from nodeagent.host.access_lists import CHANGE, let_others_only_read, strangers  # noqa: E402

_SHOWN = "Keepgreen node agent"
_DESCRIPTION = "Keeps applications running on a farm of servers, and shows it."
_RESTART_DELAY = 1000
_PATIENCE = 60.0
_NOT_NOW = (
    winerror.ERROR_SERVICE_NOT_ACTIVE,
    winerror.ERROR_SERVICE_CANNOT_ACCEPT_CTRL,
    winerror.ERROR_INVALID_SERVICE_CONTROL,
)


def install(home: Home) -> None:
    """Start this program's agent now and at each boot, in place of another's. Raises CannotInstall. Blocks."""
    with _manager("installed") as manager:
        try:
            service = _create(manager, home)
        except pywintypes.error as error:
            if error.winerror != winerror.ERROR_SERVICE_EXISTS:
                raise
            service = win32service.OpenService(manager, NAME, win32service.SERVICE_ALL_ACCESS)
        try:
            if _starts(service) != command(home):
                _end(service)
            _change(service, home)
            _describe(service)
            if win32service.QueryServiceConfig(service)[7].casefold() == "localsystem":
                _keep_from_others(home)
            win32service.StartService(service, None)
        except pywintypes.error as error:
            if error.winerror != winerror.ERROR_SERVICE_ALREADY_RUNNING:
                raise
        finally:
            win32service.CloseServiceHandle(service)


def remove() -> None:
    """End the agent and delete its service; the applications go on. Raises CannotInstall. Blocks."""
    with _manager("removed") as manager:
        service = win32service.OpenService(manager, NAME, win32service.SERVICE_ALL_ACCESS)
        try:
            _end(service)
            win32service.DeleteService(service)
        finally:
            win32service.CloseServiceHandle(service)


def command(home: Home) -> str:
    """The command line the service manager starts: this very program, whatever is on its paths by then."""
    words = [sys.executable]
    if not getattr(sys, "frozen", False):
        words += ["-I", "-c", "; ".join(program("nodeagent.__main__", "main").splitlines())]
    moved = [] if home == Home.usual() else ["--home", str(home.safe)]
    return subprocess.list2cmdline([*words, "service", "run", *moved])


def elsewhere(home: Home) -> str:
    """What the service starts instead of the agent of this home, as one clause. Blocks.

    Empty when it starts that one, when there is no service, and when its manager does not say.
    """
    try:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
        try:
            service = win32service.OpenService(manager, NAME, win32service.SERVICE_QUERY_CONFIG)
            try:
                starts = _starts(service)
            finally:
                win32service.CloseServiceHandle(service)
        finally:
            win32service.CloseServiceHandle(manager)
    except pywintypes.error:
        return ""
    same = starts.casefold() == command(home).casefold()
    return "" if same else f"the service {NAME} starts `{starts}`, not this program's agent of {home.safe}"


def _starts(service: Any) -> str:
    """Its command line."""
    return str(win32service.QueryServiceConfig(service)[3])


def _change(service: Any, home: Home) -> None:
    """Let it start this program; the account it runs in stays."""
    same = win32service.SERVICE_NO_CHANGE
    auto = win32service.SERVICE_AUTO_START
    win32service.ChangeServiceConfig(service, same, auto, same, command(home), None, False, None, None, None, _SHOWN)


def _create(manager: Any, home: Home) -> Any:
    return win32service.CreateService(
        manager,
        NAME,
        _SHOWN,
        win32service.SERVICE_ALL_ACCESS,
        win32service.SERVICE_WIN32_OWN_PROCESS,
        win32service.SERVICE_AUTO_START,
        win32service.SERVICE_ERROR_NORMAL,
        command(home),
        None,
        0,
        None,
        None,
        None,
    )


def _keep_from_others(home: Home) -> None:
    """Who can change the agent's files decides what the system itself runs; %ProgramData% lets everybody add some."""
    for folder in (home.safe, home.var):
        folder.mkdir(parents=True, exist_ok=True)
        if strangers(folder, CHANGE):
            let_others_only_read(folder)


def _describe(service: Any) -> None:
    """What a service should say of itself; a crash of the agent is answered by a start, however often it comes."""
    restart = (win32service.SC_ACTION_RESTART, _RESTART_DELAY)
    actions = {"ResetPeriod": 86400, "RebootMsg": "", "Command": "", "Actions": (restart, restart, restart)}
    win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_DESCRIPTION, _DESCRIPTION)
    win32service.ChangeServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS, actions)


def _end(service: Any) -> None:
    """Until it has stopped: a service that runs is deleted only when it ends."""
    end, told = time.monotonic() + _PATIENCE, False
    while win32service.QueryServiceStatusEx(service)["CurrentState"] != win32service.SERVICE_STOPPED:
        if time.monotonic() > end:
            raise CannotInstall(f"the service {NAME} did not end within {_PATIENCE:g} s")
        told = told or _told_to_stop(service)
        time.sleep(0.2)


def _told_to_stop(service: Any) -> bool:
    """Whether it took the word: one that is only starting does not yet."""
    try:
        win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
    except pywintypes.error as error:
        if error.winerror not in _NOT_NOW:
            raise
        return False
    return True


@contextmanager
def _manager(done: str) -> Iterator[Any]:
    """The service manager; what it refuses becomes one sentence."""
    try:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_ALL_ACCESS)
        try:
            yield manager
        finally:
            win32service.CloseServiceHandle(manager)
    except pywintypes.error as error:
        raise CannotInstall(f"the service {NAME} cannot be {done}: {error.strerror}") from error
    except OSError as error:
        raise CannotInstall(f"the service {NAME} cannot be {done}: {error.strerror or error}") from error
