"""Who serves which of the 256 slots: a pure function of the configured nodes, their power and the view.

Each slot has an order of preference over all configured nodes that carry traffic:
1. first choice: every node gets its exact quota by power (largest remainder);
2. second choice: the slots of each node go to the others in exact quotas, so that a dead node's
   clients spread by power and not by chance;
3. from the third on plain weighted rendezvous.
Quotas are filled in weighted-rendezvous order: the pair (slot, node) with the smallest
`-ln(hash) / power` first. The owner is the first of the slot's order that is in the view, therefore
the death of a node moves its own slots only and its return brings back those only.

No history, no floats: `decimal` with a fixed precision gives the same digits on every platform.
"""

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from decimal import Context, Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Final

SLOTS: Final = 256
_DIGITS: Final = Context(prec=20)
_SCALE: Final = Decimal(2**48)
_HASHES: Final = Decimal(2**64)


class SlotPlan:
    """The orders of preference for one set of configured nodes. Build it by `slot_plan`."""

    __slots__ = ("_orders",)

    def __init__(self, powers: tuple[tuple[str, int], ...]) -> None:
        self._orders = _orders([(node, power) for node, power in powers if power > 0])

    def order(self, slot: int) -> tuple[str, ...]:
        """Nodes in the order in which they would serve this slot."""
        return self._orders[slot]

    def owners(self, view: AbstractSet[str]) -> tuple[str | None, ...]:
        """The owner of each slot when exactly these nodes serve; None: nobody."""
        return tuple([next((node for node in order if node in view), None) for order in self._orders])


@lru_cache(maxsize=64)
def slot_plan(powers: tuple[tuple[str, int], ...]) -> SlotPlan:
    """The plan for all configured (node, power) in node id order; a power of 0 takes no traffic."""
    return SlotPlan(powers)


def shares(owners: Iterable[str | None]) -> dict[str, int]:
    """How many slots each owner has."""
    counts: dict[str, int] = {}
    for owner in owners:
        if owner is not None:
            counts[owner] = counts.get(owner, 0) + 1
    return counts


def quotas(total: int, powers: Sequence[int]) -> list[int]:
    """Split `total` by power exactly: whole parts first, the rest to the largest remainders (ties: the first)."""
    whole = sum(powers)
    parts = [total * power // whole for power in powers]
    by_remainder = sorted(range(len(powers)), key=lambda i: (-(total * powers[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


@lru_cache(maxsize=128)
def _draws(node: str) -> tuple[int, ...]:
    """One exponentially distributed draw per slot, as an integer: `-ln(hash / 2**64) * 2**48`."""
    draws = []
    for slot in range(SLOTS):
        digest = blake2b(slot.to_bytes(2, "big") + node.encode(), digest_size=8).digest()
        fraction = _DIGITS.divide(Decimal(int.from_bytes(digest, "big") * 2 + 1), _HASHES * 2)
        draws.append(int(_DIGITS.multiply(-_DIGITS.ln(fraction), _SCALE)))
    return tuple(draws)


def _orders(nodes: list[tuple[str, int]]) -> tuple[tuple[str, ...], ...]:
    if not nodes:
        return ((),) * SLOTS
    powers = [power for _, power in nodes]
    scores = [[(draw << 32) // power for draw in _draws(node)] for node, power in nodes]
    everyone = range(len(nodes))

    def score(pair: tuple[int, int]) -> tuple[int, int, int]:
        slot, node = pair
        return scores[node][slot], slot, node

    first = _fill(range(SLOTS), everyone, powers, score)
    second: dict[int, int] = {}
    for owner in everyone:
        others = [node for node in everyone if node != owner]
        if others:
            second |= _fill([slot for slot in range(SLOTS) if first[slot] == owner], others, powers, score)

    orders = []
    for slot in range(SLOTS):
        chosen = [first[slot], *([second[slot]] if slot in second else [])]
        rest = sorted((node for node in everyone if node not in chosen), key=lambda node: score((slot, node)))
        orders.append(tuple([nodes[node][0] for node in (*chosen, *rest)]))
    return tuple(orders)


def _fill(
    slots: Sequence[int],
    nodes: Sequence[int],
    powers: Sequence[int],
    score: Callable[[tuple[int, int]], tuple[int, int, int]],
) -> dict[int, int]:
    """Give every slot a node so that each node gets its quota, the best pairs first."""
    left = dict(zip(nodes, quotas(len(slots), [powers[node] for node in nodes]), strict=True))
    given: dict[int, int] = {}
    for slot, node in sorted(((slot, node) for slot in slots for node in nodes), key=score):
        if slot not in given and left[node]:
            given[slot] = node
            left[node] -= 1
    return given
