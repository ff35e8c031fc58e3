"""Behind a real HAProxy that probes ready.txt: planned changes cost no client a request."""

import base64
import csv
import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.demo.module import farm_module
from tests.e2e.real_farm import NETWORK, RealFarm, RealNode, until

BALANCER = f"{NETWORK}.100"

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed (apt install haproxy)"),
]

CONFIG = """
global
    maxconn 200
    stats socket {socket} mode 600 level admin
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend web
    bind {balancer}:8080
    default_backend farm
backend farm
    balance roundrobin
    option httpchk GET /var/modules/farm/ready.txt
    http-reuse never
    {servers}
"""


class Balancer:
    """A HAProxy before the farm."""

    def __init__(self, directory: Path, farm: RealFarm) -> None:
        self._socket = directory / "ha.sock"
        servers = "\n    ".join(
            f"server {n.name} {n.address}:8081 check addr {n.address} port 9010 inter 1s fall 1 rise 1"
            for n in farm.nodes
        )
        config = directory / "haproxy.cfg"
        config.write_text(CONFIG.format(socket=self._socket, balancer=BALANCER, servers=servers))
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stderr=subprocess.DEVNULL)
        until(self._socket.exists, 10, "HAProxy runs")

    def states(self) -> dict[str, str]:
        """What HAProxy thinks of each server."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(self._socket))
            sock.sendall(b"show stat\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return {row["svname"]: row["status"] for row in rows if row["pxname"] == "farm" and row["svname"] != "BACKEND"}


class Clients:
    """Four clients that ask without pause, each request on its own connection, none tried twice."""

    def __init__(self) -> None:
        self.answers: list[tuple[float, str]] = []
        self.failures: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(4)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        while not self._stop.is_set():
            try:
                with socket.create_connection((BALANCER, 8080), timeout=5) as sock:
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: farm\r\nConnection: close\r\n\r\n")
                    answer = b"".join(iter(lambda: sock.recv(4096), b""))
                head, _, body = answer.partition(b"\r\n\r\n")
                if b" 200 " in head.splitlines()[0]:
                    self.answers.append((time.monotonic(), body.split()[0].decode()))
                else:
                    self.failures.append(head.splitlines()[0].decode())
            except (OSError, IndexError) as error:
                self.failures.append(repr(error))
            time.sleep(0.005)

    def since(self, moment: float) -> set[str]:
        """Which nodes have answered since then."""
        return {name for at, name in self.answers if at > moment}

    def end(self) -> None:
        """Stop asking."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


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
    proxy = Balancer(tmp_path, farm)
    try:
        until(lambda: set(proxy.states().values()) == {"UP"}, 15, "all servers up in HAProxy")
        yield proxy
    finally:
        proxy.process.terminate()
        proxy.process.wait()
        for node in farm.nodes:
            node.order("stop", wait=30)


def out(balancer: Balancer, node: RealNode) -> bool:
    return balancer.states()[node.name].startswith(("DOWN", "NOLB"))


def test_stop_start_and_restart_cost_no_client_a_request(farm: RealFarm, balancer: Balancer) -> None:
    one = farm.nodes[0]
    clients = Clients()
    try:
        until(lambda: clients.since(0) == {"node1", "node2", "node3"}, 10, "all nodes answer")

        one.order("stop")
        until(lambda: out(balancer, one), 3, "out of rotation")
        until(lambda: one.shown() == "STOP NotReady", 20, "stopped")
        stopped = time.monotonic()
        time.sleep(1)
        assert clients.since(stopped) == {"node2", "node3"}

        one.order("start")
        until(lambda: not out(balancer, one), 15, "back in rotation")
        back = time.monotonic()
        until(lambda: "node1" in clients.since(back), 10, "node1 answers again")

        one.order("restart")
        until(lambda: out(balancer, one), 5, "out of rotation for the restart")
        until(lambda: one.green() and not out(balancer, one), 30, "back after the restart")
        time.sleep(1)
    finally:
        clients.end()
    assert clients.failures == []
    assert len(clients.answers) > 500
