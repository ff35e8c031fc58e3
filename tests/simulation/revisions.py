"""What an administrator changes while the farm runs and the simulation draws from a stream of its own.

The run of a seed whose stream has nothing of it is the same run as without this module.
"""

from collections.abc import Callable
from random import Random

from msgspec.structs import replace

from nodeagent.contract.config import Lan, NodeAddress
from nodeagent.contract.states import Action
from tests.simulation.drawing import drawn_vip
from tests.simulation.weather import Weather

LANS = 3
"""Lans that a cluster has at most."""


def lan_change(w: Weather, random: Random) -> str:
    """A lan comes, or one goes that no module names; what it carried the others must carry."""
    if w.turning or any(not machine.bound for machine in w.farm.machines.values()):
        return ""
    cluster, named = w.farm.cluster, {lan for module in w.farm.modules.values() for lan in module.farm.lans}
    unnamed = [lan.name for lan in cluster.lans if lan.name not in named]
    if unnamed and (len(cluster.lans) == LANS or random.random() < 0.5):
        gone = random.choice(unnamed)
        lans, text = tuple(lan for lan in cluster.lans if lan.name != gone), f"{gone} is taken out of the cluster"
    elif len(cluster.lans) < LANS:
        name = next(f"lan{k}" for k in range(1, LANS + 1) if f"lan{k}" not in w.farm.lans)
        nodes = tuple(NodeAddress(node, f"10.0.{name[3:]}.{i}") for i, node in enumerate(cluster.nodes, 1))
        lans, text = (*cluster.lans, Lan(name, nodes)), f"{name} comes into the cluster"
    else:
        return ""
    w.farm.configure(replace(cluster, lans=lans, signature=f"{cluster.signature}+"), w.farm.keys)
    return text


def vip_change(w: Weather, random: Random) -> str:
    """The virtual IP of a module goes, or one comes; with the next start, which some nodes are ordered to make."""
    name = random.choice(sorted(w.farm.modules))
    config = w.farm.modules[name]
    vip = None if config.vip else w.farm.former_vips.get(name) or drawn_vip(random, config.nodes)
    if config.vip:
        w.farm.former_vips[name] = config.vip
    w.farm.change_module(name, vip=vip)
    for machine in w.farm.members(name):
        if machine.name in w.touched and random.random() < 0.7:
            w.later(random.uniform(0.1, 6.0), lambda m=machine: m.order(name, Action.STOPSTART) if m.agent else None)
    return f"a revision {'brings' if vip else 'takes away'} the virtual IP of {name}"


REVISIONS: dict[str, Callable[[Weather, Random], str]] = {"lan change": lan_change, "vip change": vip_change}


def drawn_revisions(random: Random, length: float) -> list[float]:
    """When they come: none at all in most runs, else up to three."""
    return [random.uniform(3.0, length) for _ in range(random.choice((0, 0, 0, 1, 2, 3)))]


def revise(w: Weather, random: Random) -> None:
    """One change, unless it does not fit now."""
    if not w.healed:
        kind = random.choice(tuple(REVISIONS))
        if text := REVISIONS[kind](w, random):
            w.said(kind, text)
