"""A task owner that must end without errors, and real nodes."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from app.services.tasks import TaskOwner
from tests.app.services.agents import ConsoleFarm
from tests.fakes.short_directory import short_directory


@pytest.fixture
async def tasks() -> AsyncIterator[TaskOwner]:
    """Nothing that runs in it may fail."""
    failed: list[tuple[str, Exception]] = []
    owner = TaskOwner(lambda name, error: failed.append((name, error)))
    before = connections()
    yield owner
    await owner.aclose()
    assert not owner.names
    assert not failed
    async with asyncio.timeout(10):  # a TLS connection takes a moment to say goodbye
        while connections() > before:
            await asyncio.sleep(0.01)


def connections() -> set[tuple[str, int]]:
    """Where this process is connected to over TCP."""
    found = psutil.Process().net_connections("tcp")
    return {(one.raddr.ip, one.raddr.port) for one in found if one.raddr and one.status == psutil.CONN_ESTABLISHED}


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a UNIX socket's path is at most 107 bytes."""
    with short_directory() as made:
        yield made


@pytest.fixture
def pair(directory: Path) -> Iterator[ConsoleFarm]:
    """Two fresh nodes with two passwords, in no cluster."""
    farm = ConsoleFarm(directory, 2)
    try:
        farm.start_agents()
        yield farm
    finally:
        farm.power_off()


@pytest.fixture
def trio(directory: Path) -> Iterator[ConsoleFarm]:
    """Three fresh nodes with three passwords, in no cluster."""
    farm = ConsoleFarm(directory, 3)
    try:
        farm.start_agents()
        yield farm
    finally:
        farm.power_off()
