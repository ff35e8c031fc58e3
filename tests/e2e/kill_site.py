"""One node that is killed again and again, with what is known of it and what must be true of it afterwards."""

import base64
import http.client
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from tests.e2e.real_farm import APP, RealFarm, RealNode, until

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
WORK = {
    "config": "",
    "postconfig": "",
    "prestart": "",
    "start_both": BEGIN,
    "stop_both": f'pkill -9 -f "^{APP}-$SAFENODE "',
    "poststop": "",
}
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
        if whole[0] != self.generation:
            ended = [script for script in ("config", "postconfig") if f"end {script} " in self._marks()]
            if ended != ["config", "postconfig"]:
                yield f"generation {whole[0]} is in force, of its scripts only {ended} came to their ends"
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
        return self.node.module()["script"] is None and not (self.home / "change.json").exists()

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
