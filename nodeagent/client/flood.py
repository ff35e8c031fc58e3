"""Whether the network of the nodes brings frames to a MAC that no switch knows: what vmac_invisible lives on."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from nodeagent.client.failures import CallFailed
from nodeagent.contract.vip_status import FloodHeard, FloodProbe

Ask = Callable[[str, FloodProbe], Awaitable[FloodHeard]]
"""Asks the node with this name."""


class Flood(msgspec.Struct, frozen=True):
    """What came of a round. Each map: a node that sent → the nodes that should have heard it."""

    arrive: dict[str, tuple[str, ...]]
    """Its frames to an unknown MAC came."""
    blocked: dict[str, tuple[str, ...]]
    """Those did not, its frames to everybody did: the port of such a node does not flood."""
    apart: dict[str, tuple[str, ...]]
    """Neither came: they are not on one network."""
    silent: dict[str, str]
    """Node → why it took no part, one sentence."""

    @property
    def floods(self) -> bool:
        """vmac_invisible works between all of these nodes."""
        return bool(self.arrive) and not (self.blocked or self.apart or self.silent)


async def flood_probe(nodes: Sequence[str], ask: Ask, address: str = "", interface: str = "") -> Flood:
    """Let these nodes send to each other, all at once; takes some seconds. See FloodProbe for address and interface."""
    request = FloodProbe(secrets.token_hex(16), address, interface)
    answers = await asyncio.gather(*(_asked(ask, node, request) for node in nodes))
    heard = {node: answer for node, answer in zip(nodes, answers, strict=True) if isinstance(answer, FloodHeard)}
    pairs = [(sender, node, answer) for sender in heard for node, answer in heard.items() if node != sender]
    return Flood(
        _by_sender((sender, node) for sender, node, answer in pairs if sender in answer.reached_by),
        _by_sender((s, node) for s, node, answer in pairs if s not in answer.reached_by and s in answer.near),
        _by_sender((s, node) for s, node, answer in pairs if s not in answer.reached_by and s not in answer.near),
        {node: answer for node, answer in zip(nodes, answers, strict=True) if isinstance(answer, str)},
    )


async def _asked(ask: Ask, node: str, request: FloodProbe) -> FloodHeard | str:
    try:
        return await ask(node, request)
    except CallFailed as failed:
        return str(failed)


def _by_sender(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for sender, node in pairs:
        found.setdefault(sender, []).append(node)
    return {sender: tuple(nodes) for sender, nodes in found.items()}
