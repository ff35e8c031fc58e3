from hypothesis import given
from hypothesis import strategies as st

from nodeagent.core.replay import WINDOW, ReplayWindow


@given(st.lists(st.integers(0, 4000), max_size=300))
def test_each_counter_is_taken_once_and_only_within_the_window(counters: list[int]) -> None:
    window, used = ReplayWindow(), set[int]()
    for counter in counters:
        too_old = bool(used) and counter <= max(used) - WINDOW
        assert window.refuses(counter) == (counter in used or too_old)
        if not window.refuses(counter):
            window.use(counter)
            used.add(counter)


def test_a_jump_far_ahead_forgets_the_past_but_refuses_it() -> None:
    window = ReplayWindow()
    for counter in (1, 2**63, 2**63 - 5):
        assert not window.refuses(counter)
        window.use(counter)
    assert window.refuses(1)
    assert window.refuses(2**63 - 5)
    assert not window.refuses(2**63 - 4)
