"""Nodes that log in at each other by their keys, and requests that are passed on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nodeagent.adapters.http_api import Logins, NodeLogins, Users
from nodeagent.adapters.http_api.node_logins import FRESH
from nodeagent.adapters.tls import NodeKeys
from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract import api
from nodeagent.contract.node_login import NodeLogin, signed_text
from nodeagent.contract.order_api import SetClass
from nodeagent.contract.pins import pin_of_key
from nodeagent.contract.states import Action, Role
from nodeagent.engine.ports import Peer, Refused
from tests.fakes.api_server import TABLE, FakeKeeping, Served, free_port, served
from tests.fakes.waiting import until


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Ends:
    """The two ends of a login, with a clock that is moved by hand."""

    def __init__(self, directory: Path) -> None:
        self.server, self.node = NodeKeys(directory / "server"), NodeKeys(directory / "node")
        self.pins = {"node1": self.server.pin, "node2": self.node.pin}
        self.clock = Clock()
        self.users = Users(TABLE, FakeKeeping().keep)
        self.logins = Logins(self.users)
        self.door = NodeLogins(self.server.pin, lambda: self.pins, self.logins, monotonic=self.clock)

    def proof(
        self, *, nonce: str = "", met: str = "", key: NodeKeys | None = None, signed_as: Role = Role.ADMIN
    ) -> NodeLogin:
        key, nonce = key or self.node, nonce or self.door.challenge()
        text = signed_text(nonce, met or self.server.pin, key.pin, signed_as, "root")
        return NodeLogin(nonce, key.public_key, Role.ADMIN, "root", key.sign(text))

    def refused(self, proof: NodeLogin) -> str:
        with pytest.raises(Refused) as refused:
            self.door.login(proof)
        assert refused.value.status == 401
        return refused.value.kind


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    yield made
    made.users.close()


def test_a_node_is_known_by_its_key(ends: Ends) -> None:
    session = ends.door.login(ends.proof())
    assert (session.user, session.role) == ("node node2 for root", Role.ADMIN)
    assert ends.logins.who(session.token) == ("node node2 for root", Role.ADMIN)
    ends.pins.pop("node2")
    assert ends.logins.who(session.token) is None, "a node that has left is shown the door"


def test_a_challenge_is_good_for_once_and_not_for_long(ends: Ends) -> None:
    proof, late = ends.proof(), ends.proof()
    ends.door.login(proof)
    assert ends.refused(proof) == "old-challenge"
    ends.clock.now += FRESH + 1
    assert ends.refused(late) == "old-challenge"
    assert ends.refused(proof) == "old-challenge", "too old to be remembered is too old to be good"


@pytest.mark.parametrize("nonce", ["", "x", "100.000.00", "1e9.00.00", "9" * 128, "ü.ü.ü"])
def test_a_challenge_of_somebody_else(ends: Ends, nonce: str) -> None:
    proof = ends.proof(nonce=nonce or "0")
    assert ends.refused(proof) == "no-challenge"


def test_a_challenge_of_another_node_is_none_of_ours(ends: Ends, tmp_path: Path) -> None:
    other = Ends(tmp_path / "other")
    assert ends.refused(ends.proof(nonce=other.door.challenge())) == "no-challenge"
    other.users.close()


def test_a_key_that_no_node_of_the_cluster_has(ends: Ends, tmp_path: Path) -> None:
    assert ends.refused(ends.proof(key=NodeKeys(tmp_path / "stranger"))) == "unknown-node"


def test_a_node_of_another_cluster_is_a_stranger(ends: Ends, tmp_path: Path) -> None:
    other = Ends(tmp_path / "other")
    assert ends.refused(ends.proof(key=other.node)) == "unknown-node"
    other.users.close()


def test_a_relayed_proof_was_made_for_another_key(ends: Ends, tmp_path: Path) -> None:
    """Somebody between the two, a node of the cluster itself even: the caller signed the pin that it met."""
    between = NodeKeys(tmp_path / "between")
    assert ends.refused(ends.proof(met=between.pin)) == "wrong-signature"


def test_a_role_that_was_not_signed(ends: Ends) -> None:
    assert ends.refused(ends.proof(signed_as=Role.MONITOR)) == "wrong-signature"


def test_the_key_of_another_node_with_a_signature_of_one_s_own(ends: Ends, tmp_path: Path) -> None:
    thief, nonce = NodeKeys(tmp_path / "thief"), ends.door.challenge()
    text = signed_text(nonce, ends.server.pin, ends.node.pin, Role.ADMIN, "root")
    assert ends.refused(NodeLogin(nonce, ends.node.public_key, Role.ADMIN, "root", thief.sign(text))) == (
        "wrong-signature"
    )


@pytest.mark.parametrize("kind", ["nonsense", "ed25519"])
def test_a_key_of_another_kind_is_refused_not_an_error(ends: Ends, kind: str) -> None:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if kind == "ed25519" else b"key"
    ends.pins["node3"] = pin_of_key(der)
    assert ends.refused(NodeLogin(ends.door.challenge(), der, Role.ADMIN, "", b"sig")) == "wrong-signature"


def test_challenges_that_nobody_answers_cost_nothing(ends: Ends) -> None:
    first = ends.proof()
    assert len({ends.door.challenge() for _ in range(2000)}) == 2000
    ends.door.login(first)


class Pair:
    """node1, which passes on to node2."""

    def __init__(self, one: Served, two: Served) -> None:
        self.one, self.two = one, two
        pins = {"node1": one.keys.pin, "node2": two.keys.pin}
        for node in (one, two):
            node.control.pins_known = dict(pins)
        one.control.peers_known = {"node2": Peer("node2", ("127.0.0.1",), two.port, two.keys.pin)}


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(served(tmp_path / "1"))
        two = await stack.enter_async_context(served(tmp_path / "2"))
        yield Pair(one, two)


@pytest.mark.covers("POST /nodes/{node}/{rest}")
async def test_an_order_is_passed_on_and_audited_on_both_sides(pair: Pair) -> None:
    answer = await pair.one.tls(
        "POST", "/nodes/node2/modules/web/actions", b'{"action": "stop"}', await pair.one.token()
    )
    assert (answer.status, answer.json["accepted"]) == (202, True)
    assert pair.two.control.calls == [("node node1 for admin", "web", Action.STOP)]
    assert pair.one.control.calls == []
    assert pair.one.records.audited[-1][0::2] == ("admin", "relayPost node2 modules/web/actions")
    assert pair.two.records.audited[-1][0::2] == ("node node1 for admin", "order web stop")


async def test_only_refused_proofs_are_audited(pair: Pair) -> None:
    token = await pair.one.token()
    audited = len(pair.two.records.audited)
    assert (await pair.one.tls("GET", "/nodes/node2/status", None, token)).status == 200
    assert len(pair.two.records.audited) == audited, "reading leaves no trace there"
    pair.two.control.pins_known.pop("node1")
    answer = await pair.one.tls("GET", "/nodes/node2/status", None, token)
    assert (answer.status, answer.json["detail"][:24]) == (502, "node2: the key that sign")
    assert pair.two.records.audited[-1][2:] == (
        "nodeLogin admin",
        "refused: the key that signed belongs to no node of this cluster",
    )


async def test_a_look_that_is_passed_on_is_no_action(pair: Pair) -> None:
    """What `doctor` asks, and checks before a change; what is written in the audit log of either node is the rest."""
    token, place = await pair.one.token(), b'{"address": "127.0.0.1", "port": 1}'
    files = b'{"files": {"conf/userconfig.xml": ""}, "nodes": ["node1"]}'
    for records in (pair.one.records, pair.two.records):
        records.audited.clear()
    for node in ("", "/nodes/node2"):
        for rest, body in (("connectivity", place), ("modules/web/check", files)):
            assert (await pair.one.tls("POST", f"{node}/{rest}", body, token)).status == 200
    peer = Peer("gone", ("127.0.0.1",), free_port(), "a" * 64)
    pair.one.control.peers_known["gone"] = peer
    for method, rest in (("GET", "status"), ("GET", "of/tomorrow"), ("POST", "connectivity")):
        assert (await pair.one.tls(method, f"/nodes/gone/{rest}", b"{}" if method == "POST" else None, token)).status
    assert (pair.one.records.audited, pair.two.records.audited) == ([], [])

    pair.two.control.key = bytes(32)
    assert (await pair.one.tls("GET", "/nodes/node2/cluster/key", None, token)).status == 200
    await pair.one.tls("POST", "/nodes/node2/of/tomorrow", b"{}", token)
    assert [told for *_, told, _ in pair.one.records.audited] == [
        "relayGet node2 cluster/key",
        "relayPost node2 of/tomorrow",
    ]
    assert [told for *_, told, _ in pair.two.records.audited] == ["presentClusterKey"]


@pytest.mark.covers("PUT /nodes/{node}/{rest}", "DELETE /nodes/{node}/{rest}")
async def test_an_archive_goes_out_and_an_uninstall_too(pair: Pair) -> None:
    token = await pair.one.token()
    archive = b"PK" * 50_000
    assert (await pair.one.tls("PUT", "/nodes/node2/modules/new", archive, token)).json["name"] == "new"
    assert (await pair.one.tls("DELETE", "/nodes/node2/modules/web", None, token)).json["backup"] == "/backups/web.safe"
    who = "node node1 for admin"
    assert pair.two.control.calls == [(who, "install", "new", len(archive)), (who, "uninstall", "web")]


async def test_what_another_node_refuses_comes_back_as_it_said_it(pair: Pair) -> None:
    token = await pair.one.token()
    answer = await pair.one.tls("POST", "/nodes/node2/modules/none/actions", b'{"action": "stop"}', token)
    assert (answer.status, answer.json["detail"]) == (404, "no module none is installed on node1")
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert pair.one.records.audited[-1][3] == "refused: HTTP status 404"


async def test_nobody_has_more_rights_on_the_other_node_than_here(pair: Pair) -> None:
    control, monitor = await pair.one.token(Role.CONTROL), await pair.one.token(Role.MONITOR)
    body = b'{"on": true}'
    assert (await pair.one.tls("POST", "/nodes/node2/modules/web/boot", body, control)).status == 403
    assert (await pair.one.tls("GET", "/nodes/node2/audit", None, monitor)).status == 403
    assert (await pair.one.tls("GET", "/nodes/node2/status", None, monitor)).json["node"] == "node1"
    assert (await pair.one.tls("POST", "/nodes/node2/modules/web/boot", body, monitor)).status == 403
    assert (await pair.one.tls("GET", "/nodes/node2/status")).status == 401
    local = await pair.one.local("POST", "/nodes/node2/users/admin/password", {"password": "a new password"})
    assert (local.status, local.json["type"]) == (403, "urn:keepgreen:local-only")


async def test_one_hop_and_known_nodes_only(pair: Pair) -> None:
    token = await pair.one.token()
    assert (await pair.one.tls("GET", "/nodes/node2/nodes/node1/status", None, token)).status == 400
    for way in ("modules/%2e%2e/nodes/node1/status", "a/../../../x"):
        assert (await pair.one.tls("GET", f"/nodes/node2/{way}", None, token)).status in (400, 404)
    assert (await pair.one.tls("GET", "/nodes/node9/status", None, token)).status == 404


async def test_sessions_of_relays_do_not_pile_up(pair: Pair) -> None:
    token = await pair.one.token()
    for _ in range(3):
        assert (await pair.one.tls("GET", "/nodes/node2/status", None, token)).status == 200
    await until(lambda: not pair.two.logins._sessions)


@pytest.mark.covers("GET /nodes/{node}/{rest}")
async def test_queries_names_and_large_answers_go_through(pair: Pair) -> None:
    token = await pair.one.token()
    answer = await pair.one.tls("GET", "/nodes/node2/modules/web/files/bin/a%20b", None, token)
    assert (answer.status, answer.body) == (200, b"bin/a b")
    answer = await pair.one.tls("GET", "/nodes/node2/modules/web/outputs/abcdef.ulog?offset=2&limit=3", None, token)
    assert (answer.status, answer.body) == (200, b"cde")
    pair.two.control.zip = [bytes([n]) * 70_000 for n in range(20)]
    answer = await pair.one.tls("GET", "/nodes/node2/modules/web/snapshot", None, token)
    assert answer.body == b"".join(pair.two.control.zip)
    assert answer.headers["content-disposition"] == 'attachment; filename="snapshot.zip"'


async def test_a_node_that_does_not_answer_is_one_sentence(pair: Pair) -> None:
    pair.one.control.peers_known["gone"] = Peer("gone", ("127.0.0.1",), free_port(), "a" * 64)
    answer = await pair.one.tls("GET", "/nodes/gone/status", None, await pair.one.token())
    assert answer.status == 502
    assert answer.json["detail"].startswith("gone: nothing listens on 127.0.0.1:")


async def test_the_next_address_is_tried(pair: Pair) -> None:
    peer = Peer("node2", ("127.0.0.200", "127.0.0.1"), pair.two.port, pair.two.keys.pin)
    pair.one.control.peers_known["node2"] = peer
    assert (await pair.one.tls("GET", "/nodes/node2/status", None, await pair.one.token())).status == 200


async def test_a_node_with_another_key_gets_nothing(pair: Pair) -> None:
    peer = Peer("node2", ("127.0.0.1",), pair.two.port, "b" * 64)
    pair.one.control.peers_known["node2"] = peer
    answer = await pair.one.tls("GET", "/nodes/node2/status", None, await pair.one.token())
    assert answer.status == 502
    assert "another key" in answer.json["detail"]
    assert pair.two.records.audited == []


@pytest.mark.covers("POST /node-challenge", "POST /node-login")
async def test_the_client_logs_in_as_a_node_and_needs_a_pin_for_it(pair: Pair) -> None:
    two = pair.two
    async with ApiClient("127.0.0.1", two.port, two.keys.pin) as client:
        session = await client.login_as_node(pair.one.keys, Role.CONTROL, "")
        assert (session.user, session.role) == ("node node1", Role.CONTROL)
        await client.call("POST", "/modules/web/classes", type(None), SetClass("nightly", True))
        assert two.control.calls == [("node node1", "web", "class", "nightly", True)]
        with pytest.raises(CallFailed) as denied:
            await client.call("POST", "/modules/web/boot", type(None), api.SetBoot(True))
        assert denied.value.problem is not None
        assert denied.value.problem.status == 403
    async with ApiClient("127.0.0.1", two.port) as stranger:
        with pytest.raises(CallFailed) as failed:
            await stranger.login_as_node(pair.one.keys, Role.CONTROL, "")
        assert failed.value.trouble is Trouble.DENIED
