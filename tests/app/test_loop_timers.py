"""asyncio on Qt's loop: a callback that lets Qt process events is not interrupted by another."""

import asyncio

from PySide6.QtWidgets import QApplication


async def test_tasks_wake_up_though_another_one_processes_events(qapp: QApplication) -> None:
    woken = []

    async def sleeper(number: int) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.to_thread(int)
        woken.append(number)

    async def busy() -> None:
        for _ in range(50):
            qapp.processEvents()
            await asyncio.sleep(0)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(sleeper(number), name=f"sleeper {number}")
        group.create_task(busy(), name="busy")
    assert sorted(woken) == list(range(20))


async def test_a_cancelled_timer_does_nothing(qapp: QApplication) -> None:
    loop, called = asyncio.get_running_loop(), []
    loop.call_later(0.01, called.append, 1).cancel()
    loop.call_later(0.02, called.append, 2)
    async with asyncio.timeout(20):
        while not called:
            await asyncio.sleep(0.01)
    assert called == [2]
