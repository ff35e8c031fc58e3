"""Checkers of a test: made with few words, and gone without a trace afterwards."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from nodeagent.adapters.checkers import ModuleCheckers
from nodeagent.contract.config import CheckerRule
from nodeagent.engine.leisure import Leisure
from nodeagent.engine.ports import CheckerJob, Post, ProgramEnd, Programs, ScriptJob


@dataclass
class FakePrograms:
    """Ends every program at once, as told; knows what was run."""

    end: ProgramEnd = field(default_factory=lambda: ProgramEnd(0))
    jobs: list[ScriptJob] = field(default_factory=list)

    async def run(self, job: ScriptJob) -> ProgramEnd:
        self.jobs.append(job)
        return self.end


def job(kind: str, ident: str = "x", program: ScriptJob | None = None, **params: str) -> CheckerJob:
    return CheckerJob(CheckerRule(kind, ident, params=tuple(params.items())), program)


@asynccontextmanager
async def checking(
    post: Post, programs: Programs | None = None, health: tuple[str, int] = ("", 9), pause: float = 0.05
) -> AsyncIterator[ModuleCheckers]:
    """Closed at the end; then no task of them is left."""
    async with asyncio.TaskGroup() as tasks:
        checkers = ModuleCheckers(post, tasks, programs or FakePrograms(), health, Leisure(), pause)
        try:
            yield checkers
        finally:
            await checkers.close()
            assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("checker ")]


def free_port(host: str = "127.0.0.1") -> int:
    with socket.socket() as sock:
        sock.bind((host, 0))
        return int(sock.getsockname()[1])
