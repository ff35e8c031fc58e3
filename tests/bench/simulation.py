"""The fault simulation over many seeds: `python3 dev.py bench simulation [RUNS] [--first SEED] [--minutes M]`.

Prints runs per second as it goes and each seed that failed with the command that repeats it; then how often
every fault and every transition occurred. What was asked for 10,000 runs or more goes into docs/benchmarks.md.
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tests.bench._report import write_section
from tests.simulation.coverage import WANTED, Coverage, expected
from tests.simulation.faults import KINDS
from tests.simulation.run import LENGTH, simulate_all, told

STANDARD = 10_000
PROGRESS = 10.0
"""Seconds between two lines of progress."""


def main(arguments: Sequence[str]) -> int:
    """Run them all; 1 when an invariant was violated."""
    parser = argparse.ArgumentParser(prog="dev.py bench simulation", description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=STANDARD)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="end after so long, with what is done")
    wanted = parser.parse_args(arguments)

    began = last = time.monotonic()
    coverage, failed, done = Coverage(), [], 0
    seeds = range(wanted.first, wanted.first + wanted.runs)
    for outcome in simulate_all(seeds, wanted.processes):
        done += 1
        coverage.add(outcome.coverage)
        if outcome.violation:
            failed.append(outcome.seed)
            print(told(outcome), flush=True)
        if time.monotonic() - last > PROGRESS:
            last = time.monotonic()
            speed = done / (last - began)
            print(f"{done} of {wanted.runs} runs, {speed:.1f} per second, violated: {failed or 'none'}", flush=True)
        if time.monotonic() - began > 60 * wanted.minutes:
            break
    took = time.monotonic() - began
    print(f"\n{coverage.table()}\n")
    if wanted.runs >= STANDARD:
        write_section("Fault simulation", _section(coverage, wanted.first, done, sorted(failed), took))
    else:
        print("\n".join(_section(coverage, wanted.first, done, sorted(failed), took)))
    for seed in sorted(failed):
        print(f"FAILED: python -m tests.simulation.run {seed}")
    return 1 if failed else 0


def _section(coverage: Coverage, first: int, done: int, failed: list[int], took: float) -> list[str]:
    transitions = {(str(a), str(b)) for a, b in expected()} | set(coverage.transitions)
    rare = coverage.rare()
    return [
        f"{done:,} runs of {LENGTH:g} virtual seconds, seeds from {first}, in {took / 60:.0f} min"
        f" ({done / took:.1f} runs per second): two to five nodes over a fake network, at least 20 faults in each.",
        "Every invariant of the specification is checked after every step; a seed is the same run again.",
        "",
        "| | kinds | occurrences | rarest |",
        "|-|-|-|-|",
        f"| faults | {len(KINDS)} | {coverage.faults.total():,} | {_rarest(coverage.faults, KINDS)} |",
        f"| transitions of a module's life | {len(transitions)} | {coverage.transitions.total():,}"
        f" | {_rarest(coverage.transitions, transitions)} |",
        "",
        f"Fewer than {WANTED} times: {'; '.join(rare) or 'none'}.",
        f"Runs in which an invariant was violated: {', '.join(map(str, failed)) or 'none'}.",
    ]


def _rarest(counts: Counter[Any], kinds: Iterable[Any]) -> str:
    kind = min(kinds, key=lambda kind: counts[kind])
    return f"{counts[kind]:,} ({kind if isinstance(kind, str) else ' → '.join(kind)})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
