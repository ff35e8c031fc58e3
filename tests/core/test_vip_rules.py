from dataclasses import replace

import pytest

from nodeagent.contract.config import VirtualIp
from nodeagent.core.neighbour import neighbour_patch
from nodeagent.core.vip_plan import table_of
from nodeagent.core.vip_rules import fingerprint, removal, rule_set
from nodeagent.core.vip_sets import ModuleSets, SlotSets, update
from tests.core.vip_plans import ETH1, GOLDEN, PLANS, golden


def test_every_golden_file_has_a_plan_and_every_plan_one() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(golden())


@pytest.mark.covers("rule@virtual_addr", "rule@port", "rule@proto", "rule@filter")
@pytest.mark.parametrize("name", sorted(golden()))
def test_golden_rules(name: str) -> None:
    """After a wanted change: `python -m tests.core.vip_plans`, then read the difference."""
    assert golden()[name] == (GOLDEN / name).read_text()


def test_a_new_table_replaces_the_old_one_and_holds_no_slot() -> None:
    text = rule_set(PLANS["both_ways"])
    table = f"table netdev {table_of('web')}"
    assert text.startswith(f"{table}\ndelete {table}\n{table} {{\n")
    assert "elements" not in text
    assert removal(table_of("web")) == f"{table}\ndelete {table}\n"


def test_the_fingerprint_changes_with_whatever_changes_a_rule() -> None:
    plan = PLANS["one_tcp_port"]
    moved = replace(plan, interfaces=((plan.interfaces[0][0], ETH1),))
    without_reset = replace(plan, vip=VirtualIp(plan.vip.addresses, plan.vip.groups, tcpreset=False))
    assert len({fingerprint(other) for other in (*PLANS.values(), moved)}) == len(PLANS) + 1
    assert fingerprint(without_reset) == fingerprint(plan)


def test_one_transaction_holds_all_modules_and_its_elements_their_timeouts() -> None:
    web, db = PLANS["one_tcp_port"], replace(PLANS["udp_only"], module="db")
    text = update(
        [
            ModuleSets(web, (SlotSets(frozenset({2, 1}), frozenset({9}), frozenset({1}), frozenset({7})),), 0.8, 5.0),
            ModuleSets(db, (SlotSets(frozenset({255}), frozenset({7}), frozenset({255}), frozenset({9})),)),
        ]
    )
    w, d = table_of("web"), table_of("db")
    assert text.splitlines() == [
        f"flush set netdev {w} mine_0",
        f"add element netdev {w} mine_0 {{ 1 timeout 800ms, 2 timeout 800ms }}",
        f"flush set netdev {w} est_0",
        f"add element netdev {w} est_0 {{ 1 timeout 800ms }}",
        f"flush set netdev {w} quiet_0",
        f"add element netdev {w} quiet_0 {{ 7 timeout 5000ms }}",
        # UDP has no connections: neither est nor quiet, and slots of its own.
        f"flush set netdev {d} mine_0",
        f"add element netdev {d} mine_0 {{ 255 }}",
        f"flush set netdev {d} data_0",
        f"add element netdev {d} data_0 {{ 7 }}",
    ]


def test_a_module_without_slots_is_emptied() -> None:
    text = update([ModuleSets(PLANS["directed"])])
    assert "add" not in text
    flushed = [line.split()[-1] for line in text.splitlines()]
    assert flushed == ["mine_0", "data_0", "est_0", "quiet_0", "owner_0", "peers", "speaks", "sent4"]


def test_a_node_that_is_not_the_director_does_not_speak_and_forgets_whom_it_forwarded_to() -> None:
    plan = PLANS["directed"]
    speaking = update([ModuleSets(plan, director=True, timeout=0.5)])
    assert f"add element netdev {plan.table} speaks {{ 10.77.0.102 timeout 500ms }}" in speaking
    assert "sent4" not in speaking
    silent = update([ModuleSets(plan)])
    assert "add element" not in silent
    assert f"flush map netdev {plan.table} sent4" in silent


def test_the_patch_of_a_neighbour_advertisement_is_the_tried_one() -> None:
    # Seen on the wire as a correct checksum.
    assert neighbour_patch("02:00:00:00:00:11", "5a:fe:00:00:00:64") == 0xA6AE
