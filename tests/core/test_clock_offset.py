from random import Random

import pytest

from nodeagent.core.clock_offset import ClockOffset


@pytest.mark.parametrize("seed", range(5))
def test_the_quickest_exchange_decides(seed: int) -> None:
    """Queues of up to 50 ms on either way, 40 exchanges: the offset is right within half the shortest trip."""
    clock, random, offset, shortest = ClockOffset(), Random(seed), 7_000_000, 10**9
    assert clock.offset is None
    for sent in range(0, 4_000_000, 100_000):
        there, hold, back = random.randint(100, 50_000), random.randint(0, 100_000), random.randint(100, 50_000)
        received = sent + there + hold + back
        clock.take(sent, received, received - back + offset, hold)
        assert clock.round_trip == there + back
        shortest = min(shortest, there + back)
        assert clock.offset is not None
        assert abs(clock.offset - offset) <= shortest / 2 + 1


def test_an_exchange_that_ended_before_it_began_is_not_taken() -> None:
    clock = ClockOffset()
    clock.take(1_000_000, 1_100_000, 5_000_000, 5_000_000)
    assert clock.offset is None
    assert clock.ahead(9_000_000, 0) == 0


def test_delay_never_looks_like_a_clock_that_stood_still() -> None:
    clock = ClockOffset()
    clock.take(0, 1_000, 500, 0)
    assert clock.ahead(2_000_000, 2_800_000) < 0
    assert clock.ahead(7_000_000, 2_000_500) == pytest.approx(5_000_000, abs=1_000)


def test_an_old_best_exchange_is_forgotten_after_two_rounds() -> None:
    clock = ClockOffset()
    clock.take(0, 10, 5, 0)
    for sent in range(1_000, 131_000, 1_000):
        clock.take(sent, sent + 100, sent + 50 + 300, 0)
    assert clock.offset == 300
