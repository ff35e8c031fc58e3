"""What the node has written down: log, audit, resource history, script outputs, figures, snapshots."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api, record_api
from nodeagent.contract.states import Role


async def _log(call: Call) -> object:
    asked: api.LogQuery = call.query
    return await call.control.records.log(
        after=asked.after,
        module=asked.module,
        types=asked.types,
        text=asked.text,
        since=asked.since,
        until=asked.until,
        limit=asked.limit,
        newest=asked.newest,
    )


async def _audit(call: Call) -> object:
    return await call.control.records.audit(call.query)


async def _history(call: Call) -> object:
    return await call.control.records.history(call.module, call.names["resource"], call.query)


async def _outputs(call: Call) -> object:
    return await call.control.records.outputs(call.module)


async def _output(call: Call) -> object:
    return await call.control.records.output(call.module, call.names["name"], call.query)


async def _metrics(call: Call) -> object:
    return await call.control.records.metrics()


async def _snapshot(call: Call) -> object:
    return await call.control.records.support_snapshot(call.module, call.query)


_M = "/modules/{module}"
_FILES = tuple[api.FileInfo, ...]
ROUTES: tuple[Route, ...] = (
    Route("log", "GET", "/log", "A page of the log", _log, asks=api.LogQuery, gives=api.LogPage),
    Route(
        "audit",
        "GET",
        "/audit",
        "A page of the audit log: who changed what",
        _audit,
        Role.ADMIN,
        asks=record_api.RecordQuery,
        gives=record_api.AuditPage,
    ),
    Route(
        "resourceHistory",
        "GET",
        _M + "/resources/{resource}/history",
        "What became of a resource",
        _history,
        asks=record_api.RecordQuery,
        gives=record_api.ResourcePage,
    ),
    Route("outputs", "GET", _M + "/outputs", "Script output files, newest first", _outputs, gives=_FILES),
    Route(
        "output",
        "GET",
        _M + "/outputs/{name}",
        "A piece of one of them",
        _output,
        asks=record_api.OutputQuery,
        gives=bytes,
    ),
    Route(
        "metrics",
        "GET",
        "/metrics",
        "The node in figures, for Prometheus",
        _metrics,
        gives=bytes,
        media="text/plain; version=0.0.4; charset=utf-8",
    ),
    Route(
        "snapshot",
        "GET",
        _M + "/snapshot",
        "Everything for a support case, without secrets",
        _snapshot,
        Role.ADMIN,
        asks=record_api.SnapshotQuery,
        gives=bytes,
        media="application/zip",
        download=True,
    ),
)
