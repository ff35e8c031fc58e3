"""The lines of one node that the timeline needs: those the console has already, the rest of the day from its disk."""

from collections.abc import Sequence

from app.viewmodels.events_model import new_lines
from app.viewmodels.session_model import Session, failure_words
from app.viewmodels.text import DAY
from app.viewmodels.timeline_story import STATE_WORDS, TYPES, Story, state_of, story, worth_telling
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import LogLine, LogQuery

PAGE, PAGES = 5000, 4
"""Lines in an answer, and answers asked for at most."""
BEFORE = 20
"""Lines looked at for the state that a module had before the day began."""
KEPT = 2000
"""Lines kept of a node."""


class NodeLog:
    """One node's part. `read` once, then `follow` what comes."""

    def __init__(self, session: Session, node: str) -> None:
        self._session, self.node = session, node
        self._lines: list[LogLine] = []
        self._before: dict[str, LogLine] = {}
        """By module the change of state that was the last before the day began."""
        self._changed: set[str] = set()
        """Modules whose state changed in the day: what they were before it must be asked for, once."""
        self._asked: set[str] = set()
        self._cursor = 0
        self._told: tuple[tuple[int, int, float], Story] | None = None
        self.reading = False
        self.was_read = False
        self.tried = 0.0
        """When it was asked for last, wall-clock seconds here."""
        self.trouble = ""
        """Why its log cannot be read."""
        self.known_from = 0.0
        """Wall-clock seconds of the node before which too much was written to be read; 0 = the day is known."""

    def follow(self, now: float) -> bool:
        """Take up what the console has seen of its log by now. False when lines between are missing: read anew."""
        watched = self._session.watcher(self.node)
        kept = watched.lines
        if kept and self._cursor and not kept[0].cursor - 1 <= self._cursor <= kept[-1].cursor:
            self.was_read = False
            return False
        lines, self._cursor = new_lines(watched, self._cursor)
        fresh = [line for line in lines if worth_telling(line)]
        self._lines += fresh
        self._changed.update(line.module for line in fresh if state_of(line))
        self._shorten(now)
        return True

    @property
    def wants_past(self) -> bool:
        """Whether `read_past` has something to ask."""
        return self.was_read and bool(self._changed - self._asked - self._before.keys())

    def forget(self) -> None:
        """Another log answers under this name, or a part of it was missed."""
        self._lines, self._before, self._cursor, self.was_read, self._told = [], {}, 0, False, None
        self._changed, self._asked = set(), set()
        self.known_from = 0.0

    async def read(self, now: float) -> None:
        """Read the day up to what is known, and what the modules that changed were before it.

        `now` is on the node's clock.
        """
        self.reading = True
        self.forget()
        try:
            self.follow(now)
            older, complete = await self._day(now)
            told = [line for line in older if worth_telling(line)]
            self._lines[:0] = told
            self._changed.update(line.module for line in told if state_of(line))
            if not complete and older:
                self.known_from = older[0].time
            self.trouble, self.was_read, self._told = "", True, None
            await self._past(now)
        except CallFailed as failed:
            self.trouble = failure_words(failed)
        finally:
            self.reading = False

    async def read_past(self, now: float) -> None:
        """Read what the modules that have changed since were before the day."""
        self.reading = True
        try:
            await self._past(now)
        except CallFailed:
            return  # the lane begins with its first change
        finally:
            self.reading = False

    def story(self, shift: float) -> Story:
        """What the lines tell, on the axis."""
        known = (len(self._lines), self._lines[-1].cursor if self._lines else 0, shift)
        if self._told is None or self._told[0] != known:
            before = sorted(self._before.values(), key=lambda line: line.cursor)
            self._told = known, story((*before, *self._lines), shift)
        return self._told[1]

    async def _day(self, now: float) -> tuple[Sequence[LogLine], bool]:
        """The lines of the day before those that are known, and whether that is all of them."""
        known = self._session.watcher(self.node).lines
        until, before = (known[0].time, known[0].cursor) if known else (0.0, 0)
        found: list[LogLine] = []
        for _ in range(PAGES):
            if until and until < now - DAY:
                return found, True
            query = LogQuery(types=TYPES, since=max(now - DAY, 0.0), until=until, limit=PAGE, newest=True)
            page = await self._session.log(self.node, query)
            fresh = [line for line in page.lines if not before or line.cursor < before]
            found[:0] = fresh
            if len(page.lines) < PAGE or not fresh:
                return found, True
            until, before = fresh[0].time, fresh[0].cursor
        return found, False

    async def _past(self, now: float) -> None:
        """Of a module that did not change in the day the node itself says since when it is what it is."""
        for module in sorted(self._changed - self._asked - self._before.keys()):
            self._asked.add(module)
            moment = self.known_from or now - DAY
            query = LogQuery(module=module, types="I", text=STATE_WORDS, until=moment, limit=BEFORE, newest=True)
            page = await self._session.log(self.node, query)
            told = [line for line in page.lines if line.module == module and line.time <= moment and state_of(line)]
            if told:
                self._before.setdefault(module, told[-1])
                self._told = None

    def _shorten(self, now: float) -> None:
        """Lines older than a day go, and the oldest of too many; the state they tell of stays known."""
        old = next((at for at, line in enumerate(self._lines) if line.time >= now - DAY), len(self._lines))
        gone = max(old, len(self._lines) - KEPT)
        if gone <= 0:
            return
        for line in self._lines[:gone]:
            if state_of(line) is not None:
                self._before[line.module] = line
        del self._lines[:gone]
        if gone > old and self._lines:
            self.known_from = self._lines[0].time
