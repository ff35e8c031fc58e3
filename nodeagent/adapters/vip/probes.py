"""Probe frames: one packet socket per interface, for their ethertype only."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable, Iterable

from nodeagent.adapters.vip.frames import probe, raw, read_probe
from nodeagent.core.vip_chains import PROBE_ETHERTYPE

Deliver = Callable[[str, str, bytes], None]
"""Takes (interface, source MAC, payload) of a probe frame, in the loop's thread."""
_BURST = 64
_LONGEST = 2048
_SIOCGIFFLAGS, _IFF_RUNNING = 0x8913, 0x40
_IFREQ, _IFNAMSIZ = 40, 16
_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, _PACKET_MR_UNICAST = 263, 1, 3
_MEMBERSHIP = struct.Struct("iHH8s")
"""Interface, kind, length of the MAC, MAC."""


class ProbeFrames:
    """Sends and receives probe frames; what they carry is the caller's business. In the loop's thread."""

    def __init__(self, deliver: Deliver) -> None:
        self._loop = asyncio.get_running_loop()
        self._deliver = deliver
        self._sockets: dict[str, socket.socket] = {}

    def listen(self, interfaces: Iterable[str]) -> str:
        """Exactly these from now on; call it again when one failed. Gives what is wrong in one sentence."""
        wanted, problem = set(interfaces), ""
        for name in self._sockets.keys() - wanted:
            self._drop(name)
        for name in sorted(wanted - self._sockets.keys()):
            try:
                self._open(name)
            except OSError as error:
                problem = f"probe frames on {name} are not possible: {error}"
        return problem

    def admit(self, interface: str, macs: Iterable[str]) -> str:
        """Let the hardware filter of an open interface pass these MACs, too, until it is closed. Gives what is wrong.

        As for a virtual MAC: the machine's network or its hypervisor may yet hold the frames back.
        """
        sock = self._sockets[interface]
        try:
            number = socket.if_nametoindex(interface)
            for mac in macs:
                wanted = _MEMBERSHIP.pack(number, _PACKET_MR_UNICAST, 6, raw(mac))
                sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, wanted)
        except OSError as error:
            return f"{interface} cannot receive for a MAC that is not its own: {error}"
        return ""

    def send(self, interface: str, mac: str, payload: bytes) -> str:
        """Send one from the interface's own MAC. Gives what is wrong in one sentence."""
        sock = self._sockets.get(interface)
        if sock is None:
            return f"probe frames on {interface} are not possible: it is not open"
        try:
            source = sock.getsockname()[4].hex(":")
            sock.send(probe(mac, source, payload))
        except OSError as error:
            return f"a probe frame could not be sent on {interface}: {error}"
        return ""

    def has_link(self, interface: str) -> bool:
        """Whether a cable is in it, and the other end answers."""
        sock = self._sockets.get(interface)
        return sock is None or _is_running(sock, interface)

    def close(self) -> None:
        """Receive nothing more."""
        for name in list(self._sockets):
            self._drop(name)

    def _open(self, name: str) -> None:
        sock = _packet_socket(name, PROBE_ETHERTYPE)
        self._sockets[name] = sock
        self._loop.add_reader(sock, self._readable, name, sock)

    def _readable(self, name: str, sock: socket.socket) -> None:
        for _ in range(_BURST):
            try:
                frame = sock.recv(_LONGEST)
            except BlockingIOError:
                return
            except OSError:  # the interface went down or away
                self._drop(name)
                return
            if found := read_probe(frame):
                self._deliver(name, *found)

    def _drop(self, name: str) -> None:
        sock = self._sockets.pop(name)
        self._loop.remove_reader(sock)
        sock.close()


def send_frames(interface: str, frames: Iterable[bytes]) -> None:
    """Send complete frames. Raises OSError."""
    with _packet_socket(interface, 0) as sock:
        for frame in frames:
            sock.send(frame)


if sys.platform == "linux":
    import fcntl

    def _is_running(sock: socket.socket, interface: str) -> bool:
        """See has_link; an interface that is gone has none."""
        request = interface.encode().ljust(_IFREQ, b"\0")
        try:
            flags: int = struct.unpack_from("H", fcntl.ioctl(sock, _SIOCGIFFLAGS, request), _IFNAMSIZ)[0]
        except OSError:
            return False
        return bool(flags & _IFF_RUNNING)
else:

    def _is_running(sock: socket.socket, interface: str) -> bool:
        """Nobody can tell."""
        return True


def _packet_socket(interface: str, ethertype: int) -> socket.socket:
    """A socket for whole frames; with ethertype 0 it receives none."""
    if sys.platform != "linux":
        raise OSError("packet sockets exist on Linux only")
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        sock.setblocking(False)
        sock.bind((interface, ethertype))
    except OSError:
        sock.close()
        raise
    return sock
