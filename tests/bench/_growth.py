"""Whether a figure grows while something is done again and again."""

from collections.abc import Sequence
from dataclasses import dataclass

OBJECT = 64
"""Bytes that one object of Python takes at least, with the place that holds it."""
ONE_MORE = 1.6
"""By least squares, one thing more makes the line rise by 1.5 at most, at whatever cycle it came."""


@dataclass(frozen=True)
class Line:
    """A straight line through a figure: what it rises from the first cycle to the last, and how far samples lie off."""

    rise: float
    noise: float
    """The standard deviation of the samples from the line."""

    def grows(self, allowed: float) -> bool:
        """Whether it rises by more than its noise, and by more than is allowed."""
        return self.rise > max(self.noise, allowed)


def line(cycles: Sequence[int], values: Sequence[float]) -> Line:
    """Least squares; at least two samples, of different cycles."""
    count = len(cycles)
    middle, height = sum(cycles) / count, sum(values) / count
    pairs = [(cycle - middle, value - height) for cycle, value in zip(cycles, values, strict=True)]
    slope = sum(x * y for x, y in pairs) / sum(x * x for x, _ in pairs)
    off = sum((y - slope * x) ** 2 for x, y in pairs) / count
    return Line(slope * (cycles[-1] - cycles[0]), off**0.5)


def memory_allowed(cycles: int) -> float:
    """MiB by which memory may rise: less than one object that each cycle leaves behind."""
    return OBJECT * cycles / 2**20
