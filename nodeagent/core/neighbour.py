"""What a neighbour advertisement (IPv6) needs beside the virtual MAC, so that its checksum holds."""


def neighbour_patch(mac: str, vmac: str) -> int:
    """What goes to the reserved field of a neighbour advertisement when `vmac` takes the place of `mac` in it.

    nft does not repair the ICMPv6 checksum there; the ignored field takes the difference (one's complement).
    """
    return _sum16(f"{mac}:" + ":".join(f"{byte ^ 0xFF:02x}" for byte in bytes.fromhex(vmac.replace(":", ""))))


def _sum16(macs: str) -> int:
    data = bytes.fromhex(macs.replace(":", ""))
    total = sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total
