"""The half for machines that cannot filter, and for systems that have no such kernel."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from nodeagent.contract.config import VirtualIp, VmacType
from nodeagent.core.vip_facts import KernelFacts
from nodeagent.core.vip_plan import VipPlan
from nodeagent.core.vip_sets import ModuleSets

NOT_LINUX = (
    "a virtual IP is served by Linux nodes only: use a load balancer that asks the health URL,"
    " Windows Network Load Balancing, or Linux nodes for this module"
)


class NoVip:
    """Serves no virtual IP; every call answers with the reason."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    async def plan(self, module: str, vip: VirtualIp) -> tuple[VipPlan | None, tuple[str, ...]]:
        """No plan."""
        return None, (self._problem,)

    async def prepare(self, plan: VipPlan) -> str:
        """The reason."""
        return self._problem

    def update(self, modules: Sequence[ModuleSets]) -> dict[str, str]:
        """The reason for each module."""
        return {sets.plan.module: self._problem for sets in modules}

    async def reset(self, module: str) -> str:
        """No connection came."""
        return ""

    async def withdraw(self, module: str) -> str:
        """Nothing is there: all is well."""
        return ""

    async def observe(self, *, slots: bool = True) -> KernelFacts:
        """Nothing, with the reason."""
        return KernelFacts({}, {}, {}, self._problem)

    async def announce(self, plan: VipPlan, kind: VmacType) -> str:
        """The reason."""
        return self._problem

    async def connections(self, module: str) -> int:
        """None."""
        return 0

    def close(self) -> None:
        """Nothing is held."""


class ProbeFrames:
    """No probe frames: this system has no packet sockets."""

    def __init__(self, deliver: Callable[[str, str, bytes], None]) -> None:
        pass

    def listen(self, interfaces: Iterable[str]) -> str:
        """The reason, when there is something to listen on."""
        return NOT_LINUX if list(interfaces) else ""

    def admit(self, interface: str, macs: Iterable[str]) -> str:
        """The reason."""
        return NOT_LINUX

    def send(self, interface: str, mac: str, payload: bytes) -> str:
        """The reason."""
        return NOT_LINUX

    def has_link(self, interface: str) -> bool:
        """Nobody can tell."""
        return True

    def close(self) -> None:
        """Nothing is held."""


def vip_problem() -> str:
    """Why this node cannot serve a virtual IP."""
    return NOT_LINUX


def node_problems(vip: VirtualIp) -> tuple[str, ...]:
    """Why this node cannot serve it."""
    return (NOT_LINUX,)


def interface_for(address: str, name: str) -> tuple[str, str]:
    """No interface, with the reason."""
    return "", NOT_LINUX


def modules_in_kernel(path: Path) -> frozenset[str]:
    """None."""
    return frozenset()


def release_all() -> str:
    """Nothing is there."""
    return ""
