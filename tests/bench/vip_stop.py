"""A node stops as planned (drain 10 s) and joins again under load: failed requests and resets.

Three real agents with nginx in the namespace lab; the virtual IP, HAProxy that probes the same nodes' ready.txt, and
keepalived, one after the other with the same load.
"""

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

from tests.bench._report import write_section
from tests.e2e.real_farm import until
from tests.lab.application import MODULE
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode
from tests.lab.peers import HaProxy, Keepalived, absent
from tests.lab.probes.keep_alive import KeepAliveResult
from tests.lab.topology import refusal
from tests.lab.vip import VIRTUAL, carried, rule, vip, wait_settled
from tests.lab.vip_load import Seen, load

DRAIN = 10
OTHER = "10.77.0.201"
"""keepalived's address."""

Change = Callable[[], None]


def stop(node: LabNode) -> None:
    """A planned stop, to its end."""
    node.order("stop")
    until(lambda: node.shown() == "STOP NotReady", DRAIN + 30, f"{node.name} has stopped")


def join(lab: Lab, node: LabNode) -> None:
    """Start it, until it has its share."""
    node.order("start")
    until(node.green, 30, f"{node.name} is green")
    wait_settled(lab.nodes)


def return_of(vrrp: Keepalived, node: LabNode) -> None:
    """Start keepalived on the node again, until it has the address."""
    vrrp.start_on(node)
    until(lambda: vrrp.holder() is node, 20, f"{node.name} has {vrrp.address}")


def harmed(seen: Seen) -> tuple[int, int]:
    """(failed requests, resets)."""
    results = seen.results.values()
    return sum(sum(one.failures.values()) for one in results), sum(one.resets for one in results)


def row(name: str, event: str, seen: Seen) -> str:
    """One line of the table."""
    results = seen.results.values()
    failed, resets = harmed(seen)
    repeated = sum(one.repeated for one in results if isinstance(one, KeepAliveResult))
    requests, late = sum(one.requests for one in results), sum(one.latency.late for one in results)
    return f"| {name} | {event} | {seen.seconds:.0f} | {requests} | {failed} | {resets} | {repeated} | {late} |"


def measured(lab: Lab, name: str, address: str, leave: Change, back: Change) -> tuple[list[str], int]:
    """Both rows of one contender; its failed requests and resets together."""
    rows, harm = [], 0
    for event, change in (("planned stop", leave), ("join", back)):
        with load(lab, address=address) as seen:
            time.sleep(1)
            change()
            time.sleep(1)
        rows.append(row(name, event, seen))
        harm += sum(harmed(seen))
        print(rows[-1], flush=True)
    return rows, harm


def main() -> int:
    """Measure and write; the exit code."""
    if problem := refusal():
        print(problem, file=sys.stderr)
        return 1
    missing = [problem for command in ("haproxy", "keepalived") if (problem := absent(command))]
    with running_lab() as lab, ExitStack() as after:
        lab.start_farm(drain=str(DRAIN), more=vip(carried(VIRTUAL), rule()))
        wait_settled(lab.nodes)
        first, *_, last = lab.nodes
        both = (partial(stop, last), partial(join, lab, last))
        rows, harm = measured(lab, "Keepgreen", VIRTUAL, *both)
        if not absent("haproxy"):
            front = lab.network.add_front()
            for mode in ("http", "tcp"):
                proxy = HaProxy(front, lab.nodes, lab.network.directory, mode, MODULE)
                rows += measured(lab, f"HAProxy {mode}, disable-on-404", front.address(), *both)[0]
                proxy.stop()
        if not absent("keepalived"):
            vrrp = Keepalived(lab.nodes, OTHER, 1)
            after.callback(vrrp.stop)
            leave, back = partial(vrrp.stop_on, first), partial(return_of, vrrp, first)
            rows += measured(lab, "keepalived, advert 1 s", OTHER, leave, back)[0]
    lines = [
        f"60 busy and 20 idle browsers (keep-alive) and 200 new connections/s, drain {DRAIN} s, nginx with a"
        " keepalive_timeout of 3 s; one round each. Keepgreen and HAProxy: node3's module is stopped and started."
        " keepalived: it is ended and started on the node that holds the address, which has no drain. A repeated"
        " request is one that a browser sends again because its connection had been closed.",
        "",
        "| | event | s | requests | failed | resets | repeated | over 0.9 s |",
        "|-|-|-|-|-|-|-|-|",
        *rows,
        "",
        f"Goal: no failed request and no reset; {f'missed: {harm}' if harm else 'reached'}.",
        *(f"Not shown: {problem}." for problem in missing),
    ]
    write_section("Virtual IP: planned stop and join", lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
