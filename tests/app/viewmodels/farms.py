"""Clusters as the services would show them, made for the tests of the viewmodels."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec

from app.services.nodes import NodeAddress, NodeView, Reach
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import (
    FileInfo,
    LogLine,
    LogPage,
    LogQuery,
    OrderAnswer,
    ProblemDetail,
    SetSwitch,
    WhyAnswer,
)
from nodeagent.contract.record_api import AuditLine, AuditPage, RecordQuery, ResourceChange, ResourcePage
from nodeagent.contract.states import Action, LogType, Role, State, Status
from nodeagent.contract.status import (
    ModuleStatus,
    NodeStatus,
    PeerModule,
    PeerStatus,
    ProbeSource,
    Refusal,
    RunningScript,
    Switches,
)
from nodeagent.contract.vip_status import VipAddress, VipGroup, VipNode, VipStatus, VipWhere

NOW = 1_900_000_000.0
"""The console's clock in these tests."""
NODES = ("node1", "node2", "node3")


def ready(name: str = "farm", *, share: float = 50.0, share_by: str = "load balancer") -> ModuleStatus:
    return ModuleStatus(
        name=name,
        state=State.UP,
        status=Status.READY,
        since=NOW - 4 * 3600,
        by="j.doe",
        share=share,
        share_by=share_by,
        nodes=NODES,
        ready=True,
        refusals=(Refusal(Action.START, "already started"),),
    )


def stopped(name: str = "farm", *, why: str = "4th restart in 24 h", ago: float = 2400.0) -> ModuleStatus:
    return ModuleStatus(
        name=name,
        since=NOW - ago,
        by="maxloop",
        why=why,
        nodes=NODES,
        refusals=(
            Refusal(Action.STOP, "already stopped"),
            Refusal(Action.RESTART, "the module is stopped: start it"),
        ),
    )


def waiting(name: str = "farm") -> ModuleStatus:
    return ModuleStatus(
        name=name, state=State.WAIT, since=NOW - 720, why="waits for custom.spool, which is down", nodes=NODES
    )


def starting(name: str = "farm", *, limit: float = 300.0) -> ModuleStatus:
    return ModuleStatus(
        name=name,
        state=State.UP,
        status=Status.TRANSIENT,
        since=NOW - 14,
        by="m.lindqvist",
        phase="stop_both of restart",
        why="restarted by m.lindqvist",
        nodes=NODES,
        script=RunningScript("start_both", "44", NOW - 14, limit),
    )


EPOCH = "00000000a1b2c3d4"


def slots_of(node: str, owners: tuple[str, ...] | None = None, **changes: Any) -> VipStatus:
    """What a node tells of a healthy virtual IP of three nodes; `changes` are those of VipGroup or VipStatus."""
    owners = owners or tuple(NODES[slot % 3] for slot in range(256))
    group = VipGroup(
        "http",
        dict.fromkeys(NODES, 1),
        owners,
        mine=tuple(slot for slot, owner in enumerate(owners) if owner == node),
        taken=1000 + len(node),
    )
    of_group = {name: changes.pop(name) for name in ("mine", "quiet", "powers", "name") if name in changes}
    values: dict[str, Any] = {
        "addresses": (VipAddress("10.0.0.100", "vmac_invisible", "5a:fe:0a:00:00:64", "eth0"),),
        "present": True,
        "open": True,
        "agreed": True,
        "epoch": EPOCH,
        "nodes": tuple(VipNode(name, True, True, False, EPOCH, EPOCH) for name in NODES),
        "groups": (msgspec.structs.replace(group, **of_group),),
        "timeout": 0.9,
    } | changes
    return VipStatus("farm", node, **values)


def paused(module: ModuleStatus, until: float = 0.0, **off: bool) -> ModuleStatus:
    return msgspec.structs.replace(module, switches=Switches(**(off or {"checker": False}), until=until))


def view(name: str, *modules: ModuleStatus, clock: float = 0.0, role: Role | None = Role.ADMIN) -> NodeView:
    """A node that answers; `clock` = seconds its clock is ahead."""
    status = NodeStatus(
        node=name,
        uuid=name,
        version="1",
        revision=1,
        time=NOW + clock,
        boot_id="b",
        started=0.0,
        modules=modules,
        peers=tuple(
            PeerStatus(peer, True, 0.0, worst_gap=0.24, window=1.0, modules=tuple(peer_modules(modules)))
            for peer in NODES
            if peer != name
        ),
        probes=tuple(ProbeSource(module.name, "168.63.129.16", NOW + clock - 3, 5.0, 200) for module in modules),
    )
    return NodeView(
        NodeAddress(f"10.0.0.{name[-1]}", pin="p"),
        name,
        Reach.CONNECTED,
        since=NOW - 9000,
        status=status,
        as_of=NOW,
        role=role,
    )


def peer_modules(modules: tuple[ModuleStatus, ...]) -> list[PeerModule]:
    return [PeerModule(module.name, State.UP, Status.READY) for module in modules]


def silenced(known: NodeView, *, ago: float = 38.0, trouble: Trouble = Trouble.TIMED_OUT) -> NodeView:
    return msgspec.structs.replace(known, reach=Reach.UNREACHABLE, trouble=trouble, since=NOW - ago, as_of=NOW - ago)


def line(cursor: int, text: str = "", type: LogType = LogType.INFO, **more: Any) -> LogLine:
    values: dict[str, Any] = {"time": NOW + cursor, "node": "node1", "module": "farm", "origin": "life"} | more
    return LogLine(cursor=cursor, type=type, text=text or f"line {cursor}", **values)


class FakeWatched:
    def __init__(self, view: NodeView) -> None:
        self.view = view
        self.lines: list[LogLine] = []
        self.retried = 0

    def retry(self) -> None:
        self.retried += 1


class FakeSession:
    """A cluster whose nodes the test moves; orders are written down and answered as told."""

    def __init__(self, *views: NodeView, title: str = "Contoso web", id: str = "c1") -> None:
        self.id, self.title, self.user = id, title, "admin"
        self.nodes = [FakeWatched(view) for view in views]
        self.called: list[tuple[object, ...]] = []
        self.failure: CallFailed | None = None
        self.answer = OrderAnswer(True, "accepted")
        self.whys: dict[str, WhyAnswer] = {}
        self.files: dict[str, bytes] = {}
        """Script outputs by name."""
        self.vips: dict[str, VipStatus] = {}
        """The slot map by node; a node without one answers that there is no virtual IP."""
        self.wheres: tuple[VipWhere, ...] = ()
        self.audits: dict[str, tuple[AuditLine, ...]] = {}
        self.histories: dict[str, tuple[ResourceChange, ...]] = {}
        """Changes of a resource by its name."""
        self.archive = b"PK zip"
        self.older: tuple[LogLine, ...] = ()
        """Lines of the log that only the node's disk has."""
        self._callbacks: list[Callable[[], None]] = []

    def view(self) -> tuple[NodeView, ...]:
        return tuple(node.view for node in self.nodes)

    def watcher(self, node: str) -> FakeWatched:
        return next(watched for watched in self.nodes if watched.view.name == node)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], object]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    @property
    def subscribers(self) -> int:
        return len(self._callbacks)

    def show(self, *views: NodeView) -> None:
        """These views from now on, node by node."""
        for place, one in enumerate(views):
            if place < len(self.nodes):
                self.nodes[place].view = one
            else:
                self.nodes.append(FakeWatched(one))
        del self.nodes[len(views) :]
        self.tell()

    def tell(self) -> None:
        for callback in tuple(self._callbacks):
            callback()

    async def order(self, node: str, module: str, action: Action) -> OrderAnswer:
        self._note("order", node, module, action)
        return self.answer

    async def set_switch(self, node: str, module: str, switch: SetSwitch) -> None:
        self._note("switch", node, module, switch.switch, switch.on, switch.seconds)

    async def set_boot(self, node: str, module: str, on: bool) -> None:
        self._note("boot", node, module, on)

    async def why(self, node: str, module: str) -> WhyAnswer:
        self._note("why", node, module)
        return self.whys.get(node, WhyAnswer(module, ""))

    async def outputs(self, node: str, module: str) -> tuple[FileInfo, ...]:
        self._note("outputs", node, module)
        return tuple(FileInfo(name, len(data), NOW) for name, data in self.files.items())

    async def output(self, node: str, module: str, name: str) -> bytes:
        self._note("output", node, module, name)
        return self.files[name]

    async def log(self, node: str, query: LogQuery) -> LogPage:
        self._note("log", node, query)
        return LogPage(self.older, 0)

    async def audit(self, node: str, query: RecordQuery) -> AuditPage:
        self._note("audit", node, query)
        return AuditPage(self.audits.get(node, ()), 0, NOW)

    async def resource_history(self, node: str, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        self._note("history", node, module, resource)
        return ResourcePage(self.histories.get(resource, ()), 0, NOW)

    async def snapshot(
        self, node: str, module: str, target: Path, on_bytes: Callable[[int], None], *, anonymise: bool
    ) -> int:
        self._note("snapshot", node, module, target.name, anonymise)
        target.write_bytes(self.archive)  # noqa: ASYNC240  (a few bytes)
        on_bytes(len(self.archive))
        return len(self.archive)

    async def vip(self, node: str, module: str) -> VipStatus:
        self._note("vip", node, module)
        if node not in self.vips:
            text = f"module {module} has no virtual IP"
            problem = ProblemDetail("urn:keepgreen:no-vip", "no-vip", 404, text)
            raise CallFailed(Trouble.DENIED, text, problem)
        return self.vips[node]

    async def vip_where(self, node: str, module: str, address: str, port: int) -> tuple[VipWhere, ...]:
        self._note("where", node, module, address, port)
        return self.wheres

    def _note(self, *call: object) -> None:
        self.called.append(call)
        if self.failure:
            raise self.failure


class FakeTasks:
    """Runs work to its end at once: nothing in these tests waits."""

    def run_soon(self, work: Coroutine[Any, Any, object], name: str) -> None:
        try:
            work.send(None)
        except StopIteration:
            return
        raise AssertionError(f"{name} waits")
