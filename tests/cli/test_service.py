"""keepgreen service."""

import json
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("systemctl is played by a shell script", allow_module_level=True)

from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.main import run
from tests.fakes.systemctl import FakeSystemctl, started_by


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.mark.covers("keepgreen service status")
def test_status_of_a_service_that_runs(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    systemctl.unit("keepgreen.service", MainPID=17)
    assert run(["service", "status"]) == Exit.OK
    assert "runs (pid 17)" in capsys.readouterr().out
    assert run(["service", "status", "--json"]) == Exit.OK
    state = json.loads(capsys.readouterr().out)
    assert state == {"service": "keepgreen", "installed": True, "running": True, "pid": 17}


@pytest.mark.covers("keepgreen service status")
@pytest.mark.parametrize("state", ["inactive", "failed", "activating"])
def test_status_of_one_that_does_not(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str], state: str) -> None:
    systemctl.unit("keepgreen.service", ActiveState=state)
    assert run(["service", "status"]) == Exit.AGENT_DOWN
    assert "installed, but does not run" in capsys.readouterr().out


@pytest.mark.covers("keepgreen service status")
def test_status_of_a_unit_that_starts_another_home(
    systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEEPGREEN_HOME", str(tmp_path))
    unit = "/etc/systemd/system/keepgreen.service"
    systemctl.unit("keepgreen.service", MainPID=17, FragmentPath=unit, ExecStart=started_by("/srv/kg"))
    assert run(["service", "status"]) == Exit.OK
    said = capsys.readouterr().out
    assert f"{unit} starts `/srv/kg/keepgreen`, not the agent of {tmp_path}: " in said
    assert "`keepgreen service install`" in said
    assert run(["service", "status", "--json"]) == Exit.OK
    assert unit in json.loads(capsys.readouterr().out)["elsewhere"]
    systemctl.unit("keepgreen.service", MainPID=17, FragmentPath=unit, ExecStart=started_by(str(tmp_path)))
    assert run(["service", "status"]) == Exit.OK
    assert "not the agent" not in capsys.readouterr().out


def test_status_without_a_service(systemctl: FakeSystemctl, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["service", "status"]) == Exit.AGENT_DOWN
    assert "not installed" in capsys.readouterr().out
    systemctl.fall_silent()
    with pytest.raises(CommandFailed, match="did not answer"):
        run(["service", "status"])


@pytest.mark.covers("keepgreen service install", "keepgreen service remove", "exit 73")
@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs this machine: it would be changed")
@pytest.mark.parametrize("order", ["install", "remove"])
def test_no_service_without_systemd(order: str) -> None:
    with pytest.raises(CommandFailed, match="systemd does not run this system") as failed:
        run(["service", order])
    assert failed.value.exit_code == Exit.CANNOT_CREATE


def test_only_windows_starts_the_agent_as_its_service() -> None:
    with pytest.raises(CommandFailed) as failed:
        run(["service", "run"])
    assert failed.value.exit_code == Exit.USAGE
