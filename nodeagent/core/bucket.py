"""Which slot the kernel puts a client in: its `jhash` recomputed exactly.

nft's `jhash … mod 256 seed S` hashes the registers it loaded (a port fills four bytes) and scales the
result to the slots by multiplication. The nodes of a farm must have the same byte order.
"""

import sys
from ipaddress import ip_address

from nodeagent.core.slots import SLOTS

SEED = 0x5AFE0001
_GOLDEN = 0xDEADBEEF
_32 = 0xFFFFFFFF


def slot_of(client: str, port: int | None = None) -> int:
    """The slot of a client's address, or of its address and port together."""
    key = ip_address(client).packed
    if port is not None:
        key += port.to_bytes(2, "big") + b"\0\0"
    return jhash(key, SEED) * SLOTS >> 32


def jhash(key: bytes, seed: int) -> int:
    """Bob Jenkins' lookup3 as the kernel has it, on whole 32-bit words of this machine's byte order."""
    # The last one to three words are read byte by byte in little-endian order, whatever the machine is.
    words = len(key) // 4
    last = (words - 1) // 3 * 3
    a = b = c = (_GOLDEN + len(key) + seed) & _32
    for i in range(0, last, 3):
        a, b, c = (
            (value + int.from_bytes(key[4 * (i + j) : 4 * (i + j) + 4], sys.byteorder)) & _32
            for j, value in enumerate((a, b, c))
        )
        a, b, c = _mix(a, b, c)
    rest = [int.from_bytes(key[4 * i : 4 * i + 4], "little") for i in range(last, words)]
    x, y, z = [*rest, 0, 0][:3]
    return _final((a + x) & _32, (b + y) & _32, (c + z) & _32)


def _rol(word: int, by: int) -> int:
    return (word << by | word >> (32 - by)) & _32


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for by in (4, 6, 8, 16, 19, 4):
        # Each step is the one before with the letters turned round.
        a = ((a - c) & _32) ^ _rol(c, by)
        c = (c + b) & _32
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for by in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _rol(b, by)) & _32
        a, b, c = b, c, a
    return b
