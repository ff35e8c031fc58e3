"""What a run is made of, drawn from its seed: a cluster, modules, their checks, their virtual IPs."""

from random import Random

from nodeagent.contract.config import (
    CheckerRule,
    ClusterConfig,
    Failover,
    FarmLans,
    Health,
    Lan,
    ModuleConfig,
    Monitoring,
    NodeAddress,
    ProcRule,
    Proto,
    ShareBy,
    TrafficGroup,
    TrafficRule,
    UserScripts,
    VirtualAddress,
    VirtualIp,
    VmacType,
)
from nodeagent.contract.failover_rules import Comparison, Conjunction, FailoverRule
from nodeagent.contract.states import Action, Boot, Mode, ResourceState

HEARTBEATS = ((0.2, 8), (0.25, 6), (0.25, 8), (0.3, 5), (0.4, 5), (0.5, 4))
"""(pulse, slost_count): windows between 1.5 and 2.0 s."""
WITH_VIP = 0.4
"""Share of the modules that have a virtual IP."""


def drawn_cluster(random: Random) -> ClusterConfig:
    """Two to five nodes, one or two lans with every node on them, a pulse that keeps runs cheap."""
    names = [f"n{i}" for i in range(1, 1 + random.choice((2, 2, 3, 3, 3, 4, 5)))]
    pulse, count = (0.1, 10) if random.random() < 0.04 else random.choice(HEARTBEATS)
    lans = tuple(
        Lan(f"lan{k}", tuple(NodeAddress(name, f"10.0.{k}.{i}") for i, name in enumerate(names, 1)))
        for k in range(1, 2 + (random.random() < 0.35))
    )
    return ClusterConfig(lans, pulse=pulse, slost_count=count, signature="first")


def drawn_module(random: Random, name: str, cluster: ClusterConfig) -> ModuleConfig:
    """A farm module on all or some of the nodes, with small time-outs."""
    nodes = cluster.nodes
    if len(nodes) > 2 and random.random() < 0.3:
        chosen = random.sample(nodes, random.randint(2, len(nodes) - 1))
        nodes = tuple(node for node in nodes if node in chosen)
    lans = (random.choice(cluster.lans).name,) if random.random() < 0.4 else tuple(lan.name for lan in cluster.lans)
    own_window = (cluster.pulse, cluster.slost_count + 2) if random.random() < 0.15 else (0.0, 0)
    return ModuleConfig(
        name,
        Mode.FARM,
        nodes=nodes,
        boot=random.choice((Boot.ON, Boot.ON, Boot.AUTO, Boot.AUTO, Boot.OFF, Boot.IGNORE)),
        boot_delay=random.choice((0.0, 0.7)),
        maxloop=random.randint(1, 3),
        loop_interval=random.choice((86400.0, 86400.0, 5.0, 10.0)),
        restart_delay=random.choice((0.0, 0.3, 1.0)),
        restart_delay_max=4.0,
        farm=FarmLans(lans, *own_window),
        user=UserScripts(
            nicestoptimeout=random.uniform(1.0, 2.0),
            forcestoptimeout=random.uniform(0.5, 1.5),
            starttimeout=random.choice((0.0, 1.5, 2.5)),
            act_on_exitcode=random.random() < 0.5,
        ),
        monitoring=drawn_monitoring(random) if random.random() < 0.9 else None,
        checkers=drawn_checkers(random),
        failover=drawn_failover(random),
        automatic_reboot=random.random() < 0.1,
        health=Health(random.choice((0.0, 0.5, 1.0)), random.randint(1, 2)),
        vip=drawn_vip(random, nodes) if random.random() < WITH_VIP else None,
        signature="one",
    )


def drawn_vip(random: Random, nodes: tuple[str, ...]) -> VirtualIp:
    """One virtual address; one group for TCP, sometimes another one for UDP, each with powers of its own."""
    address = VirtualAddress("10.0.0.100", VmacType.INVISIBLE, "5a:fe:0a:00:00:64")
    web = TrafficRule((address.addr,), 80, Proto.TCP, random.choice(tuple(ShareBy)))
    groups = [TrafficGroup("web", drawn_powers(random, nodes), (web,))]
    if random.random() < 0.3:
        dns = TrafficRule((address.addr,), 53, Proto.UDP, ShareBy.ADDR)
        groups.append(TrafficGroup("dns", drawn_powers(random, nodes), (dns,)))
    return VirtualIp((address,), tuple(groups), random.random() < 0.5, scriptcontrol=random.random() < 0.15)


def drawn_powers(random: Random, nodes: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """Equal ones, unequal ones, and nodes that take no traffic; never only those."""
    if random.random() < 0.5:
        return tuple((node, 1) for node in nodes)
    powers = [random.choice((0, 1, 1, 2, 3)) for _ in nodes]
    powers[random.randrange(len(nodes))] = random.randint(1, 3)
    return tuple(zip(nodes, powers, strict=True))


def drawn_monitoring(random: Random) -> Monitoring:
    """One watched process, which start_both starts."""
    action = random.choice((Action.RESTART, Action.RESTART, Action.STOPSTART, Action.STOPSTART, Action.STOP, None))
    handler = "repair" if action is Action.STOPSTART and random.random() < 0.5 else ""
    rule = ProcRule("app", "both", action=action, handler=handler, grace=random.choice((0.0, 0.0, 0.2)))
    return Monitoring(random.uniform(1.0, 3.0), (rule,))


def drawn_checkers(random: Random) -> tuple[CheckerRule, ...]:
    """Some of a tcp checker of the application, a ping that the module waits for, and a custom program."""

    def rule(kind: str, ident: str, when: str, action: Action | None) -> CheckerRule:
        return CheckerRule(
            kind,
            ident,
            when,
            action,
            fall=random.randint(1, 3),
            rise=random.randint(1, 2),
            warmup=random.choice((0.0, 1.0, 2.5)),
            params=(("interval", f"{random.uniform(0.3, 1.0):.2f}"),),
        )

    drawn = (
        rule("tcp", "web", "both", random.choice((Action.RESTART, Action.STOPSTART, None))),
        rule("ping", "gw", random.choice(("pre", "pre", "both")), Action.WAIT),
        rule("custom", "db", random.choice(("pre", "both")), random.choice((None, None, Action.RESTART))),
    )
    return tuple(one for one in drawn if random.random() < 0.6)


def drawn_failover(random: Random) -> Failover:
    """Sometimes a rule of the user's own, over what is set by command and what the scan says."""
    if random.random() < 0.5:
        return Failover()
    down = ResourceState.DOWN
    condition = random.choice(
        (
            Comparison("custom", "db", down),
            Comparison("custom", "*", down),
            Conjunction((Comparison("proc", "app", ResourceState.UP), Comparison("custom", "db", down))),
        )
    )
    action = random.choice((Action.WAIT, Action.RESTART, Action.STOPSTART))
    return Failover(handle_time=random.choice((0.0, 0.5, 2.0)), rules=(FailoverRule("own", condition, action),))
