"""Carries out this node's part in a round of the flood probe."""

import asyncio
from typing import Final

from nodeagent.adapters.vip import ProbeFrames, interface_for, vip_problem
from nodeagent.core.flood import FloodRound

LASTS: Final = 3.0
"""Seconds a node sends and listens; the others may begin so much later."""
_BETWEEN: Final = 0.1


def interface_problem(address: str, name: str) -> tuple[str, str]:
    """The interface that frames are to go out by; else why there is none, one sentence. Blocks."""
    if problem := vip_problem():
        return "", problem
    return interface_for(address, name)


async def flooded(part: FloodRound, interface: str) -> str:
    """Send and listen to the end of the round; "" when it was done, else why it cannot be, one sentence."""
    frames = ProbeFrames(lambda _interface, _source, data: part.receive(data))
    loop = asyncio.get_running_loop()
    try:
        if problem := frames.listen([interface]) or frames.admit(interface, part.macs):
            return problem
        end = loop.time() + LASTS
        while loop.time() < end:
            for to, data in part.frames():
                if problem := frames.send(interface, to, data):
                    return problem
            await asyncio.sleep(_BETWEEN)
    finally:
        frames.close()
    return ""
