"""The checkers of all modules: which run, and of what kind each is."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from nodeagent.adapters.checkers.checker import DEFAULT_INTERVAL, DEFAULT_TIMEOUT, Checker
from nodeagent.adapters.checkers.custom import FIRST_PAUSE, CustomChecker
from nodeagent.adapters.checkers.fetch import Fetcher, Trust, url_host
from nodeagent.adapters.checkers.http import HttpLook
from nodeagent.adapters.checkers.link_events import LinkEvents, link_events
from nodeagent.adapters.checkers.local_net import InterfaceLook, IpLook, LinkLook, LocalNet, interfaces
from nodeagent.adapters.checkers.look import Look
from nodeagent.adapters.checkers.names import Names
from nodeagent.adapters.checkers.other_module import ModuleLook
from nodeagent.adapters.checkers.ping import PingLook
from nodeagent.adapters.checkers.tcp import TcpLook
from nodeagent.contract.config import CheckerRule
from nodeagent.core.events import CheckerResult
from nodeagent.engine.leisure import Leisure
from nodeagent.engine.ports import CheckerJob, Post, Programs

USUAL_PORT = "9010"
_LOCAL = frozenset({"ip", "intf"})


class _Checking(Protocol):
    def now(self, round: int | None = None) -> None: ...

    async def run(self) -> None: ...


@dataclass(slots=True)
class _Running:
    job: CheckerJob
    checking: _Checking
    task: asyncio.Task[None]
    heard: bool = True


class ModuleCheckers:
    """The port `Checkers`. Each checker is a task of its own in `tasks`.

    `health`: address (empty: all) and port of this node's own public port, for `module` checkers that name
    no node. `programs` runs the custom ones; `pause`: seconds before one that ended is first started again.
    """

    def __init__(
        self,
        post: Post,
        tasks: asyncio.TaskGroup,
        programs: Programs,
        health: tuple[str, int],
        leisure: Leisure,
        pause: float = FIRST_PAUSE,
    ) -> None:
        self._post, self._tasks, self._programs, self._pause = post, tasks, programs, pause
        self._leisure = leisure
        self._health = (health[0] or "127.0.0.1", health[1])
        self._names, self._trust, self._net = Names(), Trust(), LocalNet(interfaces)
        self._modules: dict[str, dict[str, _Running]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._links: LinkEvents | None = None

    def check(self, module: str, jobs: tuple[CheckerJob, ...]) -> None:
        """Exactly these from now on; those that look at the same in the same way run on."""
        before = self._modules.pop(module, {})
        after: dict[str, _Running] = {}
        for job in jobs:
            running = before.get(job.rule.key)
            if running and _what(running.job) == _what(job):
                after[job.rule.key] = before.pop(job.rule.key)
        self._end(before.values())
        if jobs:
            self._modules[module] = after
        self._net.changed()  # who begins looks itself
        for job in jobs:
            if job.rule.key not in after:
                after[job.rule.key] = self._begin(module, job)
        self._watch_links()

    def check_now(self, module: str, round: int) -> None:
        """Every checker of the module looks at once, whatever it is at; later results carry `round`."""
        self._net.changed()
        for running in self._modules.get(module, {}).values():
            running.checking.now(round)

    async def close(self) -> None:
        """End all, and wait for the programs to be gone."""
        for module in list(self._modules):
            self.check(module, ())
        if self._ending:
            await asyncio.wait(self._ending)

    def _begin(self, module: str, job: CheckerJob) -> _Running:
        rule = job.rule

        def post(result: CheckerResult) -> None:
            if running.heard:
                self._post(result)

        checking: _Checking
        if job.program is not None:
            checking = CustomChecker(rule.key, job.program, self._programs, post, self._pause)
        else:
            interval, timeout = _seconds(rule, "interval", DEFAULT_INTERVAL), _timeout(rule)
            checking = Checker(module, rule.key, self._look(rule), interval, timeout, post, self._leisure)
        task = self._tasks.create_task(checking.run(), name=f"checker {module}/{rule.key}")
        running = _Running(job, checking, task)
        return running

    def _end(self, all_running: Iterable[_Running]) -> None:
        for running in all_running:
            running.heard = False
            running.task.cancel()
            self._ending.add(running.task)
            running.task.add_done_callback(self._ending.discard)

    def _watch_links(self) -> None:
        """Listen for changes of the network exactly while somebody wants to know."""
        wanted = any(r.job.rule.kind in _LOCAL for running in self._modules.values() for r in running.values())
        if wanted and self._links is None:
            self._links = link_events(self._links_changed)
            self._net.watched = self._links.tells
        elif not wanted and self._links is not None:
            self._links.close()
            self._links, self._net.watched = None, False

    def _links_changed(self) -> None:
        self._net.changed()
        for running in self._modules.values():
            for one in running.values():
                if one.job.rule.kind in _LOCAL:
                    one.checking.now()

    def _look(self, rule: CheckerRule) -> Look:
        return _KINDS[rule.kind](self, rule)

    def tcp(self, rule: CheckerRule) -> Look:
        """The look of a `tcp` rule, and so on for the other kinds."""
        return TcpLook(self._names, rule.param("addr"), int(rule.param("port")), _timeout(rule))

    def ping(self, rule: CheckerRule) -> Look:
        """`ping`."""
        return PingLook(self._names, rule.param("addr"), _timeout(rule))

    def intf(self, rule: CheckerRule) -> Look:
        """`intf`; that of a virtual IP names the interface, or an address of its network."""
        if towards := rule.param("towards"):
            return LinkLook(self._net, rule.param("name"), towards)
        return InterfaceLook(self._net, self._names, rule.param("local_addr"), _timeout(rule))

    def ip(self, rule: CheckerRule) -> Look:
        """`ip`."""
        return IpLook(self._net, self._names, rule.param("addr"), _timeout(rule))

    def http(self, rule: CheckerRule) -> Look:
        """`http`."""
        fetcher = self._fetcher(rule, rule.param("url"))
        return HttpLook(fetcher, rule.param("status") or "200", rule.param("contains"))

    def module(self, rule: CheckerRule) -> Look:
        """`module`."""
        name, addr, port = rule.param("name"), rule.param("addr"), rule.param("port") or USUAL_PORT
        own = not addr and port in (USUAL_PORT, str(self._health[1]))
        if not addr:
            addr, port = self._health[0], str(self._health[1]) if port == USUAL_PORT else port
        scheme = "https" if rule.param("secure") == "on" else "http"
        url = f"{scheme}://{url_host(addr)}:{port}/var/modules/{name}/status.json"
        return ModuleLook(self._fetcher(rule, url), name, rule.param("addr") or "this node", own=own)

    def _fetcher(self, rule: CheckerRule, url: str) -> Fetcher:
        insecure = rule.param("insecure") == "on"
        return Fetcher(self._names, self._trust, url, _timeout(rule), insecure=insecure)


_KINDS: dict[str, Callable[[ModuleCheckers, CheckerRule], Look]] = {
    "tcp": ModuleCheckers.tcp,
    "ping": ModuleCheckers.ping,
    "intf": ModuleCheckers.intf,
    "ip": ModuleCheckers.ip,
    "http": ModuleCheckers.http,
    "module": ModuleCheckers.module,
}


def _what(job: CheckerJob) -> object:
    """What a checker looks at and how; fall, rise and the action are not its business."""
    return job.rule.key, job.rule.params, job.program


def _seconds(rule: CheckerRule, name: str, default: float) -> float:
    return float(rule.param(name) or default)


def _timeout(rule: CheckerRule) -> float:
    return _seconds(rule, "timeout", DEFAULT_TIMEOUT)
