"""The right to ping on this system."""

import socket
import sys

NOT_ALLOWED = "this node may not ping: the agent needs CAP_NET_RAW, or a group of its user in net.ipv4.ping_group_range"


def icmp_socket(family: socket.AddressFamily) -> socket.socket:
    """The kind for everybody where the system allows it, else the raw one. Raises PermissionError when neither is."""
    protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    except PermissionError:
        return socket.socket(family, socket.SOCK_RAW, protocol)


def may_ping() -> bool:
    """Whether it is allowed here; Windows asks for no right."""
    if sys.platform == "win32":
        return True
    try:
        icmp_socket(socket.AF_INET).close()
    except PermissionError:
        return False
    except OSError:  # no descriptor left, say: nothing about rights
        return True
    return True
