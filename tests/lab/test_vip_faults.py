"""What goes wrong on the way: who is hit, for how long, who says so, and that it heals."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from nodeagent.core.module_traffic import LEAVING
from tests.e2e.real_farm import ROOT, until
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode
from tests.lab.probes.outage import Outages
from tests.lab.vip import (
    VIRTUAL,
    VIRTUAL6,
    VMAC,
    alarmed,
    audit,
    carried,
    forge,
    given_for,
    rule,
    slots_in_kernel,
    told,
    vip,
    wait_settled,
    where,
)
from tests.lab.vip_load import load

Record = Callable[[str, object], None]
WINDOW = 1.0
"""Seconds of silence after which a node is lost."""
RETRY = 0.25
"""Seconds after which the measuring clients try again."""


@pytest.fixture(scope="module")
def lab(possible: None) -> Iterator[Lab]:
    with running_lab() as lab:
        lab.start_farm(more=vip(carried(VIRTUAL, VIRTUAL6), rule(), link_check="off"))
        yield lab


@pytest.fixture
def whole(lab: Lab) -> Iterator[Lab]:
    """Three nodes that serve, put right again after the test."""
    wait_settled(lab.nodes)
    yield lab
    lab.faults.heal()
    for node in lab.nodes:
        node.cable(plugged=True)
        if node.agent is not None and node.agent.poll() is None:
            node.resume_agent()
        else:
            node.start_agent()
    lab.farm.all_hear(20)
    lab.farm.all_green(20)


def clients_of(lab: Lab, node: LabNode) -> set[str]:
    """Which of the measuring clients a node serves."""
    sources = lab.clients[0].sources(VIRTUAL, 40)
    return {source for source in sources if where(lab.nodes[0], source)[f"tcp 80 of {VIRTUAL}"] == node.name}


def outages(lab: Lab, record: Record, what: str, cut: Callable[[], None], seconds: float = 3.0) -> Outages:
    """Clients that connect all the time, while something is cut."""
    watch = lab.clients[0].outage(VIRTUAL, timeout=RETRY)
    time.sleep(1)
    moment = time.monotonic()
    cut()
    time.sleep(seconds)
    seen = watch.result()
    since = seen.since(moment)
    line = f"{what}: {len(since)} of {len(seen.clients)} clients hit, "
    line += f"{since[0]:.3f} / {since[len(since) // 2]:.3f} / {since[-1]:.3f} s (first, median, last)" if since else ""
    record(what, line)
    print(line)
    return seen


def only_these_were_hit(seen: Outages, clients: set[str]) -> None:
    assert seen.hit().keys() <= clients
    assert seen.hit()
    assert max(client.gap for client in seen.hit().values()) <= WINDOW + 0.2 + RETRY


def test_a_killed_agent_costs_its_clients_the_detection_and_its_application_lives(
    whole: Lab, record_property: Record
) -> None:
    one, two, three = whole.nodes
    theirs = clients_of(whole, three)
    masters = [p.pid for p in three.processes() if p.name() == "nginx"]
    assert slots_in_kernel(three)
    seen = outages(whole, record_property, "kill -9 of an agent", three.kill_agent)
    only_these_were_hit(seen, theirs)
    assert slots_in_kernel(three) == frozenset()
    assert VIRTUAL in three.host.run("ip", "addr")
    assert [p.pid for p in three.processes() if p.name() == "nginx"] == masters
    wait_settled([one, two])
    with load(whole) as back:
        three.start_agent()
        wait_settled(whole.nodes)
    back.report("an agent that was killed comes back", record_property)
    assert back.harm() == {}
    assert [p.pid for p in three.processes() if p.name() == "nginx"] == masters


def test_the_slots_of_a_frozen_agent_are_gone_before_its_peers_take_them(whole: Lab, record_property: Record) -> None:
    one, two, three = whole.nodes
    masters = [p.pid for p in three.processes() if p.name() == "nginx"]
    own = slots_in_kernel(three)
    began, gone, taken = time.monotonic(), 0.0, 0.0
    three.pause_agent()
    while time.monotonic() < began + 2:
        others = slots_in_kernel(one) | slots_in_kernel(two)  # asked first: it may not hold what they have by now
        still = slots_in_kernel(three)
        assert not others & still
        gone = gone or (0 if still else time.monotonic() - began)
        taken = taken or (time.monotonic() - began if others & own else 0)
    assert 0 < gone < taken
    line = f"SIGSTOP: its slots were gone after {gone:.3f} s, its peers had them after {taken:.3f} s"
    record_property("SIGSTOP", line)
    print(line)
    assert whole.clients[0].syn(VIRTUAL, sources=250, ports=12).count() == (0, 3000, 0)
    with load(whole) as back:
        three.resume_agent()
        wait_settled(whole.nodes)
    back.report("SIGCONT", record_property)
    assert back.harm() == {}
    assert [p.pid for p in three.processes() if p.name() == "nginx"] == masters


def test_a_frozen_agent_costs_its_clients_the_detection(whole: Lab, record_property: Record) -> None:
    three = whole.nodes[2]
    theirs = clients_of(whole, three)
    seen = outages(whole, record_property, "SIGSTOP of an agent", three.pause_agent)
    only_these_were_hit(seen, theirs)


def test_a_pulled_cable_costs_its_clients_the_detection_and_plugging_it_in_nothing(
    whole: Lab, record_property: Record
) -> None:
    three = whole.nodes[2]
    theirs = clients_of(whole, three)
    seen = outages(whole, record_property, "pulled cable", lambda: three.cable(plugged=False))
    only_these_were_hit(seen, theirs)
    wait_settled(whole.nodes[:2])
    with load(whole) as back:
        three.cable(plugged=True)
        wait_settled(whole.nodes)
    back.report("a cable that is plugged in again", record_property)
    assert back.harm() == {}


def test_a_blocked_heartbeat_port_moves_nothing_and_is_named(whole: Lab, record_property: Record) -> None:
    one, two, _ = whole.nodes
    owners = [told(node)["groups"][0]["owners"] for node in whole.nodes]
    with load(whole) as seen:
        whole.faults.cut(one.host, two.host, udp=4800)
        time.sleep(5)
        assert [told(node)["groups"][0]["owners"] for node in whole.nodes] == owners
        assert alarmed(one, "node2 is alive on the wire, UDP 4800 between it and node1 is blocked")
        assert alarmed(two, "node1 is alive on the wire, UDP 4800 between it and node2 is blocked")
        whole.faults.heal()
    seen.report("UDP 4800 blocked", record_property)
    assert seen.harm() == {}


def test_nodes_that_disagree_reset_nothing(whole: Lab, record_property: Record) -> None:
    one, two, _ = whole.nodes
    with load(whole) as seen:
        whole.faults.one_way(two.host, one.host)
        time.sleep(2)
        whole.faults.heal()
        wait_settled(whole.nodes)
    seen.report("one-way cut for 2 s", record_property)
    assert sum(result.resets for result in seen.results.values()) == 0


def test_rules_that_somebody_flushes_are_put_back(whole: Lab, record_property: Record) -> None:
    two = whole.nodes[1]
    with load(whole) as seen:
        two.flush_rules()
        back = until(lambda: table_is_there(two) and bool(slots_in_kernel(two)), 6, "the rules are back")
        words = "the filter of the virtual IP was removed by somebody else and put back"
        until(lambda: alarmed(two, words), 2, "the alarm")
        wait_settled(whole.nodes)
    print(f"rules flushed: put back after {back:.1f} s")
    record_property("seconds", back)
    seen.report("rules flushed", record_property)
    audit(whole, VIRTUAL)


def test_an_address_that_somebody_deletes_is_put_back(whole: Lab, record_property: Record) -> None:
    two = whole.nodes[1]
    theirs = clients_of(whole, two)
    seen = outages(whole, record_property, "address deleted", lambda: two.delete_address(f"{VIRTUAL}/32"), 6.5)
    assert VIRTUAL in two.host.run("ip", "addr")
    assert alarmed(two, f"the virtual address {VIRTUAL} was removed by somebody else and put back")
    assert seen.hit().keys() <= theirs
    assert all(client.gap < 6 + RETRY for client in seen.hit().values())
    wait_settled(whole.nodes)
    audit(whole, VIRTUAL)


def table_is_there(node: LabNode) -> bool:
    return "keepgreen_" in node.host.run("nft", "list", "tables", "netdev")


def test_an_agent_that_ends_takes_nothing_any_more(whole: Lab) -> None:
    one, two, three = whole.nodes
    three.stop_agent()
    assert slots_in_kernel(three, "est_0") == frozenset()
    assert given_for(three) <= {f"{LEAVING * 1000:.0f}ms"}  # until the others have heard of it
    until(lambda: not slots_in_kernel(three), 2 * LEAVING, "its slots are gone")
    assert table_is_there(three)
    two.stop_agent()
    until(lambda: len(slots_in_kernel(one)) == 256 and not told(one)["timeout"], 5, "the last one holds all, for good")
    one.kill_agent()
    assert len(slots_in_kernel(one)) == 256
    command = [*one.prefix, sys.executable, "-m", "nodeagent", "vip", "release"]
    subprocess.run(command, cwd=ROOT, check=True)
    assert slots_in_kernel(one) == slots_in_kernel(one, "est_0") == frozenset()


def test_a_switch_that_has_learnt_the_virtual_mac_is_told_of(whole: Lab, record_property: Record) -> None:
    client, one = whole.clients[0].host, whole.nodes[0]
    forge(client, VMAC)
    began = time.monotonic()
    said = until(lambda: any(alarmed(n, "the switch may have learnt it") for n in whole.nodes), 6, "the alarm")
    print(f"learnt: alarm after {said:.1f} s, {one.get('/status')['alarms']}")
    record_property("seconds", said)
    assert whole.clients[0].syn(VIRTUAL, sources=50, ports=2).count() == (100, 0, 0)
    until(
        lambda: any(alarmed(n, "the switch blocks or has learnt the virtual MAC") for n in whole.nodes),
        12,
        "the probes are missed",
    )
    print(f"learnt: probes missed after {time.monotonic() - began:.1f} s")
    whole.network.switch.run("bridge", "fdb", "del", VMAC, "dev", client.port(), "master")
    wait_settled(whole.nodes)
    audit(whole, VIRTUAL)
