"""The card of the demo without a demo: how it ends when somebody stops it."""

import asyncio
from collections.abc import Callable

from PySide6.QtWidgets import QApplication

from app.services.demo import DemoRecord
from app.services.secrets import Secrets
from app.viewmodels.demo_farm import DemoFarm, DemoPhase
from app.views.first_run_found import DemoCard
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeVault


class FakeSlowDemo:
    """Takes long to come up, and for two turns of the loop to go down again."""

    def __init__(self) -> None:
        self.begun = self.gone = False

    async def up(self, on_line: Callable[[str], None], nodes: int = 3) -> DemoRecord:
        self.begun = True
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            self.gone = True
        raise AssertionError("it is cancelled")


async def test_who_presses_cancel_twice_does_not_leave_half_a_demo() -> None:
    demo, tasks = FakeSlowDemo(), owner()
    farm = DemoFarm(demo, Secrets(FakeVault()), tasks, lambda _: None)
    farm.start()
    await until(lambda: demo.begun)
    farm.cancel()
    await asyncio.sleep(0)
    farm.cancel()
    await settled(tasks)
    assert demo.gone
    assert farm.phase is DemoPhase.IDLE


class FakeRunningDemo:
    """Is up already."""

    async def up(self, on_line: Callable[[str], None], nodes: int = 3) -> DemoRecord:
        on_line("the demo runs already")
        return DemoRecord("admin", "password", ())


async def test_a_demo_that_runs_is_gone_to_and_takes_no_time(qapp: QApplication) -> None:
    tasks = owner()
    farm = DemoFarm(FakeRunningDemo(), Secrets(FakeVault()), tasks, lambda _: None)
    card = DemoCard(farm)
    assert card.button.text() == "Start the demo"
    assert farm.time_text(0.0) == "takes about 10 s"
    farm.start()
    await settled(tasks)
    assert farm.phase is DemoPhase.UP
    assert card.button.text() == "Go to the demo"
    assert farm.time_text(0.0) == ""
