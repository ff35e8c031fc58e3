"""What the node has written down: log and script outputs."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from nodeagent.agent.control.parts import Parts
from nodeagent.contract.api import FileInfo, LogPage
from nodeagent.engine.ports import Refused


@dataclass(frozen=True, slots=True)
class AgentRecords:
    """The port `RecordControl`."""

    parts: Parts

    async def log(self, **query: object) -> LogPage:
        """A page of the log; keywords as in Journal.query."""
        asked: dict[str, Any] = dict(query)
        return await asyncio.to_thread(partial(self.parts.journal.query, **asked))

    async def outputs(self, module: str) -> tuple[FileInfo, ...]:
        """Script output files, newest first."""
        self.parts.module_status(module)
        return await asyncio.to_thread(self._outputs, module)

    async def output(self, module: str, name: str) -> bytes:
        """One of them."""
        for known in await self.outputs(module):
            if known.path == name:
                return await asyncio.to_thread((self.parts.home.user_log(module) / name).read_bytes)
        raise Refused(404, "no-output", f"{module} has no output file {name!r}")

    def _outputs(self, module: str) -> tuple[FileInfo, ...]:
        directory = self.parts.home.user_log(module)
        files = [file for file in directory.glob("*.ulog") if file.is_file()] if directory.is_dir() else []
        known = [(file.name, file.stat()) for file in files]
        return tuple(
            FileInfo(name, stat.st_size, stat.st_mtime)
            for name, stat in sorted(known, key=lambda one: (one[1].st_mtime, one[0]), reverse=True)
        )
