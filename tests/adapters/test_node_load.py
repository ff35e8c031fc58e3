"""How busy the machine is."""

import asyncio

from nodeagent.adapters.node_load import NodeLoad
from nodeagent.engine.leisure import Leisure
from tests.fakes.waiting import until


async def test_real_figures_come_by_themselves() -> None:
    told: list[tuple[float, float]] = []
    load = NodeLoad(lambda: told.append((load.cpu, load.memory)), Leisure(), every=0.05)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(load.run())
        await until(lambda: bool(told))
        task.cancel()
    assert 0.0 < load.memory < 100.0
    assert 0.0 <= load.cpu <= 100.0


async def test_small_moves_are_not_told() -> None:
    told: list[float] = []
    load = NodeLoad(lambda: told.append(load.cpu), Leisure())
    for cpu in (10.0, 11.5, 8.5, 12.0, 12.1, 9.9):
        load.take(cpu, 1.0)
    assert told == [10.0, 12.0, 9.9]
    load.take(9.9, 40.0)
    assert load.memory == 40.0
