"""Two modules on one node that monitor the same processes."""

import pytest

from nodeagent.contract.config import Mode, ModuleConfig, Monitoring, ProcRule
from nodeagent.contract.shared_processes import shared_processes


def module(*rules: ProcRule) -> ModuleConfig:
    return ModuleConfig("m", Mode.FARM, ("n1",), monitoring=Monitoring(procs=rules))


def proc(name: str, **more: object) -> ProcRule:
    return ProcRule(name, "both", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "on_linux", "on_windows"),
    [
        (proc("nginx"), proc("nginx"), True, True),
        (proc("nginx"), proc("apache2"), False, False),
        (proc("App.exe"), proc("app"), False, True),
        (proc("java"), proc("java", argregex="b"), True, True),
        (proc("java", argregex="a"), proc("java", argregex="b"), False, False),
        (proc("java", argregex="a"), proc("java", argregex="a"), True, True),
        (proc("web", nameregex="a.*"), proc("web"), False, False),
        (proc("web", service=True), proc("web"), False, False),
        (proc("web", service=True), proc("web", service=True), True, True),
    ],
)
def test_what_finds_the_same_is_told(one: ProcRule, other: ProcRule, on_linux: bool, on_windows: bool) -> None:
    for windows, expected in ((False, on_linux), (True, on_windows)):
        said = shared_processes(module(one), {"shop": module(proc("else"), other)}, windows=windows)
        assert [f" {one.name} is monitored by the module shop, too" in text for text in said] == [True] * expected


def test_modules_without_monitoring_share_nothing() -> None:
    bare = ModuleConfig("m", Mode.FARM, ("n1",))
    assert not shared_processes(bare, {"a": module(proc("nginx"))}, windows=False)
    assert not shared_processes(module(proc("nginx")), {"a": bare}, windows=False)
