"""The Windows Event Log takes what it is given, and its viewer knows our source."""

import sys

import pytest

from nodeagent.adapters.notify import system_log
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

pytestmark = [pytest.mark.wine, pytest.mark.skipif(sys.platform != "win32", reason="only Windows has an Event Log")]


if sys.platform == "win32":
    import winreg

    from nodeagent.adapters.notify.event_log import EventLog

    @pytest.mark.covers("storage event log")
    def test_lines_are_reported() -> None:
        log = system_log()
        assert isinstance(log, EventLog)
        for number in range(2000):
            log.send(LogLine(number, 1.0, "node1", "web", "errd", LogType.ERROR, "die Anwendung läuft nicht"))
        log.close()
        log.send(LogLine(0, 1.0, "node1", "web", "errd", LogType.ERROR, "after the end"))
        place = r"SYSTEM\CurrentControlSet\Services\EventLog\Application\Keepgreen"
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            assert winreg.QueryValueEx(key, "TypesSupported")[0] == 7
