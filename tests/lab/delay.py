"""A cable that takes time: every IPv4 packet on a host's cable is late by a fixed time, each way.

Made of what every kernel has, netem is often not among it. Before each packet the sender's kernel puts a filler frame,
a copy of it with another type, into a token bucket (HTB) that lets one frame go per delay: the packet waits for as long
as the filler takes on the line, and the other end drops the filler. A packet that follows another one sooner than twice
the delay waits for that one's frames too; a conversation of one packet there and one back never does. Nobody computes
meanwhile: the core is idle or does other work, as with a real cable.
"""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.probes.frames import checksum
from tests.lab.topology import Host

FILLER = 0x88B6
"""EtherType: the second of the two for local experiments."""
FRAME = 2000
"""What the token bucket takes every frame for, in bytes; more than any has."""

TABLE = """
table netdev delay {{
  chain arriving {{
    type filter hook ingress device "{device}" priority -600;
    ether type {filler:#x} drop
  }}
  chain leaving {{
    type filter hook egress device "{device}" priority 600;
    ether type ip ether type set {filler:#x} dup to "{device}" ether type set ip
  }}
}}
"""


@contextmanager
def delayed(host: Host, seconds: float) -> Iterator[None]:
    """The host's cable in the first lan takes so long each way meanwhile. Raises LabImpossible without HTB."""
    ends = ((host, "eth0"), (host.switch, host.port()))
    try:
        for where, device in ends:
            rate = f"{round(FRAME * 8 / seconds)}bit"
            where.run("tc", "qdisc", "add", "dev", device, "root", "handle", "1:", "htb", "default", "1")
            one = ("rate", rate, "burst", "1", "cburst", "1", "mpu", str(FRAME), "quantum", str(FRAME))
            where.run("tc", "class", "add", "dev", device, "parent", "1:", "classid", "1:1", "htb", *one)
            where.run("nft", "-f", "-", text=TABLE.format(device=device, filler=FILLER))
        yield
    finally:
        for where, device in ends:
            where.run("nft", "-f", "-", text="table netdev delay\ndelete table netdev delay")
            if " htb " in where.run("tc", "qdisc", "show", "dev", device):
                where.run("tc", "qdisc", "del", "dev", device, "root")


def round_trips(host: Host, address: str, count: int = 300) -> list[float]:
    """Seconds from an echo request to its answer, by this process: some microseconds of each are Python's own."""
    found = []
    with host.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    with sock:
        sock.settimeout(1)
        sock.connect((address, 0))
        for number in range(count):
            data = struct.pack("!BBHHH", 8, 0, 0, 1, number)
            data = data[:2] + struct.pack("!H", checksum(data)) + data[4:]
            began = time.perf_counter()
            sock.send(data)
            while (answer := sock.recv(2048)[20:])[0] or answer[6:8] != data[6:8]:
                pass
            found.append(time.perf_counter() - began)
            time.sleep(0.001)
    return found
