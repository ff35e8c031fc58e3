"""kill -9 of a real agent at instants drawn over named points of its work, and what must be true afterwards.

`python -m tests.e2e.kill_instants [INSTANTS [SEED]]`, 200 by default. The same home is used throughout. After each
kill a new agent starts there and, once its module rests, is audited: the configuration is the old or the new one and
whole, with the scripts of its change run to their ends, every acknowledged log line is there once, no script and no
second application is left, no two scripts ran at once.
"""

import http.client
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.e2e.kill_site import Printers, Site
from tests.e2e.real_farm import running_farm
from tests.fakes.short_directory import short_directory


@dataclass(frozen=True)
class Point:
    """Where to kill: within `span` seconds after the sign; without a sign at any time of the action."""

    name: str
    action: str
    sign: Callable[[Site], Callable[[], bool]] | None = None
    span: float = 0.0


POINTS = (
    Point("stage", "stage"),
    Point("stage: files are written", "stage", Site.writing, 0.05),
    Point("stage: the revision is renamed", "stage", lambda s: s.changed("rev", "new"), 0.005),
    Point("commit", "commit"),
    Point("commit: meta.json is written", "commit", lambda s: s.changed("rev", "new", ".meta.json.new"), 0.002),
    Point("commit: meta.json is renamed", "commit", lambda s: s.changed("rev", "new", "meta.json"), 0.005),
    Point("commit: current is written", "commit", lambda s: s.changed(".current.new"), 0.002),
    Point("commit: current is renamed", "commit", lambda s: s.changed("current"), 0.01),
    Point("commit: config is begun", "commit", lambda s: s.output("_config"), 0.02),
    Point("commit: config runs", "commit", lambda s: s.said("begin config"), 0.05),
    Point("commit: config has ended", "commit", lambda s: s.said("end config"), 0.02),
    Point("commit: postconfig runs", "commit", lambda s: s.said("begin postconfig"), 0.05),
    Point("start", "start"),
    Point("start: the state is written", "start", lambda s: s.changed(".state.json.new"), 0.005),
    Point("start: the state is renamed", "start", lambda s: s.changed("state.json"), 0.01),
    Point("start: prestart is begun", "start", lambda s: s.output("prestart"), 0.02),
    Point("start: start_both is begun", "start", lambda s: s.output("start_both"), 0.02),
    Point("start: start_both runs", "start", lambda s: s.said("begin start_both"), 0.05),
    Point("start: start_both has ended", "start", lambda s: s.said("end start_both"), 0.02),
    Point("stop", "stop"),
    Point("stop: stop_both is begun", "stop", lambda s: s.output("stop_both"), 0.02),
    Point("stop: stop_both has ended", "stop", lambda s: s.said("end stop_both"), 0.02),
    Point("stop: poststop runs", "stop", lambda s: s.said("begin poststop"), 0.05),
    Point("restart", "restart"),
    Point("restart: start_both is begun", "restart", lambda s: s.output("start_both"), 0.02),
    Point("log lines", "idle"),
    Point("log lines, once more", "idle"),
    Point("start of an agent that has to recover", "recovery"),
)


@dataclass(frozen=True)
class Found:
    """What an audit has found after a kill at a point."""

    point: str
    after: float
    sentences: list[str]


class Harness:
    """Kills and audits."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._took: dict[str, float] = {}

    def measure(self) -> None:
        """Do everything once undisturbed, to know how long it takes."""
        self._site.install()
        for action in ("stage", "commit", "start", "restart", "stop", "idle", "recovery"):
            if action != "commit":
                self._site.prepare(action)
            began = time.monotonic()
            getattr(self._site, action)()
            self._took[action] = time.monotonic() - began
            if action == "commit":
                assert not (found := self._site.audit()), found
        self._site.settle()
        assert not (found := self._site.audit()), found

    def kill(self, point: Point, fraction: float) -> Found | None:
        """Kill at `fraction` (0…1) of the point's span; None when all is well afterwards."""
        site, node = self._site, self._site.node
        site.prepare(point.action)
        reached = point.sign(site) if point.sign else lambda: True
        delay = fraction * (point.span if point.sign else self._took[point.action])
        acting = threading.Thread(target=self._act, args=(point.action,))
        acting.start()
        end = time.monotonic() + 10
        while acting.is_alive() and not reached() and time.monotonic() < end:
            time.sleep(0.0002)
        time.sleep(delay)
        while acting.is_alive() and (node.agent is None or node.agent.returncode is not None):
            time.sleep(0.001)  # between two agents of a recovery
        node.kill_agent()
        acting.join()
        node.start_agent()
        try:
            site.settle()
        except AssertionError as error:
            return Found(point.name, delay, [str(error), *(line["text"] for line in node.log()[-20:])])
        return Found(point.name, delay, said) if (said := site.audit()) else None

    def _act(self, action: str) -> None:
        with suppress(OSError, http.client.HTTPException, AssertionError, ValueError):
            getattr(self._site, action)()


@contextmanager
def harness() -> Iterator[Harness]:
    """A node that is ready to be killed."""
    with short_directory() as directory, running_farm(directory, 1) as farm, Printers(farm.nodes[0]) as printers:
        prepared = Harness(Site(farm, printers))
        prepared.measure()
        yield prepared


def instants(count: int, seed: int) -> Iterator[tuple[Point, float]]:
    """So many, evenly over the points and inside of each."""
    chance = random.Random(seed)
    rounds = -(-count // len(POINTS))
    for number in range(count):
        yield POINTS[number % len(POINTS)], (number // len(POINTS) + chance.random()) / rounds


def play(count: int, seed: int) -> list[Found]:
    """Kill so many times; what was found."""
    found = []
    with harness() as ready:
        for number, (point, fraction) in enumerate(instants(count, seed), 1):
            if one := ready.kill(point, fraction):
                found.append(one)
            print(f"{number}/{count} {point.name} {fraction:.2f}: {one.sentences if one else 'good'}", flush=True)
    return found


def main(words: list[str]) -> int:
    """Play and sum up; 1 when something was found."""
    count = int(words[0]) if words else 200
    seed = int(words[1]) if len(words) > 1 else random.randrange(10**6)
    print(f"{count} instants, seed {seed}", flush=True)
    found = play(count, seed)
    print(f"{count} kills, seed {seed}: {len(found)} left something wrong")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
