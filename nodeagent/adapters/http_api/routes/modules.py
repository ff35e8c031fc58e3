"""Modules: install, look, check, stage, commit."""

from nodeagent.adapters.http_api.route import MODULE, Call, Route
from nodeagent.adapters.http_api.routes.revision import number_of, restored, signed
from nodeagent.contract import api, revisions
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


async def _archive(call: Call) -> object:
    return await call.control.modules.module_archive(call.module, call.query.revision)


async def _expanded(call: Call) -> object:
    return await call.control.modules.expanded_module(call.module, call.query.revision)


async def _history(call: Call) -> object:
    return await call.control.modules.module_history(call.module)


async def _revision_files(call: Call) -> object:
    return await call.control.modules.module_files(call.module, number_of(call))


async def _revision_file(call: Call) -> object:
    return await call.control.modules.module_file(call.module, call.names["path"], number_of(call))


async def _difference(call: Call) -> object:
    return await call.control.modules.module_difference(call.module, call.query.earlier, call.query.later)


async def _restore(call: Call) -> object:
    return await call.control.modules.restore_module(call.caller, call.module, call.body)


async def _deconfigure(call: Call) -> object:
    return await call.control.modules.deconfigure_module(call.caller, call.module)


async def _uninstall(call: Call) -> object:
    return await call.control.modules.uninstall(call.caller, call.module)


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
        audited=signed,
    ),
    Route(
        "moduleArchive",
        "GET",
        _M + "/archive",
        "The module as a .safe archive",
        _archive,
        asks=revisions.RevisionQuery,
        gives=bytes,
        media="application/zip",
    ),
    Route(
        "expandedModule",
        "GET",
        _M + "/expanded",
        "safeconf.xml: userconfig.xml with its macros replaced",
        _expanded,
        asks=revisions.RevisionQuery,
        gives=bytes,
        media="application/xml",
    ),
    Route(
        "moduleHistory",
        "GET",
        _M + "/history",
        "The revisions that are kept, newest first",
        _history,
        gives=tuple[revisions.Revision, ...],
    ),
    Route("revisionFiles", "GET", _M + "/history/{number}/files", "Files of a revision", _revision_files, gives=_FILES),
    Route("revisionFile", "GET", _M + "/history/{number}/files/{path}", "One of them", _revision_file, gives=bytes),
    Route(
        "moduleDifference",
        "GET",
        _M + "/diff",
        "What two revisions differ in",
        _difference,
        asks=revisions.DiffQuery,
        gives=revisions.Difference,
    ),
    Route(
        "restoreModule",
        "POST",
        _M + "/restore",
        "Put the content of an older revision in force as a new one, on this node",
        _restore,
        Role.ADMIN,
        takes=revisions.Restore,
        gives=api.ModuleInfo,
        changes=True,
        audited=restored,
    ),
    Route(
        "deconfigureModule",
        "POST",
        _M + "/deconfig",
        "Take a stopped module out of force; it stays installed",
        _deconfigure,
        Role.ADMIN,
        gives=api.ModuleInfo,
        changes=True,
    ),
    Route(
        "uninstall",
        "DELETE",
        _M,
        "Take a stopped module away; the answer names the backup",
        _uninstall,
        Role.ADMIN,
        gives=revisions.Uninstalled,
        changes=True,
    ),
)
