"""A farm of real agents on loopback addresses of its own, driven over their local transport.

Every process that imports this has addresses and an application name that no other process on the machine has.
"""

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
CALLER = psutil.Process().username()
"""Who asks over the local socket, as an agent names them: `root`, mostly."""


def free_network() -> tuple[int, socket.socket]:
    """The first n for which nobody holds 127.77.n.254; the socket holds it until this process ends."""
    for number in (1 + (os.getpid() + step) % 250 for step in range(250)):
        claim = socket.socket()
        try:
            claim.bind((f"127.77.{number}.254", 4799))
        except OSError:
            claim.close()
        else:
            return number, claim
    raise RuntimeError("250 test runs at once are too many")


_NUMBER, _CLAIM = free_network()
NETWORK = f"127.77.{_NUMBER}"
"""The first three numbers of this process's addresses."""

APP = f"kg_app{_NUMBER}"
"""How the application of the test module calls itself, in front of `-<node>`."""


class LocalConnection(http.client.HTTPConnection):
    """HTTP over the agent's local socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("local", timeout=60)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self._path)


class RealNode:
    """One node: a home, an address, an agent process."""

    prefix: tuple[str, ...] = ()
    """The command that runs a command on this node."""

    def __init__(self, directory: Path, number: int) -> None:
        self.name = f"node{number}"
        self.address = f"{NETWORK}.{number}"
        self.home = directory / self.name
        self.boot = 1
        self.agent: subprocess.Popen[bytes] | None = None
        (self.home / "var").mkdir(parents=True)
        (self.home / "var" / "agent.toml").write_text(f'[listen]\naddress = "{self.address}"\n')

    # --- the agent --------------------------------------------------------------------------

    def start_agent(self) -> None:
        """Start it and wait until it answers locally."""
        self.spawn_agent()
        until(lambda: self.answers() or self.ended(), 60, f"the agent of {self.name} answers")
        assert not self.ended(), (self.home / "agent.out").read_text()[-2000:]

    def spawn_agent(self) -> None:
        """Start it."""
        env = os.environ | {
            "KEEPGREEN_HOME": str(self.home),
            "KEEPGREEN_BOOT_ID": f"boot-{self.boot}",
            "PYTHONPATH": str(ROOT),
        }
        with (self.home / "agent.out").open("ab") as out:
            self.agent = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "nodeagent", "agent", "run"],
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def answers(self) -> bool:
        """Whether the local transport is served."""
        try:
            self.get("/identity")
        except OSError:
            return False
        return True

    def ended(self) -> bool:
        """Whether the agent is there no more."""
        return self.agent is None or self.agent.poll() is not None

    def kill_agent(self) -> None:
        """kill -9; everything it started lives on."""
        assert self.agent is not None
        self.agent.kill()
        self.agent.wait()

    def pause_agent(self) -> None:
        """SIGSTOP."""
        assert self.agent is not None
        self.agent.send_signal(signal.SIGSTOP)

    def resume_agent(self) -> None:
        """SIGCONT."""
        assert self.agent is not None
        self.agent.send_signal(signal.SIGCONT)

    def processes(self) -> list[psutil.Process]:
        """Everything of this node, found by the home in its environment."""
        mark = {"KEEPGREEN_HOME": str(self.home)}
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and mark.items() <= process.environ().items():
                    found.append(process)
        return found

    def power_off(self) -> None:
        """Kill everything; the next start is another boot."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()
        if self.agent is not None:
            self.agent.wait()
        self.boot += 1

    # --- its API ----------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call; the decoded JSON, raw bytes for files. Raises AssertionError with the problem document."""
        connection = LocalConnection(self.home / "var" / "run" / "agent.sock")
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, f"/api/v1{path}", data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, content.decode()
        if answer.headers.get_content_type() == "application/json":
            return json.loads(content)
        return content

    def get(self, path: str) -> Any:
        """GET."""
        return self.ask("GET", path)

    def order(self, action: str, module: str = "farm", **more: object) -> Any:
        """Order an action."""
        return self.ask("POST", f"/modules/{module}/actions", {"action": action, **more})

    def module(self, name: str = "farm") -> Any:
        """The module in this node's status."""
        return next(m for m in self.get("/status")["modules"] if m["name"] == name)

    def shown(self, name: str = "farm") -> str:
        """`UP Ready`, `STOP NotReady`, …"""
        status = self.module(name)
        return f"{status['state']} {status['status']}"

    def green(self, name: str = "farm") -> bool:
        """UP Ready and probed so."""
        return self.shown(name) == "UP Ready" and self.ready(name) == 200

    def why(self, name: str = "farm") -> str:
        """The sentence."""
        return str(self.get(f"/modules/{name}/why")["sentence"])

    def log(self, **query: object) -> list[Any]:
        """The last log lines that were asked for, oldest first."""
        asked = "&".join(f"{key}={value}" for key, value in {"limit": 5000, "newest": "true", **query}.items())
        return list(self.get(f"/log?{asked}")["lines"])

    def ready(self, name: str = "farm") -> int:
        """The status of ready.txt, 0 when nobody answers in a second."""
        connection = self.connection(9010)
        try:
            connection.request("GET", f"/var/modules/{name}/ready.txt")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def connection(self, port: int) -> http.client.HTTPConnection:
        """To a port of this node."""
        return http.client.HTTPConnection(self.address, port, timeout=1)

    def peer(self, name: str) -> Any:
        """How this node sees a peer."""
        return next(p for p in self.get("/status")["peers"] if p["name"] == name)

    def started(self) -> int:
        """How often start_both was run."""
        file = self.home / "var" / "modules" / "farm" / "var" / "started"
        return len(file.read_text().splitlines()) if file.exists() else 0


def until(claim: Callable[[], bool], seconds: float, what: str) -> float:
    """Wait for a claim; seconds it took. Fails naming it."""
    began = time.monotonic()
    while not claim():
        assert time.monotonic() - began < seconds, f"not within {seconds} s: {what}"
        time.sleep(0.01)
    return time.monotonic() - began


USERCONFIG = """<!DOCTYPE safe>
<safe>
  <service mode="farm" boot="on" maxloop="3" loop_interval="{loop_interval}">
    <farm><lan name="default"/></farm>
    <health drain="{drain}"/>
    <errd polltimer="{polltimer}">
      <proc name="kg_app" nameregex="sleep" argregex="^{app}-%SAFENODE% " action="restart" class="both"/>
    </errd>
    <user nicestoptimeout="3" forcestoptimeout="3" starttimeout="{starttimeout}" exitcode="{exitcode}"/>
  </service>
</safe>
"""

DEFAULTS = {"loop_interval": "0", "drain": 0, "polltimer": 5, "starttimeout": 10, "exitcode": "log", "app": APP}

FILES = {
    "bin/start_both": b"""#!/bin/bash
echo "$@" >> "$SAFEUSERVAR/started"
setsid bash -c "exec -a %s-$SAFENODE sleep 3600" >/dev/null 2>&1 </dev/null &
disown
"""
    % APP.encode(),
    "bin/stop_both": b"""#!/bin/bash
echo "$@" >> "$SAFEUSERVAR/stopped"
pkill -9 -f "^%s-$SAFENODE "
exit 0
"""
    % APP.encode(),
}
"""A module whose application is one `sleep` that calls itself <APP>-<node>."""


def userconfig(**values: object) -> bytes:
    """userconfig.xml of the test module."""
    return USERCONFIG.format(**{**DEFAULTS, **values}).encode()


class RealFarm:
    """All nodes."""

    def __init__(self, directory: Path, count: int) -> None:
        self.nodes = [RealNode(directory, number) for number in range(1, count + 1)]

    def form_cluster(self) -> None:
        """One key and all pins on all nodes, then cluster.xml."""
        key = self.nodes[0].ask("POST", "/cluster/key")["key"]
        xml = base64.b64encode(self.cluster_xml().encode()).decode()
        pins = {node.name: node.get("/identity")["pin"] for node in self.nodes}
        for node in self.nodes:
            request = {"xml": xml, "name": node.name, "keys": [key], "pins": pins}
            staged = node.ask("POST", "/cluster/stage", request)
            assert staged["ok"], staged
            node.ask("POST", "/cluster/commit", {"signature": staged["signature"]})

    def cluster_xml(self) -> str:
        """All nodes on one lan."""
        lines = "".join(f'<node name="{n.name}" addr="{n.address}"/>' for n in self.nodes)
        return f'<cluster><lans><lan name="default">{lines}</lan></lans></cluster>'

    def apply(self, module: str = "farm", scripts: dict[str, bytes] | None = None, **values: object) -> None:
        """Put the test module in force on all nodes."""
        self.install(module, {**FILES, **(scripts or {}), "conf/userconfig.xml": userconfig(**values)})

    def install(self, module: str, files: dict[str, bytes]) -> None:
        """Stage a module on all nodes, then commit it on all."""
        body = {
            "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
            "nodes": [node.name for node in self.nodes],
        }
        staged = [node.ask("POST", f"/modules/{module}/stage", body) for node in self.nodes]
        assert all(one["ok"] for one in staged), staged
        for node, one in zip(self.nodes, staged, strict=True):
            node.ask("POST", f"/modules/{module}/commit", {"signature": one["signature"]})

    def start(self, module: str = "farm") -> None:
        """Start on all nodes and wait for green."""
        for node in self.nodes:
            node.order("start", module)
        self.all_green(60, module)

    def all_green(self, seconds: float, module: str = "farm") -> float:
        """Wait until every node is green."""
        return until(lambda: all(node.green(module) for node in self.nodes), seconds, "all nodes green")


@contextmanager
def running_farm(directory: Path, count: int = 3) -> Iterator[RealFarm]:
    """A farm with a cluster and no module; nothing of it is left afterwards."""
    farm = RealFarm(directory, count)
    try:
        for node in farm.nodes:
            node.start_agent()
        farm.form_cluster()
        yield farm
    finally:
        for node in farm.nodes:
            node.power_off()
