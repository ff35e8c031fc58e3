import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("systemd is for Linux", allow_module_level=True)

from nodeagent.home import Home
from nodeagent.host.installation import CannotInstall
from nodeagent.host.systemd_unit import Places, elsewhere, install, remove, unit_text
from tests.fakes.systemctl import FakeSystemctl, started_by

UNIT = "keepgreen.service"
PACKAGED = Path(__file__).resolve().parents[2] / "installer" / "linux" / "keepgreen.service"


def test_the_packages_bring_the_same_unit() -> None:
    assert PACKAGED.read_text() == unit_text(Home.usual())


def test_a_moved_home_is_told_to_the_agent() -> None:
    home = Home(Path("/srv/kg"), Path("/srv/kg/var"))
    assert "Environment=KEEPGREEN_HOME=/srv/kg\nExecStart=/srv/kg/keepgreen agent run\n" in unit_text(home)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_takes_every_line_of_it(tmp_path: Path) -> None:
    unit = tmp_path / "keepgreen.service"
    unit.write_text(unit_text(Home.usual()).replace("/opt/keepgreen/keepgreen", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(Path("/run/systemd/system").is_dir(), reason="systemd runs this machine: it would be changed")
def test_a_system_without_systemd_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotInstall, match="systemd does not run this system"):
        install(Home(tmp_path, tmp_path / "var"))
    with pytest.raises(CannotInstall, match="systemd does not run this system: there is no service of it to remove"):
        remove()


# --- with a systemctl of its own, and units in a directory of its own ------------------------------


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    fake = FakeSystemctl(tmp_path)
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def places(tmp_path: Path) -> Places:
    for name in ("etc", "lib", "run"):
        (tmp_path / name).mkdir()
    return Places(tmp_path / "etc" / UNIT, (tmp_path / "lib" / UNIT,), tmp_path / "run")


def a_home(place: Path) -> Home:
    """With the command that an agent lays there."""
    place.mkdir()
    (place / "keepgreen").touch(mode=0o755)
    return Home(place, place / "var")


def test_installed_twice(systemctl: FakeSystemctl, places: Places, tmp_path: Path) -> None:
    home = a_home(tmp_path / "kg")
    for _ in range(2):
        install(home, places)
        assert places.own.read_text() == unit_text(home)
    assert systemctl.calls == ["daemon-reload", f"enable {UNIT}", f"start {UNIT}"] * 2
    remove(places)
    assert not places.own.exists()
    assert systemctl.calls[-2:] == [f"disable --now {UNIT}", "daemon-reload"]


def test_another_home_takes_the_place_of_the_first(systemctl: FakeSystemctl, places: Places, tmp_path: Path) -> None:
    install(a_home(tmp_path / "old"), places)
    before = len(systemctl.calls)
    home = a_home(tmp_path / "new")
    install(home, places)
    assert places.own.read_text() == unit_text(home)
    assert systemctl.calls[before:] == [f"disable {UNIT}", "daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]


def test_an_old_unit_of_another_home_no_longer_hides_the_packaged_one(
    systemctl: FakeSystemctl, places: Places, tmp_path: Path
) -> None:
    usual = a_home(tmp_path / "usual")
    install(a_home(tmp_path / "old"), places)
    places.packaged[0].write_text(unit_text(usual))
    before = len(systemctl.calls)
    install(usual, places)
    assert not places.own.exists()
    assert systemctl.calls[before:] == [f"disable {UNIT}", "daemon-reload", f"enable {UNIT}", f"restart {UNIT}"]


def test_the_administrators_own_version_of_the_unit_stays(
    systemctl: FakeSystemctl, places: Places, tmp_path: Path
) -> None:
    usual = a_home(tmp_path / "usual")
    places.packaged[0].write_text(unit_text(usual))
    for text in (
        f"{unit_text(usual)}\n# LimitNOFILE=1000000\n",
        f"[Service]\nExecStart={usual.safe}/keepgreen agent run\n",
    ):
        places.own.write_text(text)
        install(usual, places)
        assert places.own.read_text() == text
    assert f"start {UNIT}" in systemctl.calls


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "[Service]\nExecStart=/usr/bin/something\n",
            "which Keepgreen did not write, starts something else: move it away",
        ),
        ("[Service]\nExecStart=/srv/other/keepgreen agent run\n", "which Keepgreen did not write"),
        ("", "systemctl unmask keepgreen.service"),
    ],
)
def test_a_unit_that_is_not_ours_is_named_and_stays(
    systemctl: FakeSystemctl, places: Places, tmp_path: Path, text: str, sentence: str
) -> None:
    home = a_home(tmp_path / "kg")
    places.own.write_text(text)
    with pytest.raises(CannotInstall, match=re.escape(str(places.own))) as cannot:
        install(home, places)
    assert sentence in str(cannot.value)
    assert places.own.read_text() == text
    assert systemctl.calls == []


def test_a_unit_that_goes_before_ours_is_named(systemctl: FakeSystemctl, places: Places, tmp_path: Path) -> None:
    home = a_home(tmp_path / "kg")
    drop_in = "/etc/systemd/system/keepgreen.service.d/override.conf"
    systemctl.unit(UNIT, ExecStart=started_by("/srv/other"), FragmentPath=str(places.own), DropInPaths=drop_in)
    with pytest.raises(CannotInstall, match="starts `/srv/other/keepgreen`") as cannot:
        install(home, places)
    assert drop_in in str(cannot.value)
    assert systemctl.calls == ["daemon-reload"]


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"ExecStart": started_by("/opt/keepgreen")}, ""),
        ({"ExecStart": started_by("/srv/kg"), "FragmentPath": "/etc/u"}, "/etc/u starts `/srv/kg/keepgreen`, not"),
        ({"ExecStart": started_by("/opt/keepgreen"), "Environment": "A=1 KEEPGREEN_HOME=/srv/kg"}, "=/srv/kg /opt/kee"),
        ({"ExecStart": started_by("/srv/kg"), "Environment": "KEEPGREEN_HOME=/opt/keepgreen"}, ""),
        ({"LoadState": "masked", "FragmentPath": "/etc/u"}, "keepgreen.service is masked by /etc/u"),
        ({"LoadState": "not-found"}, ""),
    ],
)
def test_whose_agent_the_unit_starts(systemctl: FakeSystemctl, properties: dict[str, str], says: str) -> None:
    systemctl.unit(UNIT, **properties)
    said = elsewhere(Home(Path("/opt/keepgreen"), Path("/var/lib/keepgreen")))
    assert says in said
    assert bool(said) == bool(says)


def test_a_systemd_that_does_not_answer_says_nothing_of_it(systemctl: FakeSystemctl) -> None:
    systemctl.fall_silent()
    assert elsewhere(Home.usual()) == ""
