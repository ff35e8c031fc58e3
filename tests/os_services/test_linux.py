"""Reading what systemctl says."""

import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("the Linux half", allow_module_level=True)

from nodeagent.os_services import Service, Unanswered, services
from nodeagent.os_services.linux import unit_name
from tests.fakes.systemctl import FakeSystemctl


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("nginx", "nginx.service"),
        ("nginx.service", "nginx.service"),
        ("nginx.socket", "nginx.socket"),
        ("postgresql@15-main", "postgresql@15-main.service"),
        ("my.app", "my.app.service"),
        ("service", "service.service"),
        ("17", "17.service"),
    ],
)
def test_the_unit_that_a_name_means(name: str, unit: str) -> None:
    assert unit_name(name) == unit


def test_all_are_asked_at_once(systemctl: FakeSystemctl) -> None:
    systemctl.unit("web.service", MainPID=17, ActiveEnterTimestampMonotonic=2_500_000, Restart="on-failure")
    systemctl.unit("once.service", ActiveEnterTimestampMonotonic=7_000_000)
    systemctl.unit("later.service", ActiveState="activating", MainPID=18)
    systemctl.unit("reads.service", ActiveState="reloading", MainPID=19)
    systemctl.unit("broken.service", ActiveState="failed")
    assert services(["web", "once", "later", "reads", "broken", "nothing", "web"]) == {
        "web": Service(True, True, 17, 2.5, "Restart=on-failure"),
        "once": Service(True, True, 0, 7.0),
        "later": Service(True, False, 18),
        "reads": Service(True, True, 19),
        "broken": Service(True, False),
        "nothing": Service(),
    }


@pytest.mark.parametrize("name", ["web*", "a/b", "", "web server", "w" * 300])
def test_a_name_that_no_unit_can_have_is_not_asked_for(systemctl: FakeSystemctl, name: str) -> None:
    systemctl.unit("web.service", MainPID=17)
    assert services([name, "web"]) == {name: Service(), "web": Service(True, True, 17)}


def test_nothing_to_ask(systemctl: FakeSystemctl) -> None:
    systemctl.fall_silent()
    assert services([]) == {}


def test_silence_is_no_answer(systemctl: FakeSystemctl) -> None:
    systemctl.fall_silent()
    with pytest.raises(Unanswered, match="Connection refused"):
        services(["web"])


def test_no_systemctl_means_no_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert services(["web"]) == {"web": Service()}


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs this machine")
def test_the_real_systemctl_of_a_machine_without_systemd_knows_no_unit() -> None:
    assert services(["web"]) == {"web": Service()}
