"""kill -9 of a real agent at instants drawn over named points of its work, and what must be true afterwards.

`python -m tests.e2e.kill_instants [INSTANTS [SEED]]`, 200 by default. The same home is used throughout. After each
kill a new agent starts there and, once its module rests, is audited: the configuration is the old or the new one and
whole, every acknowledged log line is there once, no script and no second application is left, no two scripts ran at
once.
"""

import base64
import http.client
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.real_farm import APP, RealFarm, RealNode, running_farm, until

SCRIPT = b"""#!/bin/bash
name=${0##*/}
exec 9>>"$SAFEUSERVAR/running"
flock -n 9 || echo "two $name $$" >> "$SAFEUSERVAR/marks"
echo "begin $name $$" >> "$SAFEUSERVAR/marks"
sleep 0.03
%s
echo "end $name $$" >> "$SAFEUSERVAR/marks"
"""
"""Holds a lock as long as it, or a child of it that is not the application, lives."""

BEGIN = f'setsid bash -c "exec -a {APP}-$SAFENODE sleep 3600" >/dev/null 2>&1 </dev/null 9>&- &'
WORK = {"prestart": "", "start_both": BEGIN, "stop_both": f'pkill -9 -f "^{APP}-$SAFENODE "', "poststop": ""}
SCRIPTS = {f"bin/{name}": SCRIPT % work.encode() for name, work in WORK.items()}

USERCONFIG = f"""<!DOCTYPE safe>
<safe>
  <service mode="farm" boot="on" loop_interval="0">
    <farm><lan name="default"/></farm>
    <errd polltimer="5"><proc name="app" nameregex="sleep" argregex="^{APP}-%SAFENODE% " class="both"/></errd>
    <user nicestoptimeout="20" forcestoptimeout="20" starttimeout="20"><var name="GENERATION" value="@"/></user>
  </service>
</safe>
"""
PADDING = 20
"""Files beside the scripts, so that writing a revision takes its time."""


def module_files(generation: int) -> dict[str, bytes]:
    """A whole module; every file but the scripts names the generation."""
    said = f"generation {generation}\n".encode()
    padding = {f"conf/part{number:02}": said * 500 for number in range(PADDING)}
    return {**SCRIPTS, **padding, "conf/userconfig.xml": USERCONFIG.replace("@", str(generation)).encode()}


class Printers:
    """Clients that print errors without end and remember which ones the agent has acknowledged."""

    def __init__(self, node: RealNode) -> None:
        self._node, self._ended = node, threading.Event()
        self.acknowledged: set[str] = set()
        self._threads = [threading.Thread(target=self._print, args=(number,)) for number in range(2)]

    def __enter__(self) -> "Printers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _print(self, number: int) -> None:
        count = 0
        while not self._ended.wait(0.004):
            text = f"line {count} of {number}"
            count += 1
            with suppress(OSError, http.client.HTTPException, AssertionError):
                self._node.ask("POST", "/modules/farm/print", {"text": text, "error": True, "origin": "test"})
                self.acknowledged.add(text)


class Site:
    """One node with its module, and what is known of it."""

    def __init__(self, farm: RealFarm, printers: Printers) -> None:
        self.node, self._printers = farm.nodes[0], printers
        self.home = self.node.home / "var" / "modules" / "farm"
        self.marks = self.home / "var" / "marks"
        self.generation, self._pending = 0, 0
        self._signatures: dict[int, str] = {}
        self._committed = False

    def install(self) -> None:
        """The first generation."""
        self.stage()
        self.commit()
        assert not (found := self.audit()), found

    # --- what an agent can be killed in ----------------------------------------------------------

    def stage(self) -> None:
        """Stage the next generation."""
        self._pending = self.generation + 1
        files = {path: base64.b64encode(data).decode() for path, data in module_files(self._pending).items()}
        staged = self.node.ask("POST", "/modules/farm/stage", {"files": files, "nodes": [self.node.name]})
        assert staged["ok"], staged
        self._signatures[self._pending] = staged["signature"]

    def commit(self) -> None:
        """Commit it."""
        self.node.ask("POST", "/modules/farm/commit", {"signature": self._signatures[self._pending]})
        self._committed = True

    def start(self) -> None:
        """To Ready."""
        self.node.order("start", wait=20)

    def stop(self) -> None:
        """To STOP."""
        self.node.order("stop", wait=20)

    def restart(self) -> None:
        """Once more to Ready."""
        before = self.marks.read_text().count("end start_both")
        self.node.order("restart")
        until(lambda: self.marks.read_text().count("end start_both") > before, 20, "restarted")
        self.settle()

    def idle(self) -> None:
        """Nothing but the printers."""
        time.sleep(0.2)

    def recovery(self) -> None:
        """An agent that takes up a start which the one before it has not finished."""
        self.node.spawn_agent()
        agent = self.node.agent
        assert agent is not None
        until(lambda: self.node.answers() or agent.poll() is not None, 20, "it answers")
        self.settle()

    # --- signs that a point was reached -----------------------------------------------------------

    def changed(self, *path: str) -> Callable[[], bool]:
        """A file of the module is another one than now; `new` is the revision after the last."""
        new = max(int(entry.name) for entry in (self.home / "rev").iterdir() if entry.name.isdigit())
        staged = new + (not self._pending)
        file = self.home.joinpath(*(part.replace("new", str(staged)) for part in path))
        before = inode(file)
        return lambda: inode(file) != before

    def writing(self) -> Callable[[], bool]:
        """The directory beside the revisions has appeared."""
        rev = self.home / "rev"
        return lambda: any(entry.name.endswith(".new") for entry in rev.iterdir())

    def said(self, mark: str) -> Callable[[], bool]:
        """A script has written this mark once more."""
        before = self._marks().count(mark)
        return lambda: self._marks().count(mark) > before

    def output(self, script: str) -> Callable[[], bool]:
        """The file that this script's next run writes into has appeared: it is about to be started."""
        known = set((self.home / "userlog").iterdir())
        return lambda: any(script in file.name for file in set((self.home / "userlog").iterdir()) - known)

    # --- the audit -------------------------------------------------------------------------------

    def settle(self) -> None:
        """Wait until the module rests."""
        until(lambda: self.node.shown() in ("STOP NotReady", "UP Ready") and self._at_rest(), 30, "the module rests")

    def prepare(self, action: str) -> None:
        """Bring about the state in which the action makes sense."""
        up = self.node.shown() == "UP Ready"
        if action in ("start", "recovery") and up:
            self.stop()
        elif action in ("stop", "restart") and not up:
            self.start()
        if action == "commit":
            self.stage()
        self.settle()
        if action == "recovery":
            begun = self.said("begin start_both")
            self.node.order("start")
            until(begun, 10, "start_both begins")
            self.node.kill_agent()

    def audit(self) -> list[str]:
        """What is not as it must be, in sentences. The module must have settled."""
        found = [*self._configuration(), *self._lines(), *self._processes()]
        found += [f"two scripts at once: {line}" for line in self._marks().splitlines() if line.startswith("two")]
        with suppress(FileNotFoundError):
            self.marks.unlink()
        self._pending, self._committed = 0, False
        return found

    def _configuration(self) -> Iterator[str]:
        rev = self.home / "rev" / (self.home / "current").read_text().strip()
        present = {
            f"{root}/{file.name}": file.read_bytes() for root in ("bin", "conf") for file in (rev / root).iterdir()
        }
        new = [self._pending] if self._pending in self._signatures else []
        possible = new if self._committed else [self.generation, *new]
        whole = [generation for generation in possible if module_files(generation) == present]
        if not whole:
            yield f"revision {rev.name} is none of the generations {possible} in whole"
            return
        self.generation = whole[0]
        told = next(module for module in self.node.get("/modules") if module["name"] == "farm")
        if told["signature"] != self._signatures[self.generation]:
            yield f"the agent tells another signature than that of generation {self.generation}: {told}"

    def _lines(self) -> Iterator[str]:
        wanted = set(self._printers.acknowledged)
        database = f"file:{self.node.home}/var/records.db?mode=ro"
        with closing(sqlite3.connect(database, uri=True)) as records:
            there = Counter(text for (text,) in records.execute("SELECT text FROM line WHERE origin = 'test'"))
            yield from (text for (text,) in records.execute("SELECT text FROM line WHERE type = 'C'"))
        yield from (f"acknowledged, but not in the log: {text}" for text in wanted - there.keys())
        yield from (f"{times} times in the log: {text}" for text, times in there.items() if times > 1)

    def _processes(self) -> Iterator[str]:
        with suppress(AssertionError):
            until(self._nothing_left, 5, "nothing is left")
        up = self.node.shown() == "UP Ready"
        applications, others = self._running()
        if len(applications) != up:
            yield f"{len(applications)} applications run while the module is {self.node.shown()}: {applications}"
        yield from (f"left behind: {words}" for words in others)

    def _nothing_left(self) -> bool:
        applications, others = self._running()
        return not others and len(applications) == (self.node.shown() == "UP Ready")

    def _running(self) -> tuple[list[str], list[str]]:
        assert self.node.agent is not None
        words = []
        for process in self.node.processes():
            with suppress(Exception):  # it has just ended
                words.append((process.pid, f"{' '.join(process.cmdline())} ({process.pid})"))
        rest = [line for pid, line in words if pid != self.node.agent.pid]
        return [x for x in rest if x.startswith(APP)], [x for x in rest if not x.startswith(APP)]

    def _at_rest(self) -> bool:
        return self.node.module()["script"] is None

    def _marks(self) -> str:
        try:
            return self.marks.read_text()
        except FileNotFoundError:
            return ""


def inode(file: Path) -> int:
    """0 = it is not there."""
    try:
        return file.stat().st_ino
    except OSError:
        return 0


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
    directory = Path(tempfile.mkdtemp(prefix="kg-"))
    try:
        with running_farm(directory, 1) as farm, Printers(farm.nodes[0]) as printers:
            prepared = Harness(Site(farm, printers))
            prepared.measure()
            yield prepared
    finally:
        shutil.rmtree(directory, ignore_errors=True)


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
