"""What the agent counts of itself."""

import asyncio
import time
from pathlib import Path

from nodeagent.agent.figures import Figures, TimedScripts
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from nodeagent.core import events as ev
from nodeagent.engine.ports import ScriptJob
from nodeagent.engine.writer import Writer
from tests.fakes.hands import FakeHands
from tests.fakes.waiting import until


async def test_lines_scripts_and_waiting_writes() -> None:
    writer = Writer(asyncio.get_running_loop())
    figures, hands = Figures(writer), FakeHands()
    for letter in (LogType.ERROR, LogType.INFO, LogType.ERROR):
        figures.line_written(LogLine(1, 1.0, "n", "m", "a", letter, "x"))
    assert figures.now().lines == {"E": 2, "I": 1}
    scripts = TimedScripts(hands, figures)
    here = Path()
    for number in range(2):
        scripts.run(ScriptJob("m", f"r{number}", "start_both", here, (), here, {}, here, 0))
        await asyncio.sleep(0.02)  # longer than the coarsest clock
        figures.script_told(ev.ScriptEnded("m", f"r{number}", 0))
        figures.script_told(ev.ScriptEnded("m", "adopted", 0))
    took = figures.now().scripts["m", "start_both"]
    assert took.runs == 2
    assert 0 < took.last < took.total
    assert hands.done == ["run start_both"] * 2
    held = asyncio.Event()
    loop = asyncio.get_running_loop()
    writer.submit(lambda: asyncio.run_coroutine_threadsafe(held.wait(), loop).result(20))
    writer.submit(lambda: None)
    assert figures.now().writer_waiting == 2
    held.set()
    await until(lambda: figures.now().writer_waiting == 0)
    await asyncio.to_thread(writer.close)


async def test_a_late_loop_is_seen() -> None:
    writer = Writer(asyncio.get_running_loop())
    figures = Figures(writer)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(figures.run())
        await asyncio.sleep(0)
        time.sleep(1.5)  # noqa: ASYNC251 (the loop is to be late)
        await until(lambda: figures.now().loop_late > 0.4)
        task.cancel()
    await asyncio.to_thread(writer.close)
