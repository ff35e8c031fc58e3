"""A Control with two modules in memory, and what the HTTP faces need around it."""

import asyncio
from collections.abc import AsyncIterator

import msgspec

from nodeagent.contract import api
from nodeagent.contract.states import LogType, Mode, State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus, PeerModule, PeerStatus
from nodeagent.engine.ports import Caller, Refused

WEB = ModuleStatus("web", state=State.UP, status=Status.READY, since=1.0, share=50.0, ready=True)
STATUS = NodeStatus(
    node="node1",
    uuid="u-1",
    version="0.1.0",
    revision=7,
    time=1_800_000_000.0,
    boot_id="b",
    started=1.0,
    modules=(
        WEB,
        ModuleStatus("db", mode=Mode.LIGHT, why="a secret reason"),
        ModuleStatus("draft", configured=False),
        ModuleStatus("slow", state=State.WAIT, status=Status.TRANSIENT),
    ),
    peers=(
        PeerStatus("node<2>", True, 1.0, modules=(PeerModule("web", State.UP, Status.READY),)),
        PeerStatus("node3", False, 1.0, reason="silent for 1.0 s"),
        PeerStatus("node4", True, 1.0, degraded=True),
    ),
)


class FakeControl:
    """Knows the modules `web` and `db`; says no to others; `calls` holds what was changed and by whom."""

    def __init__(self, pin: str = "p" * 64) -> None:
        self.pin = pin
        self.calls: list[tuple[object, ...]] = []
        self.key = b""
        self.broken = False
        self.refuses_orders = False
        self.messages: list[api.Event] = [api.Event(status=msgspec.Raw(msgspec.json.encode(STATUS)))]
        self.more = asyncio.Event()
        self.orders = self.modules = self.clusters = self.records = self

    def _known(self, module: str) -> None:
        if self.broken:
            raise RuntimeError("a secret detail")
        if module not in ("web", "db"):
            raise Refused(404, "no-such-module", f"no module {module} is installed on node1")

    def identity(self) -> api.Identity:
        return api.Identity("node1", "u-1", "0.1.0", self.pin, "six words", "", False)

    def status(self) -> NodeStatus:
        if self.broken:
            raise RuntimeError("a secret detail")
        return STATUS

    async def events(self, after: int) -> AsyncIterator[api.Event]:
        at = 0
        while True:
            while at < len(self.messages):
                yield self.messages[at]
                at += 1
            self.more.clear()
            await self.more.wait()

    def emit(self, event: api.Event) -> None:
        self.messages.append(event)
        self.more.set()

    async def order(self, caller: Caller, module: str, order: api.Order) -> api.OrderAnswer:
        self._known(module)
        if self.refuses_orders:
            return api.OrderAnswer(False, "web is stopping")
        self.calls.append((caller.name, module, order.action))
        return api.OrderAnswer(True, f"{order.action} of {module} accepted")

    async def log(self, **query: object) -> api.LogPage:
        self.calls.append(("log", query))
        return api.LogPage((api.LogLine(1, 1.0, "node1", "web", "agent", LogType.INFO, "hello"),), 2)

    async def print(self, module: str, line: api.Print) -> None:
        self._known(module)
        self.calls.append(("print", module, line.text))

    def why(self, module: str) -> api.WhyAnswer:
        self._known(module)
        return api.WhyAnswer(module, "it is green")

    def set_switch(self, caller: Caller, module: str, switch: str, on: bool, seconds: float) -> None:
        self._known(module)
        self.calls.append((caller.name, module, switch, on, seconds))

    def set_resource(self, caller: Caller, module: str, name: str, value: str) -> None:
        self._known(module)
        self.calls.append((caller.name, module, name, value))

    def set_boot(self, caller: Caller, module: str, on: bool) -> None:
        self._known(module)
        self.calls.append((caller.name, module, on))

    async def cluster_info(self) -> api.ClusterInfo:
        return api.ClusterInfo(False)

    async def check_cluster(self, request: api.StageCluster) -> api.Staged:
        return api.Staged(True, "sig")

    async def stage_cluster(self, caller: Caller, request: api.StageCluster) -> api.Staged:
        self.calls.append((caller.name, "stage", request.name))
        return api.Staged(True, "sig")

    async def commit_cluster(self, caller: Caller, request: api.Commit) -> api.ClusterInfo:
        return api.ClusterInfo(True, "node1", signature=request.signature)

    async def confirm_cluster(self, caller: Caller, request: api.Confirm) -> api.ClusterInfo:
        self.calls.append((caller.name, "confirm", request.signature))
        return api.ClusterInfo(True, "node1", signature=request.signature)

    async def rollback_cluster(self, caller: Caller, request: api.Confirm) -> api.ClusterInfo:
        self.calls.append((caller.name, "rollback", request.signature))
        return api.ClusterInfo(False)

    async def cluster_key(self) -> bytes:
        if not self.key:
            raise Refused(404, "no-key", "this node has no cluster key")
        return self.key

    async def generate_key(self, caller: Caller) -> bytes:
        if self.key:
            raise Refused(409, "key-exists", "there is a cluster key already")
        self.key = bytes(range(32))
        return self.key

    async def installed(self) -> tuple[api.ModuleInfo, ...]:
        return (api.ModuleInfo("web", True, 1, ("node1",)),)

    async def install(self, caller: Caller, module: str, archive: bytes) -> api.ModuleInfo:
        self.calls.append((caller.name, "install", module, len(archive)))
        return api.ModuleInfo(module, False, 0)

    async def module_files(self, module: str) -> tuple[api.FileInfo, ...]:
        self._known(module)
        return (api.FileInfo("bin/start_both", 3, 1.0),)

    async def module_file(self, module: str, path: str) -> bytes:
        self._known(module)
        return path.encode()

    async def check_module(self, module: str, request: api.StageModule) -> api.Staged:
        return api.Staged(True, "sig")

    async def stage_module(self, caller: Caller, module: str, request: api.StageModule) -> api.Staged:
        self.calls.append((caller.name, "stage", module, dict(request.files)))
        return api.Staged(True, "sig", revision=2)

    async def commit_module(self, caller: Caller, module: str, request: api.Commit) -> api.ModuleInfo:
        self._known(module)
        return api.ModuleInfo(module, True, 2, signature=request.signature)

    async def outputs(self, module: str) -> tuple[api.FileInfo, ...]:
        self._known(module)
        return (api.FileInfo("userlog_x_start_both.ulog", 3, 1.0),)

    async def output(self, module: str, name: str) -> bytes:
        self._known(module)
        return name.encode()


class FakeRecords:
    """The agent's log and audit as lists."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.audited: list[tuple[str, str, str, str]] = []

    def say(self, type: LogType, text: str) -> None:
        self.lines.append(f"{type} {text}")

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        self.audited.append((who, source, command, result))
