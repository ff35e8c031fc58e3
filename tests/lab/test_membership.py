"""Heartbeats over real networks: lans of both families, a NAT router, a stranger with a node's name, another key."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_farm import until
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode
from tests.lab.topology import Host

pytestmark = pytest.mark.timeout(180)
OUTER, INNER, GATEWAY = "10.77.0.5", "192.168.9.2", "192.168.9.1"

MIXED = ("default", 0, 4), ("second", 1, 6)
"""A lan of IPv4 and one of IPv6: name, lan, family."""


@pytest.fixture
def lab(possible: None) -> Iterator[Lab]:
    """Three agents on two lans, in no cluster yet."""
    with running_lab(nodes=3, clients=0, lans=2) as lab:
        lab.farm.start_agents()
        yield lab


def node_line(node: LabNode, addr: str = "", laddr: str = "") -> str:
    local = f' laddr="{laddr}"' if laddr else ""
    return f'<node name="{node.name}" addr="{addr or node.address}"{local}/>'


def cluster_xml(*lines: str) -> str:
    return f'<cluster><lans><lan name="default">{"".join(lines)}</lan></lans></cluster>'


def mixed_xml(lab: Lab) -> str:
    lans = []
    for name, lan, family in MIXED:
        nodes = "".join(node_line(node, node.host.address(lan, family)) for node in lab.nodes)
        lans.append(f'<lan name="{name}">{nodes}</lan>')
    return f"<cluster><lans>{''.join(lans)}</lans></cluster>"


def join(node: LabNode, xml: str, key: str, name: str = "") -> None:
    """Put a node into a cluster."""
    request = {"xml": base64.b64encode(xml.encode()).decode(), "name": name or node.name, "keys": [key]}
    staged = node.ask("POST", "/cluster/stage", request)
    assert staged["ok"], staged
    node.ask("POST", "/cluster/commit", {"signature": staged["signature"]})


def form(xml: str, *nodes: LabNode) -> str:
    """A cluster of these nodes; its key."""
    key = str(nodes[0].ask("POST", "/cluster/key")["key"])
    for node in nodes:
        join(node, xml, key)
    return key


def texts(node: LabNode) -> list[str]:
    return [str(line["text"]) for line in node.log()]


def told(node: LabNode, start: str, end: str = "") -> bool:
    """Whether a line of its log on the disk begins and ends so."""
    return any(text.startswith(start) and text.endswith(end) for text in texts(node))


def heard_on(node: LabNode, peer: str) -> set[str]:
    return {lan["lan"] for lan in node.peer(peer)["lans"] if lan["heard"]}


def test_a_lan_of_each_family_and_the_loss_of_either_is_only_degraded(lab: Lab) -> None:
    one, two, three = lab.nodes
    form(mixed_xml(lab), *lab.nodes)
    lab.farm.all_hear(10)
    for lan, (lost, works) in enumerate((("default", "second"), ("second", "default"))):
        lab.faults.cut(one.host, two.host, lan=lan)
        for node, peer in ((one, "node2"), (two, "node1")):
            until(lambda n=node, p=peer, w=works: heard_on(n, p) == {w}, 20, f"{peer} is heard on {works} alone")  # type: ignore[misc]
            assert node.peer(peer)["alive"]
            assert node.peer(peer)["degraded"]
            start = f"{peer} lost on lan {lost}: "
            until(lambda n=node, s=start, w=works: told(n, s, f"; {w} works"), 20, f"{node.name} says: {start}")  # type: ignore[misc]
        assert heard_on(three, "node1") == heard_on(three, "node2") == {"default", "second"}
        lab.faults.heal()
        lab.farm.all_hear(10)
    one.cable(False, 0)
    until(lambda: heard_on(one, "node2") == heard_on(three, "node1") == {"second"}, 20, "the cable is out")
    one.cable(True, 0)
    lab.farm.all_hear(10)
    for node in lab.nodes:
        assert not any(text.split(" lost: ")[0] in ("node1", "node2", "node3") for text in texts(node))


def test_an_address_that_is_not_there_yet_is_tried_until_it_is(lab: Lab) -> None:
    one, two, three = lab.nodes
    address = one.host.address(1, 6)
    one.delete_address(f"{address}/64", "eth1")
    form(mixed_xml(lab), *lab.nodes)
    problem = f"lan second: {address} does not exist on this machine yet"
    until(lambda: problem in one.get("/status")["alarms"], 20, "node1 says so")
    until(lambda: all(heard_on(node, "node1") == {"default"} for node in (two, three)), 20, "heard on the other lan")
    until(lambda: one.peer("node2")["degraded"], 20, "node1 hears node2 on the other lan too")
    one.host.batch([f"addr add {address}/64 dev eth1 nodad"])
    lab.farm.all_hear(10)
    assert one.get("/status")["alarms"] == []


def test_a_node_behind_a_nat_router_binds_its_local_address(lab: Lab) -> None:
    one, two, three = lab.nodes
    router = lab.network.add_front()
    behind(router, three.host)
    xml = cluster_xml(node_line(one), node_line(two), node_line(three, OUTER, INNER))
    form(xml, one, two, three)
    lab.farm.all_hear(15)
    assert {lan["address"] for lan in one.peer("node3")["lans"]} == {OUTER}
    assert f" {INNER}:4800 " in three.host.run("ss", "-Huln")
    until(lambda: told(one, "node3 is heard on lan default from "), 20, "node1 says so")
    heard = next(text for text in texts(one) if text.startswith("node3 is heard on lan default from "))
    assert heard.startswith(f"node3 is heard on lan default from {OUTER}")
    assert heard_on(three, "node1") == heard_on(three, "node2") == {"default"}


def behind(router: Host, host: Host) -> None:
    """Take a host off the switch and put it behind a router that gives it one address of its own."""
    host.cable(False, 0)
    router.batch([f"link add inside type veth peer name outside netns {host.name}", "link set inside up"])
    router.batch([f"addr add {GATEWAY}/24 dev inside"])
    host.batch([f"addr del {host.address()}/16 dev eth0", "link set outside up", f"addr add {INNER}/24 dev outside"])
    host.batch([f"route add default via {GATEWAY}"])
    with router.entered():
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    rules = f"""
    table ip nat {{
      chain in {{ type nat hook prerouting priority -100; ip daddr {OUTER} udp dport 4800 dnat to {INNER}; }}
      chain out {{ type nat hook postrouting priority 100; ip saddr {INNER} oifname "eth0" snat to {OUTER}; }}
    }}"""
    router.run("nft", "-f", "-", text=rules)


def test_a_second_machine_with_a_node_s_name_is_an_alarm_with_both_addresses(lab: Lab) -> None:
    one, two, stranger = lab.nodes
    key = form(cluster_xml(node_line(one), node_line(two)), one, two)
    until(lambda: heard_on(one, "node2") == {"default"}, 20, "they hear each other")
    join(stranger, cluster_xml(node_line(one), node_line(two, stranger.address)), key, "node2")
    alarm = f"two machines say that they are node2: {two.address} and {stranger.address}; the first one stays"
    until(lambda: alarm in one.get("/status")["alarms"], 20, "node1 says so")
    until(lambda: alarm in texts(one), 20, "the line is on the disk")
    assert [line["type"] for line in one.log() if line["text"] == alarm] == ["C"]
    assert one.get("/status")["rejected"]["node1 rejects node2: same name, other uuid"] > 0
    assert one.peer("node2")["alive"]
    assert two.peer("node1")["alive"]
    assert not stranger.peer("node1")["alive"]


def test_who_has_another_key_is_named_by_both_sides(lab: Lab) -> None:
    one, two, three = lab.nodes
    xml = cluster_xml(*(node_line(node) for node in lab.nodes))
    form(xml, one, two)
    join(three, xml, base64.b64encode(bytes(32)).decode())
    for node, peer in ((one, "node3"), (two, "node3"), (three, "node1"), (three, "node2")):
        sentence = f"{node.name} rejects {peer}: unknown key"
        until(lambda n=node, s=sentence: n.get("/status")["rejected"].get(s, 0) > 3, 20, sentence)  # type: ignore[misc]
        until(lambda n=node, s=sentence: s in texts(n), 20, "the line is on the disk")  # type: ignore[misc]
        assert texts(node).count(sentence) == 1
    until(lambda: one.peer("node2")["alive"] and two.peer("node1")["alive"], 20, "the others hear each other")
    assert not one.peer("node3")["alive"]
