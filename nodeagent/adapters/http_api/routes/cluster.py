"""The configuration of the cluster and its key."""

from nodeagent.adapters.http_api.route import CONFIGURATION, Call, Route
from nodeagent.adapters.http_api.routes.revision import number_of, restored, signed
from nodeagent.contract import api, revisions
from nodeagent.contract.states import Role


async def _cluster(call: Call) -> object:
    return await call.control.clusters.cluster_info()


async def _check_cluster(call: Call) -> object:
    return await call.control.clusters.check_cluster(call.body)


async def _stage_cluster(call: Call) -> object:
    return await call.control.clusters.stage_cluster(call.caller, call.body)


async def _commit_cluster(call: Call) -> object:
    return await call.control.clusters.commit_cluster(call.caller, call.body)


async def _confirm_cluster(call: Call) -> object:
    return await call.control.clusters.confirm_cluster(call.caller, call.body)


async def _rollback_cluster(call: Call) -> object:
    return await call.control.clusters.rollback_cluster(call.caller, call.body)


async def _cluster_key(call: Call) -> object:
    return api.ClusterKey(await call.control.clusters.generate_key(call.caller))


async def _present_cluster_key(call: Call) -> object:
    return api.ClusterKey(await call.control.clusters.cluster_key())


async def _history(call: Call) -> object:
    return await call.control.clusters.cluster_history()


async def _revision(call: Call) -> object:
    return await call.control.clusters.cluster_xml(number_of(call))


async def _difference(call: Call) -> object:
    return await call.control.clusters.cluster_difference(call.query.earlier, call.query.later)


async def _restore(call: Call) -> object:
    return await call.control.clusters.restore_cluster(call.caller, call.body)


async def _deconfigure(call: Call) -> object:
    return await call.control.clusters.deconfigure_cluster(call.caller)


ROUTES: tuple[Route, ...] = (
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
        audited=signed,
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
        audited=signed,
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
        audited=signed,
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
        "clusterHistory",
        "GET",
        "/cluster/history",
        "The revisions that are kept, newest first",
        _history,
        gives=tuple[revisions.Revision, ...],
    ),
    Route(
        "clusterRevision",
        "GET",
        "/cluster/history/{number}",
        "The cluster.xml of a revision",
        _revision,
        gives=bytes,
        media="application/xml",
    ),
    Route(
        "clusterDifference",
        "GET",
        "/cluster/diff",
        "What two revisions differ in",
        _difference,
        asks=revisions.DiffQuery,
        gives=revisions.Difference,
    ),
    Route(
        "restoreCluster",
        "POST",
        "/cluster/restore",
        "Put an older cluster.xml in force as a new revision, on this node; keys, pins and users stay",
        _restore,
        Role.ADMIN,
        takes=revisions.Restore,
        gives=api.ClusterInfo,
        changes=True,
        audited=restored,
    ),
    Route(
        "deconfigureCluster",
        "POST",
        "/cluster/deconfig",
        "Leave the cluster: goodbye, then key and pins are forgotten; 409 while a module runs",
        _deconfigure,
        Role.ADMIN,
        gives=api.ClusterInfo,
        changes=True,
    ),
)
