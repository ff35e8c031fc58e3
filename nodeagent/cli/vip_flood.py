"""The sentences of `vip probe`."""

from collections.abc import Iterator

from nodeagent.client.flood import Flood


def told(found: Flood) -> Iterator[tuple[str, str]]:
    """(sentence, colour) of all that was found, the verdict last."""
    for node, why in found.silent.items():
        yield f"{node} takes no part: {why}", "red"
    for sender, nodes in found.arrive.items():
        yield f"{sender} → {', '.join(nodes)}: frames to an unknown MAC arrive", "green"
    for sender, nodes in found.blocked.items():
        yield f"{sender} → {', '.join(nodes)}: frames to an unknown MAC do not arrive", "red"
    for sender, nodes in found.apart.items():
        yield f"{sender} → {', '.join(nodes)}: no frame arrives, they are not on one network", "red"
    if found.apart:
        yield "a virtual IP needs its nodes on one layer-2 network", "red"
    elif found.blocked:
        yield 'choose type="vmac_directed", or let the switch or hypervisor flood frames to unknown MACs', "red"
    elif found.floods:
        yield "vmac_invisible works here", "green"
