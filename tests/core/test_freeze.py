import pytest

from nodeagent.core.freeze import FreezeDetector


@pytest.mark.parametrize(
    ("now", "deadline", "frozen"),
    [
        (10.0, None, None),
        (10.0, 10.0, None),
        (10.5, 10.0, None),
        (10.75, 10.0, 0.75),
        (15.0, 10.0, 5.0),
        (9.0, 10.0, None),
    ],
)
def test_late_by_more_than_half_a_window_is_a_freeze(now: float, deadline: float | None, frozen: float | None) -> None:
    detector = FreezeDetector()
    assert detector.observe(now, deadline, 1.0) == frozen
    assert detector.count == (frozen is not None)
