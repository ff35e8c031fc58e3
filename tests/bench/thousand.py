"""A thousand nodes in virtual time, with a pulse of 1 s: `thousand [NODES]`.

First the story of 1,000 nodes in the largest clusters that there can be: they start, some die, some leave, all come
back, with and without loss on the network; and of one of these clusters with a module, all of whose views must agree.
Then what one core costs in a cluster of 2 to 1,000 nodes, of which only a
few hear everybody; past the largest cluster the heartbeats leave out the one field that stands against it.
"""

import gc
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import ceil
from statistics import linear_regression

from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.contract.cluster_xml import MAX_NODES, read_cluster
from nodeagent.core.heartbeat import MAX_DATAGRAM
from nodeagent.core.membership import Membership
from tests.bench._crowd import (
    DELAY,
    GOODBYE,
    HEARD,
    KEY,
    LOST,
    Crowd,
    Said,
    Spent,
    address,
    cluster,
    in_clusters,
    names,
    watched,
    weight,
)
from tests.bench._report import percentile, write_section
from tests.fakes.sealer import FakeSealer

NODES = 1000
PULSE = 1.0
LOSSES = (0.0, 0.05)
SIZES = (2, 8, 16, 32, 64, 128, 256, 512)
WATCHERS = 4
PATIENCE = 30
"""Seconds."""
SHARE = 100
"""One of so many nodes dies."""
MEMBERLIST = "https://github.com/hashicorp/memberlist/blob/"


@dataclass(frozen=True)
class Story:
    """What was seen of all nodes; times in seconds."""

    nodes: int
    web: bool
    """Each has a farm module."""
    loss: float
    heard: float
    """From the end of the second of the starts until all hear all."""
    lost: Sequence[float]
    """From the deaths until a survivor has the node lost, one for each survivor and dead peer."""
    apart: float
    """Between the first and the last survivor of one dead node, at most."""
    deaf: int
    """Nodes × their peers that a dead one had and that do not have it lost."""
    goodbyes: Sequence[float]
    """From the goodbye until a peer has heard it."""
    unheard: int
    """Goodbyes that a peer did not hear; it has the node lost later."""
    back: float
    """From the end of the second in which the others come back until all hear all."""
    agreed: bool
    """After the start and after the deaths all knew the same nodes as alive, and had one view of the module."""
    false: int
    """Nodes lost that ran, seen by any peer."""
    seconds: float
    busiest: float
    """Datagrams that a node sent in one second, the mean of the second with the most."""


def story(nodes: int, loss: float, *, web: bool) -> Story:
    """All start, one of a hundred dies, as many leave, all come back."""
    everybody = names(nodes)
    configs = in_clusters(everybody, MAX_NODES, PULSE)
    crowd = Crowd(configs, FakeSealer(), 1, web=web)
    crowd.network.loss = loss
    window, few = configs[everybody[0]].window, max(1, nodes // SHARE)
    began, busiest = crowd.now, 0

    def run(least: int, agree: Callable[[], bool]) -> list[Said]:
        """What is said until they agree; at least and at most so many seconds, and `PATIENCE` more."""
        nonlocal busiest
        crowd.said.clear()
        for second in range(least + PATIENCE):
            if second >= least and agree():
                break
            sent = crowd.network.sent
            crowd.run(1.0)
            busiest = max(busiest, crowd.network.sent - sent)
        return list(crowd.said)

    def lost_alive(said: Sequence[Said], gone: Sequence[str]) -> int:
        return sum(one.what == LOST and one.peer not in gone for one in said)

    def agree() -> bool:
        return crowd.all_hear_all() and (not web or crowd.all_agree())

    crowd.start(everybody, PULSE)
    said = run(2, agree)
    heard = max(one.at for one in said if one.what == HEARD) - began - PULSE
    agreed, false = agree(), lost_alive(said, ())

    chosen = crowd.random.sample(everybody, 2 * few)
    dead, gone, at = chosen[:few], chosen[few:], crowd.now
    crowd.kill(dead)
    crowd.leave(gone)
    said = run(int(window) + 1, agree)
    lost = {name: [one.at - at for one in said if one.what == LOST and one.peer == name] for name in dead}
    survivors = sum(sum(peer in configs[name].nodes for peer in crowd.agents) for name in dead)
    goodbyes = [one.at - at for one in said if one.what == GOODBYE]
    unheard = sum(one.what == LOST and one.peer in gone for one in said)
    agreed, false = agreed and agree(), false + lost_alive(said, chosen)

    at = crowd.now
    crowd.start(chosen, PULSE)
    said = run(2, crowd.all_hear_all)  # the module is green a window later
    return Story(
        nodes=nodes,
        web=web,
        loss=loss,
        heard=heard,
        lost=[one for times in lost.values() for one in times],
        apart=max(max(times) - min(times) for times in lost.values()),
        deaf=survivors - sum(map(len, lost.values())),
        goodbyes=goodbyes,
        unheard=unheard,
        back=max(one.at for one in said if one.what == HEARD) - at - PULSE,
        agreed=agreed and crowd.all_hear_all(),
        false=false + lost_alive(said, ()),
        seconds=crowd.now - began,
        busiest=busiest / nodes,
    )


@dataclass(frozen=True)
class Cost:
    """What one core costs in a cluster of so many nodes without modules."""

    nodes: int
    received: float
    """Datagrams a second; as many are sent."""
    size: float
    """Bytes of one."""
    receiving: float
    """Microseconds for one that comes in."""
    sending: float
    """Microseconds for one that goes out."""
    percent: float
    """CPU of one node in % of a core."""
    memory: int
    """Bytes."""
    lost: tuple[float, float]
    """Seconds from a death until the first and the last that look have the node lost."""


def cost(nodes: int, seconds: int) -> Cost:
    """Measure the first few nodes of one cluster."""
    everybody = names(nodes)
    configs = watched(everybody, WATCHERS, PULSE)
    crowd = Crowd(configs, ChaChaSealer(), 1, web=False, maskless=nodes > MAX_NODES)
    crowd.start(everybody, PULSE)
    crowd.run(4 * PULSE)
    if not crowd.all_hear_all():
        raise RuntimeError(f"{nodes} nodes do not hear each other")
    looking = [crowd.agents[name] for name in everybody[:WATCHERS]]
    for agent in looking:
        agent.spent = Spent()
    crowd.run(seconds)
    spent = [agent.spent for agent in looking]
    received, sent, size = (
        sum(each) for each in zip(*[(s.received, s.sent, s.sent_bytes) for s in spent], strict=True)
    )
    receiving, ticking = sum(one.receiving for one in spent), sum(one.ticking for one in spent)
    first = looking[0]
    memory = weight(first.node, (first.config, *configs.values(), crowd))
    crowd.said.clear()
    dead, at = everybody[-max(1, nodes // SHARE) :], crowd.now
    crowd.kill(dead)
    crowd.run(first.config.window + PULSE)
    watching = {agent.name for agent in looking}
    lost = [one.at - at for one in crowd.said if one.what == LOST and one.by in watching]
    if len(lost) != len(watching - set(dead)) * len(dead) or not crowd.all_hear_all():
        raise RuntimeError(f"{nodes} nodes: not everybody has the dead ones lost, or somebody else too")
    return Cost(
        nodes=nodes,
        received=received / len(looking) / seconds,
        size=size / sent,
        receiving=receiving / received * 1e6,
        sending=ticking / sent * 1e6,
        percent=100 * (receiving + ticking) / len(looking) / seconds,
        memory=memory,
        lost=(min(lost), max(lost)),
    )


def largest(most: int) -> int:
    """The largest cluster up to so many nodes that a core can be given."""

    def is_possible(nodes: int) -> bool:
        try:
            Membership(bytes(16), "uuid", FakeSealer(), "1.0", (9453, 9010)).configure(
                cluster(names(nodes), PULSE), "n0", (KEY,), 0.0
            )
        except OverflowError:
            return False
        return True

    return max(takewhile(is_possible, range(1, most + 1)))


def refusal(nodes: int) -> str:
    """What the check of cluster.xml says of so many nodes."""
    lines = "".join(f'<node name="{name}" addr="{address(name)}"/>' for name in names(nodes))
    _, problems = read_cluster(f'<cluster><lans><lan name="default">{lines}</lan></lans></cluster>'.encode())
    return "; ".join(problem.text for problem in problems)


def limits(nodes: int) -> list[str]:
    """What stands against one cluster of so many nodes."""
    core = largest(nodes)
    return [
        f"One cluster has at most {MAX_NODES} nodes. Of {nodes:,} the check of cluster.xml says: {refusal(nodes)}."
        f" The core behind it takes {core}: a heartbeat says whom its sender hears by one number of 64 bits for each"
        " lan, and with a node more it cannot be written (OverflowError).",
        "",
    ]


FIGURES: Sequence[tuple[str, Callable[[Story], str]]] = (
    ("end of the second of the starts → all hear all, s", lambda one: f"{one.heard:.2f}"),
    ("death → the first survivor has it lost, s", lambda one: f"{min(one.lost):.2f}"),
    ("– p50 of all survivors of all dead nodes", lambda one: f"{percentile(list(one.lost), 50):.2f}"),
    ("– the last", lambda one: f"{max(one.lost):.2f}"),
    ("– the first and the last of one dead node are apart at most", lambda one: f"{one.apart:.2f}"),
    ("– survivors that never have it lost", lambda one: f"{one.deaf} of {one.deaf + len(one.lost)}"),
    ("goodbye → the last peer knows, ms", lambda one: f"{max(one.goodbyes) * 1000:.1f}"),
    ("– goodbyes that were not heard", lambda one: f"{one.unheard} of {one.unheard + len(one.goodbyes)}"),
    ("end of the second in which they come back → all hear all, s", lambda one: f"{one.back:.2f}"),
    ("all agree after the start, after the deaths, at the end", lambda one: "yes" if one.agreed else "NO"),
    ("false losses: nodes lost that ran", lambda one: f"{one.false} in {one.seconds:.0f} s"),
    ("datagrams that one node sends in the busiest second", lambda one: f"{one.busiest:.0f}"),
)


def told(nodes: int, stories: Sequence[Story]) -> list[str]:
    """The table of the stories."""
    few = max(1, nodes // SHARE)
    heads = [
        f"{one.nodes:,} nodes{', with a module' if one.web else ''}, {one.loss:.0%} of the datagrams lost"
        for one in stories
    ]
    return [
        f"So {nodes:,} whole cores in {ceil(nodes / MAX_NODES)} clusters of at most {MAX_NODES}, all in one virtual"
        f" time, without modules; and one such cluster with a farm module on each node. Pulse {PULSE:g} s, default"
        f" counts (10 s of silence are a loss), a network that takes up to {DELAY * 1000:g} ms, clocks that differ. All"
        f" start within a second; later one of {SHARE} dies and as many others leave at the same moment ({few} and"
        f" {few} of {nodes:,}); these come back within a second. All agree when everybody counts as alive exactly those"
        " that run and, with a module, has the same view of it. The seals are the tests' (a keyed hash): an agent keeps"
        " the keys of its peers at hand, which so many agents in one process cannot.",
        "",
        f"| | {' | '.join(heads)} |",
        "|-|" + "-|" * len(stories),
        *[f"| {title} | {' | '.join(map(figure, stories))} |" for title, figure in FIGURES],
        "",
        "With a module the busiest second is that in which it turns green everywhere: every change of the view is told"
        " to all peers at once, and three times.",
        "",
    ]


def costs(rows: Sequence[Cost]) -> list[str]:
    """The table of the costs, and what limits."""
    lines = [
        "What one core costs, real seals (ChaCha20-Poly1305), no modules, CPU time of the core's own calls: sockets"
        " and event loop are not in it (the section Scale has whole agents)."
        f" {WATCHERS} nodes hear all the others and are measured; the others hear only these, so that a cluster fits"
        f" into one process. From {MAX_NODES + 1} nodes on the heartbeats leave that number out, which no agent does."
        f" One of {SHARE} nodes dies, at least one.",
        "",
        "| nodes | datagrams/s in, as many out | bytes | µs in | µs out | CPU of one, % of a core | KB per node"
        " | dead: first has it lost, s | last, s |",
        "|-|-|-|-|-|-|-|-|-|",
    ]
    for row in rows:
        lines.append(
            f"| {row.nodes}{'' if row.nodes <= MAX_NODES else ' (cannot be)'} | {row.received:.0f} | {row.size:.0f}"
            f" | {row.receiving:.1f} | {row.sending:.1f} | {row.percent:.2f} | {row.memory / 1024:.0f}"
            f" | {row.lost[0]:.2f} | {row.lost[1]:.2f} |"
        )
    last = rows[-1]
    slope, base = linear_regression([row.nodes - 1 for row in rows], [row.receiving for row in rows])
    looks = slope * (last.nodes - 1)
    return [
        *lines,
        "",
        f"- A datagram is not what limits: {last.size:.0f} bytes of {MAX_DATAGRAM:,} with {last.nodes:,} nodes, where"
        f" whom its sender hears would take {last.nodes / 8:.0f} more for each lan. It echoes one peer, not all.",
        f"- Work is: a datagram that comes in costs {base:.0f} µs and {slope:.2f} µs more for each peer (fitted), since"
        " all peers are looked at for the next deadline and for a clock that stood still. The CPU grows with the"
        f" square of the nodes; with {last.nodes:,} that is {looks / (last.receiving + last.sending):.0%} of it.",
    ]


def memberlist() -> list[str]:
    """What is published of the peer; nothing of it was measured here."""
    config = f"[config.go]({MEMBERLIST}f2362678b85df9e6e7b297e2f68a3ecf31cd4f17/config.go)"
    timeout = f"[util.go]({MEMBERLIST}073be6d3edf573833f6756903265cbee65b99e38/util.go)"
    readme = f"[README]({MEMBERLIST}01aba5c434624cd23787005fd41d1b6824bf29f5/README.md)"
    return [
        "- Beside memberlist, by its published defaults for a LAN, not measured here: each node probes another one a"
        " second, at random; one that does not answer is suspected, and dead after 4 · log10(nodes) · 1 s, which is"
        f" 12 s with 1,000 nodes and 7.2 s with 64, at most six times that ({config}, {timeout}). Its network usage"
        f" does not grow with the nodes ({readme}); that of a full mesh does.",
    ]


def main(nodes: int) -> None:
    """Measure and write."""
    began = time.monotonic()
    stories = []
    gc.disable()  # one agent has a thousandth of these objects to look through
    for size, web in ((nodes, False), (MAX_NODES, True)):
        for loss in LOSSES:
            stories.append(story(size, loss, web=web))
            print(f"{size} nodes, {loss:.0%} of the datagrams lost: {time.monotonic() - began:.0f} s", flush=True)
    gc.enable()
    rows = []
    for size in (*[size for size in SIZES if size < nodes], nodes):
        rows.append(cost(size, 5))
        print(rows[-1], flush=True)
    lines = [*limits(nodes), *told(nodes, stories), *costs(rows), *memberlist()]
    lines.append(f"- All this took {time.process_time() / 60:.0f} min of CPU time.")
    write_section("A thousand nodes", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else NODES)
