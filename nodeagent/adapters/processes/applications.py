"""Finds and watches the processes of the monitored applications."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from nodeagent.adapters.processes.matching import Patterns
from nodeagent.adapters.processes.system import WINDOWS, Death, Deaths, command_line, created, programs
from nodeagent.contract.config import ProcRule
from nodeagent.core.events import ProcessDied, ProcessesSeen, ProcessRef
from nodeagent.engine.ports import Post
from nodeagent.os_services import Service, Unanswered, services

Found = dict[str, tuple[ProcessRef, ...]]
"""Key of a rule → the living processes it means."""


class ApplicationProcesses:
    """The port `Processes`. Made and used in the loop's thread; looks at the process table in its own."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._loop = asyncio.get_running_loop()
        self._deaths = Deaths(self._loop)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="scan")
        self._watched: dict[str, dict[ProcessRef, Death]] = {}
        self._excluded: frozenset[ProcessRef] = frozenset()
        self._found: dict[str, Found] = {}
        """What the last scan of a module saw."""
        self._scanning: dict[str, tuple[ProcRule, ...] | None] = {}
        """Modules with a scan under way, and what to look for once more after it."""
        self._closed = False

    def scan(self, module: str, procs: tuple[ProcRule, ...]) -> None:
        """Look in a thread and post ProcessesSeen.

        A scan asked for while one is under way begins after it, since that one may have passed the
        change already; all that are asked for in the meantime are one.
        """
        if module in self._scanning:
            self._scanning[module] = procs
            return
        self._scanning[module] = None
        before = self._found.get(module, {})
        future = self._loop.run_in_executor(self._threads, look, procs, self._excluded, before)
        future.add_done_callback(partial(self._seen, module))

    def watch(self, module: str, processes: frozenset[ProcessRef]) -> None:
        """Post ProcessDied for each of them that ends; replaces the module's last set.

        A service without a process of its own (pid 0) has no death to wait for: scans see its end.
        """
        processes = frozenset(process for process in processes if process.pid)
        watched = self._watched.setdefault(module, {})
        for process in watched.keys() - processes:
            watched.pop(process).cancel()
        for process in processes - watched.keys():
            watched[process] = self._deaths.watch(process, partial(self._died, module, process))

    def exclude(self, processes: frozenset[ProcessRef]) -> None:
        """Processes never counted; scans that begin from now on know it."""
        self._excluded = processes

    async def close(self) -> None:
        """Stop watching; what is under way posts nothing any more."""
        self._closed = True
        for watched in self._watched.values():
            for death in watched.values():
                death.cancel()
        self._watched.clear()
        self._deaths.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _seen(self, module: str, future: asyncio.Future[Found]) -> None:
        if self._closed:
            return
        again = self._scanning.pop(module)
        found = self._found[module] = future.result()
        self._post(ProcessesSeen(module, found))
        if again is not None:
            self.scan(module, again)

    def _died(self, module: str, process: ProcessRef) -> None:
        del self._watched[module][process]
        self._post(ProcessDied(module, process))


def look(procs: tuple[ProcRule, ...], excluded: frozenset[ProcessRef], before: Found) -> Found:
    """The living processes each rule means. The caller and `excluded` are never among them. Blocks.

    Of a service it is the main process. `before`: what the last look found; it counts for the services,
    as far as it still lives, when their manager does not answer, for a silent manager proves no loss.
    """
    found: dict[str, set[ProcessRef]] = {rule.key: set() for rule in procs}
    patterns = Patterns(procs, windows=WINDOWS)
    me = os.getpid()
    for pid, names in programs() if patterns else ():
        if pid != me:
            for key in patterns.meaning(names, partial(command_line, pid)):
                if process := _living(pid):
                    found[key].add(process)
    asked = {rule.key: rule.name for rule in procs if rule.service}
    try:
        states = services(asked.values()) if asked else {}
        found |= {key: _main_process(states[name]) for key, name in asked.items()}
    except Unanswered:
        found |= {key: {p for p in before.get(key, ()) if not p.pid or _living(p.pid) == p} for key in asked}
    return {key: tuple(sorted(processes - excluded)) for key, processes in found.items()}


def _living(pid: int) -> ProcessRef | None:
    began = created(pid)
    return None if began is None else ProcessRef(pid, began)


def _main_process(service: Service) -> set[ProcessRef]:
    """What stands for a service: its process or, where it has none, pid 0 and the time of its start."""
    if not service.serves:
        return set()
    process = _living(service.pid) if service.pid else ProcessRef(0, service.since)
    return {process} if process else set()
