"""The virtual IP in this machine's kernel: rule sets, addresses, announcements, probe frames.

`open_vip` gives the half that fits: `kernel.LinuxVip`, or `null.NoVip`, which says why there is none.
`kernel.py` keeps the order (table, then address; address off, then table off), `nft.py`, `tables.py`,
`links.py` and `frames.py` do one thing each; `probes.py` sends and receives the probe frames.
"""

import sys
from pathlib import Path
from typing import TypeAlias

from nodeagent.adapters.vip.null import NoVip

if sys.platform == "linux":
    from nodeagent.adapters.vip.ability import node_problems, vip_problem
    from nodeagent.adapters.vip.kernel import LinuxVip, release_all
    from nodeagent.adapters.vip.places import interface_for
    from nodeagent.adapters.vip.probes import ProbeFrames
    from nodeagent.adapters.vip.record import modules_in_kernel

    Vip: TypeAlias = LinuxVip | NoVip

    def open_vip(record: Path) -> Vip:
        """The virtual IP of this machine. `record` is the file that remembers what was changed here."""
        problem = vip_problem()
        return NoVip(problem) if problem else LinuxVip(record)
else:
    from nodeagent.adapters.vip.null import (
        ProbeFrames,
        interface_for,
        modules_in_kernel,
        node_problems,
        release_all,
        vip_problem,
    )

    Vip: TypeAlias = NoVip

    def open_vip(record: Path) -> Vip:
        """No virtual IP, with the reason."""
        return NoVip(vip_problem())


__all__ = [
    "NoVip",
    "ProbeFrames",
    "Vip",
    "interface_for",
    "modules_in_kernel",
    "node_problems",
    "open_vip",
    "release_all",
    "vip_problem",
]
