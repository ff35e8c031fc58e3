"""The nodes of the cluster, as those that call and are called."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

from nodeagent.adapters.settings import Listen
from nodeagent.agent.control.parts import Parts
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.engine.ports import Peer, Refused

PATIENCE = 3.0
"""Seconds to wait for a connection."""


@dataclass(frozen=True, slots=True)
class AgentPeers:
    """The port `PeerControl`."""

    parts: Parts

    def peer(self, name: str) -> Peer:
        """Where a node is: its lans that are heard come first, then the command lan."""
        committed = self.parts.store.cluster.cluster()
        if committed is None:
            raise Refused(409, "no-cluster", "this node is in no cluster, so it knows no other nodes")
        config = committed.config
        if name not in config.nodes:
            raise Refused(404, "no-node", f"the cluster has no node {name!r}; it has {', '.join(config.nodes)}")
        pin = committed.pins.get(name, "")
        if not pin:
            raise Refused(409, "no-pin", f"the pin of {name} is not known here: apply the cluster with it")
        status = self.parts.snapshot.now()
        seen = next((peer for peer in status.peers if peer.name == name), None)
        heard = {lan.lan for lan in seen.lans if lan.heard} if seen else set()
        lans = sorted(config.lans, key=lambda lan: (lan.name not in heard, lan is not config.command_lan))
        addresses = tuple(node.addr for lan in lans if (node := lan.address_of(name)) is not None)
        own = next((port.port for port in status.listeners if port.name == "API port"), Listen().api_port)
        port = own if name == committed.me else (seen.api_port if seen else 0) or Listen().api_port
        return Peer(name, addresses, port, pin)

    async def reach(self, request: Reach) -> Reached:
        """Whether this node can open a TCP connection to a place."""
        try:
            ip_address(request.address.partition("%")[0])
        except ValueError:
            raise Refused(400, "bad-request", f"{request.address!r} is no IP address") from None
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                _, writer = await asyncio.open_connection(request.address, request.port)
        except TimeoutError:
            return Reached(False, f"no answer within {PATIENCE:g} s: a firewall or a wrong address", cause="silence")
        except ConnectionRefusedError:
            return Reached(False, "refused: nothing listens there", cause="refused")
        except OSError as error:
            return Reached(False, error.strerror or str(error), cause="no way")
        source = str(writer.get_extra_info("sockname")[0])
        writer.close()
        return Reached(True, "", time.monotonic() - began, source, await asyncio.to_thread(mtu_of, source))

    def pins(self) -> Mapping[str, str]:
        """Node name → pin of every node of the cluster; those of nodes that have left do not count."""
        committed = self.parts.store.cluster.cluster()
        if committed is None:
            return {}
        return {name: pin for name, pin in committed.pins.items() if name in committed.config.nodes}


def mtu_of(address: str) -> int:
    """The MTU of the interface that has this address, 0 = not known. Blocks."""
    stats = psutil.net_if_stats()
    for name, addresses in psutil.net_if_addrs().items():
        if any(known.address == address for known in addresses) and name in stats:
            return int(stats[name].mtu)
    return 0
