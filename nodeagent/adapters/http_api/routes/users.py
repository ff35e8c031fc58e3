"""Users of the cluster."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api
from nodeagent.contract.states import Role


async def _cluster_users(call: Call) -> object:
    return call.to.users.data


async def _password(call: Call) -> object:
    await call.to.users.set_password(call.names["user"], call.body.password)
    return None


ROUTES: tuple[Route, ...] = (
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
