"""What a module's virtual IP is on this node: the input of the rule set and of its slots."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nodeagent.contract.config import Proto, TrafficGroup, VirtualAddress, VirtualIp, VmacType

TABLE_PREFIX: Final = "keepgreen_"


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of this node; its MAC in lower case with colons."""

    name: str
    mac: str


@dataclass(frozen=True, slots=True)
class VipPlan:
    """A module's virtual IP on this node."""

    module: str
    vip: VirtualIp
    interfaces: tuple[tuple[str, Interface], ...]
    """(virtual address, the interface that carries it), for every address."""

    @property
    def table(self) -> str:
        """The name of its table."""
        return table_of(self.module)

    def interface_of(self, address: VirtualAddress) -> Interface:
        """The interface that carries an address."""
        return dict(self.interfaces)[address.addr]

    def on(self, interface: Interface) -> tuple[VirtualAddress, ...]:
        """The addresses that an interface carries."""
        return tuple(a for a in self.vip.addresses if self.interface_of(a) == interface)

    def links(self) -> tuple[Interface, ...]:
        """Its interfaces, each once."""
        return tuple(dict.fromkeys(interface for _, interface in self.interfaces))


def table_of(module: str) -> str:
    """The name of a module's table."""
    return TABLE_PREFIX + sha256(module.encode()).hexdigest()[:8]


def home_of(address: str, interface: str) -> str:
    """The interface on which a virtual address is put: IPv4 on `lo`, IPv6 where it must answer."""
    return interface if ":" in address else "lo"


def has(group: TrafficGroup, proto: Proto) -> bool:
    """Whether the group shares traffic of this protocol."""
    return any(rule.proto is proto for rule in group.rules)


def directed(vip: VirtualIp) -> bool:
    """Whether some address is forwarded by one node."""
    return any(a.type is VmacType.DIRECTED for a in vip.addresses)
