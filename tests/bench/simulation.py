"""The fault simulation over many seeds: `python3 dev.py bench simulation [RUNS] [--first SEED]`.

Prints how often every fault and every transition occurred, runs per second, and each seed that
failed with the command that repeats it.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence

from tests.simulation.coverage import WANTED, Coverage
from tests.simulation.run import simulate_all, told

STANDARD = 2000


def main(arguments: Sequence[str]) -> int:
    """Run them all; 1 when an invariant was violated."""
    parser = argparse.ArgumentParser(prog="dev.py bench simulation", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=STANDARD)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args(arguments)

    began = last = time.monotonic()
    coverage, failed = Coverage(), []
    seeds = range(wanted.first, wanted.first + wanted.runs)
    for count, outcome in enumerate(simulate_all(seeds, wanted.processes), 1):
        coverage.add(outcome.coverage)
        if outcome.violation:
            failed.append(outcome.seed)
            print(told(outcome), flush=True)
        if time.monotonic() - last > 2:
            last = time.monotonic()
            print(f"{count} of {wanted.runs} runs, {count / (last - began):.1f} per second", flush=True)
    took = time.monotonic() - began
    print(f"\n{coverage.table()}\n")
    print(f"{wanted.runs} runs of 60 virtual seconds in {took:.0f} s, {wanted.runs / took:.1f} per second")
    if rare := coverage.rare():
        print(f"fewer than {WANTED} times: {'; '.join(rare)}")
    for seed in sorted(failed):
        print(f"FAILED: python -m tests.simulation.run {seed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
