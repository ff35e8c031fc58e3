"""What waits for the disk: lines, audit lines and resource changes, in their order and bounded in number."""

from collections import deque
from dataclasses import dataclass
from itertools import islice

from nodeagent.contract.api import LogLine
from nodeagent.contract.record_api import AuditLine, ResourceChange
from nodeagent.contract.states import LogType

_BATCH = 1000
_LEAST_FIRST = (LogType.DEBUG, LogType.SCRIPT, LogType.INFO)


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written in one transaction."""

    lines: tuple[LogLine, ...] = ()
    audits: tuple[AuditLine, ...] = ()
    changes: tuple[ResourceChange, ...] = ()

    def __len__(self) -> int:
        return len(self.lines) + len(self.audits) + len(self.changes)

    @property
    def verbose(self) -> bool:
        """Nothing in it is worth a place in a full queue."""
        return not self.audits and not self.changes and all(line.type is LogType.DEBUG for line in self.lines)


class Backlog:
    """At most `limit` of each kind. `dropped` counts what had to go, until it is set back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.lines: deque[LogLine] = deque()
        self._audits: deque[AuditLine] = deque()
        self._changes: deque[ResourceChange] = deque()
        self.dropped = 0

    def add(self, line: LogLine) -> bool:
        """Take a line; False when lines had to be dropped for it."""
        self.lines.append(line)
        if len(self.lines) <= self._limit:
            return True
        self._make_room()
        return False

    def add_audit(self, line: AuditLine) -> None:
        """Take an audit line, unless too many wait."""
        if len(self._audits) < self._limit:
            self._audits.append(line)
        else:
            self.dropped += 1

    def add_change(self, change: ResourceChange) -> None:
        """Take a resource change, unless too many wait."""
        if len(self._changes) < self._limit:
            self._changes.append(change)
        else:
            self.dropped += 1

    def waits(self, cursor: int) -> bool:
        """Whether a line up to this cursor, or anything that is no line, is not written yet."""
        return bool(self._audits or self._changes or (self.lines and self.lines[0].cursor <= cursor))

    def next(self) -> Batch:
        """The oldest of each kind; they stay here until they are forgotten."""
        return Batch(
            tuple(islice(self.lines, _BATCH)), tuple(islice(self._audits, _BATCH)), tuple(islice(self._changes, _BATCH))
        )

    def forget(self, batch: Batch) -> None:
        """They are on the disk, or dropped; some lines may have been dropped while they were being written."""
        while batch.lines and self.lines and self.lines[0].cursor <= batch.lines[-1].cursor:
            self.lines.popleft()
        for _ in batch.audits:
            self._audits.popleft()
        for _ in batch.changes:
            self._changes.popleft()

    def _make_room(self) -> None:
        """A tenth of the room at once: the oldest verbose lines, then those of scripts, then information, then any."""
        before = len(self.lines)
        excess = before - (self._limit - max(1, self._limit // 10))
        for kind in (*_LEAST_FIRST, None):
            kept: deque[LogLine] = deque()
            for line in self.lines:
                if excess > 0 and kind in (None, line.type):
                    excess -= 1
                else:
                    kept.append(line)
            self.lines = kept
        self.dropped += before - len(self.lines)
