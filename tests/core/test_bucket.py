"""The kernel itself is asked in tests/adapters/test_vip_kernel.py; here are values it gave, for every platform."""

import pytest

from nodeagent.core.bucket import SEED, jhash, slot_of
from nodeagent.core.slots import SLOTS, shares

KERNEL = [
    ("10.9.1.2", None, 153),
    ("10.9.3.44", None, 91),
    ("192.168.255.1", None, 201),
    ("10.9.1.2", 1024, 49),
    ("10.9.3.44", 65535, 112),
    ("fd09::2", None, 194),
    ("2001:db8::1:2:3", None, 40),
    ("fd09::2", 1024, 136),
    ("2001:db8::1:2:3", 40000, 148),
]


@pytest.mark.parametrize(("client", "port", "slot"), KERNEL)
def test_slots_are_those_the_kernel_gave(client: str, port: int | None, slot: int) -> None:
    assert slot_of(client, port) == slot


def test_clients_spread_over_all_slots_evenly() -> None:
    slots = [slot_of(f"10.{i >> 8}.{i & 255}.7") for i in range(16384)]
    counts = shares(str(slot) for slot in slots)
    assert len(counts) == SLOTS
    chi2 = sum((count - 64) ** 2 / 64 for count in counts.values())
    assert chi2 < 330  # 255 degrees of freedom: 0.1 % of random spreads are worse


def test_the_seed_is_part_of_the_hash() -> None:
    assert jhash(b"\x0a\0\0\x01", SEED) != jhash(b"\x0a\0\0\x01", SEED + 1)
