"""What runs the agent, a terminal or the system's service manager, and the one thing both must agree on: how to end."""

import asyncio
from typing import Protocol

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import State
from nodeagent.core.events import SystemStopping
from nodeagent.engine.loop import Engine

_KILLS = 30.0
"""Seconds for killing what did not end in its time."""

_LOOK = 0.2
"""Seconds between two looks whether the modules rest."""


class Supervisor(Protocol):
    """Told of the agent's life, asked why it ends; from the loop's thread only."""

    def started(self) -> None:
        """The agent serves."""

    def may_need(self, seconds: float) -> None:
        """A shutdown of the system may take so long, by what is configured now."""

    def stopping(self, seconds: float, text: str) -> None:
        """Modules are stopped before the system; said again and again, so many seconds may still pass."""

    async def system_stops(self) -> bool:
        """Asked once the agent was told to end: whether the whole system goes down."""


class Terminal:
    """A person, or a program that minds nothing: it ends the agent alone."""

    def started(self) -> None:
        """Seen in the log lines."""

    def may_need(self, seconds: float) -> None:
        """Nothing here bounds the time."""

    def stopping(self, seconds: float, text: str) -> None:
        """Seen in the log lines."""

    async def system_stops(self) -> bool:
        """Not by a terminal."""
        return False


def longest_stop(config: ModuleConfig) -> float:
    """Seconds after which the module rests, whatever its scripts do: the sum of their time-outs.

    A start script that runs gets nicestoptimeout; then come the drain, stop_both, stop_both force, poststop,
    transition, and the kill of what still lives.
    """
    scripts = 2 * config.user.nicestoptimeout + 3 * config.user.forcestoptimeout if config.user else 0.0
    return config.health.drain + scripts + _KILLS


async def stop_modules(engine: Engine, supervisor: Supervisor, seconds: float) -> tuple[str, ...]:
    """Stop every module with its scripts, wait for them so long at most; the names of those that do not rest."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    engine.post(SystemStopping())
    await engine.handled()
    while left := tuple(m.name for m in engine.node.modules(engine.now()) if m.state is not State.STOP):
        if loop.time() >= end:
            break
        supervisor.stopping(end - loop.time(), f"stopping {', '.join(left)}")
        await asyncio.sleep(_LOOK)
    return left
