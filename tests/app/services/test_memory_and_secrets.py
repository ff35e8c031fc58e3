"""What is remembered, and that no password is in it."""

import asyncio
from pathlib import Path

import pytest

from app.services.memory import FILE, Memory, RememberedCluster, Settings, console_home
from app.services.nodes import Credentials, NodeAddress
from app.services.secrets import SERVICE, Secrets

FARM = RememberedCluster("c1", "Paris", nodes=(NodeAddress("10.0.0.1", pin="a" * 64), NodeAddress("10.0.0.2")))
ADMIN = Credentials("admin", "hunter22")


class FakeVault:
    """A keyring in memory; `broken` refuses everything."""

    def __init__(self, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.broken, self.asked = broken, 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        if self.broken:
            raise RuntimeError("no keyring")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.broken:
            raise RuntimeError("no keyring")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


async def test_remembered_over_a_restart(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "home")
    assert memory.load().clusters == ()
    await memory.remember_cluster(FARM)
    await memory.remember(settings=Settings("dark", "fr"))
    again = Memory(tmp_path / "home")
    assert again.load() == memory.now
    assert again.now.clusters == (FARM,)
    other = RememberedCluster("c2", "Lyon")
    await again.remember_cluster(other)
    await again.remember_cluster(RememberedCluster("c1", "Paris 2"))
    assert [cluster.title for cluster in again.now.clusters] == ["Paris 2", "Lyon"]
    await again.forget_cluster("c1")
    assert Memory(tmp_path / "home").load().clusters == (other,)
    assert [file.name for file in (tmp_path / "home").iterdir()] == [FILE]


async def test_many_changes_at_once_lose_none(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    memory.load()
    await asyncio.gather(*(memory.remember_cluster(RememberedCluster(f"c{number}")) for number in range(20)))
    assert len(Memory(tmp_path).load().clusters) == 20


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"clusters": 7}'])
def test_a_damaged_file_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    memory = Memory(tmp_path)
    assert memory.load().clusters == ()
    assert memory.damaged is not None
    assert memory.damaged.read_bytes() == content
    assert not (tmp_path / FILE).exists()


def test_fields_of_a_later_version_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b'{"clusters": [{"id": "c1", "new": 1}], "more": {}}')
    assert Memory(tmp_path).load().clusters == (RememberedCluster("c1"),)


def test_where_it_is() -> None:
    assert console_home({"KEEPGREEN_CONSOLE_HOME": "/x"}, Path("/home/u")) == Path("/x")


async def test_passwords_go_to_the_keyring_by_pin() -> None:
    vault = FakeVault()
    secrets = Secrets(vault)
    await secrets.keep(ADMIN, "pin1", "pin2")
    assert vault.kept == {(SERVICE, "admin@pin1"): "hunter22", (SERVICE, "admin@pin2"): "hunter22"}
    later = Secrets(vault)
    assert await later.find("admin", "pin3", "pin2") == ADMIN
    assert await later.find("other", "pin1") is None
    await later.forget("admin", "pin1")
    assert await later.find("admin", "pin1") is None
    assert "hunter22" not in repr(ADMIN)


async def test_not_to_be_remembered() -> None:
    vault = FakeVault()
    secrets = Secrets(vault)
    await secrets.keep(ADMIN, "pin1", remember=False)
    assert vault.kept == {}
    assert await secrets.find("admin", "pin1") == ADMIN


async def test_without_a_keyring_it_is_known_until_the_end() -> None:
    vault = FakeVault(broken=True)
    secrets = Secrets(vault)
    assert await secrets.find("admin", "pin1") is None
    assert not secrets.persistent
    await secrets.keep(ADMIN, "pin1")
    assert await secrets.find("admin", "pin1") == ADMIN
    assert await secrets.find("admin", "pin9") is None
    assert vault.asked == 1, "a keyring that is not there is not asked again and again"
    await secrets.forget("admin", "pin1")
    assert await secrets.find("admin", "pin1") is None


async def test_the_system_without_a_keyring() -> None:
    import keyring
    from keyring.backends.fail import Keyring

    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    try:
        secrets = Secrets()
        await secrets.keep(ADMIN, "pin1")
        assert not secrets.persistent
        assert await secrets.find("admin", "pin1") == ADMIN
    finally:
        keyring.set_keyring(before)
