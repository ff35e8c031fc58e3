"""Modules: install, look, check, stage, commit."""

from typing import Any

from nodeagent.adapters.http_api.route import MODULE, Call, Route
from nodeagent.contract import api
from nodeagent.contract.states import Role


async def _modules(call: Call) -> object:
    return await call.control.modules.installed()


async def _install(call: Call) -> object:
    return await call.control.modules.install(call.caller, call.module, call.body)


async def _module_files(call: Call) -> object:
    return await call.control.modules.module_files(call.module)


async def _module_file(call: Call) -> object:
    return await call.control.modules.module_file(call.module, call.names["path"])


async def _check_module(call: Call) -> object:
    return await call.control.modules.check_module(call.module, call.body)


async def _stage_module(call: Call) -> object:
    return await call.control.modules.stage_module(call.caller, call.module, call.body)


async def _commit_module(call: Call) -> object:
    return await call.control.modules.commit_module(call.caller, call.module, call.body)


def _signed(body: Any) -> str:
    return f"signature {body.signature[:12]}"


_M = "/modules/{module}"
_FILES = tuple[api.FileInfo, ...]
ROUTES: tuple[Route, ...] = (
    Route("modules", "GET", "/modules", "All installed modules", _modules, gives=tuple[api.ModuleInfo, ...]),
    Route(
        "install",
        "PUT",
        _M,
        "Install a .safe archive",
        _install,
        Role.ADMIN,
        takes=bytes,
        gives=api.ModuleInfo,
        cap=MODULE,
        changes=True,
    ),
    Route("moduleFiles", "GET", _M + "/files", "Files of the module", _module_files, gives=_FILES),
    Route("moduleFile", "GET", _M + "/files/{path}", "One of them", _module_file, gives=bytes),
    Route(
        "checkModule",
        "POST",
        _M + "/check",
        "Check, change nothing",
        _check_module,
        Role.ADMIN,
        takes=api.StageModule,
        gives=api.Staged,
        cap=MODULE,
    ),
    Route(
        "stageModule",
        "POST",
        _M + "/stage",
        "Keep a new revision beside the current one",
        _stage_module,
        Role.ADMIN,
        takes=api.StageModule,
        gives=api.Staged,
        cap=MODULE,
        changes=True,
    ),
    Route(
        "commitModule",
        "POST",
        _M + "/commit",
        "Make the staged revision current",
        _commit_module,
        Role.ADMIN,
        takes=api.Commit,
        gives=api.ModuleInfo,
        changes=True,
        audited=_signed,
    ),
)
