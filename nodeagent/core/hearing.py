"""Who hears whom: as heartbeats carry it, and as others' heartbeats tell it."""

from collections.abc import Mapping

from nodeagent.contract.config import ClusterConfig
from nodeagent.core.peer import Peer


def heard_masks(config: ClusterConfig, peers: Mapping[str, Peer]) -> list[int]:
    """Per lan in the order of the configuration: bit n-1 is set when node id n is heard there."""
    masks = dict.fromkeys([lan.name for lan in config.lans], 0)
    for number, node in enumerate(config.nodes):
        if peer := peers.get(node):
            for link in peer.links.values():
                masks[link.lan] |= link.heard << number
    return list(masks.values())


def witnesses(config: ClusterConfig | None, peers: Mapping[str, Peer], lost: Peer) -> list[str]:
    """Living peers of this configuration that say they hear a peer that this node does not."""
    if config is None or lost.alive:
        return []
    bit = 1 << config.nodes.index(lost.name)
    return [
        peer.name
        for peer in peers.values()
        if peer.alive and peer.same_configuration and peer.page and any(mask & bit for mask in peer.page.hears)
    ]
