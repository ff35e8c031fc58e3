import json
import socket
import sys
import threading
from pathlib import Path

import pytest

from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import Answer, ask, endpoint, module_path, refusal
from nodeagent.home import Home
from tests.fakes.agent import FakeAgent

unix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has the token instead of the unix socket")


def test_a_chunked_answer_is_put_together(home: Path) -> None:
    with FakeAgent(home, chunked=True):
        answer = ask("GET", "/api/v1/status")
    assert answer.status == 200
    assert json.loads(answer.body)["node"] == "node1"


def test_the_token_of_local_json_is_sent(home: Path) -> None:
    with FakeAgent(home, token="secret") as agent:
        at = endpoint(Home.from_environment(), "win32")
        assert ask("GET", "/api/v1/identity", at=at).status == 200
        assert agent.requests[0].authorization == "Bearer secret"


@pytest.mark.parametrize("content", ["", "[]", '{"port": "x"}', '{"token": "t"}'])
def test_a_spoilt_local_json_is_an_agent_that_does_not_answer(home: Path, content: str) -> None:
    (home / "var" / "run").mkdir(parents=True)
    (home / "var" / "run" / "local.json").write_text(content)
    with pytest.raises(CommandFailed, match="no agent answers") as failed:
        ask("GET", "/api/v1/identity", at=endpoint(Home.from_environment(), "win32"))
    assert failed.value.exit_code == Exit.AGENT_DOWN


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 abc\r\n\r\n", b"x" * 100_000],
    ids=["nothing", "nonsense", "half head", "half body", "bad chunk", "bad status", "endless line"],
)  # fmt: skip
@unix
def test_a_broken_answer_is_one_sentence(home: Path, answer: bytes) -> None:
    path = home / "var" / "run" / "agent.sock"
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(CommandFailed) as failed:
            ask("GET", "/api/v1/status", timeout=10)
        thread.join()
    assert failed.value.exit_code == Exit.AGENT_DOWN
    assert "\n" not in failed.value.sentence


@unix
def test_a_socket_that_nobody_serves_is_an_agent_that_is_down(home: Path) -> None:
    path = home / "var" / "run" / "agent.sock"
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as forgotten:
        forgotten.bind(str(path))
    with pytest.raises(CommandFailed, match=r"no agent answers at .*agent\.sock"):
        ask("GET", "/api/v1/status")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, 65),
        (401, 77),
        (403, 77),
        (404, 64),
        (409, 75),
        (413, 65),
        (422, 65),
        (429, 75),
        (500, 70),
        (503, 75),
        (507, 73),
    ],
)
def test_a_refusal_keeps_the_sentence_and_names_every_problem(status: int, code: int) -> None:
    problem = {"severity": "error", "text": "not a number", "file": "u.xml", "line": 3, "path": "safe/@x"}
    body = json.dumps({"detail": "two are wrong", "problems": [problem, {"severity": "note", "text": "so"}]}).encode()
    failed = refusal(Answer(status, body))
    assert failed.exit_code == code
    assert failed.sentence == "two are wrong\nu.xml:3: error: safe/@x: not a number\nnote: so"


def test_a_sentence_that_is_the_first_problem_is_said_once() -> None:
    problem = {"severity": "error", "text": "not a zip", "file": "z.safe"}
    body = json.dumps({"detail": "z.safe: error: not a zip", "problems": [problem]}).encode()
    assert refusal(Answer(422, body)).sentence == "z.safe: error: not a zip"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"null", b'{"problems": 3}', b'{"problems": [3]}'])
def test_a_refusal_that_is_no_problem_json_is_one_sentence(body: bytes) -> None:
    assert refusal(Answer(502, body)).sentence == "the agent answered with HTTP status 502"


@pytest.mark.parametrize("name", ["", "a/b", "..", "ü", "a b", "x" * 33, "a?b", "a\nb"])
def test_what_cannot_be_a_module_never_gets_into_a_path(name: str) -> None:
    with pytest.raises(CommandFailed, match="not a module name"):
        module_path(name)
