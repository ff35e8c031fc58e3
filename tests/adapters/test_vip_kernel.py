"""The adapter against the real kernel, in namespaces of its own."""

import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from nodeagent.adapters.vip import links, tables
from nodeagent.adapters.vip.ability import kernel_too_old, vip_problem
from nodeagent.adapters.vip.kernel import LinuxVip
from nodeagent.adapters.vip.nft import CommandNft, LibraryNft, Nft, NftError
from nodeagent.contract.config import Proto, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.bucket import SEED, slot_of
from nodeagent.core.vip_plan import has, table_of
from nodeagent.core.vip_rules import fingerprint, rule_set
from nodeagent.core.vip_sets import ModuleSets, SlotSets, update
from tests.adapters.network_namespace import Namespace, namespaces, namespaces_problem
from tests.core.test_bucket import KERNEL
from tests.core.vip_plans import GOLDEN, PLANS, V4, V6, sets_of

pytestmark = pytest.mark.skipif(bool(namespaces_problem()), reason=namespaces_problem() or "-")

LIBRARIES: list[type[LibraryNft] | type[CommandNft]] = [LibraryNft, CommandNft]
RULES = sorted(path for path in GOLDEN.iterdir() if not path.name.endswith(".update.nft"))


@pytest.fixture
def node() -> Iterator[Namespace]:
    """A namespace with eth0 and eth1, their other ends in another."""
    with namespaces(2) as (inside, outside):
        for number in (0, 1):
            inside.join(f"eth{number}", outside, f"peer{number}")
            inside.ip(
                f"link set dev eth{number} address 02:00:00:00:0{number}:11",
                f"addr add 10.7{7 + number}.0.11/16 dev eth{number}",
                f"-6 addr add fd77:{number}::11/64 dev eth{number} nodad",
            )
        yield inside


@pytest.fixture
def vip(node: Namespace, tmp_path: Path) -> Iterator[LinuxVip]:
    made = node.call(LinuxVip, tmp_path / "vip.json")
    yield made
    made.close()


def _listed(node: Namespace) -> str:
    return node.run(["nft", "list", "ruleset"])


@pytest.mark.parametrize("path", RULES, ids=[path.stem for path in RULES])
def test_every_golden_file_is_accepted_and_listed_as_it_was_meant(node: Namespace, path: Path) -> None:
    node.run(["nft", "-c", "-f", str(path)])
    node.run(["nft", "-f", str(path)])
    changes = path.with_suffix(".update.nft")
    if changes.exists():
        node.run(["nft", "-f", str(changes)])
        assert "elements" in _listed(node)
    # Twice: the second one replaces the first.
    node.run(["nft", "-f", str(path)])
    once = _listed(node)
    assert "timeout 800ms" not in once
    assert once.count("table netdev") == 1
    node.run(["nft", "flush", "ruleset"])
    node.run(["nft", "-f", "-"], once)
    assert _listed(node) == once


@pytest.mark.parametrize("ports", [False, True])
def test_the_slot_of_a_client_is_the_one_the_kernel_computes(ports: bool) -> None:
    key4, key6 = ("ip saddr . th sport", "ip6 saddr . th sport") if ports else ("ip saddr", "ip6 saddr")
    type_of = " . inet_service" if ports else ""
    rules = f"""table netdev t {{
        set seen4 {{ type ipv4_addr{type_of} . mark; flags dynamic; size 65535; }}
        set seen6 {{ type ipv6_addr{type_of} . mark; flags dynamic; size 65535; }}
        chain c {{ type filter hook ingress device "b" priority 0;
            udp dport 9 meta mark set jhash {key4} mod 256 seed {SEED} update @seen4 {{ {key4} . meta mark }}
            udp dport 9 meta mark set jhash {key6} mod 256 seed {SEED} update @seen6 {{ {key6} . meta mark }}
        }}
    }}"""
    clients = [(f"10.{9 + i % 3}.{i % 7 + 1}.{i % 250 + 2}", 1024 + i * 211) for i in range(1, 281)]
    clients += [(f"fd09::{i:x}:{i * 7 % 65536:x}:2", 1024 + i * 211) for i in range(1, 281)]
    clients += [(client, port or 999) for client, port, _ in KERNEL]
    with namespaces(2) as (here, there):
        here.join("a0", there, "b")
        here.ip("addr add 10.9.0.2/16 dev a0", "addr add fd09::2/64 dev a0 nodad")
        there.ip("link set dev b address 02:00:00:00:00:09", "addr add 10.9.0.1/16 dev b")
        # No address has to be resolved: nothing waits in a queue that drops.
        here.ip(*(f"neigh add {a} lladdr 02:00:00:00:00:09 dev a0" for a in ("10.9.0.1", "fd09::1")))
        there.run(["nft", "-f", "-"], rules)
        here.call(_send_from, clients)
        seen = "".join(there.run(["nft", "list", "set", "netdev", "t", name]) for name in ("seen4", "seen6"))
    found = {
        (address, int(port) if port else None): int(mark, 16)
        for address, port, mark in re.findall(r"([0-9a-f.:]{6,}) (?:\. (\d+) )?\. (0x[0-9a-f]{8})", seen)
    }
    wanted = {(client, port if ports else None) for client, port in clients}
    assert found == {(client, port): slot_of(client, port) for client, port in wanted}
    assert len(found) >= 560


def _send_from(clients: list[tuple[str, int]]) -> None:
    """One datagram from each, whether the machine has the address or not."""
    transparent = {socket.AF_INET: (socket.SOL_IP, 19), socket.AF_INET6: (socket.IPPROTO_IPV6, 75)}
    for client, port in clients:
        family = socket.AF_INET6 if ":" in client else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(*transparent[family], 1)
            sock.bind((client, port))
            sock.sendto(b"?", ("fd09::1" if ":" in client else "10.9.0.1", 9))


@pytest.mark.covers("interface@name")
async def test_the_plan_of_this_node_knows_its_interfaces(node: Namespace, vip: LinuxVip) -> None:
    elsewhere = VirtualAddress("192.0.2.7", V4.type, V4.vmac)
    asked = VirtualIp((_on(V4, "eth1"), V6, _on(elsewhere, "eth0")))
    plan, problems = await vip.plan("web", asked)
    assert plan
    assert [link.name for _, link in plan.interfaces] == ["eth1", "eth0", "eth0"]
    assert plan.interfaces[1][1].mac == "02:00:00:00:00:11"
    plan, problems = await vip.plan("web", VirtualIp((_on(V4, "eth7"), V6, elsewhere)))
    assert (plan, problems) == (
        None,
        (
            'this node has no interface "eth7" for 10.77.0.100: it has eth0, eth1',
            "no interface of this node has the network of 192.0.2.7: name it in <interface>",
        ),
    )


def _on(address: VirtualAddress, name: str) -> VirtualAddress:
    return msgspec.structs.replace(address, interface=name)


def _settings(node: Namespace) -> dict[str, str]:
    names = ("eth0/arp_announce", "eth0/arp_ignore", "all/arp_ignore")
    root = Path("/proc/sys/net/ipv4/conf")
    return node.call(lambda: {name: (root / name).read_text().strip() for name in names})


def _addresses(node: Namespace) -> dict[str, frozenset[str]]:
    return node.call(links.addresses)


@pytest.mark.covers("virtual_interface@addr", "virtual_addr@addr")
async def test_set_up_and_taken_away_leaves_nothing_behind(node: Namespace, vip: LinuxVip) -> None:
    node.call((Path("/proc/sys/net/ipv4/conf/eth0/arp_ignore")).write_text, "1")
    before = (_settings(node), _addresses(node), node.run(["bridge", "fdb", "show"]), _listed(node))
    plan = PLANS["any_port_beside_exact_ones"]
    assert await vip.prepare(plan) == ""
    assert _settings(node) == {"eth0/arp_announce": "2", "eth0/arp_ignore": "0", "all/arp_ignore": "0"}
    assert "10.77.0.100" in _addresses(node)["lo"]
    assert "fd77::64" in _addresses(node)["eth0"]
    assert "5a:fe:0a:4d:00:64 dev eth0 self permanent" in node.run(["bridge", "fdb", "show"])
    assert "deprecated" in node.run(["ip", "-6", "addr", "show", "dev", "eth0"])
    facts = await vip.observe()
    assert facts.tables["web"].intact
    assert [group.mine for group in facts.tables["web"].groups] == [frozenset(), frozenset()]
    assert facts.macs["eth0"] == "02:00:00:00:00:11"
    assert await vip.withdraw("web") == ""
    assert (_settings(node), _addresses(node), node.run(["bridge", "fdb", "show"]), _listed(node)) == before
    assert await vip.withdraw("web") == ""


async def test_slots_are_written_and_read_back(node: Namespace, vip: LinuxVip) -> None:
    plan = PLANS["both_ways"]
    assert await vip.prepare(plan) == ""
    wanted = sets_of(plan, timeout=60.0)
    assert node.call(vip.update, [wanted]) == {}
    found = (await vip.observe()).tables["web"]
    for group, slots, facts in zip(plan.vip.groups, wanted.groups, found.groups, strict=True):
        assert facts.mine == slots.mine
        assert facts.datagrams == (slots.datagrams if has(group, Proto.UDP) else frozenset())
        assert facts.owner == dict(slots.owner)
    assert found.groups[0].quiet == wanted.groups[0].quiet
    assert found.fingerprint == fingerprint(plan)
    assert not found.lasting
    assert {"taken_0", "left_0", "quiet_0", "unmatched", "forged_0", "sent"} <= found.counters.keys()
    assert node.call(vip.update, [ModuleSets(plan)]) == {}
    assert not any(group.mine or group.owner for group in (await vip.observe()).tables["web"].groups)


async def test_a_restarted_agent_finds_its_slots_and_takes_away_what_the_other_one_made(
    node: Namespace, vip: LinuxVip, tmp_path: Path
) -> None:
    plan = PLANS["any_port_beside_exact_ones"]
    before = _settings(node)
    assert await vip.prepare(plan) == ""
    assert node.call(vip.update, [sets_of(plan, None)]) == {}
    again = node.call(LinuxVip, tmp_path / "vip.json")
    facts = (await again.observe()).tables["web"]
    assert facts.intact
    assert facts.lasting
    assert facts.groups[0].mine == sets_of(plan).groups[0].mine
    assert await again.prepare(plan) == ""
    assert (await again.observe()).tables["web"].groups == facts.groups
    # Another plan makes another table.
    assert await again.prepare(PLANS["one_tcp_port"]) == ""
    assert "fd77::64" not in _addresses(node)["eth0"]
    assert not (await again.observe()).tables["web"].groups[0].mine
    assert await again.withdraw("web") == ""
    assert _settings(node) == before
    assert "10.77.0.100" not in _addresses(node)["lo"]
    again.close()


async def test_a_table_that_somebody_changed_is_seen_and_made_anew(node: Namespace, vip: LinuxVip) -> None:
    plan = PLANS["one_tcp_port"]
    assert await vip.prepare(plan) == ""
    node.run(["nft", "flush", "chain", "netdev", plan.table, "egress0"])
    assert not (await vip.observe()).tables["web"].intact
    assert await vip.prepare(plan) == ""
    assert (await vip.observe()).tables["web"].intact
    node.run(["nft", "flush", "ruleset"])
    assert (await vip.observe()).tables == {}
    node.ip("addr del 10.77.0.100/32 dev lo")
    assert "10.77.0.100" not in (await vip.observe()).addresses["lo"]
    assert await vip.prepare(plan) == ""
    facts = await vip.observe()
    assert facts.tables["web"].intact
    assert "10.77.0.100" in facts.addresses["lo"]


async def test_two_modules_share_an_address_until_the_last_one_goes(node: Namespace, vip: LinuxVip) -> None:
    web, db = PLANS["one_tcp_port"], replace(PLANS["udp_only"], module="db")
    assert await vip.prepare(web) == ""
    assert await vip.prepare(db) == ""
    assert (await vip.observe()).tables.keys() == {"web", "db"}
    assert await vip.withdraw("web") == ""
    assert "10.77.0.100" in _addresses(node)["lo"]
    assert _settings(node)["eth0/arp_announce"] == "2"
    assert "5a:fe:0a:4d:00:64" in node.run(["bridge", "fdb", "show"])
    assert await vip.withdraw("db") == ""
    assert "10.77.0.100" not in _addresses(node)["lo"]
    assert _settings(node)["eth0/arp_announce"] == "0"


async def test_a_plan_with_other_places_leaves_nothing_of_the_former_one(node: Namespace, vip: LinuxVip) -> None:
    before = _settings(node)
    assert await vip.prepare(PLANS["two_addresses_two_interfaces"]) == ""
    plan = PLANS["one_tcp_port"]
    other = msgspec.structs.replace(V4, vmac="5a:fe:00:00:00:99")
    assert await vip.prepare(replace(plan, vip=VirtualIp((other,), plan.vip.groups))) == ""
    fdb = node.run(["bridge", "fdb", "show"])
    assert re.findall(r"5a:fe:\S+ dev \S+", fdb) == ["5a:fe:00:00:00:99 dev eth0"]
    assert "10.77.0.101" not in _addresses(node)["lo"]
    assert "fd77::64" not in _addresses(node)["eth1"]
    assert await vip.withdraw("web") == ""
    assert _settings(node) == before


async def test_a_missing_table_does_not_stop_the_others(node: Namespace, vip: LinuxVip) -> None:
    web, db = PLANS["one_tcp_port"], replace(PLANS["udp_only"], module="db")
    assert await vip.prepare(db) == ""
    slots = frozenset({1, 2, 3})
    failed = node.call(vip.update, [ModuleSets(plan, (SlotSets(slots),)) for plan in (web, db)])
    assert failed.keys() == {"web"}
    assert "No such file" in failed["web"]
    assert (await vip.observe()).tables["db"].groups[0].mine == slots


async def test_the_stop_hook_empties_every_table_but_keeps_it(node: Namespace, vip: LinuxVip) -> None:
    plan = PLANS["both_ways"]
    assert await vip.prepare(plan) == ""
    assert node.call(vip.update, [sets_of(plan, None)]) == {}
    node.run([sys.executable, "-m", "nodeagent", "vip", "release"])
    facts = (await vip.observe()).tables["web"]
    assert facts.intact
    assert not any(group.mine or group.datagrams or group.est or group.quiet or group.owner for group in facts.groups)


@pytest.mark.parametrize("kind", LIBRARIES)
def test_library_and_program_do_the_same(node: Namespace, kind: type[LibraryNft] | type[CommandNft]) -> None:
    plan = PLANS["both_ways"]
    nft: Nft = node.call(kind)

    def run(commands: str, **how: bool) -> str:
        return node.call(lambda: nft.run(commands, **how))

    run(rule_set(plan), try_only=True)
    assert node.call(tables.listings, nft) == {}
    run(rule_set(plan))
    run(update([sets_of(plan, 60.0)]))
    node.run(["nft", "add", "table", "netdev", "another"])
    listed = node.call(tables.listings, nft)
    assert listed.keys() == {table_of("web")}
    facts = node.call(tables.facts, nft, table_of("web"), listed[table_of("web")], {})
    assert facts.module == "web"
    assert facts.groups[0].mine == sets_of(plan).groups[0].mine
    assert not facts.intact
    assert "elements" not in run("list ruleset", terse=True)
    with pytest.raises(NftError, match="No such file"):
        run("delete table netdev nowhere")
    with pytest.raises(NftError, match="syntax error"):
        run("nonsense")
    nft.close()


async def test_what_the_kernel_refuses_is_one_sentence(node: Namespace, vip: LinuxVip) -> None:
    node.ip("link del eth0")
    said = await vip.prepare(PLANS["one_tcp_port"])
    assert said.startswith("the virtual IP of web could not be set up: ")
    assert "\n" not in said
    assert "10.77.0.100" not in _addresses(node)["lo"]
    assert "could not be announced on eth0" in await vip.announce(PLANS["one_tcp_port"], VmacType.INVISIBLE)


def test_this_machine_can_serve_a_virtual_ip(node: Namespace) -> None:
    assert node.call(vip_problem) == ""
    assert _listed(node) == ""


def test_without_capabilities_the_reason_is_one_sentence(node: Namespace) -> None:
    program = "from nodeagent.adapters.vip import vip_problem; print(vip_problem())"
    said = node.run(["setpriv", "--bounding-set=-net_admin,-net_raw", "--inh-caps=-all", sys.executable, "-c", program])
    assert said == "a virtual IP needs CAP_NET_ADMIN and CAP_NET_RAW: the agent runs without (as root it has both)\n"


@pytest.mark.parametrize(
    ("release", "old"), [("5.15.0-91-generic", True), ("5.16.0", False), ("6.1.0-18-amd64", False), ("4.18", True)]
)
def test_kernels_without_the_egress_hook_are_known(release: str, old: bool) -> None:
    assert kernel_too_old(release) is old
