"""One node on Windows: an agent process in a home of its own, and a module whose application is a Python program."""

import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from tests.e2e.real_farm import ROOT, until

ADDRESS = "127.0.78.1"
MODULE = "farm"
PYTHON = getattr(sys, "_base_executable", sys.executable)
"""The interpreter itself: the python.exe of a virtual environment is one process more."""

SETTINGS = """[listen]
address = "{address}"
health_port = {health}
api_port = {api}
"""

CLUSTER = """<cluster>
  <lans port="{port}"><lan name="default"><node name="node1" addr="{address}"/></lan></lans>
</cluster>
"""

USERCONFIG = """<!DOCTYPE safe>
<safe>
  <service mode="farm" boot="off" loop_interval="0">
    <farm><lan name="default"/></farm>
    <errd polltimer="5">
      <proc name="kg_app" nameregex="^python" argregex="kg_app-%SAFENODE%" action="restart" class="both"/>
    </errd>
    <user nicestoptimeout="30" forcestoptimeout="30" starttimeout="60"/>
  </service>
</safe>
"""

APPLICATION = """import os, pathlib, time
pathlib.Path(os.environ["SAFEUSERVAR"], "app.pid").write_text(f"{os.getpid()}\\n")
print("serving", flush=True)
time.sleep(600)
"""

START = f"""@echo off
echo %*>> "%SAFEUSERVAR%\\started"
start "" /b "{PYTHON}" "%SAFEUSERBIN%\\app.py" kg_app-%SAFENODE%
exit /b 0
"""

STOP = """@echo off
echo %*>> "%SAFEUSERVAR%\\stopped"
set app=
if exist "%SAFEUSERVAR%\\app.pid" set /p app=<"%SAFEUSERVAR%\\app.pid"
if defined app taskkill /f /pid %app%
del "%SAFEUSERVAR%\\app.pid" 2>nul
exit /b 0
"""

FILES = {"bin/start_both.cmd": START, "bin/stop_both.cmd": STOP, "bin/app.py": APPLICATION}

ENDED_BY_BREAK = """
import signal, sys, threading
threading.Thread(target=lambda: (sys.stdin.readline(), signal.raise_signal(signal.SIGBREAK)), daemon=True).start()
sys.argv = ["keepgreen", "agent", "run"]
from nodeagent.__main__ import main
main()
"""
"""An agent that meets Ctrl-Break as the C runtime brings it, in another thread, when a line comes to its stdin."""


class WindowsNode:
    """A single node. `close` leaves nothing running."""

    def __init__(self, directory: Path) -> None:
        self.home = directory / "Keep green"
        self.health, self.api, self.heartbeats = free_port(), free_port(), free_port()
        self.agent: subprocess.Popen[str] | None = None
        self.said: list[str] = []
        """What the agents wrote, line by line."""
        self.applications: set[psutil.Process] = set()
        settings = self.home / "var" / "agent.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text(SETTINGS.format(address=ADDRESS, health=self.health, api=self.api))

    # --- the agent --------------------------------------------------------------------------

    @property
    def environment(self) -> dict[str, str]:
        """Of programs that are to find this home."""
        return os.environ | {"KEEPGREEN_HOME": str(self.home), "PYTHONPATH": str(ROOT)}

    def start_agent(self, *arguments: str) -> None:
        """Start it and wait until it answers locally."""
        self.agent = subprocess.Popen(
            [sys.executable, *(arguments or ("-m", "nodeagent", "agent", "run"))],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        self._listener = threading.Thread(target=self._listen, args=(self.agent,), daemon=True)
        self._listener.start()
        until(self.answers, 60, "the agent answers")

    def _listen(self, agent: "subprocess.Popen[str]") -> None:
        assert agent.stdout
        with agent.stdout:
            for line in agent.stdout:
                self.said.append(line)

    def answers(self) -> bool:
        """Whether the local transport is served."""
        assert self.agent is None or self.agent.poll() is None, "".join(self.said)
        try:
            self.ask("GET", "/identity")
        except (OSError, ValueError):
            return False
        return True

    def kill_agent(self) -> None:
        """TerminateProcess; everything it started lives on."""
        assert self.agent is not None
        self.agent.kill()
        self._ended(self.agent)

    def break_agent(self) -> int:
        """Ctrl-Break for an agent of ENDED_BY_BREAK; its exit code."""
        assert self.agent is not None
        assert self.agent.stdin is not None
        self.agent.stdin.write("\n")
        self.agent.stdin.flush()
        return self._ended(self.agent)

    def _ended(self, agent: "subprocess.Popen[str]") -> int:
        code = agent.wait(30)
        assert agent.stdin
        agent.stdin.close()
        self._listener.join(5)  # an application may hold the pipe longer than its agent
        return code

    def close(self) -> None:
        """End the agent, then the application."""
        if self.agent is not None:
            self.kill_agent()
        for application in self.applications:
            with suppress(psutil.Error):
                application.kill()

    # --- what it says -----------------------------------------------------------------------

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """One call with the token of local.json. Raises AssertionError with the problem document."""
        local = json.loads((self.home / "var" / "run" / "local.json").read_bytes())
        connection = http.client.HTTPConnection("127.0.0.1", local["port"], timeout=60)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {local['token']}"}
        try:
            connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        assert answer.status < 400, content.decode()
        return json.loads(content) if answer.headers.get_content_type() == "application/json" else content

    def module(self) -> Any:
        """The module in the status."""
        return next(m for m in self.ask("GET", "/status")["modules"] if m["name"] == MODULE)

    def shown(self) -> str:
        """`UP Ready`, `STOP NotReady`, …"""
        module = self.module()
        return f"{module['state']} {module['status']}"

    def ready(self) -> int:
        """The status of ready.txt, 0 when nobody answers."""
        connection = http.client.HTTPConnection(ADDRESS, self.health, timeout=5)
        try:
            connection.request("GET", f"/var/modules/{MODULE}/ready.txt")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def why(self) -> str:
        """The sentence."""
        return str(self.ask("GET", f"/modules/{MODULE}/why")["sentence"])

    def log(self) -> list[str]:
        """All texts, oldest first."""
        return [line["text"] for line in self.ask("GET", "/log?limit=5000")["lines"]]

    def ran(self, mark: str) -> list[str]:
        """The arguments of each run of a script: `started`, `stopped`. Any other file there: its lines."""
        file = self.home / "var" / "modules" / MODULE / "var" / mark
        return file.read_text().splitlines() if file.exists() else []

    def application(self) -> psutil.Process:
        """The application as its own pid file names it."""
        found = psutil.Process(int(self.ran("app.pid")[0]))
        self.applications.add(found)
        return found

    # --- orders -----------------------------------------------------------------------------

    def form_cluster(self) -> None:
        """A cluster of this node alone."""
        xml = CLUSTER.format(port=self.heartbeats, address=ADDRESS).encode()
        key = self.ask("POST", "/cluster/key")["key"]
        staged = self.ask("POST", "/cluster/stage", {"xml": _base64(xml), "name": "node1", "keys": [key]})
        assert staged["ok"], staged
        self.ask("POST", "/cluster/commit", {"signature": staged["signature"]})

    def apply(self, **scripts: str) -> None:
        """Put the test module in force, with other scripts where they are given (`start_both`, …)."""
        files = (
            FILES | {f"bin/{name}.cmd": text for name, text in scripts.items()} | {"conf/userconfig.xml": USERCONFIG}
        )
        body = {"files": {path: _base64(text.encode()) for path, text in files.items()}, "nodes": ["node1"]}
        staged = self.ask("POST", f"/modules/{MODULE}/stage", body)
        assert staged["ok"], staged
        self.ask("POST", f"/modules/{MODULE}/commit", {"signature": staged["signature"]})

    def order(self, action: str) -> None:
        """Order an action."""
        self.ask("POST", f"/modules/{MODULE}/actions", {"action": action})

    def start(self) -> psutil.Process:
        """Start the module and wait for green; its application."""
        self.order("start")
        until(self.green, 60, "green")
        return self.application()

    def stop(self) -> None:
        """Stop the module and wait for the end."""
        self.order("stop")
        until(lambda: self.shown() == "STOP NotReady", 60, "stopped")

    def green(self) -> bool:
        """UP Ready and probed so; the application, which is seen before it says anything, has named itself."""
        return self.shown() == "UP Ready" and self.ready() == 200 and bool(self.ran("app.pid"))


def free_port() -> int:
    """A port that nobody has now, for TCP and UDP."""
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind((ADDRESS, 0))
        port = int(tcp.getsockname()[1])
        udp.bind((ADDRESS, port))
        return port


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
