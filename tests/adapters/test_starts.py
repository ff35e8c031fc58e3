"""A Ready that an agent has only made sure of is the same start as before."""

from nodeagent.adapters.http_public.starts import Starts
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus
from nodeagent.core.phases import Phase


def stood(phase: Phase, since: float, name: str = "web") -> ModuleStatus:
    status = Status.READY if phase is Phase.READY else Status.TRANSIENT
    return ModuleStatus(name, state=State.UP, status=status, since=since, phase=str(phase))


def noted(*told: ModuleStatus) -> list[float]:
    starts = Starts()
    seen = []
    for one in told:
        starts.note([one])
        seen.append(starts.of("web"))
    return seen


def test_a_look_after_a_freeze_is_no_start() -> None:
    assert noted(stood(Phase.READY, 10), stood(Phase.DOUBTING, 20), stood(Phase.READY, 21), stood(Phase.READY, 21)) == [
        10,
        10,
        10,
        10,
    ]


def test_an_application_that_was_adopted_has_started_before_this_agent() -> None:
    assert noted(
        stood(Phase.ADOPTING, 20), stood(Phase.READY, 21), stood(Phase.DOUBTING, 30), stood(Phase.READY, 31)
    ) == [
        0,
        0,
        0,
        0,
    ]


def test_a_look_that_is_too_short_to_be_seen_is_none_either() -> None:
    assert noted(stood(Phase.READY, 10), stood(Phase.READY, 21)) == [10, 10]


def test_a_restart_is_a_start_also_behind_such_a_look() -> None:
    assert noted(stood(Phase.READY, 10), stood(Phase.RESTART_STOPPING, 20), stood(Phase.READY, 21)) == [10, 10, 21]
    assert noted(stood(Phase.ADOPTING, 20), stood(Phase.STOPPING, 20), stood(Phase.READY, 25)) == [0, 0, 25]
    assert noted(
        stood(Phase.READY, 10), stood(Phase.STARTING, 20), stood(Phase.DOUBTING, 21), stood(Phase.READY, 25)
    ) == [10, 10, 10, 25]


def test_a_module_that_is_gone_is_forgotten() -> None:
    starts = Starts()
    starts.note([stood(Phase.READY, 10)])
    starts.note([stood(Phase.READY, 30, name="other")])
    assert (starts.of("web"), starts.of("other")) == (0, 30)
