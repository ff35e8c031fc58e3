"""Calls about what a node has written down."""

from urllib.parse import quote

from nodeagent.client.calls import Calls, asked, module_path
from nodeagent.contract import api, record_api


class RecordCalls(Calls):
    """What can be asked of a node's log, audit and history."""

    async def log(self, query: api.LogQuery | None = None) -> api.LogPage:
        """A page of the log."""
        return await self.call("GET", "/log", api.LogPage, query=asked(query or api.LogQuery()))

    async def audit(self, query: record_api.RecordQuery | None = None) -> record_api.AuditPage:
        """A page of the audit log."""
        return await self.call("GET", "/audit", record_api.AuditPage, query=asked(query or record_api.RecordQuery()))

    async def resource_history(
        self, module: str, resource: str, query: record_api.RecordQuery | None = None
    ) -> record_api.ResourcePage:
        """What became of a resource."""
        path = f"{module_path(module)}/resources/{quote(resource, safe='')}/history"
        return await self.call("GET", path, record_api.ResourcePage, query=asked(query or record_api.RecordQuery()))

    async def outputs(self, module: str) -> tuple[api.FileInfo, ...]:
        """The files that its scripts wrote, newest first."""
        return await self.call("GET", f"{module_path(module)}/outputs", tuple[api.FileInfo, ...])

    async def output(self, module: str, name: str) -> bytes:
        """One of them."""
        return await self.call("GET", f"{module_path(module)}/outputs/{quote(name, safe='')}", bytes)

    async def metrics(self) -> bytes:
        """The node in figures, as Prometheus reads them."""
        return await self.call("GET", "/metrics", bytes)
