"""What the node has written down: log, audit, resource history, script outputs, figures, snapshots."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from nodeagent.adapters.journal import read_audit, read_history
from nodeagent.adapters.metrics import metrics_text
from nodeagent.adapters.output_files import outputs, piece
from nodeagent.agent.control.parts import Parts, in_thread
from nodeagent.agent.support_bundle import Moment
from nodeagent.contract.api import FileInfo, LogPage, WhyAnswer
from nodeagent.contract.record_api import AuditPage, OutputQuery, RecordQuery, ResourcePage, SnapshotQuery
from nodeagent.contract.vip_status import VipStatus
from nodeagent.durable import wall_time
from nodeagent.engine.ports import Download, Refused

CHUNK = 256 * 1024
PATIENCE = 2.0
"""Seconds a question waits for the disk."""


@dataclass(frozen=True, slots=True)
class AgentRecords:
    """The port `RecordControl`."""

    parts: Parts
    _one_snapshot: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def log(self, **query: object) -> LogPage:
        """A page of the log; keywords as in Journal.query."""
        asked: dict[str, Any] = dict(query)
        return await asyncio.to_thread(partial(self.parts.journal.query, **asked))

    async def audit(self, query: RecordQuery) -> AuditPage:
        """A page of the audit log; what was audited before is in it."""
        await self._written()
        return await asyncio.to_thread(read_audit, self.parts.home.records, query)

    async def history(self, module: str, resource: str, query: RecordQuery) -> ResourcePage:
        """What became of a resource; refused when it never had a state."""
        status = self.parts.module_status(module)
        await self._written()
        page = await asyncio.to_thread(read_history, self.parts.home.records, module, resource, query)
        known = page.changes or any(one.name == resource for one in status.resources)
        if not known and not (await self._any_change(module, resource)).changes:
            raise Refused(404, "no-resource", f"{module} has no resource {resource!r}")
        return page

    async def outputs(self, module: str) -> tuple[FileInfo, ...]:
        """Script output files, newest first."""
        self.parts.module_status(module)
        return await asyncio.to_thread(outputs, self.parts.home.user_log(module))

    async def output(self, module: str, name: str, query: OutputQuery) -> bytes:
        """A piece of one of them."""
        for known in await self.outputs(module):
            if known.path == name:
                return await in_thread(piece, self.parts.home.user_log(module) / name, query.offset, query.limit)
        raise Refused(404, "no-output", f"{module} has no output file {name!r}")

    async def metrics(self) -> bytes:
        """The node in figures, as Prometheus reads them."""
        figures = self.parts.records.figures.now()
        return await asyncio.to_thread(metrics_text, self.parts.snapshot.now(), figures)

    async def support_snapshot(self, module: str, query: SnapshotQuery) -> Download:
        """Everything that tells what happened, as a zip without secrets. One at a time."""
        self.parts.module_status(module)
        if self._one_snapshot.locked():
            raise Refused(409, "snapshot-runs", "a snapshot of this node is being made: wait for its end")
        async with self._one_snapshot:
            await self._written()
            moment = Moment(
                self.parts.snapshot.now(),
                self._whys(),
                self._vips(),
                self.parts.records.figures.now(),
                self.parts.users.data,
            )
            make = partial(self.parts.records.support.write, anonymise=query.anonymise)
            file = await in_thread(make, module, moment)
        when = datetime.fromtimestamp(wall_time(), UTC).strftime("%Y%m%dT%H%M%SZ")
        name = f"snapshot_{'node' if query.anonymise else moment.status.node}_{module}_{when}.zip"
        return Download(name, file.stat().st_size, _chunks(file), partial(file.unlink, missing_ok=True))

    async def _written(self) -> None:
        """What was said before the question is in the answer, unless the disk hangs."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self.parts.journal.flush()

    async def _any_change(self, module: str, resource: str) -> ResourcePage:
        return await asyncio.to_thread(read_history, self.parts.home.records, module, resource, RecordQuery(limit=1))

    def _whys(self) -> tuple[WhyAnswer, ...]:
        told = []
        for module in self.parts.snapshot.now().modules:
            if (why := self.parts.engine.node.why(module.name)) is not None:
                told.append(WhyAnswer(module.name, why[0], why[2]))
        return tuple(told)

    def _vips(self) -> tuple[VipStatus, ...]:
        node, now = self.parts.engine.node, self.parts.engine.now()
        found = (node.vip(module.name, now) for module in self.parts.snapshot.now().modules)
        return tuple(vip for vip in found if vip is not None)


async def _chunks(file: Path) -> AsyncGenerator[bytes]:
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        while data := await asyncio.to_thread(opened.read, CHUNK):
            yield data
    finally:
        opened.close()
