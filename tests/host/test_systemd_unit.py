import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("systemd is for Linux", allow_module_level=True)

from nodeagent.home import Home
from nodeagent.host.installation import CannotInstall
from nodeagent.host.systemd_unit import install, remove, unit_text

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
    with pytest.raises(CannotInstall, match="systemd does not run this system"):
        remove()
