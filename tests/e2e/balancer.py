"""A real HAProxy that probes ready.txt, and clients behind it that forgive nothing."""

import csv
import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.real_farm import NETWORK, until

BALANCER = f"{NETWORK}.100"

absent = pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed (apt install haproxy)")

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
    """A HAProxy before these servers (name → address)."""

    def __init__(self, directory: Path, addresses: Mapping[str, str]) -> None:
        self._socket = directory / "ha.sock"
        servers = "\n    ".join(
            f"server {name} {address}:8081 check addr {address} port 9010 inter 1s fall 1 rise 1"
            for name, address in addresses.items()
        )
        config = directory / "haproxy.cfg"
        config.write_text(CONFIG.format(socket=self._socket, balancer=BALANCER, servers=servers))
        self.process = subprocess.Popen(["haproxy", "-db", "-f", str(config)], stderr=subprocess.DEVNULL)
        until(self._socket.exists, 10, "HAProxy runs")

    def end(self) -> None:
        """Terminate it."""
        self.process.terminate()
        self.process.wait()

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
