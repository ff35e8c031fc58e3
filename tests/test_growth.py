"""How the benchmark of start and stop tells growth from noise."""

import pytest

from tests.bench._growth import ONE_MORE, line, memory_allowed

CYCLES = range(2020, 4001, 20)
PAGE = 4096


def resident(leak: int, unrest: int = 8) -> list[float]:
    """MiB, in whole pages, of what loses so many bytes a cycle; up to `unrest` pages come and go."""
    pages = (18_000 + cycle * 7919 % (unrest + 1) + cycle * leak // PAGE for cycle in CYCLES)
    return [count * PAGE / 2**20 for count in pages]


@pytest.mark.parametrize(("leak", "told"), [(0, False), (16, False), (100, True), (1024, True)])
def test_a_leak_of_memory_is_told(leak: int, told: bool) -> None:
    assert line(CYCLES, resident(leak)).grows(memory_allowed(2000)) is told


def test_a_small_leak_is_lost_in_greater_noise_which_is_said() -> None:
    found = line(CYCLES, resident(100, unrest=400))
    assert not found.grows(memory_allowed(2000))
    assert found.noise > 0.3


@pytest.mark.parametrize("when", CYCLES)
def test_one_thread_more_is_not_growth_whenever_it_came(when: int) -> None:
    assert not line(CYCLES, [7 + (cycle >= when) for cycle in CYCLES]).grows(ONE_MORE)


def test_one_descriptor_in_a_thousand_cycles_is_growth() -> None:
    assert line(CYCLES, [14 + cycle / 1000 for cycle in CYCLES]).grows(ONE_MORE)


def test_what_comes_and_goes_is_not_growth() -> None:
    assert not line(CYCLES, [14 + cycle // 20 % 3 for cycle in CYCLES]).grows(ONE_MORE)


def test_the_line() -> None:
    found = line([10, 20, 30], [1.0, 2.0, 3.0])
    assert (found.rise, found.noise) == (2.0, 0.0)
