"""A network in virtual time: loses, delays, doubles and reorders datagrams, cuts directions."""

from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple


class Delivery(NamedTuple):
    at: float
    number: int
    lan: str
    source: str
    target: str
    data: bytes


class FakeNetwork:
    """`cuts` holds directions (from, to, lan) that carry nothing; delays are uniform between 0.1 ms and `delay`."""

    def __init__(self, random: Random) -> None:
        self.loss = 0.0
        self.doubled = 0.0
        self.delay = 0.001
        self.cuts: set[tuple[str, str, str]] = set()
        self.sent = 0
        self._random = random
        self._numbers = count()
        self._queue: list[Delivery] = []

    def send(self, now: float, lan: str, source: str, target: str, data: bytes) -> None:
        self.sent += 1
        if (source, target, lan) in self.cuts or self._random.random() < self.loss:
            return
        for _ in range(2 if self._random.random() < self.doubled else 1):
            at = now + self._random.uniform(0.0001, self.delay)
            heappush(self._queue, Delivery(at, next(self._numbers), lan, source, target, data))

    def cut(self, source: str, target: str, *lans: str) -> None:
        self.cuts |= {(source, target, lan) for lan in lans}

    def part(self, one: set[str], other: set[str], *lans: str) -> None:
        for a in one:
            for b in other:
                self.cut(a, b, *lans)
                self.cut(b, a, *lans)

    def heal(self) -> None:
        self.cuts.clear()

    @property
    def next_at(self) -> float | None:
        return self._queue[0].at if self._queue else None

    def deliveries(self, now: float) -> list[Delivery]:
        due = []
        while self._queue and self._queue[0].at <= now:
            due.append(heappop(self._queue))
        return due
