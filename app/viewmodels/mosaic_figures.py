"""The figures of the load-balancing test: who answered how often, against what is expected, and how fast."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.services.mosaic_probe import Answer, ProbeTrouble
from app.viewmodels.text import milliseconds, percent, tr


@dataclass(frozen=True)
class Round:
    """All cells once. `at` is wall-clock seconds of this computer; a cell still under way is None."""

    at: float
    cells: tuple[Answer | None, ...]
    expected: Mapping[str, float] = field(default_factory=dict)
    """Node → its share at that moment, percent."""

    @property
    def answered(self) -> int:
        """How many cells have a result, good or bad."""
        return sum(cell is not None for cell in self.cells)


@dataclass(frozen=True)
class LegendRow:
    """A node in the legend; `number` is its place in the cluster and its colour, 0 = failed connections."""

    number: int
    name: str
    count: int
    share: str
    expected: str
    p50: str
    p99: str


@dataclass(frozen=True)
class StripBar:
    """One round in the strip: parts of 1 by node number, lowest first; 0 = failed."""

    at: float
    parts: tuple[tuple[int, float], ...]


def numbered(cells: Sequence[Answer | None], nodes: Sequence[str]) -> tuple[int | None, ...]:
    """The number of each cell: the node's place from 1, 0 = failed, None = under way."""
    places = {name: number for number, name in enumerate(nodes, 1)}
    return tuple(
        None if cell is None else 0 if cell.trouble else cell.colour or places.get(cell.node, len(nodes) + 1)
        for cell in cells
    )


def legend(
    cells: Sequence[Answer | None], nodes: Sequence[str], expected: Mapping[str, float]
) -> tuple[LegendRow, ...]:
    """A row for each node of the cluster, for others that answered, and for failures; `expected` in percent."""
    done = [cell for cell in cells if cell is not None]
    numbers = numbered(done, nodes)
    names = dict(enumerate(nodes, 1))
    for number, cell in zip(numbers, done, strict=True):
        if number:
            names.setdefault(number, cell.node)
    counts = Counter(numbers)
    rows = [
        _row(
            number,
            names[number],
            [cell for at, cell in zip(numbers, done, strict=True) if at == number],
            len(done),
            expected,
        )
        for number in sorted(names)
    ]
    failed = counts[0]
    share = percent(100 * failed / len(done)) if failed else ""
    return (*rows, LegendRow(0, tr("failed"), failed, share, "", "", ""))


def _row(number: int, name: str, mine: Sequence[Answer], total: int, expected: Mapping[str, float]) -> LegendRow:
    times = sorted(cell.seconds for cell in mine)
    return LegendRow(
        number,
        name,
        len(mine),
        percent(100 * len(mine) / total) if total else "",
        percent(expected[name]) if name in expected else "",
        milliseconds(quantile(times, 0.5)) if times else "",
        milliseconds(quantile(times, 0.99)) if times else "",
    )


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of the ordered values lies (nearest rank)."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def latency(cells: Sequence[Answer | None]) -> tuple[str, str]:
    """p50 and p99 over all good cells, "" without one."""
    times = sorted(cell.seconds for cell in cells if cell is not None and cell.trouble is None)
    return (milliseconds(quantile(times, 0.5)), milliseconds(quantile(times, 0.99))) if times else ("", "")


def strip(rounds: Sequence[Round], nodes: Sequence[str]) -> tuple[StripBar, ...]:
    """A bar for each round."""
    bars = []
    for one in rounds:
        counts = Counter(number for number in numbered(one.cells, nodes) if number is not None)
        total = counts.total()
        order = sorted(counts, key=lambda number: (number == 0, number))
        bars.append(StripBar(one.at, tuple((number, counts[number] / total) for number in order)))
    return tuple(bars)


def failure_words(cells: Sequence[Answer | None]) -> str:
    """Why cells failed: `refused 3, timed out 1`; "" when none did."""
    counts = Counter(cell.trouble for cell in cells if cell is not None and cell.trouble)
    return ", ".join(f"{trouble_words(trouble)} {count}" for trouble, count in counts.most_common() if trouble)


def trouble_words(trouble: ProbeTrouble) -> str:
    """Why a cell failed, in a word."""
    return {
        ProbeTrouble.REFUSED: tr("refused"),
        ProbeTrouble.TIMED_OUT: tr("timed out"),
        ProbeTrouble.RESET: tr("cut off"),
        ProbeTrouble.UNREACHABLE: tr("unreachable"),
        ProbeTrouble.NOT_UNDERSTOOD: tr("no node named in the answer"),
    }[trouble]


def trouble_remedy(trouble: ProbeTrouble, place: str) -> str:
    """What to do when every cell failed like this."""
    return {
        ProbeTrouble.REFUSED: tr(
            "Nothing listens on {place}. Check address and port; a load balancer without a good node may refuse, too.",
            place=place,
        ),
        ProbeTrouble.TIMED_OUT: tr(
            "{place} does not answer. Check address and port, and the firewall between this computer and it.",
            place=place,
        ),
        ProbeTrouble.RESET: tr(
            "{place} takes the connection and cuts it: a load balancer does so while no node is Ready.", place=place
        ),
        ProbeTrouble.UNREACHABLE: tr("There is no way from this computer to {place}.", place=place),
        ProbeTrouble.NOT_UNDERSTOOD: tr(
            "{place} answers, but names no node: it is not the health port of a Keepgreen node.", place=place
        ),
    }[trouble]
