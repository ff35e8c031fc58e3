"""The routes of `/api/v1`: served from this table, described from it (OpenAPI), tested along it."""

from typing import Any

from nodeagent.adapters.http_api.route import CONFIGURATION, MODULE, Call, Route
from nodeagent.contract import api
from nodeagent.contract.states import Role
from nodeagent.contract.status import NodeStatus
from nodeagent.engine.ports import Refused


async def _identity(call: Call) -> object:
    return call.control.identity()


async def _login(call: Call) -> object:
    return await call.to.logins.login(call.source, call.body)


async def _logout(call: Call) -> object:
    call.to.logins.logout(call.token)
    return None


async def _status(call: Call) -> object:
    return call.control.status()


async def _events(call: Call) -> object:
    return call.control.events(call.query.after)


async def _log(call: Call) -> object:
    asked: api.LogQuery = call.query
    return await call.control.log(
        after=asked.after,
        module=asked.module,
        types=asked.types,
        text=asked.text,
        since=asked.since,
        until=asked.until,
        limit=asked.limit,
        newest=asked.newest,
    )


async def _modules(call: Call) -> object:
    return await call.control.modules()


async def _install(call: Call) -> object:
    return await call.control.install(call.caller, call.module, call.body)


async def _module_files(call: Call) -> object:
    return await call.control.module_files(call.module)


async def _module_file(call: Call) -> object:
    return await call.control.module_file(call.module, call.names["path"])


async def _check_module(call: Call) -> object:
    return await call.control.check_module(call.module, call.body)


async def _stage_module(call: Call) -> object:
    return await call.control.stage_module(call.caller, call.module, call.body)


async def _commit_module(call: Call) -> object:
    return await call.control.commit_module(call.caller, call.module, call.body)


async def _order(call: Call) -> object:
    answer = await call.control.order(call.caller, call.module, call.body)
    if not answer.accepted:
        raise Refused(409, "refused", answer.text)
    return answer


async def _why(call: Call) -> object:
    return call.control.why(call.module)


async def _say(call: Call) -> object:
    await call.control.print(call.module, call.body)
    return None


async def _switch(call: Call) -> object:
    asked: api.SetSwitch = call.body
    call.control.set_switch(call.caller, call.module, asked.switch, asked.on, asked.seconds)
    return None


async def _resource(call: Call) -> object:
    call.control.set_resource(call.caller, call.module, call.body.name, call.body.value)
    return None


async def _boot(call: Call) -> object:
    call.control.set_boot(call.caller, call.module, call.body.on)
    return None


async def _outputs(call: Call) -> object:
    return await call.control.outputs(call.module)


async def _output(call: Call) -> object:
    return await call.control.output(call.module, call.names["name"])


async def _cluster(call: Call) -> object:
    return await call.control.cluster()


async def _check_cluster(call: Call) -> object:
    return await call.control.check_cluster(call.body)


async def _stage_cluster(call: Call) -> object:
    return await call.control.stage_cluster(call.caller, call.body)


async def _commit_cluster(call: Call) -> object:
    return await call.control.commit_cluster(call.caller, call.body)


async def _confirm_cluster(call: Call) -> object:
    return await call.control.confirm_cluster(call.caller, call.body)


async def _rollback_cluster(call: Call) -> object:
    return await call.control.rollback_cluster(call.caller, call.body)


async def _cluster_key(call: Call) -> object:
    return api.ClusterKey(await call.control.generate_key(call.caller))


async def _present_cluster_key(call: Call) -> object:
    return api.ClusterKey(await call.control.cluster_key())


async def _cluster_users(call: Call) -> object:
    return call.to.users.data


async def _password(call: Call) -> object:
    await call.to.users.set_password(call.names["user"], call.body.password)
    return None


async def _openapi(call: Call) -> object:
    from nodeagent.adapters.http_api.openapi import document

    return document()


def _signed(body: Any) -> str:
    return f"signature {body.signature[:12]}"


_M = "/modules/{module}"
_FILES = tuple[api.FileInfo, ...]

ROUTES: tuple[Route, ...] = (
    Route("identity", "GET", "/identity", "Who this node is", _identity, None, gives=api.Identity),
    Route("openapi", "GET", "/openapi.json", "This description", _openapi, None, gives=bytes, media="application/json"),
    Route(
        "login",
        "POST",
        "/login",
        "Open a session",
        _login,
        None,
        takes=api.Login,
        gives=api.Session,
        cap=4096,
        changes=True,
        audited=lambda body: body.user,
    ),
    Route("logout", "POST", "/logout", "End the session", _logout),
    Route("status", "GET", "/status", "What this node knows now", _status, gives=NodeStatus),
    Route(
        "events",
        "GET",
        "/events",
        "The status whenever it changes, and log lines (WebSocket)",
        _events,
        asks=api.EventQuery,
        gives=api.Event,
        stream=True,
    ),
    Route("log", "GET", "/log", "A page of the log", _log, asks=api.LogQuery, gives=api.LogPage),
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
    Route(
        "order",
        "POST",
        _M + "/actions",
        "Order an action; 409 when it is refused",
        _order,
        Role.CONTROL,
        takes=api.Order,
        gives=api.OrderAnswer,
        status=202,
        changes=True,
        audited=lambda body: f"{body.action} -i {body.identity}" if body.identity else str(body.action),
    ),
    Route("why", "GET", _M + "/why", "Why it is not green", _why, gives=api.WhyAnswer),
    Route("print", "POST", _M + "/print", "A line from a script", _say, Role.CONTROL, takes=api.Print, local=True),
    Route(
        "switch",
        "POST",
        _M + "/switches",
        "Pause or resume errd, checker or failover",
        _switch,
        Role.CONTROL,
        takes=api.SetSwitch,
        changes=True,
        audited=lambda body: f"{body.switch} {'on' if body.on else f'off for {body.seconds:g} s'}",
    ),
    Route(
        "resource",
        "POST",
        _M + "/resources",
        "Set a resource",
        _resource,
        Role.CONTROL,
        takes=api.SetResource,
        changes=True,
        audited=lambda body: f"{body.name}={body.value}",
    ),
    Route(
        "boot",
        "POST",
        _M + "/boot",
        "The node's own start-at-boot setting",
        _boot,
        Role.ADMIN,
        takes=api.SetBoot,
        changes=True,
        audited=lambda body: "on" if body.on else "off",
    ),
    Route("outputs", "GET", _M + "/outputs", "Script output files, newest first", _outputs, gives=_FILES),
    Route("output", "GET", _M + "/outputs/{name}", "One of them", _output, gives=bytes),
    Route("cluster", "GET", "/cluster", "The committed cluster", _cluster, gives=api.ClusterInfo),
    Route(
        "checkCluster",
        "POST",
        "/cluster/check",
        "Check, change nothing",
        _check_cluster,
        Role.ADMIN,
        takes=api.StageCluster,
        gives=api.Staged,
        cap=CONFIGURATION,
    ),
    Route(
        "stageCluster",
        "POST",
        "/cluster/stage",
        "Keep it beside the current one",
        _stage_cluster,
        Role.ADMIN,
        takes=api.StageCluster,
        gives=api.Staged,
        cap=CONFIGURATION,
        changes=True,
        audited=lambda body: body.name,
    ),
    Route(
        "commitCluster",
        "POST",
        "/cluster/commit",
        "Make the staged one current",
        _commit_cluster,
        Role.ADMIN,
        takes=api.Commit,
        gives=api.ClusterInfo,
        changes=True,
        audited=_signed,
    ),
    Route(
        "confirmCluster",
        "POST",
        "/cluster/confirm",
        "The commit stays",
        _confirm_cluster,
        Role.ADMIN,
        takes=api.Confirm,
        gives=api.ClusterInfo,
        changes=True,
        audited=_signed,
    ),
    Route(
        "rollbackCluster",
        "POST",
        "/cluster/rollback",
        "Take a commit back that was not confirmed yet",
        _rollback_cluster,
        Role.ADMIN,
        takes=api.Confirm,
        gives=api.ClusterInfo,
        changes=True,
        audited=_signed,
    ),
    Route(
        "clusterKey",
        "POST",
        "/cluster/key",
        "Make the cluster key; 409 when there is one",
        _cluster_key,
        Role.ADMIN,
        gives=api.ClusterKey,
        changes=True,
    ),
    Route(
        "presentClusterKey",
        "GET",
        "/cluster/key",
        "The active cluster key, for StageCluster.keys of a node that joins; 404 when there is none",
        _present_cluster_key,
        Role.ADMIN,
        gives=api.ClusterKey,
        changes=True,
    ),
    Route(
        "clusterUsers",
        "GET",
        "/cluster/users",
        "The user table, for StageCluster.users",
        _cluster_users,
        Role.ADMIN,
        gives=bytes,
    ),
    Route(
        "password",
        "POST",
        "/users/{user}/password",
        "Give a user a password; makes admin",
        _password,
        Role.ADMIN,
        takes=api.NewPassword,
        changes=True,
        local=True,
    ),
)
"""In the order of the documentation; `{path}` may hold slashes, other parts may not."""
