"""What of IPv6 this machine has."""

import socket

import pytest


def has_ipv6() -> bool:
    """Whether there is the address ::1; many a container has none."""
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


over_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 on its loopback interface")
