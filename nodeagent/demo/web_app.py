"""The application of the demo: a small web server that says which node answered.

`serve` runs it, `start` leaves it running in the background and returns when it answers, `stop` ends it.
`GET /` answers `<node> pid <pid> request <n>`; `/slow?s=2` does so after that many seconds (at most 10).
Standard library only: it stands for somebody else's program and knows nothing of Keepgreen.
"""

import argparse
import http.client
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

LONGEST_ANSWER = 10.0
"""Seconds that a slow request may take, and so a stop."""
STARTING = 15.0
"""Seconds until a start that does not answer has failed."""


class Site(ThreadingHTTPServer):
    """One node's copy of the application."""

    request_queue_size = 256
    daemon_threads = False

    def __init__(self, node: str, address: str, port: int) -> None:
        self.node = node
        self.count = itertools.count(1)
        super().__init__((address, port), Page)

    def server_bind(self) -> None:
        """Bind without asking a name server for the address's name; connections just closed are no obstacle."""
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = str(self.server_address[0]), self.socket.getsockname()[1]


class Page(BaseHTTPRequestHandler):
    """Every path has the same answer; one connection per request."""

    server: Site
    timeout = 30

    def do_GET(self) -> None:
        """Answer, slowly when asked to."""
        url = urlsplit(self.path)
        if url.path == "/slow":
            time.sleep(slowness(parse_qs(url.query).get("s", [""])[0]))
        body = f"{self.server.node} pid {os.getpid()} request {next(self.server.count)}\n".encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Node", self.server.node)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Requests are not logged."""


def slowness(text: str) -> float:
    """Seconds asked for, within what is allowed; 1 when it is no number."""
    try:
        return min(max(float(text), 0.0), LONGEST_ANSWER)
    except ValueError:
        return 1.0


def serve(node: str, address: str, port: int) -> int:
    """Answer requests until SIGTERM or SIGINT; those in progress are finished."""
    try:
        site = Site(node, address, port)
    except OSError as error:
        print(f"web_app: cannot listen on {address}:{port}: {error.strerror}", file=sys.stderr, flush=True)
        return 1

    def leave(*_: object) -> None:
        threading.Thread(target=site.shutdown).start()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    print(f"web_app: {node} answers on {address}:{port}, pid {os.getpid()}", flush=True)
    with site:
        site.serve_forever(poll_interval=0.1)
    return 0


def answering_pid(address: str, port: int) -> int:
    """The pid of the copy that answers there, 0 when none does."""
    connection = http.client.HTTPConnection(address, port, timeout=3)
    try:
        connection.request("GET", "/")
        words = connection.getresponse().read().split()
        return int(words[2]) if words[1:2] == [b"pid"] else 0
    except (OSError, http.client.HTTPException, ValueError, IndexError):
        return 0
    finally:
        connection.close()


def start(node: str, address: str, port: int) -> int:
    """Leave a copy running that no longer depends on its starter; what it says goes to ./web_app.log."""
    command = [sys.executable, str(Path(__file__).resolve()), "serve"]
    command += ["--node", node, "--address", address, "--port", str(port)]
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    with Path("web_app.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=detached,
        )
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline:
        if (code := process.poll()) is not None:
            print(f"web_app ended at once with exit code {code}; web_app.log tells why")
            return 1
        if answering_pid(address, port):
            print(f"web_app answers on {address}:{port}")
            process.returncode = 0  # it is on its own from here on
            return 0
        time.sleep(0.02)
    print(f"web_app does not answer on {address}:{port} after {STARTING:.0f} s")
    return 1


def stop(address: str, port: int) -> int:
    """End the copy that answers there; one that does not answer is already down."""
    deadline = time.monotonic() + LONGEST_ANSWER + 5
    pid = answering_pid(address, port)
    while pid and time.monotonic() < deadline:
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            break
        time.sleep(0.1)
        pid = answering_pid(address, port)
    return 1 if pid else 0


def main() -> int:
    """The exit code of `serve`, `start` or `stop`."""
    parser = argparse.ArgumentParser(description="The demo's web application.")
    parser.add_argument("command", choices=["serve", "start", "stop"])
    parser.add_argument("--node", default="node")
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=8081)
    a = parser.parse_args()
    if a.command == "stop":
        return stop(a.address, a.port)
    return (serve if a.command == "serve" else start)(a.node, a.address, a.port)


if __name__ == "__main__":
    sys.exit(main())
