"""What the API may ask of the agent, by subject. Every method raises Refused; everything else is a bug."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from nodeagent.contract.api import (
    ClusterInfo,
    Commit,
    Confirm,
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
from nodeagent.contract.api import Event as WireEvent
from nodeagent.contract.enrolment import EnrolJoin, Enrolled, EnrolOpened
from nodeagent.contract.order_api import BootSetting, CountLoop
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.record_api import AuditPage, OutputQuery, RecordQuery, ResourcePage, SnapshotQuery
from nodeagent.contract.revisions import Difference, Restore, Revision, Uninstalled
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import FloodHeard, FloodProbe, VipStatus, VipWhere, WhereQuery
from nodeagent.engine.ports import Caller, Download, Peer


class OrderControl(Protocol):
    """Orders to the modules of this node, and what their scripts tell."""

    async def order(self, caller: Caller, module: str, order: Order) -> OrderAnswer:
        """Order an action; answered when accepted, or with `wait` when its end was seen."""

    async def print(self, module: str, line: Print) -> None:
        """printi / printe of a script."""

    def why(self, module: str) -> WhyAnswer:
        """The sentence and its cause chain."""

    def set_switch(self, caller: Caller, module: str, switch: str, on: bool, seconds: float) -> None:
        """Pause or resume errd, checker or failover; `seconds` 0 = no end."""

    def set_resource(self, caller: Caller, module: str, name: str, value: str) -> None:
        """Set a resource `class.ident` by command (`set -r res -v val`)."""

    async def boot(self, module: str) -> BootSetting:
        """Whether the module starts when the node boots."""

    async def set_boot(self, caller: Caller, module: str, on: bool, seconds: float) -> None:
        """The node's own start-at-boot setting of a module; it turns round after `seconds`, 0 = never."""

    async def set_class(self, caller: Caller, module: str, name: str, on: bool) -> None:
        """Enable or disable an own class of process rules."""

    def count_loop(self, caller: Caller, module: str, request: CountLoop) -> None:
        """Count one automatic action of a script against maxloop."""

    def reset_loop(self, caller: Caller, module: str) -> None:
        """The count of automatic actions begins anew."""

    async def run_without(self, caller: Caller, module: str, start: bool) -> OrderAnswer:
        """Start or stop the application while the module is in STOP; answered when accepted."""


class ModuleControl(Protocol):
    """The modules as files and revisions."""

    async def installed(self) -> tuple[ModuleInfo, ...]:
        """All installed modules."""

    async def install(self, caller: Caller, module: str, archive: bytes) -> ModuleInfo:
        """Install a `.safe` archive (installed, not applied)."""

    async def module_files(self, module: str, revision: int = 0) -> tuple[FileInfo, ...]:
        """Files of a kept revision; 0 = the current (or the installed, never applied) one."""

    async def module_file(self, module: str, path: str, revision: int = 0) -> bytes:
        """One of them."""

    async def module_archive(self, module: str, revision: int = 0) -> bytes:
        """All of them as a `.safe` archive."""

    async def expanded_module(self, module: str, revision: int = 0) -> bytes:
        """userconfig.xml with its macros replaced."""

    async def module_history(self, module: str) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""

    async def module_difference(self, module: str, earlier: int, later: int) -> Difference:
        """What two of them differ in; `later` 0 = the newest, `earlier` 0 = the one kept before it."""

    async def check_module(self, module: str, request: StageModule) -> Staged:
        """Look at a module, change nothing."""

    async def stage_module(self, caller: Caller, module: str, request: StageModule) -> Staged:
        """Keep a new revision durably beside the current one."""

    async def commit_module(self, caller: Caller, module: str, request: Commit) -> ModuleInfo:
        """Make the staged revision current, then run the scripts that a change brings."""

    async def restore_module(self, caller: Caller, module: str, request: Restore) -> ModuleInfo:
        """Make the content of a kept revision a new one, and commit it."""

    async def deconfigure_module(self, caller: Caller, module: str) -> ModuleInfo:
        """Take a stopped module out of force; its files stay installed, its revisions are kept."""

    async def uninstall(self, caller: Caller, module: str) -> Uninstalled:
        """Take a stopped module away; its present files are kept in an archive."""


class ClusterControl(Protocol):
    """The configuration of the cluster and its key."""

    async def cluster_info(self) -> ClusterInfo:
        """The committed cluster."""

    async def check_cluster(self, request: StageCluster) -> Staged:
        """Look at a configuration, change nothing."""

    async def stage_cluster(self, caller: Caller, request: StageCluster) -> Staged:
        """Keep it durably beside the current one."""

    async def commit_cluster(self, caller: Caller, request: Commit) -> ClusterInfo:
        """Make the staged one current."""

    async def confirm_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation stays."""

    async def rollback_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation goes back."""

    async def cluster_history(self) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""

    async def cluster_xml(self, revision: int) -> bytes:
        """The file of one of them."""

    async def cluster_difference(self, earlier: int, later: int) -> Difference:
        """What two of them differ in; `later` 0 = that in force, `earlier` 0 = the one kept before it."""

    async def restore_cluster(self, caller: Caller, request: Restore) -> ClusterInfo:
        """Make a kept cluster.xml a new revision, and commit it on this node."""

    async def deconfigure_cluster(self, caller: Caller) -> ClusterInfo:
        """Leave the cluster and forget it with its key and pins. Refused while a module is not in STOP."""

    async def cluster_key(self) -> bytes:
        """The active cluster key. Raises Refused when there is none."""

    async def generate_key(self, caller: Caller) -> bytes:
        """A new cluster key; refused when one exists."""


class RecordControl(Protocol):
    """What the node has written down."""

    async def log(self, **query: object) -> LogPage:
        """A page of the log; keywords as in Journal.query."""

    async def outputs(self, module: str) -> tuple[FileInfo, ...]:
        """Script output files, newest first."""

    async def output(self, module: str, name: str, query: OutputQuery) -> bytes:
        """A piece of one of them."""

    async def audit(self, query: RecordQuery) -> AuditPage:
        """A page of the audit log."""

    async def history(self, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        """What became of a resource."""

    async def metrics(self) -> bytes:
        """The node in figures, as Prometheus reads them."""

    async def support_snapshot(self, module: str, query: SnapshotQuery) -> Download:
        """Everything that tells what happened, as a zip without secrets. One at a time."""


class TrafficControl(Protocol):
    """The virtual IPs of this node's modules."""

    def vip(self, module: str) -> VipStatus:
        """The slot map and who says what; refused without a virtual IP."""

    def where(self, module: str, query: WhereQuery) -> tuple[VipWhere, ...]:
        """Which node serves a client, by each rule."""

    def set_gate(self, caller: Caller, module: str, open: bool) -> None:
        """Open or close the traffic; refused unless the module says `scriptcontrol`."""

    async def flood_probe(self, request: FloodProbe) -> FloodHeard:
        """Whether the other nodes' frames to an unknown MAC arrive here; they must do the same now."""


class PeerControl(Protocol):
    """The nodes of the cluster, as those that call and are called."""

    def peer(self, name: str) -> Peer:
        """Where a node is, for the relay; refused when the cluster has no such node."""

    async def reach(self, request: Reach) -> Reached:
        """Whether this node can open a TCP connection to a place."""

    def pins(self) -> Mapping[str, str]:
        """Node name → pin of every node of the cluster."""


class EnrolmentControl(Protocol):
    """How this node and another one learn each other's key by a code."""

    async def open(self, caller: Caller) -> EnrolOpened:
        """Let one newcomer in, by a new code."""

    async def join(self, caller: Caller, request: EnrolJoin) -> Enrolled:
        """Be the newcomer of a node that is open; refused for a node of a cluster."""


class Control(Protocol):
    """The agent as the API sees it."""

    @property
    def orders(self) -> OrderControl:
        """Orders to the modules of this node, and what their scripts tell."""

    @property
    def modules(self) -> ModuleControl:
        """The modules as files and revisions."""

    @property
    def clusters(self) -> ClusterControl:
        """The configuration of the cluster and its key."""

    @property
    def traffic(self) -> TrafficControl:
        """The virtual IPs of this node's modules."""

    @property
    def peers(self) -> PeerControl:
        """The nodes of the cluster, as those that call and are called."""

    @property
    def enrolment(self) -> EnrolmentControl:
        """How this node and another one learn each other's key by a code."""

    @property
    def records(self) -> RecordControl:
        """What the node has written down."""

    def identity(self) -> Identity:
        """Name, pin and words; said to anybody before a login."""

    def status(self) -> NodeStatus:
        """The present snapshot."""

    def events(self, after: int) -> AsyncIterator[WireEvent]:
        """The whole status first and whenever its revision changes (≤ 10/s), log lines from the cursor on."""
