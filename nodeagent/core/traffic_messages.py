"""Events and effects of the virtual IP; part of `events.Event` and `effects.Effect`."""

from dataclasses import dataclass

from nodeagent.contract.config import ModuleConfig, VirtualIp
from nodeagent.core.handover import GroupSlots

# --- events -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LansBound:
    """Lans on which this node's heartbeat socket is bound; said when it changes."""

    lans: frozenset[str]


@dataclass(frozen=True, slots=True)
class LinkSeen:
    """A network interface that carries virtual addresses has lost its link (a cable is pulled), or has it again."""

    interface: str
    up: bool


@dataclass(frozen=True, slots=True)
class TrafficPrepared:
    """The filter is in the kernel and the virtual addresses behind it, or `error` says why not."""

    module: str
    error: str = ""
    interfaces: tuple[tuple[str, str], ...] = ()
    """(virtual address, the network interface that carries it)."""
    lasting: bool = False
    """The filter stood before and takes slots without a time-out behind an address, for an earlier agent maybe."""


@dataclass(frozen=True, slots=True)
class SlotsSet:
    """The kernel holds the slots of this epoch, or `error` says why not."""

    module: str
    epoch: int
    error: str = ""
    timeout: float | None = None
    """That of the SetSlots that was carried out; of an error it says nothing."""


@dataclass(frozen=True, slots=True)
class TrafficObserved:
    """What a look into the kernel found."""

    module: str
    filter_present: bool = True
    missing: tuple[str, ...] = ()
    """Virtual addresses that are not on this node."""
    learnt: tuple[str, ...] = ()
    """Interfaces on which frames from the virtual MAC came in since the last look: the switch has learnt it."""
    taken: tuple[tuple[str, int], ...] = ()
    """(group, packets this node has taken since the filter was made)."""
    error: str = ""
    """Why it could not look."""


@dataclass(frozen=True, slots=True)
class ProbeReceived:
    """A probe frame came in."""

    interface: str
    mac: str
    data: bytes


@dataclass(frozen=True, slots=True)
class GateSet:
    """A script opened or closed the traffic (`vip open|close`, with `scriptcontrol`)."""

    module: str
    open: bool
    author: str


# --- effects ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrepareTraffic:
    """Put the filter with no slots into the kernel, then the addresses; answered by TrafficPrepared.

    What is missing or altered is made anew. What stands as it should stays: a filter with its slots, which run out
    by their time-out unless they are set again, and with the connections that it knows.
    """

    config: ModuleConfig
    vip: VirtualIp
    me: str

    @property
    def module(self) -> str:
        """The module's name."""
        return self.config.name


@dataclass(frozen=True, slots=True)
class SetSlots:
    """The kernel's slots from now on, all groups in one transaction; answered by SlotsSet.

    `timeout`: seconds after which the kernel forgets `mine` and `est` unless they are set again (the dead
    man's switch), None: never. `owners` and `macs` are for vmac_directed: the owner of each slot by group,
    the hardware address of each node by interface. `director`: this node answers for the address.
    """

    module: str
    epoch: int
    groups: tuple[GroupSlots, ...]
    timeout: float | None = None
    director: bool = False
    owners: tuple[tuple[str, tuple[str | None, ...]], ...] = ()
    macs: tuple[tuple[str, str, str], ...] = ()
    """(interface, node, hardware address)."""


@dataclass(frozen=True, slots=True)
class WithdrawTraffic:
    """Close the filter, take the addresses away, then the filter. `reset`: end the connections that are left."""

    module: str
    reset: bool


@dataclass(frozen=True, slots=True)
class ObserveTraffic:
    """Look into the kernel; answered by TrafficObserved."""

    module: str


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Send this frame on an interface to a virtual MAC of the module, or to everybody."""

    module: str
    interface: str
    to: str
    data: bytes


TrafficEvent = TrafficPrepared | SlotsSet | TrafficObserved | GateSet
"""Those about one module."""

TrafficEffect = PrepareTraffic | SetSlots | WithdrawTraffic | ObserveTraffic | SendProbe
