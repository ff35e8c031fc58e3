"""Ethernet frames as bytes: gratuitous ARP, unsolicited neighbour advertisement, probe frame. Pure."""

import struct
from ipaddress import IPv4Address, IPv6Address

from nodeagent.core.neighbour import neighbour_patch
from nodeagent.core.vip_chains import PROBE_ETHERTYPE

BROADCAST = "ff:ff:ff:ff:ff:ff"
HEADER = 14
_LENGTH = 2
PROBE_MAX = 1400
"""Bytes that a probe frame may carry."""
_SHORTEST = 60
_ALL_NODES = IPv6Address("ff02::1")
_ALL_NODES_MAC = "33:33:00:00:00:01"


def gratuitous_arp(address: str, source: str, mac: str) -> list[bytes]:
    """A request and an answer that say `address` is at `mac`; some systems heed only one of them."""
    ip, hardware = IPv4Address(address).packed, raw(mac)
    frames = []
    for operation in (1, 2):
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation) + hardware + ip + raw(BROADCAST) + ip
        frames.append(raw(BROADCAST) + raw(source) + b"\x08\x06" + body)
    return frames


def neighbour_advertisement(address: str, source: str, mac: str) -> bytes:
    """Tells all that `address` is at `mac`. It looks as our egress rule would make it, which so changes nothing."""
    ip = IPv6Address(address).packed
    flags = 0x20000000 | neighbour_patch(source, mac)  # override
    icmp = struct.pack("!BBHI", 136, 0, 0, flags) + ip + b"\x02\x01" + raw(mac)
    check = _checksum(ip + _ALL_NODES.packed + struct.pack("!II", len(icmp), 58) + icmp)
    icmp = icmp[:2] + check.to_bytes(2, "big") + icmp[4:]
    head = struct.pack("!IHBB", 6 << 28, len(icmp), 58, 255) + ip + _ALL_NODES.packed
    return raw(_ALL_NODES_MAC) + raw(source) + b"\x86\xdd" + head + icmp


def probe(to: str, source: str, payload: bytes) -> bytes:
    """A probe frame, as long as the shortest that Ethernet has. ValueError above `PROBE_MAX` bytes."""
    if len(payload) > PROBE_MAX:
        raise ValueError(f"a probe frame carries at most {PROBE_MAX} bytes")
    frame = raw(to) + raw(source) + struct.pack("!HH", PROBE_ETHERTYPE, len(payload)) + payload
    return frame.ljust(_SHORTEST, b"\0")


def read_probe(frame: bytes) -> tuple[str, bytes] | None:
    """(source MAC, payload) of a probe frame; None when it is none."""
    start = HEADER + _LENGTH
    if len(frame) < start or int.from_bytes(frame[12:14], "big") != PROBE_ETHERTYPE:
        return None
    payload = frame[start : start + int.from_bytes(frame[HEADER:start], "big")]
    if len(payload) != int.from_bytes(frame[HEADER:start], "big"):
        return None
    return frame[6:12].hex(":"), payload


def raw(mac: str) -> bytes:
    """The six bytes of a MAC."""
    return bytes.fromhex(mac.replace(":", ""))


def _checksum(data: bytes) -> int:
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
