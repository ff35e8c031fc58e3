"""Whether the answers of a round came in the shares that were expected: Pearson's χ² test."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, pi, sqrt

from app.services.mosaic_probe import Answer
from app.viewmodels.text import names, number, tr

LEAST = 5
"""Answers to be expected of each node before χ² says something."""
DOUBT = 0.01
"""Shares that chance alone makes more seldom than this are called unexpected."""


@dataclass(frozen=True)
class Fairness:
    """χ², and the probability that chance alone brings one as large or larger."""

    chi_square: float
    p: float


def survival(value: float, degrees: int) -> float:
    """The probability that χ² of so many degrees of freedom, 1 or more, is at least this value, 0 or more."""
    half = value / 2
    if degrees % 2:
        total, term, step = erfc(sqrt(half)), 2 * sqrt(half / pi) * exp(-half), 1.5
    else:
        total, term, step = 0.0, exp(-half), 1.0
    for _ in range(degrees // 2):
        total += term
        term *= half / step
        step += 1
    return min(total, 1.0)


def fairness(counts: Mapping[str, int], expected: Mapping[str, float]) -> Fairness | None:
    """Answers against expected shares by node, in any unit. None where the test says nothing.

    That is with fewer than two nodes to expect something of, too few answers, or answers of other nodes.
    """
    shares = {name: share for name, share in expected.items() if share > 0}
    total = sum(counts.values())
    if len(shares) < 2 or set(counts) - set(shares):
        return None
    wanted = {name: total * share / sum(shares.values()) for name, share in shares.items()}
    if min(wanted.values()) < LEAST:
        return None
    chi_square = sum((counts.get(name, 0) - count) ** 2 / count for name, count in wanted.items())
    return Fairness(chi_square, survival(chi_square, len(wanted) - 1))


def fairness_words(cells: Sequence[Answer | None], expected: Mapping[str, float]) -> str:
    """`χ² 0.32, p = 0.85: shares as expected`, or why there is no such figure; "" when nothing is to be compared."""
    counts = Counter(cell.node for cell in cells if cell is not None and cell.trouble is None)
    shares = {name for name, share in expected.items() if share > 0}
    if not counts or not shares:
        return ""
    if others := sorted(set(counts) - shares):
        return tr("no answer was expected of {nodes}", nodes=names(others))
    if len(shares) < 2:
        return ""
    found = fairness(counts, expected)
    if found is None:
        return tr("too few answers for χ²: choose more cells")
    p = f"p\N{NO-BREAK SPACE}= {number(found.p, 2)}" if found.p >= DOUBT else f"p\N{NO-BREAK SPACE}< {number(DOUBT, 2)}"
    value = number(found.chi_square, 2)
    if found.p >= DOUBT:
        return tr("χ² {value}, {p}: shares as expected", value=value, p=p)
    return tr("χ² {value}, {p}: shares not as expected", value=value, p=p)
