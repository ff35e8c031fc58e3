import pytest

from nodeagent.contract.states import State, Status
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.view import Member, epoch_of, view_of

READY = ModuleBeat(State.UP, Status.READY)
RESTARTING = ModuleBeat(State.UP, Status.TRANSIENT, restarting=True)
STARTING = ModuleBeat(State.UP, Status.TRANSIENT)
STOPPED = ModuleBeat(State.STOP, Status.NOT_READY)
WAITING = ModuleBeat(State.WAIT, Status.NOT_READY)


@pytest.mark.parametrize(
    ("beats", "serving"),
    [
        ([READY, READY], "ab"),
        ([READY, RESTARTING], "a"),
        ([STOPPED, RESTARTING, STARTING], "b"),
        ([RESTARTING, RESTARTING], "ab"),
        ([STOPPED, WAITING, STARTING], ""),
        ([], ""),
    ],
)
def test_ready_else_restarting_else_nobody(beats: list[ModuleBeat], serving: str) -> None:
    members = [Member("abc"[i], b"s", beat) for i, beat in enumerate(beats)]
    assert "".join(member.node for member in view_of(members)) == serving


def test_an_epoch_names_everything_that_decides() -> None:
    a, b = Member("a", b"1", READY), Member("b", b"2", READY)
    powers = [("a", 1), ("b", 1)]
    epoch = epoch_of(powers, "rules", [a, b])
    assert epoch == epoch_of(powers, "rules", [b, a])
    assert epoch == epoch_of(powers, "rules", [Member("a", b"1", RESTARTING), b])
    others = [
        epoch_of([("b", 1), ("a", 1)], "rules", [a, b]),
        epoch_of([("a", 2), ("b", 1)], "rules", [a, b]),
        epoch_of([("a", 1)], "rules", [a, b]),
        epoch_of(powers, "other rules", [a, b]),
        epoch_of(powers, "rules", [a]),
        epoch_of(powers, "rules", [a, Member("b", b"3", READY)]),
    ]
    assert len({epoch, *others}) == 7
    assert 0 <= epoch < 2**64
