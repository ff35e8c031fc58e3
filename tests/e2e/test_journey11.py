"""Later changes of a farm that serves, by the calls a console makes: each costs no client a request."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from nodeagent.client.api_client import ApiClient
from nodeagent.client.cluster_changes import add_node, change_cluster, remove_node, replace_node
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.key_rotation import rotate_key
from nodeagent.contract import api
from nodeagent.contract.states import Action
from nodeagent.demo.module import farm_module
from tests.e2e.balancer import Balancer, Clients, absent
from tests.e2e.real_farm import NETWORK, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

pytestmark = [pytest.mark.timeout(300), absent]
PASSWORD, OTHER = "a password of the cluster", "a password of the newcomer"
MOVED = f"{NETWORK}.21"


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a UNIX socket's path is at most 107 bytes."""
    with short_directory() as made:
        yield made


@pytest.fixture
def serving(directory: Path) -> Iterator[RealFarm]:
    """Three nodes that serve the demo's web application."""
    files = farm_module()
    files["conf/userconfig.xml"] = files["conf/userconfig.xml"].replace(b'drain="2"', b'drain="3"')
    with running_farm(directory) as farm:
        for node in farm.nodes:
            node.ask("POST", "/users/admin/password", {"password": PASSWORD})
        farm.install("farm", files)
        farm.start()
        yield farm


@pytest.fixture
def balancer(directory: Path, serving: RealFarm) -> Iterator[Balancer]:
    """HAProxy, which knows all places where a server will ever be."""
    places = {node.name: node.address for node in serving.nodes} | {"node4": f"{NETWORK}.4", "moved": MOVED}
    proxy = Balancer(directory, places)
    try:
        until(lambda: list(proxy.states().values()).count("UP") == 3, 15, "all servers up in HAProxy")
        yield proxy
    finally:
        proxy.end()


@asynccontextmanager
async def logged_in(*nodes: RealNode) -> AsyncIterator[dict[str, ApiClient]]:
    """An administrator's connections."""
    async with AsyncExitStack() as open_:
        yield {node.name: await open_.enter_async_context(connection(node, PASSWORD)) for node in nodes}


@asynccontextmanager
async def connection(node: RealNode, password: str) -> AsyncIterator[ApiClient]:
    async with ApiClient(node.address, 9453, node.get("/identity")["pin"], timeout=60.0) as client:
        await client.login("admin", password)
        yield client


@contextmanager
def under_load() -> Iterator[Clients]:
    """Clients ask without pause; every answer must be good."""
    clients = Clients()
    try:
        yield clients
        until(lambda: len(clients.answers) > 100, 60, "enough was asked")
    finally:
        clients.end()
    assert clients.failures == []


@contextmanager
def another(directory: Path, farm: RealFarm, number: int) -> Iterator[RealNode]:
    """A fresh machine."""
    (directory / "new").mkdir(exist_ok=True)
    node = RealNode(directory / "new", number)
    farm.nodes = [*(n for n in farm.nodes if n.name != node.name), node]  # powered off with the farm
    node.start_agent()
    node.ask("POST", "/users/admin/password", {"password": OTHER})
    yield node


def answered_by(clients: Clients, *names: str) -> Callable[[], bool]:
    since = time.monotonic()
    return lambda: clients.since(since) == set(names)


def losses(farm: RealFarm) -> list[str]:
    return [line["text"] for node in farm.nodes for line in node.log() if " lost" in line["text"]]


def all_hear(farm: RealFarm) -> None:
    until(
        lambda: all(
            peer["alive"] and peer["same_configuration"] for node in farm.nodes for peer in node.get("/status")["peers"]
        ),
        20,
        "all nodes hear each other and have one configuration",
    )


async def test_a_node_is_added_and_taken_out_again(directory: Path, serving: RealFarm, balancer: Balancer) -> None:
    three = tuple(serving.nodes)
    before = serving.cluster_xml().encode()
    with under_load() as clients, another(directory, serving, 4) as four:
        async with logged_in(*three) as members, connection(four, OTHER) as newcomer:
            xml = serving.cluster_xml().encode()
            await add_node(members, "node4", newcomer, xml, ["farm"], log_in=lambda: newcomer.login("admin", PASSWORD))
            all_hear(serving)
            assert four.get("/cluster")["keys"] == three[0].get("/cluster")["keys"]
            await newcomer.order("farm", api.Order(Action.START, wait=30))
            until(answered_by(clients, "node1", "node2", "node3", "node4"), 20, "four nodes answer")
            assert {m["name"]: m["nodes"] for m in three[0].get("/modules")}["farm"] == [n.name for n in serving.nodes]

            await remove_node({**members, "node4": newcomer}, "node4", before)
            until(answered_by(clients, "node1", "node2", "node3"), 20, "three nodes answer")
        assert four.get("/cluster")["configured"] is False
        assert len(three[0].get("/status")["peers"]) == 2
    assert losses(serving) == []
    for node in three:
        assert node.green()
        assert node.get("/status")["alarms"] == []


async def forgotten() -> None:
    """The password of the cluster, asked for when the newcomer has its users."""
    raise CallFailed(Trouble.WRONG_PASSWORD, "nobody knows it")


@pytest.mark.covers("keepgreen cluster replace")
async def test_a_dead_server_is_replaced(directory: Path, serving: RealFarm, balancer: Balancer) -> None:
    one, two, dead = serving.nodes
    async with logged_in(one, two) as members:
        with another(directory, serving, 4) as four:
            async with connection(four, OTHER) as newcomer:
                with pytest.raises(CallFailed, match="node3 is alive: only a dead node is replaced"):
                    await replace_node(members, "node3", newcomer, log_in=lambda: newcomer.login("admin", PASSWORD))
            four.power_off()
        serving.nodes = [one, two]
        old_pin = dead.get("/identity")["pin"]
        dead.power_off()
        until(lambda: balancer.states()["node3"].startswith("DOWN"), 10, "HAProxy knows")
        until(lambda: not one.peer("node3")["alive"], 5, "node1 knows")
        with under_load() as clients, another(directory, serving, 3) as fresh:
            async with connection(fresh, OTHER) as newcomer:
                with pytest.raises(CallFailed, match="nobody knows it"):
                    await replace_node(members, "node3", newcomer, log_in=forgotten)
                until(lambda: one.peer("node3")["alive"], 10, "it is in the cluster, without its modules")
                await newcomer.login("admin", PASSWORD)
                await replace_node(members, "node3", newcomer, log_in=lambda: newcomer.login("admin", PASSWORD))
                all_hear(serving)
                await newcomer.order("farm", api.Order(Action.START, wait=30))
            until(answered_by(clients, "node1", "node2", "node3"), 20, "the new machine answers")
        pin = fresh.get("/identity")["pin"]
        assert pin != old_pin
        for node in serving.nodes:
            assert node.get("/cluster")["pins"]["node3"] == pin
            assert node.get("/status")["alarms"] == []
            assert node.green()


async def test_a_node_gets_another_address(serving: RealFarm, balancer: Balancer) -> None:
    one, two, three = serving.nodes
    with under_load() as clients:
        three.order("stop", wait=30)
        async with logged_in(*serving.nodes) as members:
            three.address = MOVED
            await change_cluster(members, serving.cluster_xml().encode())
            all_hear(serving)
        until(lambda: one.peer("node3")["lans"][0]["address"] == MOVED, 5, "the new address is shown")
        (three.home / "var" / "agent.toml").write_text(f'[listen]\naddress = "{MOVED}"\n')
        assert three.agent is not None
        three.agent.terminate()
        three.agent.wait(20)
        three.start_agent()
        three.order("start", wait=30)
        until(lambda: balancer.states()["moved"] == "UP", 15, "HAProxy has it at its new address")
        until(answered_by(clients, "node1", "node2", "node3"), 20, "all answer")
        all_hear(serving)
    assert [text for text in losses(serving) if "node3 lost" not in text] == []
    assert two.green()
    assert balancer.states()["node3"].startswith("DOWN")


@pytest.mark.covers("keepgreen cluster rotate")
async def test_the_cluster_key_is_rotated(serving: RealFarm, balancer: Balancer) -> None:
    one, two, three = serving.nodes
    async with logged_in(*serving.nodes) as members:
        before = one.get("/cluster")["keys"]
        with pytest.raises(CallFailed, match="all nodes take part in a rotation: node3 is missing"):
            await rotate_key({name: members[name] for name in ("node1", "node2")})
        with under_load():
            named = await rotate_key(members)
            await asyncio.sleep(2)
            # One that broke off between its sweeps: node2 accepts a key that nobody else has, node3 uses it already.
            old, new = await members["node1"].present_cluster_key(), bytes(range(32))
            xml = (await members["node1"].cluster()).xml
            for name, keys in (("node1", (old, new)), ("node2", (old, new)), ("node3", (new, old))):
                signature = (await members[name].stage_cluster(api.StageCluster(xml, name, keys))).signature
                await members[name].commit_cluster(api.Commit(signature))
            again = await rotate_key(members)
            await asyncio.sleep(2)
        assert all(node.get("/cluster")["keys"] == [again] for node in serving.nodes)
        assert len({*before, named, again}) == 3
        all_hear(serving)
        assert losses(serving) == []
        assert all(node.get("/status")["rejected"] == {} for node in serving.nodes)

        three.kill_agent()
        with pytest.raises(CallFailed, match="node3: nothing listens on"):
            await rotate_key(members)
        assert {*one.get("/cluster")["keys"], *two.get("/cluster")["keys"]} == {again}
