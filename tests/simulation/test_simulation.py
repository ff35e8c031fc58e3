"""300 runs of the fault simulation; a failed one tells its story and how to repeat it."""

import pytest

from tests.simulation.coverage import Coverage
from tests.simulation.faults import KINDS
from tests.simulation.run import simulate, simulate_all, told

pytestmark = pytest.mark.timeout(900)  # about 60 s on two idle cores; a loaded machine is no failure

RUNS = 300
PROCESSES = 2


@pytest.mark.covers("invariant 1", "invariant 2", "invariant 3", "invariant 5", "invariant 6", "health 200")
def test_the_invariants_hold_in_every_run() -> None:
    coverage, failed = Coverage(), []
    for outcome in simulate_all(range(RUNS), PROCESSES):
        coverage.add(outcome.coverage)
        if outcome.violation:
            failed.append(told(outcome))
    assert not failed, "\n\n".join(failed[:3])
    assert set(coverage.faults) == set(KINDS), "every kind of fault occurred"
    assert coverage.faults.total() >= RUNS * 20


def test_a_seed_is_the_same_run_again() -> None:
    assert simulate(4).coverage == simulate(4).coverage
