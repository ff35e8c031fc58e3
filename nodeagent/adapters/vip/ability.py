"""Whether this machine can filter for a virtual IP: asked of the kernel itself, answered in one sentence."""

import platform
import re
from pathlib import Path

from nodeagent.adapters.vip.nft import NftError, open_nft
from nodeagent.adapters.vip.places import plan_here
from nodeagent.contract.config import VirtualIp

_LEAST_KERNEL = (5, 16)
_NET_ADMIN, _NET_RAW = 12, 13
_OTHER_WAYS = (
    "else use a load balancer that asks the health URL, Windows Network Load Balancing, or other nodes for this module"
)
_TRIAL = """table netdev keepgreen_trial {
	set s { type mark; flags timeout; }
	chain i { type filter hook ingress device "lo" priority -500; policy accept;
		meta mark set jhash ip saddr mod 256 seed 1 meta mark @s meta pkttype set host accept
	}
	chain e { type filter hook egress device "lo" priority 0; policy accept;
		arp saddr ip 127.0.0.1 arp saddr ether set 00:00:00:00:00:00
	}
}
"""


def vip_problem() -> str:
    """Why this node cannot serve a virtual IP, one sentence; "" when it can."""
    release = platform.release()
    if kernel_too_old(release):
        return f"a virtual IP needs Linux 5.16 or newer: this node runs {release}"
    if missing := _missing_capabilities():
        return f"a virtual IP needs {' and '.join(missing)}: the agent runs without (as root it has both)"
    try:
        nft = open_nft()
    except FileNotFoundError:
        return "a virtual IP needs nftables 1.0 or newer: neither libnftables nor the program nft is installed"
    try:
        nft.run(_TRIAL, try_only=True)
    except NftError as error:
        return f"a virtual IP needs nftables 1.0 and its kernel modules: this node refuses a trial rule set ({error})"
    finally:
        nft.close()
    return ""


def node_problems(vip: VirtualIp) -> tuple[str, ...]:
    """Why this node cannot serve this virtual IP, one sentence each; none when it can."""
    if problem := vip_problem():
        return (f"{problem}; {_OTHER_WAYS}",)
    return plan_here("check", vip)[1]


def kernel_too_old(release: str) -> bool:
    """Whether a kernel of this release has no egress hook for network devices."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return found is not None and (int(found[1]), int(found[2])) < _LEAST_KERNEL


def _missing_capabilities() -> list[str]:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^CapEff:\s*([0-9a-f]+)", status, re.MULTILINE)
    held = int(found[1], 16) if found else 0
    wanted = {"CAP_NET_ADMIN": _NET_ADMIN, "CAP_NET_RAW": _NET_RAW}
    return [name for name, bit in wanted.items() if not held >> bit & 1]
