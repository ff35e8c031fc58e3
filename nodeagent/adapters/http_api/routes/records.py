"""What the node has written down: log, script outputs."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api


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


async def _outputs(call: Call) -> object:
    return await call.control.records.outputs(call.module)


async def _output(call: Call) -> object:
    return await call.control.records.output(call.module, call.names["name"])


_M = "/modules/{module}"
_FILES = tuple[api.FileInfo, ...]
ROUTES: tuple[Route, ...] = (
    Route("log", "GET", "/log", "A page of the log", _log, asks=api.LogQuery, gives=api.LogPage),
    Route("outputs", "GET", _M + "/outputs", "Script output files, newest first", _outputs, gives=_FILES),
    Route("output", "GET", _M + "/outputs/{name}", "One of them", _output, gives=bytes),
)
