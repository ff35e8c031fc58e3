"""The slots of a virtual IP laid over each other: what agrees, what is handed over, what is wrong."""

import msgspec

from app.viewmodels.slot_map import Mark, ranges, slot_map
from nodeagent.contract.vip_status import VipNode
from tests.app.viewmodels.farms import EPOCH, NODES, slots_of


def test_a_healthy_table_has_no_mark_and_every_slot_has_the_number_of_its_owner() -> None:
    shown = slot_map({node: slots_of(node) for node in NODES}, NODES)
    group = shown.groups[0]
    assert {slot.mark for slot in group.slots} == {Mark.FINE}
    assert [(row.name, row.number, row.count, row.share) for row in group.rows] == [
        ("node1", 1, 86, "33.6\N{NO-BREAK SPACE}%"),
        ("node2", 2, 85, "33.2\N{NO-BREAK SPACE}%"),
        ("node3", 3, 85, "33.2\N{NO-BREAK SPACE}%"),
    ]
    assert group.problems == ()
    assert shown.agreed
    assert group.summary == "node1 86 slots, node2 85 slots, node3 85 slots; all are right"
    assert shown.agreement == "All nodes have applied the same table (b2c3d4)."
    assert all(node.agreed and node.answers for node in shown.nodes)
    assert group.slots[16].words == "Slot 16: node2"


def test_a_slot_that_two_nodes_take_is_wrong_unless_it_is_quiet() -> None:
    taking = {"mine": (*slots_of("node2").groups[0].mine, 0, 3)}
    shown = slot_map({"node1": slots_of("node1"), "node2": slots_of("node2", **taking)}, NODES).groups[0]
    assert [slot.slot for slot in shown.slots if slot.mark is Mark.DOUBLE] == [0, 3]
    assert shown.slots[3].words == "Slot 3: node1, taken by node1 and node2 at once"
    assert shown.problems[0].startswith("node1 and node2 take 2 slots at once (0, 3)")
    moving = slot_map({"node1": slots_of("node1"), "node2": slots_of("node2", quiet=(0, 3), **taking)}, NODES)
    assert {moving.groups[0].slots[slot].mark for slot in (0, 3)} == {Mark.MOVING}
    assert moving.groups[0].problems == ()


def test_a_slot_that_its_owner_does_not_take_is_nobodys() -> None:
    without = tuple(slot for slot in slots_of("node1").groups[0].mine if slot > 12)
    shown = slot_map({"node1": slots_of("node1", mine=without), "node2": slots_of("node2")}, NODES).groups[0]
    assert [slot.slot for slot in shown.slots if slot.mark is Mark.NOBODY] == [0, 3, 6, 9, 12]
    assert shown.problems == ("Nobody takes 5 slots (0, 3, 6, 9, 12): their clients get no answer.",)
    assert "5 slots are not right" in shown.summary
    # node3 does not tell: what it takes cannot be known, and is not said to be wrong.
    assert shown.slots[2].mark is Mark.FINE


def test_tables_that_differ_are_told_slot_by_slot() -> None:
    other = tuple("node3" if slot == 7 else owner for slot, owner in enumerate(slots_of("node1").groups[0].owners))
    answers = {
        "node1": slots_of("node1"),
        "node2": slots_of("node2"),
        "node3": slots_of("node3", other, epoch="00000000ffffffff", agreed=False),
    }
    shown = slot_map(answers, NODES)
    assert shown.groups[0].slots[7].mark is Mark.DIFFERENT
    assert shown.groups[0].slots[7].words == (
        "Slot 7: node2, the tables differ: node1 says node2, node2 says node2 and node3 says node3"
    )
    assert not shown.agreed
    assert shown.agreement == "The nodes have different tables (b2c3d4: node1 and node2, ffffff: node3)."


def test_a_module_that_nobody_serves_owns_nothing() -> None:
    shown = slot_map({node: slots_of(node, ("",) * 256) for node in NODES}, NODES).groups[0]
    assert {slot.mark for slot in shown.slots} == {Mark.NOBODY}
    assert shown.rows[-1].name == "nobody"
    assert shown.rows[-1].count == 256
    assert shown.problems == ("Nobody takes 256 slots (0–255): their clients get no answer.",)


def test_nodes_addresses_and_alarms_are_told_in_words() -> None:
    late = tuple(VipNode(name, True, True, False, "00000000ffffffff", EPOCH) for name in NODES)
    gone = tuple(msgspec.structs.replace(one, interface="") for one in slots_of("node2").addresses)
    alarm = "farm: probes of node3 do not reach node1 on eth0: the switch blocks or has learnt the virtual MAC"
    shown = slot_map(
        {
            "node1": slots_of("node1", nodes=late, agreed=False, alarms=(alarm,)),
            "node2": slots_of("node2", addresses=gone, present=False, open=False, alarms=(alarm,)),
        },
        NODES,
    )
    assert shown.nodes[0].words == "serves, table ffffff seen, b2c3d4 applied"
    assert not shown.nodes[0].agreed
    assert "no filter in its kernel" in shown.nodes[1].words
    assert "closed until a script opens it" in shown.nodes[1].words
    assert not shown.nodes[2].answers
    assert shown.addresses[0].where == "eth0 on node1, not on node2"
    assert shown.addresses[0].missing
    assert shown.alarms == (f"node1 and node2: {alarm.removeprefix('farm: ')}",)
    assert shown.agreement.startswith("The table b2c3d4 is on its way")


def test_ranges_are_short() -> None:
    assert ranges((5, 3, 4, 9, 11, 12)) == "3–5, 9, 11–12"
    assert ranges(range(0, 40, 2)) == "0, 2, 4, 6, 8, 10 and others"
    assert ranges(()) == ""
