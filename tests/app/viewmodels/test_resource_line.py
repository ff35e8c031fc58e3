"""The line of a resource: what it was in the last hour."""

from app.viewmodels.node_facts import resource_rows
from app.viewmodels.resource_line import STEPS, Stretch, stretches
from nodeagent.contract.record_api import ResourceChange
from nodeagent.contract.states import ResourceState
from nodeagent.contract.status import ModuleStatus, ResourceStatus
from tests.app.viewmodels.farms import NOW, view

UP, DOWN = ResourceState.UP, ResourceState.DOWN


def change(ago: float, state: ResourceState) -> ResourceChange:
    return ResourceChange(1, NOW - ago, "farm", "tcp.web", state, "", 0.0, "checker")


def test_a_resource_that_never_changed_is_one_stretch() -> None:
    assert stretches(ResourceStatus("tcp.web", UP, NOW - 7200), (), 0.0, NOW) == (Stretch(0, STEPS, "up"),)


def test_what_was_before_the_first_known_change_is_not_checked() -> None:
    found = stretches(ResourceStatus("tcp.web", UP, NOW - 1800), (), 0.0, NOW)
    assert found == (Stretch(0, 180, "init"), Stretch(180, STEPS, "up"))


def test_a_moment_of_failure_is_seen_and_times_are_of_this_clock() -> None:
    changes = (change(5000, UP), change(1800, DOWN), change(1799, UP))
    found = stretches(ResourceStatus("tcp.web", UP, NOW - 1799), changes, 0.0, NOW)
    assert found == (Stretch(0, 180, "up"), Stretch(180, 181, "down"), Stretch(181, STEPS, "up"))
    moved = stretches(ResourceStatus("tcp.web", DOWN, NOW - 1800), (), 900.0, NOW)
    assert moved[-1] == Stretch(270, STEPS, "down")


def test_the_row_says_how_long_the_check_took_who_set_it_and_how_often_it_was_down() -> None:
    one = ResourceStatus("custom.db", DOWN, NOW - 60, "refused", by="j.doe", took=0.012)
    module = ModuleStatus("farm", resources=(one,))
    history = {"custom.db": (change(3000, DOWN), change(2900, UP))}
    row = resource_rows(view("node1", module), module, NOW, history)[0]
    assert row.detail == "refused, 12\N{NO-BREAK SPACE}ms, set by j.doe"
    assert row.line_words == "down 2 times in the last hour"
    quiet = ResourceStatus("tcp.web", UP, NOW - 60, "open", by="checker", took=0.0004)
    assert resource_rows(view("node1"), ModuleStatus("farm", resources=(quiet,)), NOW)[0].detail.startswith("open, 0.4")
