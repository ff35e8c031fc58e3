"""How long a test's loop stands still, apart from what a busy machine takes (Linux)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic


def denied(pid: int | str = "self") -> dict[str, int]:
    """Nanoseconds for which each thread of a process was ready while others had the processors."""
    waited = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has just ended
            waited[thread.name] = int((thread / "schedstat").read_bytes().split()[1])
    return waited


def seconds_denied(pid: int) -> float:
    """For how long all threads of a process together were ready in vain so far."""
    return sum(denied(pid).values()) / 1e9


@asynccontextmanager
async def standstills() -> AsyncIterator[list[float]]:
    """How long the loop stood still by its own doing, looked at every 5 ms: what a busy machine takes is not its."""
    found: list[float] = []

    async def measure() -> None:
        before = denied()
        while True:
            due = monotonic() + 0.005
            await asyncio.sleep(0.005)
            late, now = monotonic() - due, denied()
            found.append(late - sum(waited - before.get(thread, 0) for thread, waited in now.items()) / 1e9)
            before = now

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(measure())
        yield found
        task.cancel()
