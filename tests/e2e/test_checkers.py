"""A real agent with checkers that hang, flood and fork beside a good one."""

import socket
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.real_farm import RealFarm, RealNode, until
from tests.fakes.short_directory import short_directory

USERCONFIG = """<safe><service mode="light">
  <user/>
  <check>
    <tcp ident="good" action="noaction"><to addr="127.0.0.1" port="{port}" interval="100ms" timeout="5s"/></tcp>
    <http ident="hangs" action="noaction">
      <to url="http://127.0.0.1:{port}/" interval="200ms" timeout="1h"/>
    </http>
    <custom ident="bad" exec="bad"/>
  </check>
</service></safe>"""

FILES = {
    "bin/start_both": b"#!/bin/sh\nexit 0\n",
    "bin/stop_both": b"#!/bin/sh\nexit 0\n",
    "bin/bad": b"""#!/bin/sh
setsid sh -c 'while :; do sleep 0.2 & sleep 0.05; done' &
while :; do head -c 2000000 /dev/zero; sleep 0.02; done
""",
}


@pytest.fixture
def node() -> Iterator[RealNode]:
    """One agent in a cluster of one."""
    with short_directory() as directory:
        farm = RealFarm(directory, 0)
        one = RealNode(directory, 71)
        farm.nodes.append(one)
        try:
            one.start_agent()
            farm.form_cluster()
            with socket.create_server(("127.0.0.1", 0), backlog=512) as server:  # takes connections, never says a word
                port = server.getsockname()[1]
                farm.install("farm", {**FILES, "conf/userconfig.xml": USERCONFIG.format(port=port).encode()})
                yield one
        finally:
            one.power_off()


def customs(node: RealNode) -> set[psutil.Process]:
    """What the custom program and all it started are now."""
    return {p for p in node.processes() if _mark(p) == "farm/custom.bad"}


def _mark(process: psutil.Process) -> str:
    try:
        return process.environ().get("KEEPGREEN_RUN", "")
    except (psutil.Error, OSError):
        return ""


def resource(node: RealNode, name: str) -> str:
    found = {one["name"]: one["state"] for one in node.module()["resources"]}
    return str(found.get(name, ""))


def test_bad_checkers_beside_a_good_one(node: RealNode) -> None:
    node.order("start")
    until(node.green, 30, "the module is green")
    until(lambda: resource(node, "tcp.good") == "up", 20, "the good checker has looked")
    until(lambda: len(customs(node)) > 2, 20, "the custom program has forked")
    for _ in range(50):
        assert node.ready() == 200  # within a second each
    assert resource(node, "http.hangs") == "init"
    outputs = list((node.home / "var" / "modules" / "farm" / "userlog").glob("*_custom_bad.ulog"))
    assert len(outputs) == 1

    left = customs(node)
    node.kill_agent()
    left |= customs(node)
    assert left
    node.start_agent()
    until(lambda: not any(process.is_running() for process in left), 20, "what the dead agent left is ended")
    until(node.green, 30, "the module was adopted")
    until(lambda: bool(customs(node)), 20, "the custom program runs again")

    node.order("stop", wait=30)
    until(lambda: not customs(node), 20, "the custom program is ended")
