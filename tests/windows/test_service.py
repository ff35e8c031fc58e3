"""The agent as a service of Windows (or Wine): from its installation to its removal."""

import http.client
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.real_farm import until

if sys.platform != "win32":
    pytest.skip("runs on Windows or in Wine: `python -m tests.windows.run_in_wine`", allow_module_level=True)

import win32service

from nodeagent.home import Home
from nodeagent.host.installation import NAME, CannotInstall
from nodeagent.host.windows_installation import command, elsewhere, install, remove
from nodeagent.host.windows_service import ACCEPT_PRESHUTDOWN, run
from nodeagent.os_services import Service, services

pytestmark = [pytest.mark.wine, pytest.mark.timeout(300)]

PORT = 19710


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home with ports of its own; its service is gone afterwards."""
    if services([NAME])[NAME].exists:
        pytest.skip(f"this machine has a service {NAME}, which the test would take away")
    yield a_home(tmp_path / "kg home", PORT)
    with suppress(CannotInstall):
        remove()


def a_home(place: Path, port: int) -> Home:
    """One whose agent listens on this port and the two after it."""
    home = Home(place, place / "var")
    home.var.mkdir(parents=True)
    home.settings.write_text(
        f'[listen]\naddress = "127.0.0.1"\nhealth_port = {port}\napi_port = {port + 1}\nenrol_port = {port + 2}\n'
    )
    return home


def answers(port: int = PORT) -> bool:
    """Whether an agent serves this health port."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def asked() -> tuple[int, int]:
    """(controls it accepts, milliseconds the system waits for it at a shutdown)."""
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    service = win32service.OpenService(manager, NAME, win32service.SERVICE_ALL_ACCESS)
    try:
        status = win32service.QueryServiceStatusEx(service)
        return status["ControlsAccepted"], win32service.QueryServiceConfig2(service, 7)
    finally:
        win32service.CloseServiceHandle(service)
        win32service.CloseServiceHandle(manager)


def test_a_service_that_runs_and_one_that_is_not_there() -> None:
    said = services(["EventLog", "keepgreen-nothing"])
    assert said["EventLog"].serves
    assert said["EventLog"].pid
    assert said["keepgreen-nothing"] == Service()


@pytest.mark.covers("keepgreen service install", "keepgreen service remove")
def test_from_installation_to_removal(home: Home) -> None:
    install(home)
    until(lambda: services([NAME])[NAME].serves, 90, "the service runs")
    assert services([NAME])[NAME].pid
    until(answers, 30, "the health port of the service answers")
    accepts, wait = asked()
    assert accepts == win32service.SERVICE_ACCEPT_STOP | ACCEPT_PRESHUTDOWN
    assert wait == 20_000
    install(home)  # a second time changes nothing
    assert answers()
    remove()
    until(lambda: services([NAME])[NAME] == Service(), 30, "the service is gone")
    assert not answers()
    with pytest.raises(CannotInstall, match="cannot be removed"):
        remove()


def test_a_service_that_is_only_starting_can_be_removed(home: Home) -> None:
    install(home)
    remove()
    until(lambda: services([NAME])[NAME] == Service(), 30, "the service is gone")


def configured() -> tuple[int, str]:
    """(how it starts, its command line)."""
    manager = win32service.OpenSCManager(None, None, win32service.SC_MANAGER_CONNECT)
    service = win32service.OpenService(manager, NAME, win32service.SERVICE_QUERY_CONFIG)
    try:
        said = win32service.QueryServiceConfig(service)
        return said[1], said[3]
    finally:
        win32service.CloseServiceHandle(service)
        win32service.CloseServiceHandle(manager)


@pytest.mark.covers("keepgreen service install", "keepgreen service status")
def test_the_service_of_another_folder_is_brought_here(home: Home, tmp_path: Path) -> None:
    install(home)
    until(answers, 90, "the health port of the first agent answers")
    assert configured() == (win32service.SERVICE_AUTO_START, command(home))
    assert elsewhere(home) == ""
    other = a_home(tmp_path / "upgraded", PORT + 10)
    assert f"not this program's agent of {other.safe}" in elsewhere(other)
    assert str(home.safe) in elsewhere(other)
    install(other)
    assert configured() == (win32service.SERVICE_AUTO_START, command(other))
    assert elsewhere(other) == ""
    until(lambda: answers(PORT + 10), 90, "the health port of the second agent answers")
    assert not answers()


def test_only_the_service_manager_starts_it(home: Home) -> None:
    with pytest.raises(CannotInstall, match="agent run"):
        run(home)


def test_the_dispatcher_is_reached_before_the_agent_is_loaded() -> None:
    """The manager waits for it; what the agent imports takes seconds."""
    program = """
import sys
from nodeagent.cli.entry import keepgreen
print(keepgreen(["service", "run"]), [name for name in ("nodeagent.agent", "aiohttp", "lxml") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60)
    assert "only the service manager starts this" in done.stderr
    assert done.stdout.split(maxsplit=1)[1].strip() == "[]", done.stderr
