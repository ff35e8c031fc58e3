"""A node dies: how long the clients of the virtual IP are without it. `failover [DEATHS]`, 20 of each kind by default.

Three real agents with nginx in the namespace lab, default pulse. In one and the same cut of a node's cable: the virtual
IP and, each with an address of its own, keepalived with an advert of 1 s and of 0.1 s. Then kill -9 of another node's
agent. Every client connects again and again, and gives up after 25 ms, so that figures have up to 25 ms of its own.
"""

import math
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from nodeagent.core.bucket import slot_of
from nodeagent.durable import wall_time
from tests.bench._report import percentile, write_section
from tests.e2e.real_farm import until
from tests.lab.clients import Probe
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode
from tests.lab.peers import Keepalived, absent
from tests.lab.probes.outage import STALL, TICK, Outages
from tests.lab.topology import refusal
from tests.lab.vip import VIRTUAL, carried, rule, told, vip, wait_settled

CLIENTS = 40
PEERS_CLIENTS = 13
"""Of an address that one node has: as many as the virtual IP loses in a death, so that no peer's crowd of clients takes
the cores from the others'."""
TIMEOUT, PAUSE = 0.025, 0.06
LONG = 0.15
"""Seconds without service from which a client counts as hit; less a busy machine does to anybody."""

GOAL = 0.05
LIMIT = 320.0
"""Seconds after which no further round begins."""

OTHERS = {"keepalived, advert 1 s": ("10.77.0.201", 1, 71), "keepalived, advert 0.1 s": ("10.77.0.202", 0.1, 72)}
CUT, KILL = "Keepgreen, cable cut", "Keepgreen, agent kill -9"


@dataclass(frozen=True)
class Wait:
    """How long one client waited; seconds."""

    seconds: float
    stalled: float
    """The longest time in it that the process of the clients itself stood still, 0 when it was always on time."""


def wait(seen: Outages, since: float, until: float) -> Wait:
    """The wait between two moments of time.monotonic."""
    return Wait(until - since, seen.stalled(since, until))


def missed(wait: Wait) -> bool:
    """Whether it was longer than the goal."""
    return wait.seconds > GOAL


@dataclass
class Deaths:
    """What all deaths of one kind did to the clients; seconds."""

    clients: int
    hit: list[int] = field(default_factory=list)
    """Per death: how many clients."""
    strangers: list[Wait] = field(default_factory=list)
    """Per client that was hit and is not one of the dead node: without service."""
    back: list[float] = field(default_factory=list)
    """Per client of the dead node that was hit: from the death until it has service again."""
    without: list[float] = field(default_factory=list)
    """The same, from its last good connect to the next."""
    agreed: list[float] = field(default_factory=list)
    """Per death: until the last survivor has the node lost, by the agents' own logs."""
    late: int = 0
    """Deaths after which some client was later than the goal."""
    beyond: list[Wait] = field(default_factory=list)
    """Per client of the dead node that was hit: from the agreement until it has service again."""

    def add(self, seen: Outages, died: float, own: frozenset[str], agreed: float | None) -> None:
        """One death, at a moment of time.monotonic; `own` are the dead node's clients."""
        hit = {s: c for s, c in seen.clients.items() if c.failures and c.gap > LONG and c.back > died}
        self.hit.append(len(hit))
        self.strangers += [wait(seen, c.gap_began, c.back) for source, c in hit.items() if source not in own]
        theirs = [client for source, client in hit.items() if source in own]
        self.back += [client.back - died for client in theirs]
        self.without += [client.gap for client in theirs]
        if agreed is not None:
            self.agreed.append(agreed - died)
            beyond = [wait(seen, agreed, client.back) for client in theirs]
            self.late += any(map(missed, beyond))
            self.beyond += beyond


def whole(nodes: Sequence[LabNode]) -> bool:
    """Whether all nodes serve by one table, each its own slots; slots may be quiet still."""
    said = [told(node) for node in nodes]
    return len({one["epoch"] for one in said}) == 1 and all(
        one["agreed"] and group["mine"] == [slot for slot, owner in enumerate(group["owners"]) if owner == node.name]
        for node, one in zip(nodes, said, strict=True)
        for group in one["groups"]
    )


def clients_of(lab: Lab, node: LabNode) -> frozenset[str]:
    """The clients that a node serves while all live."""
    owners = told(node)["groups"][0]["owners"]
    return frozenset(s for s in lab.clients[0].sources(VIRTUAL, CLIENTS) if owners[slot_of(s)] == node.name)


def agreement(dead: LabNode, survivors: Sequence[LabNode], after: dict[str, int]) -> float:
    """When the last survivor had the node lost; a moment of time.monotonic."""
    lost = f"{dead.name} lost: "
    moments: dict[str, float] = {}

    def known() -> bool:
        for node in survivors:
            for line in node.log(after=after[node.name]):
                if line["text"].startswith(lost):
                    moments.setdefault(node.name, line["time"])
        return len(moments) == len(survivors)

    until(known, 10, f"the survivors have {dead.name} lost")
    return max(moments.values()) - wall_time() + time.monotonic()


@contextmanager
def death(
    lab: Lab, dead: LabNode, addresses: dict[str, str], found: dict[str, Deaths], seconds: float
) -> Iterator[None]:
    """Watch these addresses (by the row's name) while the body kills the node, and for some seconds after."""
    survivors = [node for node in lab.nodes if node is not dead]
    after = {node.name: node.log(newest="true", limit=1)[-1]["cursor"] for node in survivors}
    own = clients_of(lab, dead)
    watches: dict[str, Probe[Outages]] = {
        name: lab.clients[0].outage(address, sources=found[name].clients, timeout=TIMEOUT, pause=PAUSE)
        for name, address in addresses.items()
    }
    time.sleep(random.uniform(0.5, 1.5))  # deaths fall evenly into pulse and advert
    died = time.monotonic()
    yield
    time.sleep(seconds)
    agreed = agreement(dead, survivors, after)
    for name, watch in watches.items():
        ours = addresses[name] == VIRTUAL
        everybody = frozenset(lab.clients[0].sources(VIRTUAL, CLIENTS))
        found[name].add(watch.result(), died, own if ours else everybody, agreed if ours else None)


def recovered(lab: Lab, vrrps: Sequence[Keepalived]) -> None:
    """Wait until everything is as before the death."""
    lab.farm.all_hear(20)
    lab.farm.all_green(20)
    until(lambda: whole(lab.nodes), 20, "one table on all nodes")
    for vrrp in vrrps:
        until(partial(held_by, vrrp, lab.nodes[0]), 20, f"node1 has {vrrp.address}")


def held_by(vrrp: Keepalived, node: LabNode) -> bool:
    """Whether this node, and no other, has the address."""
    return vrrp.holder() is node


def measure(lab: Lab, deaths: int, vrrps: Sequence[Keepalived]) -> dict[str, Deaths]:
    """All rounds that there is time for."""
    one, two, _ = lab.nodes
    names = {vrrp.address: name for name, (address, *_) in OTHERS.items() for vrrp in vrrps if vrrp.address == address}
    cut = {CUT: VIRTUAL, **{name: address for address, name in names.items()}}
    found = {name: Deaths(CLIENTS) for name in (CUT, KILL)} | {name: Deaths(PEERS_CLIENTS) for name in names.values()}
    began = time.monotonic()
    for number in range(1, deaths + 1):
        with death(lab, one, cut, found, 4.3 if vrrps else 1.8):
            one.cable(plugged=False)
        one.cable(plugged=True)
        recovered(lab, ())
        with death(lab, two, {KILL: VIRTUAL}, found, 1.6):
            two.kill_agent()
        two.start_agent()
        recovered(lab, vrrps)
        latest = ", ".join(f"{name} {max(d.back, default=math.nan) * 1000:.0f}" for name, d in found.items())
        print(f"round {number} of {deaths}, {time.monotonic() - began:.0f} s; longest so far, ms: {latest}", flush=True)
        if time.monotonic() - began > LIMIT:
            break
    return found


def ms(seconds: float) -> str:
    """In ms; infinity is a client that had no service again while it was watched."""
    return f"{seconds * 1000:.0f}" if math.isfinite(seconds) else "not back"


def figures(seconds: Sequence[float]) -> str:
    """p50, p99 and max as three columns in ms."""
    return " | ".join(ms(percentile(list(seconds), at)) if seconds else "–" for at in (50, 99, 100))


def strange(waits: Sequence[Wait]) -> str:
    """How many clients of living nodes were hit, for how long, and how many of them stood still themselves."""
    if not waits:
        return "0"
    still = sum(one.stalled > 0 for one in waits)
    return f"{len(waits)} (≤ {ms(max(one.seconds for one in waits))} ms; {still} stood still themselves)"


def waits(name: str, deaths: Deaths) -> list[str]:
    """Three rows: all clients, those that were on time, those that stood still themselves."""
    on_time = [one for one in deaths.beyond if not one.stalled]
    still = [one for one in deaths.beyond if one.stalled]
    longest = f" (≤ {ms(max(one.stalled for one in still))} ms)" if still else ""
    each = {
        f"{name} | {figures(deaths.agreed)}": deaths.beyond,
        "– clients on time | | |": on_time,
        f"– clients that stood still{longest} | | |": still,
    }
    return [
        f"| {row} | {len(some)} | {figures([one.seconds for one in some])} | {sum(map(missed, some))} |"
        for row, some in each.items()
    ]


def verdict(name: str, deaths: Deaths) -> str:
    """One sentence: the goal is reached or missed, and by whom."""
    late = [one for one in deaths.beyond if missed(one)]
    if not late:
        return f"- {name}: goal ≤ {GOAL * 1000:.0f} ms reached by all."
    still = sum(one.stalled > 0 for one in late)
    return (
        f"- {name}: goal ≤ {GOAL * 1000:.0f} ms missed by {len(late)} of {len(deaths.beyond)} clients, in"
        f" {deaths.late} of {len(deaths.agreed)} deaths; {still} of them stood still themselves just then."
    )


def report(found: dict[str, Deaths]) -> list[str]:
    """The tables."""
    lines = [
        f"Three agents at the default pulse, {CLIENTS} clients (of keepalived's addresses {PEERS_CLIENTS} each, as many"
        f" as the virtual IP loses) that connect all the time and give up after {TIMEOUT * 1000:.0f} ms (up to so much"
        " of a figure is theirs). In ms: from the death until a client of the dead node has service again, and how long"
        " it was without. One and the same cut for all. A client is hit when it is without service for"
        f" {LONG * 1000:.0f} ms, which a busy machine alone can do to some.",
        "",
        "| | deaths | clients hit | not the dead node's | back p50 | p99 | max | without p50 | p99 | max |",
        "|-|-|-|-|-|-|-|-|-|-|",
    ]
    for name, deaths in found.items():
        hit, all_of_them = sum(deaths.hit), deaths.clients * len(deaths.hit)
        strangers = strange(deaths.strangers) if name in (CUT, KILL) else "–"
        lines.append(
            f"| {name} | {len(deaths.hit)} | {hit} of {all_of_them} ({100 * hit / all_of_them:.0f} %) | {strangers}"
            f" | {figures(deaths.back)} | {figures(deaths.without)} |"
        )
    lines += [
        "",
        "Death → the last survivor has the node lost, by the agents' logs; and from then until a client has service"
        f" again. Goal: ≤ {GOAL * 1000:.0f} ms. All clients are one process that looks at the clock every"
        f" {TICK * 1000:.0f} ms: they stood still when that was {STALL * 1000:.0f} ms or more too late between the two"
        " moments, and then the figure is theirs too.",
        "",
        "| | agreed p50 | p99 | max | clients | back after p50 | p99 | max | later than the goal |",
        "|-|-|-|-|-|-|-|-|-|",
        *(row for name in (CUT, KILL) for row in waits(name, found[name])),
        "",
        *(verdict(name, found[name]) for name in (CUT, KILL)),
        "",
        "A client of a real system whose SYN was lost asks again after 1 s, whoever serves it.",
    ]
    return lines


def main(deaths: int) -> int:
    """Measure and write; the exit code."""
    if problem := refusal():
        print(problem, file=sys.stderr)
        return 1
    missing = absent("keepalived")
    with running_lab() as lab, ExitStack() as after:
        lab.start_farm(more=vip(carried(VIRTUAL), rule(VIRTUAL), link_check="off"))
        wait_settled(lab.nodes)
        vrrps = [] if missing else [Keepalived(lab.nodes, *where) for where in OTHERS.values()]
        for vrrp in vrrps:
            after.callback(vrrp.stop)
        lines = report(measure(lab, deaths, vrrps))
    write_section("A node dies: the virtual IP", [*lines, *([f"Not shown: {missing}."] if missing else [])])
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
