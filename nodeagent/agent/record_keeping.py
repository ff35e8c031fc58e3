"""What becomes of the records besides the log itself: figures, notifications, upkeep, snapshots."""

import asyncio

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.adapters.journal import Limits
from nodeagent.adapters.settings import Records, Settings
from nodeagent.agent.figures import Figures
from nodeagent.agent.notifications import Notifications
from nodeagent.agent.support_bundle import SupportBundle
from nodeagent.agent.upkeep import DAY, Upkeep
from nodeagent.contract.api import LogLine
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from nodeagent.listening import Say


class RecordKeeping:
    """Hears of every line once it is written; `run` belongs into the agent's task group."""

    def __init__(self, home: Home, settings: Settings, store: ConfigStore, writer: Writer, say: Say) -> None:
        self.figures = Figures(writer)
        self.support = SupportBundle(home, settings, store)
        self._notifications = Notifications(settings, home.var, say)
        self._upkeep = Upkeep(home, settings.records.output_days)

    def line_written(self, line: LogLine) -> None:
        """A line is in the log."""
        self.figures.line_written(line)
        self._notifications.line_written(line)

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.figures.run(), name="figures")
            tasks.create_task(self._notifications.run(), name="notifications")
            tasks.create_task(self._upkeep.run(), name="upkeep")


def journal_limits(records: Records) -> Limits:
    """The bounds of the log as the settings say."""
    return Limits(
        age=records.log_days * DAY,
        size=records.log_mb * 1024 * 1024,
        audit_age=records.audit_days * DAY,
        history_age=records.history_days * DAY,
    )
