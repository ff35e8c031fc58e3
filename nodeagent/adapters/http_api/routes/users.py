"""Users and API tokens of the cluster."""

from nodeagent.adapters.http_api.route import Call, Route
from nodeagent.contract import api, token_api
from nodeagent.contract.states import Role


async def _cluster_users(call: Call) -> object:
    return call.to.users.data


async def _password(call: Call) -> object:
    await call.to.users.set_password(call.names["user"], call.body.password)
    return None


async def _tokens(call: Call) -> object:
    return call.to.users.tokens


async def _make_token(call: Call) -> object:
    asked: token_api.NewToken = call.body
    return token_api.MadeToken(
        asked.name, asked.role, await call.to.users.add_token(asked.name, asked.role, asked.token)
    )


async def _revoke_token(call: Call) -> object:
    await call.to.users.revoke_token(call.names["token"])
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
    Route(
        "tokens",
        "GET",
        "/tokens",
        "The API tokens by name, never a token itself",
        _tokens,
        Role.ADMIN,
        gives=tuple[token_api.TokenInfo, ...],
    ),
    Route(
        "makeToken",
        "POST",
        "/tokens",
        "Make an API token, which is told this once, or take that of another node",
        _make_token,
        Role.ADMIN,
        takes=token_api.NewToken,
        gives=token_api.MadeToken,
        changes=True,
        audited=lambda body: f"{body.name} {body.role}",
    ),
    Route(
        "revokeToken",
        "DELETE",
        "/tokens/{token}",
        "End an API token",
        _revoke_token,
        Role.ADMIN,
        changes=True,
    ),
)
