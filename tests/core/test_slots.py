import json
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.core.slots import SLOTS, quotas, shares, slot_plan

GOLDEN = json.loads((Path(__file__).parent / "golden" / "slots.json").read_text())
Powers = tuple[tuple[str, int], ...]

names = st.text("abcdefgh0123456789-", min_size=1, max_size=12)
clusters = st.dictionaries(names, st.integers(0, 20), min_size=1, max_size=8).map(lambda d: tuple(d.items()))


def some_of(powers: Powers, chosen: list[bool]) -> set[str]:
    return {node for (node, _), keep in zip(powers, chosen, strict=False) if keep}


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_golden_table(case: dict[str, object]) -> None:
    """Every platform and Python version must give these owners: a farm's nodes compute them apart."""
    powers = tuple((node, power) for node, power in case["powers"])  # type: ignore[attr-defined]
    for view, table in case["tables"].items():  # type: ignore[attr-defined]
        letters = {node: chr(ord("a") + i) for i, (node, _) in enumerate(powers)}
        owners = slot_plan(powers).owners(set(view.split()))
        assert "".join(letters[owner] if owner else "-" for owner in owners) == table


@given(clusters, st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_death_moves_only_the_dead_nodes_slots(powers: Powers, up: list[bool]) -> None:
    plan, view = slot_plan(powers), some_of(powers, up)
    before = plan.owners(view)
    for dead in view:
        after = plan.owners(view - {dead})
        assert all(a == b for a, b in zip(before, after, strict=True) if a != dead)
        assert plan.owners(view) == before  # it returns: exactly those come back


@given(clusters)
def test_first_and_second_choices_are_exact(powers: Powers) -> None:
    plan, carrying = slot_plan(powers), [(node, power) for node, power in powers if power]
    whole = sum(power for _, power in carrying)
    all_up = plan.owners({node for node, _ in powers})
    if not carrying:
        assert set(all_up) == {None}
        return
    counts = shares(all_up)
    assert sum(counts.values()) == SLOTS
    assert all(abs(counts.get(node, 0) - SLOTS * power / whole) < 1 for node, power in carrying)
    for dead, dead_power in carrying:
        if len(carrying) < 2:
            continue
        mine = [slot for slot in range(SLOTS) if all_up[slot] == dead]
        after = plan.owners({node for node, _ in powers} - {dead})
        taken = shares([after[slot] for slot in mine])
        for node, power in carrying:
            if node != dead:
                assert abs(taken.get(node, 0) - len(mine) * power / (whole - dead_power)) < 1


@given(clusters, st.lists(st.booleans(), min_size=8, max_size=8))
def test_every_slot_has_an_owner_while_anybody_with_power_lives(powers: Powers, up: list[bool]) -> None:
    view = some_of(powers, up)
    serving = {node for node, power in powers if power and node in view}
    owners = set(slot_plan(powers).owners(view))
    assert owners <= serving if serving else owners == {None}


@pytest.mark.covers("invariant 2")
def test_several_deaths_never_move_a_living_nodes_slot() -> None:
    nodes = [f"node{i}" for i in range(5)]
    plan = slot_plan(tuple((node, 1) for node in nodes))
    for size in range(1, 5):
        for view in combinations(nodes, size):
            owners = plan.owners(set(view))
            for back in set(nodes) - set(view):
                more = plan.owners({*view, back})
                assert all(b in (a, back) for a, b in zip(owners, more, strict=True))


@given(st.integers(0, 300), st.lists(st.integers(0, 50), min_size=1, max_size=10).filter(any))
def test_quotas_are_whole_and_fair(total: int, powers: list[int]) -> None:
    parts = quotas(total, powers)
    assert sum(parts) == total
    assert all(abs(part - total * power / sum(powers)) < 1 for part, power in zip(parts, powers, strict=True))
    assert all(part == 0 for part, power in zip(parts, powers, strict=True) if power == 0)
