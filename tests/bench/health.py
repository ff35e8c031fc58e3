"""How soon ready.txt answers while the agent has much else to do. `health [SECONDS]`, 30 by default.

200 new connections a second, and between them as many to nginx with a file of the same bytes, by one client. At the
same time the agent's disk takes log lines, a scan of all processes begins every 100 ms, a checker hangs
and a script floods its output.
"""

import multiprocessing
import selectors
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path

from tests.bench._report import percentile, write_section
from tests.e2e.real_farm import RealFarm, running_farm, until
from tests.fakes.short_directory import short_directory

RATE = 200
"""New connections a second to each."""
PATH = "/var/modules/farm/ready.txt"
REQUEST = f"GET {PATH} HTTP/1.1\r\nHost: probe\r\nUser-Agent: Load Balancer Agent\r\nConnection: close\r\n\r\n".encode()
LINES = 50
"""Log lines a second, each told by a call of its own, as a script's printi does."""
PATIENCE = 5.0
"""Seconds after which an answer counts as missing."""
NGINX_PORT = 9080
P99_GOAL, MAX_GOAL = 5.0, 50.0

USERCONFIG = """<safe>
  <service mode="light" boot="off" loop_interval="0">
    <errd polltimer="100ms"><proc name="kg_no_such" action="noaction" class="both"/></errd>
    <check>
      <http ident="hangs" action="noaction"><to url="http://127.0.0.1:{port}/" interval="200ms" timeout="1h"/></http>
      <custom ident="flood" exec="flood"/>
    </check>
    <user/>
  </service>
</safe>
"""

FILES = {
    "bin/start_both": b"#!/bin/sh\nexit 0\n",
    "bin/stop_both": b"#!/bin/sh\nexit 0\n",
    "bin/flood": b"#!/bin/sh\nwhile :; do head -c 2000000 /dev/zero; sleep 0.02; done\n",
}

NGINX = """daemon off;
user root;
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type text/plain;
  keepalive_timeout 0;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2; fastcgi_temp_path {directory}/t3;
  uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
  server {{ listen {address}:{port} backlog=1024; root {directory}/www; }}
}}
"""


@dataclass(slots=True)
class Server:
    """One of the two that are asked, and what came of it: seconds per answer, and how the others ended."""

    name: str
    address: tuple[str, int]
    taken: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)


class Asked:
    """One connection: opened, asked, read to its end."""

    def __init__(self, server: Server, selector: selectors.BaseSelector) -> None:
        self._server, self._selector = server, selector
        self._answer = b""
        self.began = time.monotonic()
        self._sock = socket.socket()
        self._sock.setblocking(False)
        with suppress(BlockingIOError):
            self._sock.connect(server.address)
        selector.register(self._sock, selectors.EVENT_WRITE, self)

    def ready(self, events: int) -> None:
        """The socket can be written to or read from."""
        try:
            if events & selectors.EVENT_WRITE:
                self._sock.send(REQUEST)
                self._selector.modify(self._sock, selectors.EVENT_READ, self)
            elif data := self._sock.recv(4096):
                self._answer += data
            else:
                self.end(self._answer.partition(b"\r\n")[0].decode("ascii", "replace"))
        except OSError as error:
            self.end(str(error))

    def end(self, how: str) -> None:
        """Note how it went."""
        if how == "HTTP/1.1 200 OK":
            self._server.taken.append(time.monotonic() - self.began)
        else:
            self._server.wrong[how or "no answer"] += 1
        self._selector.unregister(self._sock)
        self._sock.close()


def ask(servers: tuple[Server, ...], seconds: float) -> None:
    """Open connections at fixed times, in turn to each server; a slow answer holds up no other."""
    selector = selectors.DefaultSelector()
    step, count = 1 / (RATE * len(servers)), int(RATE * len(servers) * seconds)
    began, opened = time.monotonic(), 0
    while opened < count or selector.get_map():
        now = time.monotonic()
        if opened < count and now >= began + opened * step:
            Asked(servers[opened % len(servers)], selector)
            opened += 1
            continue
        pause = began + opened * step - now if opened < count else 0.1
        for key, events in selector.select(pause):
            key.data.ready(events)
        for key in list(selector.get_map().values()):
            if time.monotonic() > key.data.began + PATIENCE:
                key.data.end(f"no answer within {PATIENCE:g} s")
    selector.close()


@contextmanager
def nginx(directory: Path, address: str) -> Iterator[Server]:
    """One worker, a file with the bytes of ready.txt, no keep-alive."""
    file = directory / "www" / PATH.removeprefix("/")
    file.parent.mkdir(parents=True)
    file.write_bytes(b"OK\n")
    config = directory / "nginx.conf"
    config.write_text(NGINX.format(directory=directory, address=address, port=NGINX_PORT))
    process = subprocess.Popen(["nginx", "-e", "stderr", "-c", str(config)], stderr=subprocess.DEVNULL)
    server = Server("nginx", (address, NGINX_PORT))
    try:
        until(lambda: accepts(server.address), 10, "nginx serves")
        yield server
    finally:
        process.terminate()
        process.wait(10)


def accepts(address: tuple[str, int]) -> bool:
    """Whether somebody listens there."""
    with suppress(OSError), socket.create_connection(address, 1):
        return True
    return False


def write_lines(farm: RealFarm, ended: Event) -> None:
    """Log lines for the agent's disk, told by its API."""
    number = 0
    while not ended.wait(1 / LINES):
        number += 1
        farm.nodes[0].ask("POST", "/modules/farm/print", {"text": f"line {number} of a script that tells much"})


@contextmanager
def disturbed(farm: RealFarm) -> Iterator[None]:
    """The module is green, its checker hangs, its script floods, and lines are written."""
    node = farm.nodes[0]
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        config = USERCONFIG.format(port=silent.getsockname()[1]).encode()
        farm.install("farm", {**FILES, "conf/userconfig.xml": config})
        node.order("start")
        until(node.green, 30, "the module is green")
        context = multiprocessing.get_context("fork")
        ended = context.Event()
        writer = context.Process(target=write_lines, args=(farm, ended))
        writer.start()
        try:
            time.sleep(2.0)
            yield
        finally:
            ended.set()
            writer.join(10)
            node.order("stop", wait=20)


def measure(directory: Path, seconds: float) -> tuple[tuple[Server, ...], int]:
    """Both servers, asked; and how many lines the log took meanwhile."""
    with running_farm(directory / "farm", 1) as farm:
        node = farm.nodes[0]
        servers = [Server("Keepgreen", (node.address, 9010))]
        with disturbed(farm):
            before = node.log(newest="true", limit=1)
            if shutil.which("nginx"):
                (directory / "nginx").mkdir()
                with nginx(directory / "nginx", node.address) as other:
                    servers.append(other)
                    ask(tuple(servers), seconds)
            else:
                ask(tuple(servers), seconds)
            after = node.log(newest="true", limit=1)
        return tuple(servers), after[-1]["cursor"] - before[-1]["cursor"]


def main(seconds: float) -> None:
    """Measure, write the table."""
    with short_directory() as directory:
        servers, written = measure(directory, seconds)
    figures = [[percentile(server.taken, at) * 1000 for at in (50, 99, 99.9, 100)] for server in servers]
    ours = figures[0]
    lines = [
        f"{RATE} new connections a second to each for {seconds:g} s, one client, in turn: from the connect to the",
        f"end of the answer, in ms. Meanwhile {written / seconds:.0f} log lines a second went to SQLite, a scan of all",
        "processes began every 100 ms, a checker hung and a script flooded its output.",
        "",
        "| | answers | p50 | p99 | p99.9 | max | not 200 |",
        "|-|-|-|-|-|-|-|",
    ]
    for server, values in zip(servers, figures, strict=True):
        shown = " | ".join(f"{value:.2f}" for value in values)
        lines.append(f"| {server.name} | {len(server.taken)} | {shown} | {server.wrong.total()} |")
    if len(figures) > 1:
        ratios = " | ".join(f"{our / their:.2f}" for our, their in zip(ours, figures[1], strict=True))
        lines.append(f"| Keepgreen as a ratio | | {ratios} | |")
    lines.append("")
    for what, value, goal in (("p99", ours[1], P99_GOAL), ("max", ours[3], MAX_GOAL)):
        reached = "reached" if value <= goal else "missed"
        beside = f"; nginx in the same run: {figures[1][1 if what == 'p99' else 3]:.2f} ms" if len(figures) > 1 else ""
        lines.append(f"- {what}: {value:.2f} ms, goal ≤ {goal:g} ms {reached}{beside}.")
    absent = [name for name in ("nginx", "patroni") if shutil.which(name) is None]
    if absent:
        lines.append(f"- Not installed here, so not shown: {', '.join(absent)}.")
    lines += [f"- {server.name}: {count} times “{how}”." for server in servers for how, count in server.wrong.items()]
    write_section("Health URL under load", lines)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
