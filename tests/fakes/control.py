"""A Control with two modules in memory, and what the HTTP faces need around it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping

import msgspec

from nodeagent.contract import api, record_api
from nodeagent.contract.enrolment import EnrolJoin, Enrolled, EnrolOpened
from nodeagent.contract.order_api import BootSetting, CountLoop
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.revisions import Difference, Restore, Revision, Uninstalled
from nodeagent.contract.states import Boot, LogType, Mode, ResourceState, State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus, PeerModule, PeerStatus, ResourceStatus
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, VipStatus, VipWhere, WhereQuery
from nodeagent.engine.ports import Caller, Download, Peer, Refused

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
HISTORY = (
    Revision(2, 2.0, "bert", "s2", ("node1",), current=True, changed=("bin/start_both",)),
    Revision(1, 1.0, "anna", "s1", ("node1",)),
)


class FakeControl:
    """Knows the modules `web` and `db`, each with revisions 1 and 2; says no to others.

    `calls` holds what was changed and by whom.
    """

    def __init__(self, pin: str = "p" * 64) -> None:
        self.pin = pin
        self.calls: list[tuple[object, ...]] = []
        self.key = b""
        self.broken = False
        self.breaks_off = False
        self.resources: dict[str, ResourceStatus] = {}
        self.zip: list[bytes] = [b"PK", bytes(100_000)]
        self.refuses_orders = False
        self.messages: list[api.Event] = [api.Event(status=msgspec.Raw(msgspec.json.encode(STATUS)))]
        self.more = asyncio.Event()
        self.peers_known: dict[str, Peer] = {}
        self.pins_known: dict[str, str] = {}
        self.orders = self.modules = self.clusters = self.records = self.traffic = self.peers = self.enrolment = self

    def _known(self, module: str, revision: int = 0) -> None:
        if self.broken:
            raise RuntimeError("a secret detail")
        if module not in ("web", "db"):
            raise Refused(404, "no-such-module", f"no module {module} is installed on node1")
        if revision > 2:
            raise Refused(404, "no-revision", f"the module {module} has no revision {revision}: it keeps 1, 2")

    def identity(self) -> api.Identity:
        return api.Identity("node1", "u-1", "0.1.0", self.pin, "six words", "", False)

    def status(self) -> NodeStatus:
        if self.broken:
            raise RuntimeError("a secret detail")
        web = msgspec.structs.replace(WEB, resources=tuple(self.resources.values()))
        return msgspec.structs.replace(STATUS, modules=(web, *STATUS.modules[1:]))

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
        self.resources[name] = ResourceStatus(name, ResourceState(value), 1.0)

    async def boot(self, module: str) -> BootSetting:
        self._known(module)
        return BootSetting(True, 0.0, Boot.IGNORE)

    async def set_boot(self, caller: Caller, module: str, on: bool, seconds: float) -> None:
        self._known(module)
        self.calls.append((caller.name, module, on, seconds))

    async def set_class(self, caller: Caller, module: str, name: str, on: bool) -> None:
        self._known(module)
        self.calls.append((caller.name, module, "class", name, on))

    def count_loop(self, caller: Caller, module: str, request: CountLoop) -> None:
        self._known(module)
        self.calls.append((caller.name, module, "count", request.identity, request.text))

    def reset_loop(self, caller: Caller, module: str) -> None:
        self._known(module)
        self.calls.append((caller.name, module, "reset"))

    async def run_without(self, caller: Caller, module: str, start: bool) -> api.OrderAnswer:
        self._known(module)
        self.calls.append((caller.name, module, "run-without", start))
        return api.OrderAnswer(True, "run-without accepted", False, "STOP", "NotReady")

    def vip(self, module: str) -> VipStatus:
        self._known(module)
        if module != "web":
            raise Refused(404, "no-vip", f"module {module} has no virtual IP")
        return VipStatus(module, "node1", (), True, True, True, "00", (), ())

    def where(self, module: str, query: WhereQuery) -> tuple[VipWhere, ...]:
        self.vip(module)
        return (VipWhere("g", "tcp 80", 7, "node1"),)

    def set_gate(self, caller: Caller, module: str, open: bool) -> None:
        self.vip(module)
        self.calls.append((caller.name, module, "open" if open else "close"))

    async def flood_probe(self, request: FloodProbe) -> FloodHeard:
        return FloodHeard("node1", request.interface or "eth0", ("node2",), ("node2",))

    async def open(self, caller: Caller) -> EnrolOpened:
        return EnrolOpened("0" * 20, 9001, 600.0)

    async def join(self, caller: Caller, request: EnrolJoin) -> Enrolled:
        self.calls.append((caller.name, "join", request.address))
        return Enrolled("node1", self.pin, "node2")

    def peer(self, name: str) -> Peer:
        if name not in self.peers_known:
            raise Refused(404, "no-node", f"the cluster has no node {name!r}")
        return self.peers_known[name]

    async def reach(self, request: Reach) -> Reached:
        return Reached(True, "", 0.001, "127.0.0.1", 1500)

    def pins(self) -> Mapping[str, str]:
        return self.pins_known

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

    async def module_files(self, module: str, revision: int = 0) -> tuple[api.FileInfo, ...]:
        self._known(module, revision)
        return (api.FileInfo("bin/start_both", 3, 1.0),)

    async def module_file(self, module: str, path: str, revision: int = 0) -> bytes:
        self._known(module, revision)
        return path.encode() if not revision else f"{path} of {revision}".encode()

    async def module_archive(self, module: str, revision: int = 0) -> bytes:
        self._known(module, revision)
        return b"PK %d" % revision

    async def expanded_module(self, module: str, revision: int = 0) -> bytes:
        self._known(module, revision)
        return b"<safe/>"

    async def module_history(self, module: str) -> tuple[Revision, ...]:
        self._known(module)
        return HISTORY

    async def module_difference(self, module: str, earlier: int, later: int) -> Difference:
        self._known(module, later)
        return Difference(earlier, later, ())

    async def restore_module(self, caller: Caller, module: str, request: Restore) -> api.ModuleInfo:
        self._known(module, request.revision)
        self.calls.append((caller.name, "restore", module, request.revision))
        return api.ModuleInfo(module, True, 3, waits=("farm/lan@name: waits for the next start",))

    async def deconfigure_module(self, caller: Caller, module: str) -> api.ModuleInfo:
        self._known(module)
        self.calls.append((caller.name, "deconfig", module))
        return api.ModuleInfo(module, False, 0)

    async def uninstall(self, caller: Caller, module: str) -> Uninstalled:
        self._known(module)
        self.calls.append((caller.name, "uninstall", module))
        return Uninstalled(f"/backups/{module}.safe")

    async def cluster_history(self) -> tuple[Revision, ...]:
        return HISTORY

    async def cluster_xml(self, revision: int) -> bytes:
        self._known("web", revision)
        return b"<cluster/>"

    async def cluster_difference(self, earlier: int, later: int) -> Difference:
        self._known("web", later)
        return Difference(earlier, later, ())

    async def restore_cluster(self, caller: Caller, request: Restore) -> api.ClusterInfo:
        self._known("web", request.revision)
        self.calls.append((caller.name, "restore", request.revision, request.confirm_within))
        return api.ClusterInfo(True, "node1")

    async def deconfigure_cluster(self, caller: Caller) -> api.ClusterInfo:
        self.calls.append((caller.name, "deconfig"))
        return api.ClusterInfo(False)

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

    async def output(self, module: str, name: str, query: record_api.OutputQuery) -> bytes:
        self._known(module)
        return name.encode()[query.offset :][: query.limit]

    async def audit(self, query: record_api.RecordQuery) -> record_api.AuditPage:
        line = record_api.AuditLine(1, 1.0, "admin", "127.0.0.1", "order web stop", "ok")
        return record_api.AuditPage((line,), 1, 2.0)

    async def history(self, module: str, resource: str, query: record_api.RecordQuery) -> record_api.ResourcePage:
        self._known(module)
        change = record_api.ResourceChange(1, 1.0, module, resource, ResourceState.UP, "good", 0.1, "checker")
        return record_api.ResourcePage((change,), 1, 2.0)

    async def metrics(self) -> bytes:
        return b"up 1\n"

    async def support_snapshot(self, module: str, query: record_api.SnapshotQuery) -> Download:
        self._known(module)
        size = sum(map(len, self.zip))
        return Download("snapshot.zip", size, self._sent(), lambda: self.calls.append(("discarded",)))

    async def _sent(self) -> AsyncGenerator[bytes]:
        for chunk in self.zip:
            yield chunk if not self.breaks_off else chunk[:1]
        if self.breaks_off:
            raise OSError("the disk is gone")


class FakeRecords:
    """The agent's log and audit as lists."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.audited: list[tuple[str, str, str, str]] = []

    def say(self, type: LogType, text: str) -> None:
        self.lines.append(f"{type} {text}")

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        self.audited.append((who, source, command, result))
