"""Who else gets at the agent's files, by real files of this system."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodeagent.durable import PRIVATE, write_durably
from nodeagent.home import Home
from nodeagent.host.rights import Guarded, guarded
from tests.fakes.rights import open_to_all


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """As an agent leaves it, some things not there yet."""
    home = Home(tmp_path / "kg", tmp_path / "kg" / "var")
    for folder in (home.safe, home.bin, home.var, home.run, home.tls, home.backups, home.cluster):
        folder.mkdir(mode=0o700 if folder == home.cluster else 0o755)
    home.settings.write_text("")
    home.settings.chmod(0o644)
    for secret in (home.tls / "key.pem", home.cluster / "node.json", home.backups / "web.safe"):
        write_durably(secret, b"secret", PRIVATE)
    return home


def found(home: Home, path: Path, *named: Path) -> Guarded:
    """What is said of this path."""
    (one,) = (one for one in guarded(home, named) if one.path == str(path))
    return one


@pytest.mark.skipif(sys.platform == "win32", reason="Wine shows the mode bits of Linux as access lists")
def test_what_an_agent_leaves_is_closed(home: Home) -> None:
    seen = guarded(home)
    assert [one for one in seen if one.others or one.remedy] == []
    assert {Path(one.path).name for one in seen if one.secret} == {"key.pem", "cluster", "node.json", "web.safe"}
    assert {Path(one.path).name for one in seen if not one.secret} == {"kg", "bin", "var", "agent.toml", "run", "tls"}


@pytest.mark.parametrize(
    "secret",
    [
        lambda home: home.tls / "key.pem",
        lambda home: home.cluster / "node.json",
        lambda home: home.cluster,
        lambda home: home.backups / "web.safe",
    ],
    ids=["key", "users", "cluster", "backup"],
)
def test_a_secret_that_all_may_read(home: Home, secret: Callable[[Home], Path]) -> None:
    path = secret(home)
    open_to_all(path)
    said = found(home, path)
    assert said.secret
    assert ("Everyone" if sys.platform == "win32" else "mode 644" if path.is_file() else "mode 755") in said.others
    assert str(path) in said.remedy


def test_a_secret_that_the_settings_name(home: Home, tmp_path: Path) -> None:
    password = tmp_path / "mail password"
    password.write_text("secret")
    open_to_all(password)
    said = found(home, password, password)
    assert said.secret
    assert said.others
    assert guarded(home, [tmp_path / "not there"]) == guarded(home)


@pytest.mark.parametrize("name", ["", "bin", "var", "var/agent.toml"])
def test_what_all_may_change(home: Home, name: str) -> None:
    path = home.safe / name
    open_to_all(path)
    assert not found(home, path).others
    open_to_all(path, change=True)
    said = found(home, path)
    assert not said.secret
    assert ("Everyone" if sys.platform == "win32" else "mode") in said.others


@pytest.mark.skipif(sys.platform == "win32", reason="icacls is not there in Wine")
def test_the_remedies_are_commands_that_help(home: Home) -> None:
    key, spaced = home.tls / "key.pem", home.var / "a secret"
    spaced.write_text("secret")
    for path in (key, spaced, home.cluster):
        path.chmod(0o777)
    home.bin.chmod(0o777)
    wrong = [one for one in guarded(home, [spaced]) if one.others]
    assert len(wrong) == 4
    for one in wrong:
        subprocess.run(["sh", "-c", one.remedy], check=True, timeout=60)
    assert [one for one in guarded(home, [spaced]) if one.others] == []
    assert (key.stat().st_mode & 0o777, home.cluster.stat().st_mode & 0o777) == (0o600, 0o700)
    assert home.bin.stat().st_mode & 0o777 == 0o755
    assert key.read_bytes() == b"secret"


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="gives a file away, which only root can")
def test_a_secret_of_another_owner(home: Home) -> None:
    key = home.tls / "key.pem"
    os.chown(key, 4_000_000, -1)
    said = found(home, key)
    assert said.others == "owner 4000000"
    assert said.remedy == f"chown root {shlex.quote(str(key))}"
    os.chown(home.var, 4_000_000, -1)  # an agent that does not run as root
    assert not found(home, key).others


@pytest.mark.skipif(sys.platform == "win32", reason="groups of Linux")
@pytest.mark.skipif(sys.platform != "win32" and os.geteuid() != 0, reason="gives a file away, which only root can")
def test_the_group_of_the_owner_alone_may_write(home: Home) -> None:
    home.var.chmod(0o775)
    assert not found(home, home.var).others
    os.chown(home.var, -1, 4_000_000)
    assert found(home, home.var).others == "mode 775"
