"""TCP SYN frames: made, and their answers read. Standard library only, no sockets."""

import struct
from dataclasses import dataclass
from ipaddress import ip_address

SYN, RST, ACK = 0x02, 0x04, 0x10
TCP = 6
IPV4, IPV6 = 0x0800, 0x86DD


def checksum(data: bytes) -> int:
    """The Internet checksum."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac_bytes(mac: str) -> bytes:
    """`02:00:…` as bytes."""
    return bytes.fromhex(mac.replace(":", ""))


def syn(macs: tuple[str, str], source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """An Ethernet frame with a SYN; `macs` are (own, next)."""
    own, there = ip_address(source[0]).packed, ip_address(target[0]).packed
    tcp = struct.pack("!HHIIBBHHHBBH", source[1], target[1], 1, 0, 0x60, SYN, 64240, 0, 0, 2, 4, 1460)
    pseudo = own + there + struct.pack("!II", len(tcp), TCP)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    if len(own) == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, TCP, 0) + own + there
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    else:
        ip = struct.pack("!IHBB", 0x60000000, len(tcp), TCP, 64) + own + there
    kind = IPV4 if len(own) == 4 else IPV6
    return mac_bytes(macs[1]) + mac_bytes(macs[0]) + struct.pack("!H", kind) + ip + tcp


@dataclass(frozen=True, slots=True)
class Answer:
    """A TCP segment that came back: the MAC it came from, whom it answers, its flags."""

    mac: str
    source: tuple[str, int]
    target: tuple[str, int]
    flags: int


def answer(frame: bytes) -> Answer | None:
    """Read a received frame; None when it is no TCP segment."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == IPV4 and frame[23] == TCP:
        start, source, target = 14 + (frame[14] & 15) * 4, frame[26:30], frame[30:34]
    elif kind == IPV6 and frame[20] == TCP:
        start, source, target = 54, frame[22:38], frame[38:54]
    else:
        return None
    from_port, to_port = struct.unpack_from("!HH", frame, start)
    return Answer(
        frame[6:12].hex(":"),
        (str(ip_address(source)), from_port),
        (str(ip_address(target)), to_port),
        frame[start + 13],
    )
