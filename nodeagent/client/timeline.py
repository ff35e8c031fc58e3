"""Log lines of several nodes on one time axis, whatever their clocks say."""

from collections.abc import Iterable
from dataclasses import dataclass

from nodeagent.contract.api import LogLine


@dataclass(frozen=True, slots=True)
class NodeLines:
    """Lines of one node; `offset` is what its clock is ahead of the axis, in seconds."""

    lines: tuple[LogLine, ...]
    offset: float


@dataclass(frozen=True, slots=True)
class TimedLine:
    """A line and its time on the axis, in seconds since 1970."""

    time: float
    line: LogLine


def clock_offset(now: float, asked: float, answered: float) -> float:
    """What a node's clock is ahead of ours, in seconds: `now` of its answer against when we asked and were answered.

    Wrong by at most half the time the answer took.
    """
    return now - (asked + answered) / 2


def merge_lines(nodes: Iterable[NodeLines]) -> tuple[TimedLine, ...]:
    """All lines by their time on the axis; the lines of one node stay in the order it wrote them.

    A node whose clock was set back goes on at the time of its latest line, so that no effect comes before its cause.
    """
    timed: list[TimedLine] = []
    for node in nodes:
        latest = 0.0
        for line in sorted(node.lines, key=lambda one: one.cursor):
            latest = max(latest, line.time - node.offset)
            timed.append(TimedLine(latest, line))
    return tuple(sorted(timed, key=lambda one: (one.time, one.line.node, one.line.cursor)))
