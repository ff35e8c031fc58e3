"""Virtual IPs of the lab's farm: `<vip>` as text, what the nodes' API says of one, and audits of who answers.

lab.start_farm(more=vip(shared("10.77.0.100"), rules=(rule("10.77.0.100"),)))
answers = audit(lab, "10.77.0.100")      # 5,000 SYNs, each answered once, by the node that `vip where` tells
"""

import re
import socket
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from nodeagent.core.bucket import slot_of
from nodeagent.core.vip_plan import table_of
from tests.e2e.real_farm import until
from tests.lab.clients import chi_square
from tests.lab.lab import Lab
from tests.lab.nodes import LabNode
from tests.lab.probes.frames import mac_bytes
from tests.lab.probes.syn import SynAnswers
from tests.lab.topology import Host

VIRTUAL, VIRTUAL6 = "10.77.0.100", "fd77::64"
VMAC, VMAC6 = "5a:fe:0a:4d:00:64", "5a:fe:00:00:00:64"
"""The virtual MACs of `VIRTUAL` and `VIRTUAL6`."""

ELEMENT = re.compile(r"0x[0-9a-f]{8}")


def carried(*addresses: str, type: str = "vmac_invisible") -> str:
    """Virtual addresses of one type."""
    each = "".join(f'<virtual_addr addr="{address}"/>' for address in addresses)
    return f'<virtual_interface type="{type}">{each}</virtual_interface>'


def rule(address: str = "*", *, port: int = 80, by: str = "on_addr", proto: str = "tcp") -> str:
    """Traffic that is shared out."""
    return f'<rule virtual_addr="{address}" port="{port}" proto="{proto}" filter="{by}"/>'


def vip(
    interfaces: str,
    *rules: str,
    powers: Mapping[str, int] | None = None,
    scriptcontrol: str = "off",
    link_check: str = "on",
) -> str:
    """A `<vip>` with one group; without powers all nodes are equal.

    With the `link_check` a node whose cable is out stops its module at some time within ten seconds, and starts it
    again when the link is back: what is about the traffic alone does without.
    """
    hosts = "".join(f'<host name="{name}" power="{power}"/>' for name, power in (powers or {}).items())
    cluster = f"<cluster>{hosts}</cluster>" if hosts else ""
    return (
        f'<vip scriptcontrol="{scriptcontrol}">'
        f'<interface_list><interface check="{link_check}">{interfaces}</interface></interface_list>'
        f'<loadbalancing_list><group name="web">{cluster}{"".join(rules)}</group></loadbalancing_list></vip>'
    )


# --- what a node says ---------------------------------------------------------------------------


def told(node: LabNode) -> Any:
    """Its virtual IP by its own word (`VipStatus`)."""
    return node.get("/modules/farm/vip")


def where(node: LabNode, client: str, port: int = 0) -> dict[str, str]:
    """Per address and protocol (`tcp 80 of …`): the node that serves this client."""
    query = urlencode({"address": client, "port": port})
    answers = node.get(f"/modules/farm/vip/where?{query}")
    return {answer["rule"].partition(",")[0]: answer["node"] for answer in answers}


def settled(nodes: Iterable[LabNode]) -> bool:
    """Whether these nodes, and no others, serve by one table which all of them have applied, with nothing quiet."""
    said = {node.name: told(node) for node in nodes}
    serving = [{n["name"] for n in one["nodes"] if n["serves"]} for one in said.values()]
    return (
        all(names == said.keys() for names in serving)
        and len({one["epoch"] for one in said.values()}) == 1
        and all(one["agreed"] and one["present"] and one["open"] for one in said.values())
        and all(
            group["mine"] == [slot for slot, owner in enumerate(group["owners"]) if owner == name]
            and not group["quiet"]
            for name, one in said.items()
            for group in one["groups"]
        )
    )


def wait_settled(nodes: Iterable[LabNode], seconds: float = 20) -> float:
    """Wait for it; seconds it took."""
    nodes = list(nodes)
    return until(lambda: settled(nodes), seconds, f"{', '.join(node.name for node in nodes)} serve by one table")


def alarmed(node: LabNode, words: str) -> bool:
    """Whether an alarm of the node holds these words."""
    return any(words in text for text in node.get("/status")["alarms"])


def slots_in_kernel(node: LabNode, name: str = "mine_0") -> frozenset[int]:
    """The slots that the kernel itself holds in a set of the first group; expired ones are not there."""
    listed = node.host.run("nft", "list", "set", "netdev", table_of("farm"), name)
    return frozenset(int(found, 16) for found in ELEMENT.findall(listed))


def given_for(node: LabNode) -> set[str]:
    """For how long the kernel was last given the slots that it holds in the first group, as nft writes it."""
    listed = node.host.run("nft", "list", "set", "netdev", table_of("farm"), "mine_0")
    return set(re.findall(r"timeout (\w+) expires", listed))


def forge(client: Host, mac: str) -> None:
    """One frame to everybody that has the virtual MAC as its source: the switch learns it."""
    with client.entered(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        sock.send(b"\xff" * 6 + mac_bytes(mac) + (0x88B6).to_bytes(2, "big") + bytes(46))


# --- audits -------------------------------------------------------------------------------------


def audit(lab: Lab, address: str, *, by: str = "on_addr") -> SynAnswers:
    """5,000 SYNs to port 80: exactly one answer each, from the node that the API names for the client."""
    sources = 50 if ":" in address else 250
    answers = lab.clients[0].syn(address, sources=sources, ports=5000 // sources)
    assert (answers.count(), answers.reset) == ((0, 5000, 0), 0), (address, answers.target_mac, answers.by_source())
    assert answers.sticky() == sources or by == "on_port"
    macs = {node.name: node.host.mac for node in lab.nodes}
    owners = told(lab.nodes[0])["groups"][0]["owners"]
    for source, ports in answers.taken.items():
        predicted = {port: owners[slot_of(source, port if by == "on_port" else None)] for port in ports}
        assert ports == {port: [macs[name]] for port, name in predicted.items()}, source
        port = next(iter(ports))
        assert where(lab.nodes[0], source, port)[f"tcp 80 of {address}"] == predicted[port]
    return answers


def shares(lab: Lab, answers: SynAnswers, by: str, powers: Mapping[str, int]) -> tuple[dict[str, int], float]:
    """What each node got of the clients (`on_addr`) or of the SYNs (`on_port`), and how far that is from its power."""
    names = {node.host.mac: node.name for node in lab.nodes}
    counted = answers.by_source() if by == "on_addr" else answers.by_syn()
    counts = Counter({names[mac]: number for mac, number in counted.items()})
    return dict(counts), chi_square(counts, powers)
