"""What the API may ask of the agent: reads from the core, orders to the core, files from the stores."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, TypeVar

from msgspec.structs import replace

from nodeagent import __version__
from nodeagent.adapters.config_store import ConfigStore, Damaged
from nodeagent.adapters.http_api import Users
from nodeagent.adapters.safe_archive import read_archive
from nodeagent.adapters.tls import NodeKeys
from nodeagent.agent.confirmation import Confirmation
from nodeagent.agent.feed import Feed
from nodeagent.agent.snapshot import Snapshot, clock_text
from nodeagent.contract.api import (
    ClusterInfo,
    Commit,
    Confirm,
    Event,
    FileInfo,
    Identity,
    LogPage,
    ModuleInfo,
    Order,
    OrderAnswer,
    Print,
    StageCluster,
    Staged,
    StageModule,
    WhyAnswer,
)
from nodeagent.contract.errors import errors_of
from nodeagent.contract.states import Action, LogType, ResourceState, State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus
from nodeagent.core import events as ev
from nodeagent.engine.loop import Engine
from nodeagent.engine.ports import Caller, Journal, Refused
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from nodeagent.listening import Say

T = TypeVar("T")

SWITCHES = ("errd", "checker", "failover")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the control works with."""

    home: Home
    engine: Engine
    writer: Writer
    store: ConfigStore
    users: Users
    journal: Journal
    keys: NodeKeys
    snapshot: Snapshot
    feed: Feed
    confirmation: Confirmation
    say: Say
    take_cluster: Callable[[], None]
    """A cluster was committed: bind, tell the core."""
    take_module: Callable[[str], None]
    """A module was committed: tell the core."""


@dataclass(slots=True)
class AgentControl:
    """The port `Control`."""

    parts: Parts
    _tickets: "count[int]" = field(default_factory=lambda: count(1))
    _asked: dict[int, asyncio.Future[tuple[bool, str]]] = field(default_factory=dict)

    # --- reads ------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """Name, pin and words; said to anybody before a login."""
        cluster = self.parts.store.cluster
        committed = cluster.cluster()
        return Identity(
            node=cluster.name,
            uuid=cluster.uuid,
            version=__version__,
            pin=self.parts.keys.pin,
            words=self.parts.keys.words,
            cluster_signature=committed.signature if committed else "",
            password_set=self.parts.users.password_set,
        )

    def status(self) -> NodeStatus:
        """The present snapshot."""
        return self.parts.snapshot.now()

    def events(self, after: int) -> AsyncIterator[Event]:
        """The whole status first and whenever its revision changes (≤ 10/s), log lines from the cursor on."""
        return self.parts.feed.read(after)

    async def log(self, **query: object) -> LogPage:
        """A page of the log; keywords as in Journal.query."""
        asked: dict[str, Any] = dict(query)
        return await asyncio.to_thread(partial(self.parts.journal.query, **asked))

    def why(self, module: str) -> WhyAnswer:
        """The sentence and its cause chain."""
        told = self.parts.engine.node.why(module)
        if told is None:
            self._module_status(module)
            return WhyAnswer(module, f"{module} was never applied on this node")
        sentence, since, chain = told
        status = self._module_status(module)
        shown = f"{status.state} {status.status}" if status.state is not State.STOP else "STOP"
        reason = sentence or f"serving, {status.by} started it" if status.by else sentence or "serving"
        return WhyAnswer(module, f"{shown} since {clock_text(since)}: {reason}", chain)

    # --- orders -----------------------------------------------------------------------------

    async def order(self, caller: Caller, module: str, order: Order) -> OrderAnswer:
        """Order an action; answered when accepted, or with `wait` when its end was seen."""
        self._applied(module)
        if order.wait and order.run.partition("/")[0] == module and self._runs(module, order.run):
            text = f"a script of {module} cannot wait for its own module; order it without waiting"
            raise Refused(409, "own-script", text)
        ticket = next(self._tickets)
        future: asyncio.Future[tuple[bool, str]] = asyncio.get_running_loop().create_future()
        self._asked[ticket] = future
        author = order.identity or caller.name
        self.parts.engine.post(ev.ActionOrdered(module, order.action, author, order.identity, ticket))
        try:
            accepted, text = await future
        finally:
            self._asked.pop(ticket, None)
        if not accepted:
            raise Refused(409, "not-now", text)
        done = await self._end_of(module, order.action, order.wait) if order.wait else False
        status = self._module_status(module)
        return OrderAnswer(True, text, done, status.state, status.status)

    def answered(self, ticket: int, accepted: bool, text: str) -> None:
        """The core has answered an order."""
        future = self._asked.get(ticket)
        if future is not None and not future.done():
            future.set_result((accepted, text))

    async def print(self, module: str, line: Print) -> None:
        """A line of printi or printe; it is in the log when this returns."""
        self._module_status(module)
        self.parts.engine.post(ev.Printed(module, line.text, line.error, line.origin))
        await self.parts.engine.handled()
        await self.parts.journal.flush()

    def set_switch(self, caller: Caller, module: str, switch: str, on: bool, seconds: float) -> None:
        """Pause or resume errd, checker or failover; `seconds` 0 = no end."""
        self._applied(module)
        if switch not in SWITCHES:
            raise Refused(400, "bad-request", f"{switch!r} cannot be switched; {', '.join(SWITCHES)} can")
        until = self.parts.engine.now() + seconds if seconds > 0 and not on else None
        self.parts.engine.post(ev.SwitchSet(module, switch, on, caller.name, until))

    def set_resource(self, caller: Caller, module: str, name: str, value: str) -> None:
        """Set a resource `class.ident` by command."""
        self._applied(module)
        try:
            state = ResourceState(value)
        except ValueError:
            text = f"{value!r} is no state of a resource; {', '.join(ResourceState)} are"
            raise Refused(400, "bad-request", text) from None
        self.parts.engine.post(ev.ResourceSet(module, name, state, caller.name))

    def set_boot(self, caller: Caller, module: str, on: bool) -> None:
        """The node's own start-at-boot setting of a module."""
        self._module_status(module)
        self.parts.writer.submit(partial(self.parts.store.modules.set_boot, module, on))

    # --- cluster ----------------------------------------------------------------------------

    async def cluster(self) -> ClusterInfo:
        """The committed cluster."""
        store = self.parts.store.cluster
        committed = store.cluster()
        if committed is None:
            return ClusterInfo(False, store.name, has_key=bool(store.keys))
        return ClusterInfo(
            True,
            committed.me,
            committed.xml,
            committed.signature,
            committed.config.nodes,
            dict(committed.pins),
            bool(committed.keys),
            self.parts.confirmation.pending(),
        )

    async def check_cluster(self, request: StageCluster) -> Staged:
        """Look at a configuration, change nothing."""
        return await _in_thread(self.parts.store.cluster.check, request)

    async def stage_cluster(self, caller: Caller, request: StageCluster) -> Staged:
        """Keep it durably beside the current one."""
        return await _in_thread(self.parts.store.cluster.stage, _by(caller, request))

    async def commit_cluster(self, caller: Caller, request: Commit) -> ClusterInfo:
        """Make the staged one current."""
        await _in_thread(self.parts.store.cluster.commit, _by(caller, request))
        self.parts.users.replace(self.parts.store.cluster.users)
        return await self._cluster_changed()

    async def confirm_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation stays."""
        waited = self.parts.store.cluster.open_commit is not None
        await _in_thread(self.parts.store.cluster.confirm, request.signature)
        if waited:
            self.parts.say(LogType.USER, f"the cluster configuration stays: confirmed by {caller.name}")
        return await self._cluster_changed()

    async def rollback_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation goes back."""
        waited = self.parts.store.cluster.open_commit is not None
        await _in_thread(self.parts.store.cluster.go_back, request.signature)
        if waited:
            text = f"the cluster configuration goes back to the one before: ordered by {caller.name}"
            self.parts.say(LogType.USER, text)
        return await self._cluster_changed()

    async def generate_key(self, caller: Caller) -> bytes:
        """A new cluster key; refused when one exists."""
        key = await _in_thread(self.parts.store.cluster.generate_key)
        self.parts.take_cluster()
        return key

    async def cluster_key(self) -> bytes:
        """The active cluster key; refused when there is none."""
        keys = self.parts.store.cluster.keys
        if not keys:
            raise Refused(404, "no-key", "this node has no cluster key")
        return keys[0]

    # --- modules ----------------------------------------------------------------------------

    async def modules(self) -> tuple[ModuleInfo, ...]:
        """All installed modules."""
        return await _in_thread(self.parts.store.modules.installed)

    async def install(self, caller: Caller, module: str, archive: bytes) -> ModuleInfo:
        """Install a `.safe` archive (installed, not applied)."""
        files, problems = await asyncio.to_thread(read_archive, archive, f"{module}.safe")
        if files is None:
            raise Refused(422, "bad-archive", str(errors_of(problems)[0]), tuple(problems))
        info = await _in_thread(self.parts.store.modules.install, module, files, caller.name)
        self.parts.snapshot.look_for_modules()
        return info

    async def module_files(self, module: str) -> tuple[FileInfo, ...]:
        """Files of the current (or the installed, never applied) revision."""
        return await _in_thread(self.parts.store.modules.files, module)

    async def module_file(self, module: str, path: str) -> bytes:
        """One of them."""
        return await _in_thread(self.parts.store.modules.file, module, path)

    async def check_module(self, module: str, request: StageModule) -> Staged:
        """Look at a module, change nothing."""
        return await _in_thread(self.parts.store.modules.check, module, request)

    async def stage_module(self, caller: Caller, module: str, request: StageModule) -> Staged:
        """Keep a new revision durably beside the current one."""
        return await _in_thread(self.parts.store.modules.stage, module, _by(caller, request))

    async def commit_module(self, caller: Caller, module: str, request: Commit) -> ModuleInfo:
        """Make the staged revision current."""
        running = next((m.revision for m in self.status().modules if m.name == module), 0)
        author = request.author or caller.name
        await _in_thread(self.parts.store.modules.commit, module, request.signature, author, running)
        self.parts.take_module(module)
        return await _in_thread(self.parts.store.modules.info, module)

    async def outputs(self, module: str) -> tuple[FileInfo, ...]:
        """Script output files, newest first."""
        self._module_status(module)
        return await asyncio.to_thread(self._outputs, module)

    async def output(self, module: str, name: str) -> bytes:
        """One of them."""
        for known in await self.outputs(module):
            if known.path == name:
                return await asyncio.to_thread((self.parts.home.user_log(module) / name).read_bytes)
        raise Refused(404, "no-output", f"{module} has no output file {name!r}")

    # --- inside -----------------------------------------------------------------------------

    async def _cluster_changed(self) -> ClusterInfo:
        self.parts.take_cluster()
        self.parts.confirmation.changed()
        return await self.cluster()

    def _module_status(self, module: str) -> ModuleStatus:
        for known in self.status().modules:
            if known.name == module:
                return known
        raise Refused(404, "no-module", f"there is no module {module} on this node")

    def _applied(self, module: str) -> ModuleStatus:
        status = self._module_status(module)
        if not status.configured:
            raise Refused(409, "not-applied", f"{module} is installed but was never applied on this node")
        return status

    def _runs(self, module: str, run: str) -> bool:
        script = self._module_status(module).script
        return script is not None and script.run == run.partition("/")[2]

    async def _end_of(self, module: str, action: Action, seconds: float) -> bool:
        """Whether the action's end was seen in time: the module rests in STOP, or is UP Ready."""
        wanted = {Action.STOP, Action.FORCESTOP}
        try:
            async with asyncio.timeout(seconds):
                while not self._rests(module, stopping=action in wanted):
                    await self.parts.feed.changed()
        except TimeoutError:
            return False
        return True

    def _rests(self, module: str, *, stopping: bool) -> bool:
        status = self._module_status(module)
        stopped = status.state is State.STOP and status.script is None
        return stopped or (not stopping and status.status is Status.READY)

    def _outputs(self, module: str) -> tuple[FileInfo, ...]:
        directory = self.parts.home.user_log(module)
        files = [file for file in directory.glob("*.ulog") if file.is_file()] if directory.is_dir() else []
        known = [(file.name, file.stat()) for file in files]
        return tuple(
            FileInfo(name, stat.st_size, stat.st_mtime)
            for name, stat in sorted(known, key=lambda one: (one[1].st_mtime, one[0]), reverse=True)
        )


Signed = TypeVar("Signed", StageCluster, StageModule, Commit)


def _by(caller: Caller, request: Signed) -> Signed:
    """The request with its author filled in."""

    return request if request.author else replace(request, author=caller.name)


async def _in_thread(work: Callable[..., T], *args: object) -> T:
    """Run a store's method beside the loop; damage becomes a refusal in words."""
    try:
        return await asyncio.to_thread(work, *args)
    except Damaged as damage:
        raise Refused(500, "damaged", str(damage)) from None
    except OSError as error:
        raise Refused(500, "disk", f"the disk refuses: {error}") from None
