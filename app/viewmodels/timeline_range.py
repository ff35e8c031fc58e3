"""The part of the last 24 hours that is looked at, and where its axis has figures. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.viewmodels.text import DAY, HOUR, MINUTE, clock, clock_fine, short_clock, tr

SPANS = (10, MINUTE, 3 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY)
"""Seconds that can be looked at at once."""
FIRST_SPAN = HOUR
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600)
"""Seconds between two figures of an axis."""


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` on for `span` seconds, wall-clock seconds; `live` goes on with the time."""

    start: float
    span: int = FIRST_SPAN
    live: bool = True

    @property
    def end(self) -> float:
        """Where it ends."""
        return self.start + self.span

    def at(self, now: float) -> "Range":
        """What it is now: at the right edge while live, never out of the 24 hours."""
        least, most = now - DAY, now - self.span
        start = most if self.live else min(max(self.start, least), most)
        return self if start == self.start else replace(self, start=start)

    def moved(self, start: float, now: float) -> "Range":
        """From another moment on; at the right edge it is live."""
        return Range(start, self.span, live=start >= now - self.span).at(now)

    def centred(self, moment: float, now: float) -> "Range":
        """With this moment in its middle; it stands still."""
        return Range(moment - self.span / 2, self.span, live=False).at(now)

    def spanned(self, span: int, now: float, around: float | None = None) -> "Range":
        """Longer or shorter; the moment `around`, or the middle, keeps its place. Live stays live."""
        if self.live and around is None:
            return Range(now - span, span).at(now)
        fixed = self.start + self.span / 2 if around is None else around
        start = fixed - (fixed - self.start) / self.span * span
        return Range(start, span, live=False).moved(start, now)

    def zoomed(self, steps: int, now: float, around: float | None = None) -> "Range":
        """So many of SPANS longer (shorter when negative)."""
        place = min(max(SPANS.index(self.span) + steps, 0), len(SPANS) - 1)
        return self if SPANS[place] == self.span else self.spanned(SPANS[place], now, around)

    def holds(self, moment: float) -> bool:
        """Whether this moment is in it."""
        return self.start <= moment <= self.end


def fitting(begin: float, end: float, now: float) -> Range:
    """The shortest range with all of this in it, and a little around; live while it goes on."""
    wanted = (end - begin) * 1.25
    span = next((one for one in SPANS if one >= wanted), DAY)
    if end >= now:
        return Range(now - span, span).at(now)
    return Range(0.0, span).centred((begin + end) / 2, now)


def span_words(seconds: int) -> str:
    """`10 s`, `3 min`, `6 h`."""
    if seconds < MINUTE:
        return tr("{seconds} s", seconds=seconds)
    if seconds < HOUR:
        return tr("{minutes} min", minutes=seconds // MINUTE)
    return tr("{hours} h", hours=seconds // HOUR)


def ticks(start: float, end: float, most: int) -> Iterator[tuple[float, str]]:
    """At most about so many round times in there, each with its figures."""
    step = next((one for one in STEPS if (end - start) / one <= max(most, 1)), STEPS[-1])
    ahead = _ahead_of_utc(start)
    moment = ((start + ahead) // step + 1) * step - ahead
    while moment < end:
        yield moment, clock(moment) if step < MINUTE else short_clock(moment)
        moment += step


def moment_words(moment: float, span: float) -> str:
    """A moment as finely as it can be pointed at in such a span."""
    return clock_fine(moment) if span <= HOUR else clock(moment)


def _ahead_of_utc(when: float) -> float:
    """Seconds that the clock on the wall is ahead of UTC."""
    offset = datetime.fromtimestamp(when, UTC).astimezone().utcoffset()
    return offset.total_seconds() if offset is not None else 0.0
