"""The places an agent listens at are those of agent.toml."""

import base64
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psutil
import pytest

from tests.e2e.real_farm import NETWORK, ROOT, RealNode, until
from tests.fakes.checking import free_port
from tests.fakes.short_directory import short_directory


@pytest.fixture
def node() -> Iterator[RealNode]:
    with short_directory() as directory:
        made = RealNode(directory, 1)
        try:
            yield made
        finally:
            made.kill_agent()


@pytest.fixture
def strangers() -> Iterator[tuple[list[RealNode], dict[str, dict[str, int]]]]:
    """Two nodes in no cluster, each with ports of its own, and these."""
    with short_directory() as directory:
        nodes = [RealNode(directory, number) for number in (1, 2)]
        ports = {}
        try:
            for node in nodes:
                mine = {name: free_port(node.address) for name in ("health_port", "api_port", "enrol_port")}
                lines = "".join(f"{name} = {port}\n" for name, port in mine.items())
                (node.home / "var" / "agent.toml").write_text(f'[listen]\naddress = "{node.address}"\n{lines}')
                ports[node.name] = mine
                node.start_agent()
            yield nodes, ports
        finally:
            for node in nodes:
                node.power_off()


def keepgreen(node: RealNode, *args: str) -> tuple[int, str]:
    """Exit code, and what it wrote."""
    env = os.environ | {"KEEPGREEN_HOME": str(node.home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "nodeagent", *args]
    done = subprocess.run(command, check=False, env=env, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def told_ports(node: RealNode, peer: str) -> dict[str, int]:
    """Where a node has its peer."""
    seen = node.peer(peer)
    return {name: seen[name] for name in ("health_port", "api_port")}


def bound(node: RealNode) -> set[tuple[str, int]]:
    """What the agent listens on: `tcp` or `udp`, port."""
    assert node.agent is not None
    sockets = psutil.Process(node.agent.pid).net_connections("inet")
    return {
        ("udp" if s.type == socket.SOCK_DGRAM else "tcp", s.laddr.port)
        for s in sockets
        if s.type == socket.SOCK_DGRAM or s.status == psutil.CONN_LISTEN
    }


def asked(connection: http.client.HTTPConnection, path: str) -> int:
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.mark.covers("keepgreen agent run", "storage home")
@pytest.mark.covers("listen.address", "listen.health_port", "listen.api_port")
def test_an_agent_listens_where_it_is_told_to_and_nowhere_else(node: RealNode) -> None:
    health, api = free_port(node.address), free_port(node.address)
    settings = f'[listen]\naddress = "{node.address}"\nhealth_port = {health}\napi_port = {api}\n'
    (node.home / "var" / "agent.toml").write_text(settings)
    node.start_agent()
    assert asked(http.client.HTTPConnection(node.address, health, timeout=20), "/var/modules/none/ready.txt") == 404
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secure = http.client.HTTPSConnection(node.address, api, timeout=20, context=context)
    assert asked(secure, "/api/v1/identity") == 200
    elsewhere = f"{NETWORK}.2"
    for address, port in ((node.address, 9010), (node.address, 9453), (elsewhere, health), (elsewhere, api)):
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=5):
            pass


def commit(node: RealNode, key: str, udp: int, pins: dict[str, str]) -> None:
    """A cluster of both nodes with its heartbeats on this port."""
    lines = "".join(f'<node name="node{number}" addr="{NETWORK}.{number}"/>' for number in (1, 2))
    xml = f'<cluster><lans port="{udp}"><lan name="default">{lines}</lan></lans></cluster>'
    request: dict[str, Any] = {"xml": base64.b64encode(xml.encode()).decode(), "name": node.name}
    staged = node.ask("POST", "/cluster/stage", {**request, "keys": [key], "pins": pins})
    assert staged["ok"], staged
    node.ask("POST", "/cluster/commit", {"signature": staged["signature"]})


@pytest.mark.covers("listen.enrol_port", "lans@port", "keepgreen doctor", "keepgreen -H")
@pytest.mark.timeout(120)
def test_nodes_find_each_other_on_the_ports_of_their_own_choice(
    strangers: tuple[list[RealNode], dict[str, dict[str, int]]],
) -> None:
    (one, two), ports = strangers
    code, said = keepgreen(one, "enrol", "open")
    assert (code, f"--port {ports['node1']['enrol_port']}" in said) == (0, True), said
    secret = said.split()[0]
    join = ("enrol", "join", one.address, secret, "--as", "node2")
    assert keepgreen(two, *join)[0] == 69
    assert keepgreen(two, *join, "--port", str(ports["node1"]["enrol_port"]))[0] == 0
    pins = {node.name: node.get("/identity")["pin"] for node in (one, two)}
    assert one.get("/cluster")["known"] == {"node2": pins["node2"]}

    udp = free_port(one.address)
    key = one.ask("POST", "/cluster/key")["key"]
    for node in (one, two):
        commit(node, key, udp, pins)
    until(lambda: one.peer("node2")["alive"] and two.peer("node1")["alive"], 10, "they hear each other")
    for node, peer in ((one, "node2"), (two, "node1")):
        assert told_ports(node, peer) == {name: ports[peer][name] for name in ("health_port", "api_port")}
        assert bound(node) == {
            ("udp", udp),
            ("tcp", ports[node.name]["api_port"]),
            ("tcp", ports[node.name]["health_port"]),
        }
        code, said = keepgreen(node, "-H", peer, "state", "--json")
        assert code == 0, said
        assert json.loads(said)[peer]["answer"]["node"] == peer
        findings = json.loads(keepgreen(node, "doctor", "--json")[1])["findings"]
        about = [finding for finding in findings if finding["about"] == f"node {peer}"]
        assert len(about) >= 5
        assert [finding for finding in about if finding["health"] in {"bad", "warning"}] == []


@pytest.mark.covers("keepgreen -H")
@pytest.mark.timeout(120)
def test_a_node_is_reached_on_its_port_while_no_heartbeat_tells_it(
    strangers: tuple[list[RealNode], dict[str, dict[str, int]]],
) -> None:
    (one, two), ports = strangers
    key = one.ask("POST", "/cluster/key")["key"]
    pins = {node.name: node.get("/identity")["pin"] for node in (one, two)}
    udp = free_port(one.address)
    for node in (one, two):
        commit(node, key, udp, pins)
    until(lambda: one.peer("node2")["alive"], 10, "node2 is heard")
    assert one.agent is not None
    one.agent.terminate()
    one.agent.wait()
    one.start_agent()
    commit(one, key, free_port(one.address), pins)
    until(lambda: not one.peer("node2")["alive"], 10, "node2 is lost")
    one.kill_agent()
    one.start_agent()
    assert (one.peer("node2")["alive"], one.peer("node2")["version"]) == (False, "")
    assert told_ports(one, "node2") == {name: ports["node2"][name] for name in ("health_port", "api_port")}
    code, said = keepgreen(one, "-H", "node2", "state", "--json")
    assert code == 0, said
    assert json.loads(said)["node2"]["answer"]["node"] == "node2"
    code, said = keepgreen(one, "doctor", "--json")
    advice = [finding["advice"] for finding in json.loads(said)["findings"] if "no heartbeat" in finding["text"]]
    assert len(advice) == 1
    assert "UDP 4800" not in advice[0]
