"""Python's garbage is collected in the window's thread only.

The interpreter collects in whichever thread allocates. In a worker it would end widgets and timers from there, and Qt
would go on using them: a crash at a random moment later.
"""

import asyncio
import gc
import sys

PAUSE = 0.5
"""Seconds between two looks at how much there is."""
GROWTH = 1.25
"""So much more must be allocated than after the last full collection: one of a long log takes too long for a frame."""
OLDEST = 2


async def sweep() -> None:
    """Collect about as often as the interpreter would have, from this loop's thread, until cancelled."""
    gc.disable()
    enough = 0.0
    try:
        while True:
            await asyncio.sleep(PAUSE)
            generation = due(enough)
            if generation is not None:
                gc.collect(generation)
            if generation == OLDEST:
                enough = sys.getallocatedblocks() * GROWTH
    finally:
        gc.enable()


def due(enough: float) -> int | None:
    """The oldest generation to collect now, None for none; everything only with more than `enough` blocks allocated."""
    over = [count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
    if over[OLDEST] and sys.getallocatedblocks() > enough:
        return OLDEST
    return max((generation for generation in range(OLDEST) if over[generation]), default=None)
