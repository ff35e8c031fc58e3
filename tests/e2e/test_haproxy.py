"""Behind a real HAProxy that probes ready.txt: planned changes cost no client a request."""

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.demo.module import farm_module
from tests.e2e.balancer import Balancer, Clients, absent
from tests.e2e.real_farm import RealFarm, RealNode, until

pytestmark = [pytest.mark.timeout(240), absent]


@pytest.fixture
def balancer(farm: RealFarm, tmp_path: Path) -> Iterator[Balancer]:
    """The farm with the demo's web application, green behind HAProxy."""
    files = farm_module()
    files["conf/userconfig.xml"] = files["conf/userconfig.xml"].replace(b'drain="2"', b'drain="3"')
    assert b'drain="3"' in files["conf/userconfig.xml"]
    body = {
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
        "nodes": [node.name for node in farm.nodes],
    }
    for node in farm.nodes:
        staged = node.ask("POST", "/modules/farm/stage", body)
        assert staged["ok"], staged
        node.ask("POST", "/modules/farm/commit", {"signature": staged["signature"]})
    farm.start()
    proxy = Balancer(tmp_path, {node.name: node.address for node in farm.nodes})
    try:
        until(lambda: set(proxy.states().values()) == {"UP"}, 15, "all servers up in HAProxy")
        yield proxy
    finally:
        proxy.end()
        for node in farm.nodes:
            node.order("stop", wait=30)


def out(balancer: Balancer, node: RealNode) -> bool:
    return balancer.states()[node.name].startswith(("DOWN", "NOLB"))


@pytest.mark.covers("health 200")
def test_stop_start_and_restart_cost_no_client_a_request(farm: RealFarm, balancer: Balancer) -> None:
    one = farm.nodes[0]
    clients = Clients()
    try:
        until(lambda: clients.since(0) == {"node1", "node2", "node3"}, 10, "all nodes answer")

        one.order("stop")
        until(lambda: out(balancer, one), 20, "out of rotation")
        until(lambda: one.shown() == "STOP NotReady", 20, "stopped")
        stopped = time.monotonic()
        time.sleep(1)
        assert clients.since(stopped) == {"node2", "node3"}

        one.order("start")
        until(lambda: not out(balancer, one), 15, "back in rotation")
        back = time.monotonic()
        until(lambda: "node1" in clients.since(back), 10, "node1 answers again")

        one.order("restart")
        until(lambda: out(balancer, one), 20, "out of rotation for the restart")
        until(lambda: one.green() and not out(balancer, one), 30, "back after the restart")
        time.sleep(1)
        until(lambda: len(clients.answers) > 500, 60, "enough was asked")
    finally:
        clients.end()
    assert clients.failures == []
