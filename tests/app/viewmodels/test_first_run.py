"""The first run without a window: addresses asked, words compared, one password, clusters opened."""

import asyncio
import threading

import pytest

from app.services.memory import RememberedCluster
from app.services.nodes import Credentials, NodeAddress
from app.services.secrets import Secrets
from app.services.sign_in import SignedIn
from app.viewmodels.address_row import RowState
from app.viewmodels.first_run import ConnectModel
from nodeagent.client.failures import Trouble
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeNodes, FakeVault, pin_of


class Bench:
    def __init__(self, *known: RememberedCluster) -> None:
        self.nodes = FakeNodes()
        self.vault = FakeVault()
        self.tasks = owner()
        self.opened: list[tuple[RememberedCluster, ...]] = []
        self.secrets = Secrets(self.vault)
        self.model = ConnectModel(
            self.nodes.ask, self.nodes.sign_in, self.secrets, lambda: known, self.tasks, self.opened.append
        )

    async def type(self, *addresses: str) -> None:
        for address in addresses:
            self.model.leave(self.model.rows[-1].id, address)
        await settled(self.tasks)

    async def connect(self, password: str = "secret") -> None:
        self.model.confirm_words(True)
        self.model.set_password(password)
        self.model.connect_nodes()
        await settled(self.tasks)


async def test_leaving_a_field_asks_and_fills_in_name_version_and_cluster() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.107", "node1")
    bench.nodes.put("10.0.0.108", "node2", signature="7c1e90a4ffff")
    await bench.type("10.0.0.107", "10.0.0.108")
    first, second, blank = bench.model.rows
    assert (first.name, first.facts, first.cluster) == ("node1", "version 0.1.0", "not in a cluster")
    assert second.cluster == "in a cluster, 7C1E 90A4"
    assert blank.state is RowState.EMPTY


@pytest.mark.parametrize(
    ("trouble", "short", "part"),
    [
        (Trouble.REFUSED, "refused", "keepgreen service status"),
        (Trouble.TIMED_OUT, "timed out", "open TCP 9453"),
        (Trouble.NOT_UNDERSTOOD, "not a Keepgreen agent", "TCP 9453"),
        (Trouble.NAME_UNKNOWN, "name unknown", "spelling"),
        (Trouble.UNREACHABLE, "unreachable", "route"),
        (Trouble.NO_PASSWORD_SET, "no password yet", "keepgreen passwd"),
        (Trouble.OTHER_CLUSTER, "in another cluster", "another cluster"),
    ],
)
async def test_every_reason_has_a_remedy_in_its_row(trouble: Trouble, short: str, part: str) -> None:
    bench = Bench()
    bench.nodes.trouble["10.0.0.9"] = trouble
    await bench.type("10.0.0.9")
    why = bench.model.rows[0].reason
    assert why is not None
    assert why.short == short
    assert part in why.remedy


async def test_what_is_no_address_is_said_without_asking() -> None:
    bench = Bench()
    await bench.type("10.0.0.300")
    assert bench.model.rows[0].reason.short == "not an address"
    assert bench.nodes.asked == []


async def test_the_same_address_and_the_same_server_stand_once() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.107", "node1")
    bench.nodes.put("192.168.1.1", "node1")
    await bench.type("10.0.0.107", "10.0.0.107", "192.168.1.1")
    assert [row.reason and row.reason.short for row in bench.model.rows] == [None, "twice", "twice", None]


async def test_an_agent_without_password_and_one_of_another_version_are_left_out() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "old", version="7.2.0")
    bench.nodes.put("10.0.0.2", "new", password="")
    await bench.type("10.0.0.1", "10.0.0.2")
    assert [row.reason.short for row in bench.model.rows[:2]] == ["other version", "no password yet"]
    assert bench.model.chosen == ()


async def test_no_password_is_asked_or_sent_before_the_words_match() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.107", "node1")
    await bench.type("10.0.0.107")
    bench.model.set_password("secret")
    assert "compare the words" in bench.model.asks_password
    assert "compare the words" in bench.model.connect_reason
    bench.model.connect_nodes()
    await settled(bench.tasks)
    assert bench.nodes.logins == []
    bench.model.confirm_words(True)
    assert bench.model.asks_password == bench.model.connect_reason == ""


async def test_a_node_that_comes_later_must_be_compared_too() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.107", "node1")
    bench.nodes.put("10.0.0.108", "node2")
    await bench.type("10.0.0.107")
    bench.model.confirm_words(True)
    await bench.type("10.0.0.108")
    assert not bench.model.words_match
    assert bench.model.words_text == "The words match on node1 and node2"


async def test_connect_opens_the_nodes_with_their_pins_and_keeps_the_password() -> None:
    bench = Bench()
    pins = [bench.nodes.put(f"10.0.0.{n}", f"node{n}") for n in (1, 2)]
    await bench.type("10.0.0.1", "10.0.0.2")
    assert bench.model.connect_text == "Connect to node1 and node2"
    await bench.connect()
    ((cluster,),) = bench.opened
    assert cluster.nodes == tuple(NodeAddress(f"10.0.0.{n}", pin=pin) for n, pin in zip((1, 2), pins, strict=True))
    assert set(bench.vault.kept) == {f"admin@{pin}" for pin in pins}


async def test_nodes_of_two_clusters_open_as_two() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1", signature="aa")
    bench.nodes.put("10.0.0.2", "node2", signature="bb")
    await bench.type("10.0.0.1", "10.0.0.2")
    await bench.connect()
    assert [len(cluster.nodes) for cluster in bench.opened[0]] == [1, 1]


async def test_a_wrong_password_stays_in_its_row_and_the_others_go_on() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1")
    bench.nodes.put("10.0.0.2", "node2", password="other")
    await bench.type("10.0.0.1", "10.0.0.2")
    await bench.connect()
    row = bench.model.rows[1]
    assert row.reason.short == "wrong password"
    assert row.reason.remedy.startswith("Other servers took this password")
    assert bench.opened == []
    assert (bench.model.left_out, bench.model.connect_text) == ("10.0.0.2 is left out", "Connect to node1")
    bench.model.set_own_password(row.id, "other")
    bench.model.connect_nodes()
    await settled(bench.tasks)
    assert len(bench.opened[0][0].nodes) == 2


async def test_left_out_nodes_do_not_hold_up_the_rest() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1")
    bench.nodes.put("10.0.0.2", "node2", password="other")
    await bench.type("10.0.0.1", "10.0.0.2")
    await bench.connect()
    bench.model.connect_nodes()
    await settled(bench.tasks)
    assert len(bench.opened[0][0].nodes) == 1
    assert bench.nodes.logins.count(("10.0.0.1", "secret")) == 1


async def test_a_changed_certificate_is_said_and_its_new_words_are_compared_again() -> None:
    known = RememberedCluster("c1", "Plant 7", nodes=(NodeAddress("10.0.0.1", pin=pin_of("node1")),))
    bench = Bench(known)
    bench.nodes.put("10.0.0.1", "node1", key="a new key")
    await bench.type("10.0.0.1")
    row = bench.model.rows[0]
    assert row.reason.short == "certificate changed"
    assert bench.model.contacts == ()
    bench.model.compare_new_key(row.id)
    await settled(bench.tasks)
    assert [contact.name for contact in bench.model.contacts] == ["node1"]
    await bench.connect()
    assert bench.opened[0][0].id == "c1"
    assert [node.pin for node in bench.opened[0][0].nodes] == [pin_of("a new key")]


async def test_a_known_node_needs_neither_words_nor_password_again() -> None:
    pin = pin_of("node1")
    bench = Bench(RememberedCluster("c1", "Plant 7", nodes=(NodeAddress("10.0.0.1", pin=pin),)))
    bench.nodes.put("10.0.0.1", "node1", signature="aa")
    await bench.secrets.keep(Credentials("admin", "secret"), pin)
    await bench.type("10.0.0.1")
    assert bench.model.rows[0].cluster == "in Plant 7"
    assert bench.model.connect_reason == ""
    bench.model.connect_nodes()
    await settled(bench.tasks)
    assert bench.opened[0][0].title == "Plant 7"


async def test_a_found_node_is_added_like_a_typed_one_and_once() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.9", "node9")
    bench.model.add(NodeAddress("10.0.0.9", pin="x"))
    bench.model.add(NodeAddress("10.0.0.9", pin="x"))
    await settled(bench.tasks)
    assert [row.text for row in bench.model.rows] == ["10.0.0.9", ""]
    assert bench.model.holds(NodeAddress("10.0.0.9"))


async def test_an_answer_for_a_text_that_is_gone_is_forgotten() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1")
    bench.nodes.held = True
    bench.model.leave(bench.model.rows[0].id, "10.0.0.1")
    bench.model.leave(bench.model.rows[0].id, "10.0.0.2")
    bench.nodes.held = False
    await settled(bench.tasks)
    assert bench.model.rows[0].reason.short == "timed out"
    bench.model.remove(bench.model.rows[0].id)
    assert [row.text for row in bench.model.rows] == [""]


async def test_cancelling_leaves_the_rows_as_they_were() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1")
    await bench.type("10.0.0.1")
    bench.model.confirm_words(True)
    bench.model.set_password("secret")
    bench.model.connect_nodes()
    assert bench.model.connecting
    await asyncio.sleep(0)
    bench.model.cancel()
    await settled(bench.tasks)
    assert (bench.model.connecting, bench.opened) == (False, [])


async def test_a_row_that_is_typed_anew_does_not_take_the_login_of_its_old_address() -> None:
    bench, taken = Bench(), asyncio.Event()
    bench.nodes.put("10.0.0.1", "node1")
    bench.nodes.put("10.0.0.2", "node2")

    async def slow_sign_in(address: NodeAddress, credentials: Credentials) -> SignedIn:
        signed = await bench.nodes.sign_in(address, credentials)
        await taken.wait()
        return signed

    bench.model = ConnectModel(
        bench.nodes.ask, slow_sign_in, bench.secrets, lambda: (), bench.tasks, bench.opened.append
    )
    await bench.type("10.0.0.1")
    bench.model.confirm_words(True)
    bench.model.set_password("secret")
    bench.model.connect_nodes()
    await until(lambda: bool(bench.nodes.logins))
    bench.model.leave(bench.model.rows[0].id, "10.0.0.2")
    await until(lambda: bench.model.rows[0].state is RowState.ANSWERED)
    taken.set()
    await settled(bench.tasks)
    assert (bench.model.rows[0].text, bench.model.rows[0].name) == ("10.0.0.2", "node2")
    assert bench.opened == []


class FakeSlowVault(FakeVault):
    """A keyring that asks for its own password first."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.answered = threading.Event(), threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.asked.set()
        self.answered.wait(20)
        return super().get_password(service, username)


async def test_a_row_that_is_typed_anew_while_the_keyring_asks_keeps_its_new_text() -> None:
    nodes, vault, tasks = FakeNodes(), FakeSlowVault(), owner()
    known = RememberedCluster("c1", nodes=(NodeAddress("10.0.0.1", pin=nodes.put("10.0.0.1", "node1")),))
    model = ConnectModel(nodes.ask, nodes.sign_in, Secrets(vault), lambda: (known,), tasks, lambda _: None)
    model.leave(model.rows[0].id, "10.0.0.1")
    await until(vault.asked.is_set)
    model.leave(model.rows[0].id, "10.0.0.2")
    vault.answered.set()
    await settled(tasks)
    assert (model.rows[0].text, model.rows[0].state) == ("10.0.0.2", RowState.FAILED)
