import pytest

from nodeagent.adapters.processes.boot import boot_id


def test_the_boot_has_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KEEPGREEN_BOOT_ID", raising=False)
    assert len(boot_id()) > 10
    assert boot_id() == boot_id()


def test_a_power_failure_can_be_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEPGREEN_BOOT_ID", "second")
    assert boot_id() == "second"
