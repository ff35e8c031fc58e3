"""Services of Windows, asked through the service control manager."""

import sys
from collections.abc import Iterable
from typing import Any

from nodeagent.os_services.service import Service, Unanswered

assert sys.platform == "win32"

import pywintypes  # type: ignore[import-untyped]  # noqa: E402
import win32service  # type: ignore[import-untyped]  # noqa: E402
import winerror  # type: ignore[import-untyped]  # noqa: E402


def services(names: Iterable[str]) -> dict[str, Service]:
    """What the service manager says of each, by its name or the name it is shown with. Raises Unanswered. Blocks."""
    try:
        manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    except pywintypes.error as error:
        raise Unanswered(f"the service manager did not answer: {error.strerror}") from error
    try:
        return {name: _service(manager, name) for name in dict.fromkeys(names)}
    finally:
        win32service.CloseServiceHandle(manager)


def _service(manager: Any, name: str) -> Service:
    access = win32service.SERVICE_QUERY_STATUS | win32service.SERVICE_QUERY_CONFIG
    try:
        service = win32service.OpenService(manager, _key_name(manager, name), access)
    except pywintypes.error as error:
        if error.winerror in (winerror.ERROR_SERVICE_DOES_NOT_EXIST, winerror.ERROR_INVALID_NAME):
            return Service()
        raise Unanswered(f"the service {name} cannot be looked at: {error.strerror}") from error
    try:
        status = win32service.QueryServiceStatusEx(service)
        serves = status["CurrentState"] == win32service.SERVICE_RUNNING
        return Service(True, serves, status["ProcessId"] if serves else 0, restarts=_restarts(service))
    except pywintypes.error as error:
        raise Unanswered(f"the service {name} cannot be looked at: {error.strerror}") from error
    finally:
        win32service.CloseServiceHandle(service)


def _key_name(manager: Any, name: str) -> str:
    """Administrators read the shown name ("World Wide Web Publishing Service"); the manager knows W3SVC."""
    try:
        return str(win32service.GetServiceKeyName(manager, name))
    except pywintypes.error:
        return name


def _restarts(service: Any) -> str:
    """Its recovery, as far as that starts it again; empty where the system keeps none."""
    try:
        recovery = win32service.QueryServiceConfig2(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS)
    except pywintypes.error:
        return ""
    kinds = [kind for kind, _ in recovery.get("Actions") or ()]
    return "its recovery action “restart the service”" if win32service.SC_ACTION_RESTART in kinds else ""
