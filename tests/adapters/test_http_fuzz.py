"""Hostile requests along the route table, against a real server: never 5xx, always problem+json or a valid answer."""

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeagent.adapters.http_api.problems import MEDIA
from nodeagent.adapters.http_api.route import PREFIX, Route
from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.contract import api
from nodeagent.contract.states import Role
from tests.fakes.api_server import Answer, Served, exchange, served
from tests.fakes.short_directory import short_directory

words = st.one_of(
    st.sampled_from(
        [
            "web",
            "db",
            "",
            ".",
            "..",
            "../../etc/passwd",
            "%",
            "bin/start_both",
            "\x00",
            "a" * 300,
            "userlog_x.ulog",
            "2",
            "ü",
        ]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    words,
    st.sampled_from(["start", "stop", "errd", "up", "custom.db", "eA==", "admin"]),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=8
)


def fields_of(route: Route) -> list[str]:
    return (
        list(route.takes.__struct_fields__)
        if isinstance(route.takes, type) and hasattr(route.takes, "__struct_fields__")
        else ["x"]
    )


@st.composite
def requests(draw: st.DrawFn) -> tuple[Route | None, str, str, bytes, str]:
    """(the route that is meant, method, path, body, who)."""
    route = draw(st.sampled_from(ROUTES))
    path = route.path
    for name in ("module", "path", "name", "resource", "user", "number", "node", "rest"):
        if f"{{{name}}}" in path:
            path = path.replace(f"{{{name}}}", draw(st.just("web") | words.map(lambda word: quote(word, safe="/"))))
    query = draw(
        st.just("")
        | st.dictionaries(
            st.sampled_from(
                ["after", "limit", "from", "to", "types", "newest", "module", "text", "offset", "anonymise", "x"]
            ),
            words,
            max_size=4,
        ).map(lambda pairs: "?" + "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs.items()))
    )
    method = draw(st.just(route.method) | st.sampled_from(["GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"]))
    fields = fields_of(route)
    body = draw(
        st.one_of(
            st.binary(max_size=200),
            values.map(msgspec.json.encode),
            st.dictionaries(st.sampled_from(fields), values, max_size=len(fields)).map(msgspec.json.encode),
            st.integers(1, 5000).map(lambda depth: b'{"%s":' % fields[0].encode() * depth),
        )
    )
    meant = {known.method: known for known in ROUTES if known.path == route.path}
    return (
        meant.get(method),
        method,
        path + query,
        body,
        draw(st.sampled_from(["admin", "monitor", "", "local"])),
    )


def check(route: Route | None, method: str, answer: Answer) -> None:
    assert answer.status < 500, answer
    if answer.status >= 400:
        assert answer.headers["content-type"] == MEDIA, answer
        if method != "HEAD":
            said = msgspec.json.decode(answer.body, type=api.ProblemDetail)
            assert said.status == answer.status
            assert said.type.startswith("urn:keepgreen:")
        return
    assert route is not None, answer
    if route.gives is None:
        assert (answer.status, answer.body) == (204, b"")
    else:
        assert answer.status == route.status
        if route.gives is not bytes:
            msgspec.json.decode(answer.body, type=route.gives)


async def send(node: Served, tokens: dict[str, str], request: tuple[Any, str, str, bytes, str]) -> None:
    route, method, path, body, who = request
    if who == "local":
        reader, writer, token = await node.open_local()
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=node.client_context())
        token = tokens.get(who, "")
    check(route, method, await exchange(reader, writer, method, path, body, token))


@given(attack=st.lists(requests(), min_size=1, max_size=15))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_hostile_requests_meet_only_described_answers(attack: list[tuple[Any, str, str, bytes, str]]) -> None:
    async def run() -> None:
        with short_directory() as directory:
            async with served(directory) as node:
                tokens = {"admin": await node.token(), "monitor": await node.token(Role.MONITOR)}
                for request in attack:
                    await send(node, tokens, request)
                assert node.records.lines == []
                assert (await node.tls("GET", "/identity")).status == 200

    asyncio.run(run())


def test_the_prefix_is_stable() -> None:
    assert PREFIX == "/api/v1"
