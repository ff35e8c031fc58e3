"""Nodes as the console's configuration meets them: answers by address, logins by password, a cluster session."""

import asyncio
import hashlib
from collections.abc import Callable

from app.services.cluster_rollout import ClusterRequest, Deadline, Decide, Seen
from app.services.discovery import Scanned
from app.services.memory import RememberedCluster
from app.services.nodes import CheckedAddress, Credentials, NodeAddress, NodeView, Reach
from app.services.rollout import Applied, OnStep, Outcome, Stage, Step, StepState
from app.services.sign_in import SignedIn
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import ClusterInfo, Identity
from nodeagent.contract.file_changes import file_changes
from nodeagent.contract.pins import words_of
from nodeagent.contract.reach_api import Reach as Asked
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.revisions import Difference, Revision
from nodeagent.contract.states import Role
from nodeagent.contract.status import NodeStatus

OnFound = Callable[[CheckedAddress], None]
OnProgress = Callable[[int, int], None]


def pin_of(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


class FakeNodes:
    """What stands at addresses. `trouble[address]` is why one does not answer; `ask` waits while `held`."""

    def __init__(self, **names: str) -> None:
        self.identities: dict[str, Identity] = {}
        self.trouble: dict[str, Trouble] = {}
        self.passwords: dict[str, str] = {}
        self.asked: list[NodeAddress] = []
        self.logins: list[tuple[str, str]] = []
        self.held = False

    def put(
        self,
        address: str,
        name: str,
        *,
        password: str = "secret",
        signature: str = "",
        version: str = "0.1.0",
        key: str = "",
    ) -> str:
        pin = pin_of(key or name)
        self.identities[address] = Identity(
            name, f"uuid-{name}", version, pin, words_of(pin), signature, password_set=bool(password)
        )
        self.passwords[address] = password
        return pin

    async def ask(self, address: NodeAddress) -> CheckedAddress:
        self.asked.append(address)
        await asyncio.sleep(0)
        while self.held:
            await asyncio.sleep(0.005)
        if trouble := self.trouble.get(address.address):
            return CheckedAddress(address, None, trouble, f"{address.place}: {trouble}")
        identity = self.identities.get(address.address)
        if identity is None:
            return CheckedAddress(address, None, Trouble.TIMED_OUT, f"{address.place} did not answer in time")
        if address.pin and address.pin != identity.pin:
            return CheckedAddress(address, None, Trouble.CERTIFICATE_CHANGED, "another key")
        return CheckedAddress(NodeAddress(address.address, address.port, identity.pin), identity, round_trip=0.002)

    async def sign_in(self, address: NodeAddress, credentials: Credentials) -> SignedIn:
        self.logins.append((address.address, credentials.password))
        await asyncio.sleep(0)
        if credentials.password != self.passwords[address.address]:
            raise CallFailed(Trouble.WRONG_PASSWORD, "user name and password do not fit")
        return SignedIn(Role.ADMIN, ClusterInfo(False))

    async def scan(
        self, addresses: tuple[str, ...], on_found: OnFound, on_progress: OnProgress | None = None
    ) -> Scanned:
        found = []
        for number, address in enumerate(addresses, 1):
            checked = await self.ask(NodeAddress(address))
            if checked.identity:
                found.append(checked)
                on_found(checked)
            if on_progress is not None:
                on_progress(number, len(addresses))
        return Scanned(len(addresses), len(found), tuple(found))


class FakeVault:
    """A keyring in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get(username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[username]


class FakeClusterSession:
    """A session over FakeNodes: the nodes it watches, and the cluster they are in."""

    def __init__(self, nodes: FakeNodes, watched: dict[str, str], info: ClusterInfo | None = None) -> None:
        self.info = info or ClusterInfo(False)
        self.password = "secret"
        self.events: list[str] = []
        self.remembered = RememberedCluster("one", "Contoso web")
        self._views: list[NodeView] = []
        self._nodes = nodes
        self.shut: dict[tuple[str, str, int], Reached] = {}
        """(asking node, address, port) → what it meets there instead of an open port."""
        self.relayed: dict[str, NodeStatus] = {}
        """What silent nodes tell the others."""
        self.asked: list[tuple[str, str, int, str]] = []
        self.revisions: tuple[tuple[Revision, bytes], ...] = ()
        self.failure: CallFailed | None = None
        """Why no history is told."""
        for address, name in watched.items():
            self.add(NodeAddress(address, pin=nodes.identities[address].pin), name)
        self.events.clear()

    def view(self) -> tuple[NodeView, ...]:
        return tuple(self._views)

    async def cluster(self, node: str) -> ClusterInfo:
        return self.info

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        return Credentials("admin", self.password) if self.password else None

    def add(self, address: NodeAddress, name: str = "") -> object:
        self.events.append(f"add {name}")
        self.remembered = RememberedCluster("one", "Contoso web", nodes=(*self.remembered.nodes, address))
        if name not in {view.name for view in self._views}:
            status = NodeStatus(name, f"uuid-{name}", "0.1.0", 1, 0.0, "b", 0.0, cluster_signature=self.info.signature)
            self._views.append(NodeView(address, name, Reach.CONNECTED, status=status, role=Role.ADMIN))
        return None

    def put(self, view: NodeView) -> None:
        self._views = [view if one.name == view.name else one for one in self._views]

    async def reach(self, node: str, request: Asked, through: str = "") -> Reached:
        await asyncio.sleep(0)
        self.asked.append((node, request.address, request.port, through))
        return self.shut.get((node, request.address, request.port), Reached(True, took=0.0004))

    async def status_through(self, through: str, node: str) -> NodeStatus:
        await asyncio.sleep(0)
        if node not in self.relayed:
            raise CallFailed(Trouble.DENIED, f"{node}: no answer")
        return self.relayed[node]

    async def cluster_history(self, node: str) -> tuple[Revision, ...]:
        if self.failure is not None:
            raise self.failure
        return tuple(one for one, _ in self.revisions)

    async def cluster_revision(self, node: str, revision: int) -> bytes:
        return next(xml for one, xml in self.revisions if one.number == revision)

    async def cluster_difference(self, node: str, earlier: int, later: int) -> Difference:
        files = {one.number: {"cluster.xml": xml} for one, xml in self.revisions}
        earlier = earlier or later - 1
        return Difference(earlier, later, file_changes(files.get(earlier, {}), files[later]))

    async def remove(self, node: str) -> None:
        self.events.append(f"remove {node}")


class FakeRollout:
    """Apply and check of the cluster: a script of failures by (node, stage), and the decision asked for."""

    def __init__(self) -> None:
        self.failures: dict[tuple[str, Stage], Trouble] = {}
        self.silent: dict[str, tuple[str, ...]] = {}
        self.requests: list[ClusterRequest] = []
        self.kept: bool | None = None
        self.within = 60.0

    async def check(self, request: ClusterRequest, on_step: OnStep) -> Applied:
        self.requests.append(request)
        good = await self._stage(request, on_step, Stage.CHECK)
        return Applied(Outcome.CHECKED if good else Outcome.REFUSED)

    async def apply(self, request: ClusterRequest, on_step: OnStep, decide: Decide) -> Applied:
        self.requests.append(request)
        holds = request.targets[0].credentials
        for stage in (Stage.CHECK, Stage.STAGE):
            if not await self._stage(request, on_step, stage):
                return Applied(Outcome.REFUSED)
        if not await self._stage(request, on_step, Stage.COMMIT):
            return self._back(request, on_step)
        seen = tuple(Seen(one.name, True, silent=self.silent.get(one.name, ())) for one in request.targets)
        try:
            async with asyncio.timeout(self.within):
                self.kept = await decide(Deadline("f00d" * 16, self.within, holds, seen))
        except TimeoutError:
            self.kept = None
        if not self.kept:
            return self._back(request, on_step)
        await self._stage(request, on_step, Stage.CONFIRM)
        return Applied(Outcome.APPLIED, "f00d" * 16)

    async def _stage(self, request: ClusterRequest, on_step: OnStep, stage: Stage) -> bool:
        good = True
        for target in request.targets:
            on_step(Step(target.name, stage, StepState.RUNNING))
            await asyncio.sleep(0)
            trouble = self.failures.get((target.name, stage))
            good = good and trouble is None
            state = StepState.FAILED if trouble else StepState.DONE
            on_step(Step(target.name, stage, state, 0.2, trouble, str(trouble or "")))
        return good

    def _back(self, request: ClusterRequest, on_step: OnStep) -> Applied:
        for target in request.targets:
            if (target.name, Stage.COMMIT) not in self.failures:
                on_step(Step(target.name, Stage.COMMIT, StepState.WENT_BACK))
        return Applied(Outcome.WENT_BACK, "f00d" * 16)
