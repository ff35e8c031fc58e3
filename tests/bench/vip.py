"""The virtual IP's data path beside one node asked directly and HAProxy. `vip [ROUNDS]`, 9 by default.

Three nodes with nginx in the namespace lab. The tables are those of the product, put into the kernel by its own code
and written again every 300 ms as an agent does; no agent runs. A rule `on_port` spreads the connections of wrk over
all nodes. In a round each kind of load meets all contenders, in another order each time; ratios are taken within it.
One connection is measured over cables that take time too, as every real one does and those of the lab do not.
"""

import asyncio
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from nodeagent.adapters.vip.kernel import LinuxVip
from nodeagent.adapters.vip.nft import Nft, open_nft
from nodeagent.contract.config import Proto, ShareBy, TrafficGroup, TrafficRule, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.vip_plan import VipPlan
from nodeagent.core.vip_rules import removal, rule_set
from nodeagent.core.vip_sets import ModuleSets, SlotSets, update
from tests.bench._report import percentile, write_section
from tests.lab.application import Nginx
from tests.lab.delay import delayed, round_trips
from tests.lab.lab import Lab, running_lab
from tests.lab.peers import HaProxy, absent
from tests.lab.topology import Host, LabImpossible, inside, refusal
from tests.lab.vip import VIRTUAL, VMAC

SHARED, DIRECTED = "vmac_invisible", "vmac_directed"
DIRECT, FLOODED = "one node, direct", "the same, frames flooded to all ports"
HTTP, TCP = "HAProxy http", "HAProxy tcp"
ADDRESSES = {SHARED: VIRTUAL, DIRECTED: "10.77.0.101"}
WITHOUT = " without `flows`"
MEMORY = re.compile(r"\b(flows4|sent4)\b")
"""The sets that remember connections, and all rules that use them."""

SECONDS = 1
REARM = 0.3
LIMIT = 450.0
"""Seconds after which no further round begins."""

LOADS = {
    "keep-alive": ("-c32", "/"),
    "new connection each": ("-c32", "-H", "Connection: close", "/"),
    "100 KB": ("-c16", "/100k"),
    "1 connection, p50": ("-c1", "/"),
}
*RATES, ALONE = LOADS
CABLES = {f"{ALONE}, {each * 1e6:.0f} µs each way": each for each in (50e-6, 250e-6)}
"""One connection over a client's cable that takes so long: about a LAN's, and a virtual network's."""
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Filter:
    """What a node needs to serve one of the addresses."""

    host: Host
    nft: Nft
    sets: ModuleSets

    def load(self, remember: bool) -> None:
        """Make the table, with its slots; `remember`: with the sets that remember connections."""
        rules = rule_set(self.sets.plan)
        if not remember:
            rules = "\n".join(line for line in rules.splitlines() if not MEMORY.search(line)) + "\n"
        self._run(rules + update([self.sets]))

    def rearm(self) -> None:
        """Write the slots again."""
        self._run(update([self.sets]))

    def remove(self) -> None:
        """Away with the table."""
        self._run(removal(self.sets.plan.table))

    def _run(self, commands: str) -> None:
        with self.host.entered():  # names of interfaces are looked up where the thread is
            self.nft.run(commands)


def virtual_ip(kind: str) -> VirtualIp:
    """One address for port 80, of which each connection is shared out on its own."""
    address = VirtualAddress(ADDRESSES[kind], VmacType(kind), VMAC if kind == SHARED else "")
    rule = TrafficRule((address.addr,), 80, Proto.TCP, ShareBy.PORT)
    return VirtualIp((address,), (TrafficGroup("web", (), (rule,)),))


def slots(place: int, macs: Sequence[str], plan: VipPlan) -> ModuleSets:
    """Every third slot is this node's; the first node speaks for a directed address."""
    single = plan.vip.addresses[0].type is VmacType.DIRECTED
    mine = frozenset(range(place, 256, len(macs)))
    owner = tuple((slot, macs[slot % len(macs)]) for slot in range(256) if slot not in mine) if single else ()
    others = tuple(mac for mac in macs if mac != macs[place])
    # Longer than an agent's, so that a busy machine loses none.
    return ModuleSets(plan, (SlotSets(mine, frozenset(), mine, owner=owner),), 10.0, None, single and not place, others)


def prepared(lab: Lab, after: ExitStack) -> dict[str, list[Filter]]:
    """Addresses and kernel settings on every node; per type the nodes' filters, not loaded."""
    found: dict[str, list[Filter]] = {kind: [] for kind in ADDRESSES}
    macs = [node.host.mac for node in lab.nodes]
    for place, node in enumerate(lab.nodes):
        with node.host.entered():
            kernel, nft = LinuxVip(node.home / "vip.json"), open_nft()
        after.callback(nft.close)
        after.callback(kernel.close)
        for kind, filters in found.items():
            plan, problems = asyncio.run(kernel.plan(kind, virtual_ip(kind)))
            assert plan is not None, problems
            problem = asyncio.run(kernel.prepare(plan))
            assert not problem, problem
            filters.append(Filter(node.host, nft, slots(place, macs, plan)))
    client = lab.clients[0].host
    for kind, mac in ((SHARED, VMAC), (DIRECTED, macs[0])):  # tables come and go under the kernel's idea of them
        client.batch([f"neigh replace {ADDRESSES[kind]} lladdr {mac} dev eth0 nud permanent"])
    return found


def wrk(client: Host, target: str, load: Sequence[str], rearm: Callable[[], None]) -> tuple[float, float, int]:
    """(requests a second, median latency in ms, requests that failed) of one run."""
    *options, path = load
    command = ["wrk", "-t1", f"-d{SECONDS}s", "--latency", *options, f"http://{target}{path}"]
    bounded = [*client.prefix, "timeout", "-s", "KILL", "15", *command]  # wrk waits for ever for one that never answers
    with subprocess.Popen(bounded, stdout=subprocess.PIPE, text=True) as process:
        while True:
            try:
                said, _ = process.communicate(timeout=REARM)
                break
            except subprocess.TimeoutExpired:
                rearm()
    rate, median = re.search(r"Requests/sec: +([\d.]+)", said), re.search(r"50% +([\d.]+)(us|ms|s)", said)
    assert rate is not None, f"{target} does not answer wrk: {said}"
    assert median is not None, said
    failed = re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", said)
    return float(rate[1]), float(median[1]) * UNITS[median[2]], sum(map(int, failed))


@dataclass(frozen=True)
class Contender:
    """Somebody to be measured."""

    target: str
    filters: Sequence[Filter] = ()
    remember: bool = True
    unlearnt: Host | None = None
    """A host whose MAC the switch must not know, so that it floods what goes there, as to a virtual MAC."""

    def measure(self, client: Host, load: Sequence[str]) -> tuple[float, float, int]:
        """Its tables alone are in the kernel meanwhile; see `wrk`."""
        for one in self.filters:
            one.load(self.remember)
        self._learn(False)
        try:
            return wrk(client, self.target, load, self._rearm)
        finally:
            self._learn(True)
            for one in self.filters:
                one.remove()

    def _learn(self, learn: bool) -> None:
        if self.unlearnt is not None:
            port = ("dev", self.unlearnt.port())
            self.unlearnt.switch.run("bridge", "link", "set", *port, "learning", "on" if learn else "off")
            self.unlearnt.switch.run("ip", "link", "set", *port, "type", "bridge_slave", "fdb_flush")

    def _rearm(self) -> None:
        for one in self.filters:
            one.rearm()


def contenders(lab: Lab, after: ExitStack) -> dict[str, Contender]:
    """All that can be measured here."""
    one = lab.nodes[1]
    found = {DIRECT: Contender(f"{one.address}:80"), FLOODED: Contender(f"{one.address}:80", unlearnt=one.host)}
    filters = prepared(lab, after)
    for kind, address in ADDRESSES.items():
        found[kind] = Contender(address, filters[kind])
        found[kind + WITHOUT] = Contender(address, filters[kind], remember=False)
    if not absent("haproxy"):
        front = lab.network.add_front()
        ports: dict[str, tuple[Literal["http", "tcp"], int]] = {HTTP: ("http", 80), TCP: ("tcp", 81)}
        for name, (mode, port) in ports.items():
            proxy = HaProxy(front, lab.nodes, lab.network.directory, mode, "", port=port, probed=False)
            after.callback(proxy.stop)
            found[name] = Contender(f"{front.address()}:{port}")
    for each in (each for nodes in filters.values() for each in nodes):
        each.remove()
    return found


def pin(hosts: Sequence[Host], cores: set[int]) -> None:
    """What runs in these hosts, and what this process starts, runs on these cores."""
    if sys.platform == "win32":
        return
    for pid in (os.getpid(), *inside(hosts)):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)


Series = Mapping[tuple[str, str], Sequence[float]]
"""(contender, load) → speeds, one a round: requests a second, or 1/p50 in 1/ms."""


@dataclass
class Measured:
    """All rounds that there was time for."""

    speeds: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    """A `Series`."""
    pings: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Per load of one connection: round trips to a node in seconds."""
    failures: int = 0
    """Requests that failed."""
    rounds: int = 0


def measure(rounds: int, found: Mapping[str, Contender], lab: Lab, cables: Mapping[str, float]) -> Measured:
    """The rounds, with these cables."""
    client, cores = lab.clients[0].host, set(range(os.cpu_count() or 1))
    seen, began = Measured(), time.monotonic()

    def meet(name: str, load: Sequence[str], some: Collection[str]) -> None:
        alone = load == LOADS[ALONE]
        pin(lab.network.hosts, {0} if alone else cores)
        if alone:
            seen.pings[name] += round_trips(client, lab.nodes[1].address, 100)
        for who in random.sample(list(some), len(some)):
            rate, median, failed = found[who].measure(client, load)
            seen.speeds[who, name].append(1 / median if alone else rate)
            seen.failures += failed

    while seen.rounds < rounds and time.monotonic() - began < LIMIT:
        seen.rounds += 1
        for name, load in LOADS.items():
            meet(name, load, found.keys())
        for name, each in cables.items():
            with delayed(client, each):
                meet(name, LOADS[ALONE], over_cables(found))
        latest = ", ".join(f"{name} {ratios(seen.speeds, SHARED, DIRECT, name)[-1]:.2f}" for name in (*LOADS, *cables))
        print(f"round {seen.rounds} of {rounds}, {time.monotonic() - began:.0f} s; {SHARED}: {latest}", flush=True)
    return seen


def over_cables(found: Iterable[str]) -> list[str]:
    """The contenders that are measured over cables that take time."""
    return [who for who in found if not who.endswith(WITHOUT)]


def ratios(speeds: Series, who: str, beside: str, load: str) -> list[float]:
    """Round by round."""
    return [own / other for own, other in zip(speeds[who, load], speeds[beside, load], strict=True)]


def spread(values: list[float]) -> str:
    """The median, and between which two the middle half lies."""
    low, high = percentile(values, 25), percentile(values, 75)
    return f"{statistics.median(values):.2f} ({low:.2f}–{high:.2f})"


def goal(speeds: Series, who: str, beside: str, load: str, least: float) -> str:
    """One sentence: reached or missed."""
    got = statistics.median(ratios(speeds, who, beside, load))
    verdict = "reached" if got >= least else "missed"
    return f"- {who}, {load}: {got:.2f} of {beside}; goal ≥ {least} {verdict}."


def addition(speeds: Series, who: str, load: str) -> str:
    """The ratio to one node directly, and by how many µs the median is longer than its."""
    pairs = zip(speeds[who, load], speeds[DIRECT, load], strict=True)
    longer = statistics.median(1000 / own - 1000 / direct for own, direct in pairs)
    return f"{statistics.median(ratios(speeds, who, DIRECT, load)):.2f} ({longer:+.0f} µs)"


def cable_table(found: Iterable[str], seen: Measured, cables: Sequence[str]) -> list[str]:
    """One connection, over each kind of cable side by side."""
    loads = [ALONE, *cables]
    titles = [
        f"{name.removeprefix(f'{ALONE}, ') if name != ALONE else 'bare'}: ping"
        f" {statistics.median(seen.pings[name]) * 1000:.3f} ms"
        for name in loads
    ]
    lines = [
        "The cables of the lab take no time at all, which no real one does: every microsecond more is a great part of"
        " such a round trip. So the same one connection again with a client's cable that takes time, each way, beside"
        " the bare one of the table above. The round trip is measured by ping to a node, median, in these rounds;"
        " timers of the kernel are some µs late. A ratio that is better there is not a faster virtual IP: what it adds,"
        " in brackets, is only a smaller part. The time is idle, made by the kernel: before each packet goes a filler"
        " frame that takes so long on the line.",
        "",
        f"| {ALONE} | {' | '.join(titles)} |",
        "|-" * (len(loads) + 1) + "|",
        f"| {DIRECT} | {' | '.join(f'1 ({1 / statistics.median(seen.speeds[DIRECT, x]):.3f} ms)' for x in loads)} |",
    ]
    for who in over_cables(found):
        if who != DIRECT:
            lines.append(f"| {who} | {' | '.join(addition(seen.speeds, who, load) for load in loads)} |")
    return ["", *lines]


def report(found: Mapping[str, Contender], seen: Measured, cables: Sequence[str]) -> list[str]:
    """The tables and the goals."""
    speeds = seen.speeds
    lines = [
        f"Speed as a ratio to one node asked directly: median over {seen.rounds} paired rounds of {SECONDS} s with wrk,"
        " in brackets the middle half of the rounds. With one connection all runs on one core, so that no chance of the"
        " scheduler is in it. Client, switch, nodes and HAProxy share the cores: nothing here shows how more nodes"
        " serve more, and an inbound frame of vmac_invisible costs these cores once per port of the switch, where real"
        " nodes each pay for their own; the second row pays for that too. `flows` are the sets that keep a connection"
        " on its node while slots move.",
        "",
        f"| | {' | '.join(LOADS)} |",
        "|-" * (len(LOADS) + 1) + "|",
    ]
    base = [f"1 ({statistics.median(speeds[DIRECT, load]):.0f}/s)" for load in RATES]
    base.append(f"1 ({1 / statistics.median(speeds[DIRECT, ALONE]):.3f} ms)")
    lines.append(f"| {DIRECT} | {' | '.join(base)} |")
    for who in found:
        if who != DIRECT:
            lines.append(f"| {who} | {' | '.join(spread(ratios(speeds, who, DIRECT, load)) for load in LOADS)} |")
    lines += cable_table(found, seen, cables) if cables else []
    lines += ["", *(goal(speeds, kind, DIRECT, load, 0.95) for load in (ALONE, *cables) for kind in ADDRESSES)]
    beside = statistics.median(ratios(speeds, SHARED, FLOODED, ALONE))
    lines += [f"- {SHARED}, {ALONE}: {beside:.2f} of one node that the switch floods too."]
    if HTTP in found:
        lines += [goal(speeds, kind, HTTP, RATES[0], 1.5) for kind in ADDRESSES]
    total = f"{seen.failures} requests failed" if seen.failures else "No request failed"
    return [*lines, f"- {total}, of all contenders together."]


def usable(client: Host) -> tuple[Mapping[str, float], list[str]]:
    """The cables that take time, or none and why."""
    try:
        for each in CABLES.values():
            with delayed(client, each):
                pass
    except LabImpossible as problem:
        return {}, [f"cables that take time ({problem})"]
    return CABLES, []


def main(rounds: int) -> int:
    """Measure and write; the exit code."""
    problem = refusal() or absent("wrk")
    if problem or sys.platform == "win32":
        print(problem, file=sys.stderr)
        return 1
    os.nice(-5)  # other work on this machine disturbs less
    with running_lab() as lab, ExitStack() as after:
        for node in lab.nodes:
            Nginx(node.host, lab.network.directory).start()
        found = contenders(lab, after)
        cables, missing = usable(lab.clients[0].host)
        lines = report(found, measure(rounds, found, lab, cables), list(cables))
    lines += [f"- Not shown: {problem}." for problem in (*missing, absent("haproxy")) if problem]
    write_section("Virtual IP: data path", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
