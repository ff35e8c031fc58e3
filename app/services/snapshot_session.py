"""Snapshots in place of live nodes: the same questions, answered from what was saved. Whatever changes is refused."""

from collections.abc import Callable, Sequence
from typing import Never, TypeVar

from app.services.node_calls import NodeCalls
from app.services.nodes import NodeAddress, NodeView, Reach
from app.services.snapshot_file import SnapshotFile
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import FileInfo, LogLine, LogPage, LogQuery, ProblemDetail, WhyAnswer
from nodeagent.contract.record_api import AuditLine, AuditPage, RecordQuery, ResourceChange, ResourcePage
from nodeagent.contract.vip_status import VipStatus

Record = TypeVar("Record", AuditLine, ResourceChange)
REFUSAL = "a snapshot is read only"


class SnapshotNode:
    """One node as it was; a live one has a watcher in its place."""

    def __init__(self, file: SnapshotFile) -> None:
        status = file.status
        self.file = file
        self.view = NodeView(
            NodeAddress(file.path.name),
            status.node,
            Reach.SAVED,
            since=status.time,
            status=status,
            as_of=status.time,
        )
        self.lines = file.lines

    def retry(self) -> None:
        """There is nobody to ask."""

    async def call(self, _work: object) -> Never:
        """Raises CallFailed: what is not saved cannot be asked, and nothing can be changed."""
        raise _refused(REFUSAL)


class SnapshotSession(NodeCalls):
    """Nodes of one cluster, each from a file of its own."""

    def __init__(self, name: str, files: Sequence[SnapshotFile]) -> None:
        self._name = name
        self.nodes = tuple(SnapshotNode(file) for file in sorted(files, key=lambda one: one.status.node_id))

    @property
    def id(self) -> str:
        """The console's own name of it."""
        return self._name

    @property
    def title(self) -> str:
        """Nobody has named it."""
        return ""

    @property
    def user(self) -> str:
        """Nobody is logged in."""
        return ""

    @property
    def moment(self) -> float:
        """When the last of them was taken, seconds since 1970."""
        return max(node.file.status.time for node in self.nodes)

    @property
    def files(self) -> tuple[SnapshotFile, ...]:
        """In the order of the nodes."""
        return tuple(node.file for node in self.nodes)

    def view(self) -> tuple[NodeView, ...]:
        """All nodes, in the order of `nodes`."""
        return tuple(node.view for node in self.nodes)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Nothing changes any more."""
        del callback
        return lambda: None

    def watcher(self, node: str) -> SnapshotNode:
        """The node of this name. Raises CallFailed when it is not among them."""
        for one in self.nodes:
            if one.view.name == node:
                return one
        raise CallFailed(Trouble.UNREACHABLE, f"there is no snapshot of {node}")

    # --- what was saved -----------------------------------------------------------------------

    async def why(self, node: str, module: str) -> WhyAnswer:
        """Why a module was not green."""
        known = {answer.module: answer for answer in self.watcher(node).file.why}
        return known.get(module, WhyAnswer(module, ""))

    async def vip(self, node: str, module: str) -> VipStatus:
        """The slots as they were; CallFailed where they were not saved, or the module had none."""
        vips = self.watcher(node).file.vips
        if vips is None:
            raise _refused("it is not in the snapshot")
        for vip in vips:
            if vip.module == module:
                return vip
        raise _refused(f"module {module} has no virtual IP", "no-vip")

    async def outputs(self, node: str, module: str) -> tuple[FileInfo, ...]:
        """The script outputs in the file."""
        del module
        file = self.watcher(node).file
        return tuple(FileInfo(name, len(data), file.status.time) for name, data in file.outputs.items())

    async def output(self, node: str, module: str, name: str) -> bytes:
        """One of them; CallFailed when it was not saved."""
        del module
        try:
            return self.watcher(node).file.outputs[name]
        except KeyError:
            raise _refused("it is not in the snapshot") from None

    async def log(self, node: str, query: LogQuery) -> LogPage:
        """A page of the saved lines."""
        file = self.watcher(node).file
        fitting = [line for line in file.lines if _fits(line, query)]
        page = tuple(fitting[-query.limit :] if query.newest else fitting[: query.limit])
        return LogPage(page, page[-1].cursor if page else query.after, file.status.time)

    async def audit(self, node: str, query: RecordQuery) -> AuditPage:
        """A page of the saved commands."""
        file = self.watcher(node).file
        page = _page(file.audit, query)
        return AuditPage(page, page[-1].cursor if page else query.after, file.status.time)

    async def resource_history(self, node: str, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        """The states a resource took; those of other modules than the one it was taken of are not saved."""
        file = self.watcher(node).file
        page = _page([one for one in file.changes if (one.module, one.name) == (module, resource)], query)
        return ResourcePage(page, page[-1].cursor if page else query.after, file.status.time)


def _refused(sentence: str, kind: str = "snapshot") -> CallFailed:
    problem = ProblemDetail(f"urn:keepgreen:{kind}", "Snapshot", 403, sentence)
    return CallFailed(Trouble.DENIED, sentence, problem)


def _fits(line: LogLine, query: LogQuery) -> bool:
    return (
        line.cursor > query.after
        and query.module in {"", line.module}
        and (not query.types or line.type in query.types)
        and query.text.casefold() in line.text.casefold()
        and line.time >= query.since
        and (not query.until or line.time <= query.until)
    )


def _page(records: Sequence[Record], query: RecordQuery) -> tuple[Record, ...]:
    fitting = [one for one in records if one.cursor > query.after and one.time >= query.since]
    return tuple(fitting[-query.limit :] if query.newest else fitting[: query.limit])
