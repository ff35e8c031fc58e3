"""FakeAgent: answers the local transport with what it was told to, and remembers what it was asked."""

import json
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import msgspec

from nodeagent.contract.api import (
    CauseLink,
    ClusterInfo,
    FileInfo,
    Identity,
    LogLine,
    LogPage,
    ModuleInfo,
    OrderAnswer,
    ProblemDetail,
    Staged,
    WhyAnswer,
)
from nodeagent.contract.errors import Problem
from nodeagent.contract.order_api import BootSetting
from nodeagent.contract.record_api import AuditLine, AuditPage
from nodeagent.contract.states import Boot, LogType, ResourceState, State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus, PeerModule, PeerStatus, ResourceStatus

NOW = 1_790_000_000.0
CLUSTER = b"""<cluster><lans><lan name="default">
<node name="node1" addr="127.9.0.1"/><node name="node2" addr="127.9.0.2"/>
</lan></lans></cluster>"""
WEB = ModuleStatus(
    "web",
    state=State.UP,
    status=Status.READY,
    since=NOW - 7500,
    by="alice",
    share=50.0,
    counted=1,
    maxloop=3,
    loop_interval=86400.0,
    resources=(ResourceStatus("proc.httpd", ResourceState.UP, NOW - 7000),),
)
STATUS = NodeStatus(
    node="node1",
    uuid="u1",
    version="0.1.0",
    revision=7,
    time=NOW,
    boot_id="b1",
    started=NOW - 9000,
    modules=(WEB,),
    peers=(
        PeerStatus("node2", True, NOW - 100, modules=(PeerModule("web", State.WAIT, Status.TRANSIENT),)),
        PeerStatus("node3", False, NOW - 65, reason="silent for 1.0 s", modules=()),
    ),
)
LINES = tuple(
    LogLine(cursor, NOW + cursor, "node1", "web", "life", kind, text)
    for cursor, (kind, text) in enumerate([(LogType.INFO, "started"), (LogType.ERROR, "gone \x1b[31m")], 1)
)
WHY = WhyAnswer(
    "web",
    "STOP since 03:12:04: 4th restart in 24 h",
    (CauseLink("c1", NOW, "httpd is gone", "errd", "restart", "pid 4711", "userlog_x.ulog", 3),),
)


class Request(NamedTuple):
    """One request as it came in."""

    method: str
    path: str
    body: bytes
    authorization: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def recorded() -> dict[tuple[str, str], tuple[int, bytes]]:
    """Answers of an agent with one module in a cluster of two."""
    installed = ModuleInfo("web", True, 4, ("node1", "node2"), "alice", NOW, "abcdef0123456789")
    told: dict[tuple[str, str], object] = {
        ("GET", "/status"): STATUS,
        ("GET", "/identity"): Identity("node1", "u1", "0.1.0", "ab" * 32, "one two three four five six", "s", True),
        ("GET", "/log"): LogPage(LINES, 2),
        ("GET", "/modules"): (installed,),
        ("GET", "/modules/web/why"): WHY,
        ("GET", "/modules/web/files"): (FileInfo("conf/userconfig.xml", 9, NOW), FileInfo("bin/start_both", 5, NOW)),
        ("POST", "/modules/web/actions"): OrderAnswer(True, "start accepted", True, "UP", "Ready"),
        ("POST", "/modules/web/check"): Staged(True, "s1"),
        ("POST", "/modules/web/stage"): Staged(True, "s1", revision=5),
        ("POST", "/modules/web/commit"): ModuleInfo("web", True, 5, ("node1", "node2"), "alice", NOW, "s1"),
        ("PUT", "/modules/web"): ModuleInfo("web", False, 0),
        ("GET", "/cluster"): ClusterInfo(True, "node1", CLUSTER, "c1", ("node1", "node2"), {"node1": "ab"}, True),
        ("POST", "/cluster/stage"): Staged(True, "c2"),
        ("POST", "/cluster/commit"): ClusterInfo(True, "node2", CLUSTER, "c2", ("node1", "node2")),
        ("POST", "/cluster/key"): {"key": b"k" * 32},
        ("POST", "/cluster/deconfig"): ClusterInfo(False, "node1"),
        ("POST", "/modules/web/deconfig"): ModuleInfo("web", False, 0),
        ("DELETE", "/modules/web"): {"backup": "/var/lib/keepgreen/backups/web.safe"},
        ("POST", "/modules/web/run-without"): OrderAnswer(True, "run-without start accepted"),
        ("GET", "/modules/web/boot"): BootSetting(False, 0.0, Boot.IGNORE),
        ("GET", "/audit"): AuditPage((AuditLine(1, NOW, "admin", "10.0.0.9", "order web stop", "ok"),), 1, NOW),
    }
    answers = {place: (200, msgspec.json.encode(value)) for place, value in told.items()}
    for file, data in (("conf/userconfig.xml", b"<safe/>"), ("bin/start_both", b"true\n")):
        answers["GET", f"/modules/web/files/{file}"] = (200, data)
    for place in ("print", "resources", "switches", "classes", "boot", "loop"):
        answers["POST", f"/modules/web/{place}"] = (204, b"")
    answers["POST", "/users/admin/password"] = answers["DELETE", "/modules/web/loop"] = (204, b"")
    answers["GET", "/modules/web/archive"] = answers["GET", "/modules/web/snapshot"] = (200, b"PK" * 200_000)
    return answers


class _Quiet(socketserver.BaseServer):
    """A client that does not wait for its answer is no error of the server."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _TcpServer(_Quiet, socketserver.ThreadingTCPServer):
    """The transport of Windows."""


if sys.platform != "win32":

    class _UnixServer(_Quiet, socketserver.ThreadingUnixStreamServer):
        """The transport of Linux."""

        request_queue_size = 64


class FakeAgent:
    """Serves on `<home>/var/run/agent.sock`, or with a token on 127.0.0.1; a context manager."""

    def __init__(self, home: Path, token: str = "", chunked: bool = False, hangs: bool = False) -> None:
        self.home, self.token, self.chunked = home, token, chunked
        self.answers = recorded()
        self.requests: list[Request] = []
        self.released = threading.Event()
        self.hangs = hangs
        run = home / "var" / "run"
        run.mkdir(parents=True, exist_ok=True)
        handler = self._handler()
        if token or sys.platform == "win32":
            tcp = _TcpServer(("127.0.0.1", 0), handler)
            (run / "local.json").write_text(json.dumps({"port": tcp.server_address[1], "token": token}))
            self.server: socketserver.BaseServer = tcp
        else:
            self.server = _UnixServer(str(run / "agent.sock"), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})

    def refuse(self, method: str, path: str, status: int, detail: str, *problems: Problem) -> None:
        """From now on answer this with a problem+json."""
        problem = ProblemDetail("urn:keepgreen:refused", "Refused", status, detail, problems=problems)
        self.answers[method, path] = (status, msgspec.json.encode(problem))

    def tell(self, method: str, path: str, value: object) -> None:
        """From now on answer this with this value."""
        self.answers[method, path] = (200, msgspec.json.encode(value))

    def asked(self, method: str, path: str) -> list[Request]:
        """What was asked of one route."""
        return [r for r in self.requests if r.method == method and r.path.split("?")[0] == f"/api/v1{path}"]

    def __enter__(self) -> "FakeAgent":
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        agent = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                agent.requests.append(Request(self.command, self.path, body, self.headers.get("Authorization", "")))
                if agent.hangs:
                    agent.released.wait(20)
                    self.close_connection = True
                    return
                place = self.path.split("?")[0].removeprefix("/api/v1")
                status, said = agent.answers.get((self.command, place), (404, b'{"detail": "there is no such thing"}'))
                self.send_response(status)
                self.send_header("Connection", "close")
                if agent.chunked:
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                    for part in (said[:7], said[7:]):
                        if part:
                            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    self.wfile.write(b"0\r\n\r\n")
                    return
                if status != 204:
                    self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def address_string(self) -> str:
                return "local"

            def log_message(self, format: str, *args: object) -> None:
                """The requests are remembered, not written."""

        return Handler
