"""Python's garbage is collected in the window's thread only.

The interpreter collects in whichever thread allocates. In a worker it would end widgets and timers from there, and Qt
would go on using them: a crash at a random moment later.
"""

import asyncio
import gc

PAUSE = 0.5
"""Seconds between two looks at how much there is."""


async def sweep() -> None:
    """Collect as often as the interpreter would have, from this loop's thread, until cancelled."""
    gc.disable()
    try:
        while True:
            await asyncio.sleep(PAUSE)
            full = [count > most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
            if any(full):
                gc.collect(max(generation for generation, over in enumerate(full) if over))
    finally:
        gc.enable()
