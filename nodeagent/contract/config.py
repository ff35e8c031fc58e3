"""The configuration as the agent uses it: values after defaults and macros, never the XML itself.

Durations are `float` seconds in all fields here; the exact text stays in the XML file.
`cluster_xml` and `module_xml` build these from bytes, `config_rules` holds what is allowed.
"""

from enum import StrEnum

import msgspec

from nodeagent.contract.failover_rules import FailoverRule
from nodeagent.contract.states import Action, Boot, Mode


class NodeAddress(msgspec.Struct, frozen=True):
    """A node's address on one lan; `laddr` is the local address to bind behind NAT."""

    node: str
    addr: str
    laddr: str = ""


class Lan(msgspec.Struct, frozen=True):
    """A named network of the cluster; carries heartbeats."""

    name: str
    nodes: tuple[NodeAddress, ...]
    command: bool = False

    def address_of(self, node: str) -> NodeAddress | None:
        """The node's address on this lan, None when it is not on it."""
        return next((n for n in self.nodes if n.node == node), None)


class ClusterConfig(msgspec.Struct, frozen=True):
    """cluster.xml. The order of the command lan gives the node ids (1, 2, …)."""

    lans: tuple[Lan, ...]
    port: int = 4800
    pulse: float = 0.1
    slost_count: int = 10
    mlost_count: int = 20
    signature: str = ""
    """SHA-256 (hex) of the canonical content; equal on all nodes of one configuration."""

    @property
    def window(self) -> float:
        """Seconds of silence after which a node is lost."""
        return self.pulse * self.slost_count

    @property
    def command_lan(self) -> Lan:
        """The lan marked `command`, else the first that holds every node."""
        marked = next((lan for lan in self.lans if lan.command), None)
        return marked or max(self.lans, key=lambda lan: len(lan.nodes))

    @property
    def nodes(self) -> tuple[str, ...]:
        """All node names in id order."""
        return tuple(n.node for n in self.command_lan.nodes)


class UserScripts(msgspec.Struct, frozen=True):
    """`<user>`: how scripts run."""

    nicestoptimeout: float = 300.0
    forcestoptimeout: float = 300.0
    starttimeout: float = 0.0
    """0 = none."""
    logging: bool = True
    userlogsize: int = 2048
    """KB per run."""
    act_on_exitcode: bool = False


class ProcRule(msgspec.Struct, frozen=True):
    """`<proc>`: one monitored process or service; its resource is `proc.<key>`."""

    name: str
    proc_class: str
    service: bool = False
    nameregex: str = ""
    argregex: str = ""
    atleast: int = 1
    atmax: int = -1
    action: Action | None = Action.STOPSTART
    """None = `noaction`."""
    handler: str = ""
    """An executable to run instead of an action; exit 0 = handled."""
    start_after: int = 0
    restart_services: str = ""
    grace: float = 0.0
    number: int = 1
    """Which of the rules with this name it is: two java processes differ by their arguments."""

    @property
    def key(self) -> str:
        """Unique in its module: the name, with `#2`, `#3`, … from the second rule of that name on."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"


class Monitoring(msgspec.Struct, frozen=True):
    """`<errd>`: process monitoring; `polltimer` is the fallback scan in seconds."""

    polltimer: float = 30.0
    procs: tuple[ProcRule, ...] = ()


class CheckerRule(msgspec.Struct, frozen=True):
    """One checker of `<check>`; `params` are the attributes of its `<to>` child, durations in seconds as text."""

    kind: str
    ident: str
    when: str = "both"
    action: Action | None = None
    fall: int = 1
    rise: int = 1
    warmup: float = 30.0
    params: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The name of its resource, `tcp.web`."""
        return f"{self.kind}.{self.ident}"

    def param(self, name: str) -> str:
        """An attribute of its `<to>` (or of `custom`), defaults filled in; "" when there is none."""
        return dict(self.params).get(name, "")


class Health(msgspec.Struct, frozen=True):
    """`<health>`: seconds between 404 and stop_both on a planned stop; good rounds before Ready."""

    drain: float = 0.0
    rounds: int = 1


class Failover(msgspec.Struct, frozen=True):
    """`<failover>`: the user's own rules; durations in seconds."""

    extends: bool = True
    """Whether the generated rules hold too."""
    period: float = 5.0
    handle_time: float = 15.0
    """How long the condition of an own rule must hold before the rule acts."""
    rules: tuple[FailoverRule, ...] = ()
    text: str = ""
    """The rules as they are written, macros replaced."""


class FarmLans(msgspec.Struct, frozen=True):
    """`<farm>`: the lans that count for this module and its own detection window (0 = the cluster's)."""

    lans: tuple[str, ...] = ()
    pulse: float = 0.0
    slost_count: int = 0


class VmacType(StrEnum):
    """How the nodes share a virtual address on the network."""

    INVISIBLE = "vmac_invisible"
    """Every node sees every frame and keeps its own slots."""
    DIRECTED = "vmac_directed"
    """One node answers for the address and forwards the others' slots."""


class Proto(StrEnum):
    """The protocols whose traffic is shared out."""

    TCP = "tcp"
    UDP = "udp"


class ShareBy(StrEnum):
    """What of a client decides its slot."""

    ADDR = "on_addr"
    PORT = "on_port"
    """Its address and its port together."""


class VirtualAddress(msgspec.Struct, frozen=True):
    """`<virtual_addr>` with what its `<virtual_interface>` and `<interface>` say."""

    addr: str
    type: VmacType
    vmac: str = ""
    """Lower case with colons; "" with vmac_directed, which has none."""
    interface: str = ""
    """"": the one whose network holds the address."""
    check: bool = True
    interface_check: bool = True


class TrafficRule(msgspec.Struct, frozen=True):
    """`<rule>`: traffic to one port of some virtual addresses; among rules an exact port goes before 0."""

    addresses: tuple[str, ...]
    port: int
    """0 = any port."""
    proto: Proto
    share_by: ShareBy


class TrafficGroup(msgspec.Struct, frozen=True):
    """`<group>`: traffic that the nodes share by power; it has 256 slots of its own."""

    name: str
    powers: tuple[tuple[str, int], ...]
    """(node, power) in the order of the module's nodes; 0 = no traffic."""
    rules: tuple[TrafficRule, ...]


class VirtualIp(msgspec.Struct, frozen=True):
    """`<vip>`: virtual addresses served by all UP nodes at once."""

    addresses: tuple[VirtualAddress, ...]
    groups: tuple[TrafficGroup, ...] = ()
    tcpreset: bool = True
    """Reset the connections that are left after the drain."""
    scriptcontrol: bool = False
    """The module's scripts open and close the traffic."""


class ModuleConfig(msgspec.Struct, frozen=True):
    """userconfig.xml of one module, with the nodes it was applied to."""

    name: str
    mode: Mode
    nodes: tuple[str, ...] = ()
    boot: Boot = Boot.IGNORE
    boot_delay: float = 0.0
    maxloop: int = 3
    loop_interval: float = 86400.0
    """Seconds; 0 switches counting off."""
    automatic_reboot: bool = False
    restart_delay: float = 0.0
    restart_delay_max: float = 60.0
    farm: FarmLans = FarmLans()
    user: UserScripts | None = None
    """None: no `<user>`, no script runs."""
    variables: tuple[tuple[str, str], ...] = ()
    monitoring: Monitoring | None = None
    checkers: tuple[CheckerRule, ...] = ()
    failover: Failover = Failover()
    health: Health = Health()
    vip: VirtualIp | None = None
    not_in_force: tuple[str, ...] = ()
    """Attributes that are read and kept but not acted on by this version, e.g. `interface@arpreroute`."""
    signature: str = ""
