"""ICMP echo by the calls Windows has for it; no special right is needed."""

import ctypes
import socket
import struct
import sys
from ctypes import wintypes
from functools import partial
from time import monotonic

from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.checkers.names import Target
from nodeagent.own_thread import in_thread

assert sys.platform == "win32"

_DATA = b"Keepgreen"
_AGAIN = 1000
_REPLY_SIZE = 512
_STATUS_OFFSET_4, _STATUS_OFFSET_6 = 4, 28
_TIMED_OUT = 11010
_REASONS = {
    11002: "the network is unreachable",
    11003: "no route to the host",
    11004: "the host does not answer to pings",
    11013: "the packet lived too long on its way",
    11018: "not an address that can be pinged",
    1231: "the network is unreachable",
    1232: "no route to the host",
}
_INVALID = ctypes.c_void_p(-1).value

_iphlpapi = ctypes.WinDLL("iphlpapi", use_last_error=True)
_handle, _dword, _pointer = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p
_open_4, _open_6, _close = _iphlpapi.IcmpCreateFile, _iphlpapi.Icmp6CreateFile, _iphlpapi.IcmpCloseHandle
_open_4.restype = _open_6.restype = _handle
_close.argtypes = (_handle,)
_send_4 = _iphlpapi.IcmpSendEcho
_send_4.argtypes = (_handle, _dword, _pointer, wintypes.WORD, _pointer, _pointer, _dword, _dword)
_send_4.restype = _dword
_send_6 = _iphlpapi.Icmp6SendEcho2
_send_6.argtypes = (
    _handle,
    _handle,
    _pointer,
    _pointer,
    _pointer,
    _pointer,
    _pointer,
    wintypes.WORD,
    _pointer,
    _pointer,
    _dword,
    _dword,
)
_send_6.restype = _dword


async def ping(target: Target, timeout: float) -> float | Seen:
    """Seconds until the reply. Gives up by itself soon after `timeout`, so that no thread is left behind."""
    return await in_thread(f"ping {target.address}", partial(_ping, target, timeout))


def _ping(target: Target, timeout: float) -> float | Seen:
    end = monotonic() + timeout
    handle = (_open_4 if target.family == socket.AF_INET else _open_6)()
    if handle in (None, _INVALID):
        return Seen(None, f"this node cannot ping: {ctypes.FormatError(ctypes.get_last_error()).strip()}")
    try:
        while True:
            began = monotonic()
            status = _echo(handle, target)
            if status == 0:
                return monotonic() - began
            if status != _TIMED_OUT:
                return Seen(False, _REASONS.get(status, f"no answer (ICMP status {status})"))
            if monotonic() >= end:
                return Seen(False, f"no answer within {timeout:g} s")
    finally:
        _close(handle)


def _echo(handle: int, target: Target) -> int:
    """The status of one echo, 0 = answered."""
    reply = ctypes.create_string_buffer(_REPLY_SIZE)
    if target.family == socket.AF_INET:
        (address,) = struct.unpack("=L", socket.inet_aton(target.address))
        count = _send_4(handle, address, _DATA, len(_DATA), None, reply, _REPLY_SIZE, _AGAIN)
        offset = _STATUS_OFFSET_4
    else:
        source, aim = _sockaddr_6("::", 0), _sockaddr_6(target.address, target.scope)
        count = _send_6(handle, None, None, None, source, aim, _DATA, len(_DATA), None, reply, _REPLY_SIZE, _AGAIN)
        offset = _STATUS_OFFSET_6
    if not count:
        return ctypes.get_last_error() or _TIMED_OUT
    return int(struct.unpack_from("=L", reply.raw, offset)[0])


def _sockaddr_6(address: str, scope: int) -> bytes:
    return struct.pack("=HHL16sL", socket.AF_INET6, 0, 0, socket.inet_pton(socket.AF_INET6, address), scope)
