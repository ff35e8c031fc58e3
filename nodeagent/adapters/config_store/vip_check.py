"""What this node can say of a module's virtual IP: can it serve one, and is its traffic another module's already."""

from collections.abc import Callable, Mapping

from nodeagent.contract.config import ModuleConfig, VirtualIp
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.vip_check import shared_traffic

VipLook = Callable[[VirtualIp], tuple[str, ...]]
"""Why this node cannot serve a virtual IP, one sentence each. Blocks."""


def no_look(vip: VirtualIp) -> tuple[str, ...]:
    """Of a node nothing is known."""
    return ()


def vip_problems(config: ModuleConfig, others: Mapping[str, VirtualIp], look: VipLook) -> list[Problem]:
    """Errors all of them. `others`: the virtual IPs of the other modules on this node."""
    if config.vip is None:
        return []
    texts = (*look(config.vip), *shared_traffic(config.vip, others))
    return [Problem(Severity.ERROR, text, USERCONFIG, path="safe/service/vip") for text in texts]
