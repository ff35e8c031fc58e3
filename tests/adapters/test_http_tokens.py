"""API tokens over the API: made once, listed without themselves, revoked at once, in the audit log by name alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from nodeagent.adapters.http_api.users import read_table
from nodeagent.contract.states import Role
from tests.fakes.api_server import Served, served


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as started:
        yield started


@pytest.mark.covers("POST /tokens", "GET /tokens", "DELETE /tokens/{token}")
async def test_the_life_of_a_token(node: Served) -> None:
    made = await node.local("POST", "/tokens", {"name": "prometheus", "role": "monitor"})
    token = made.json.pop("token")
    assert (made.status, made.json["name"], made.json["role"]) == (200, "prometheus", "monitor")
    assert (await node.tls("GET", "/metrics", token=token)).status == 200
    assert (await node.tls("GET", "/audit", token=token)).status == 403
    admin = await node.token()
    await node.tls("POST", "/tokens", {"name": "backup", "role": "control"}, admin)
    listed = await node.tls("GET", "/tokens", token=admin)
    assert listed.json == [{"name": "backup", "role": "control"}, {"name": "prometheus", "role": "monitor"}]
    assert (await node.tls("DELETE", "/tokens/prometheus", token=admin)).status == 204
    refused = await node.tls("GET", "/metrics", token=token)
    assert (refused.status, refused.json["type"]) == (401, "urn:keepgreen:login-required")
    assert [known.name for known in read_table(node.keeping.kept).tokens] == ["backup"]


@pytest.mark.covers("POST /tokens", "DELETE /tokens/{token}")
async def test_the_audit_log_has_the_name_and_never_the_token(node: Served) -> None:
    admin = await node.token()
    await node.tls("POST", "/tokens", {"name": "theirs", "role": "admin", "token": "x" * 43}, admin)
    await node.tls("POST", "/tokens", {"name": "theirs", "role": "admin", "token": "y" * 43}, admin)
    await node.tls("DELETE", "/tokens/theirs", token=admin)
    told = [(who, command, result) for who, _, command, result in node.records.audited]
    assert told[-3:] == [
        ("admin", "makeToken theirs admin", "ok"),
        ("admin", "makeToken theirs admin", "refused: there is a token 'theirs' already"),
        ("admin", "revokeToken theirs", "ok"),
    ]
    assert not any("xxxx" in text or "yyyy" in text for line in node.records.audited for text in line)


@pytest.mark.covers("POST /tokens")
async def test_a_token_of_another_node_is_taken_as_it_is(node: Served) -> None:
    token = "Ab-_" * 10 + "xyz"
    made = await node.local("POST", "/tokens", {"name": "prometheus", "role": "monitor", "token": token})
    assert made.json["token"] == token
    assert (await node.tls("GET", "/metrics", token=token)).status == 200
    assert token.encode() not in node.keeping.kept


@pytest.mark.covers("POST /tokens", "DELETE /tokens/{token}")
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"name": "a b", "role": "monitor"}, "bad-request"),
        ({"name": "", "role": "monitor"}, "bad-request"),
        ({"name": "a", "role": "king"}, "bad-request"),
        ({"name": "a", "role": "admin", "token": "guess me"}, "bad-request"),
        ({"name": "a", "role": "admin", "token": "x" * 44}, "bad-request"),
        ({"name": "a"}, "bad-request"),
    ],
)
async def test_what_cannot_be_a_token_is_refused(node: Served, body: dict[str, str], kind: str) -> None:
    answer = await node.local("POST", "/tokens", body)
    assert (answer.status, answer.json["type"]) == (400, f"urn:keepgreen:{kind}")
    assert node.users.tokens == ()
    gone = await node.local("DELETE", "/tokens/a")
    assert (gone.status, gone.json["type"]) == (404, "urn:keepgreen:no-such-token")


@pytest.mark.covers("POST /tokens", "GET /tokens", "DELETE /tokens/{token}")
@pytest.mark.parametrize("role", [Role.MONITOR, Role.CONTROL])
async def test_only_administrators_may(node: Served, role: Role) -> None:
    token = await node.token(role)
    asked = [
        ("GET", "/tokens", None),
        ("POST", "/tokens", {"name": "a", "role": "monitor"}),
        ("DELETE", "/tokens/a", None),
    ]
    answers = [await node.tls(method, path, body, token) for method, path, body in asked]
    assert [answer.status for answer in answers] == [403, 403, 403]
    assert [(await node.tls(method, path, body)).status for method, path, body in asked] == [401, 401, 401]


async def test_changes_made_at_once_are_all_kept(node: Served) -> None:
    await asyncio.gather(
        node.users.set_password("admin", "correct horse"),
        *(node.users.add_token(f"t{number}", Role.MONITOR) for number in range(5)),
    )
    assert await node.users.verify("admin", "correct horse") is Role.ADMIN
    assert [token.name for token in node.users.tokens] == [f"t{number}" for number in range(5)]
    assert node.keeping.kept == node.users.data == msgspec.json.encode(read_table(node.users.data))
