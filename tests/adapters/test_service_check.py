import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("systemctl is played by a shell script", allow_module_level=True)

from nodeagent.adapters.config_store.service_check import service_problems
from nodeagent.contract.config import ModuleConfig, Monitoring, ProcRule
from nodeagent.contract.errors import Severity
from nodeagent.contract.states import Mode
from tests.fakes.systemctl import FakeSystemctl


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


def monitoring(*procs: ProcRule) -> ModuleConfig:
    return ModuleConfig("web", Mode.FARM, monitoring=Monitoring(procs=procs))


def said(config: ModuleConfig) -> list[str]:
    problems = service_problems(config)
    assert {problem.severity for problem in problems} <= {Severity.WARNING}
    return [problem.text for problem in problems]


def test_units_that_are_not_there_or_restart_themselves(systemctl: FakeSystemctl) -> None:
    systemctl.unit("good.service")
    systemctl.unit("again.service", Restart="always")
    names = ("good", "again", "nothing", "again")
    missing, again = sorted(said(monitoring(*(ProcRule(name, "both", service=True) for name in names))), reverse=True)
    assert missing == "there is no systemd unit nothing on this node"
    assert "again starts itself again (Restart=always)" in again


def test_processes_are_no_services(systemctl: FakeSystemctl) -> None:
    assert said(monitoring(ProcRule("nothing", "both"))) == []
    assert said(ModuleConfig("web", Mode.FARM)) == []


def test_a_silent_systemd_is_said(systemctl: FakeSystemctl) -> None:
    systemctl.fall_silent()
    (text,) = said(monitoring(ProcRule("web", "both", service=True)))
    assert "web can be monitored is not known" in text
