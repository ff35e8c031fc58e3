"""printi, printe, set, get: what scripts call."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from nodeagent.adapters.http_api.route import SMALL
from nodeagent.cli import fast
from tests.cli.conftest import Run
from tests.fakes.agent import STATUS, FakeAgent


@pytest.mark.covers("keepgreen printi", "keepgreen printe")
@pytest.mark.parametrize(("command", "error"), [("printi", False), ("printe", True)])
def test_a_line_goes_to_the_module_of_the_script(
    run: Run, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch, command: str, error: bool
) -> None:
    monkeypatch.setenv("SAFEMODULE", "web")
    monkeypatch.setenv("KEEPGREEN_RUN", "web/17")
    assert run(command, "start_both", "failed -m") == (0, "", "")
    (request,) = agent.asked("POST", "/modules/web/print")
    assert request.json == {"text": "start_both failed -m", "error": error, "origin": "web/17"}


def test_the_only_module_is_meant_when_none_is_named(run: Run, agent: FakeAgent) -> None:
    assert run("printi", "--", "-m").code == 0
    assert agent.asked("POST", "/modules/web/print")[0].json["text"] == "-m"


def test_two_modules_want_a_name(run: Run, agent: FakeAgent) -> None:
    agent.tell("GET", "/modules", [{"name": "b"}, {"name": "a"}])
    assert run("printe", "x") == (64, "", "x\nsay which module with -m: a, b\n")


def test_bytes_that_are_not_text_reach_the_agent_as_replacement_characters(run: Run, agent: FakeAgent) -> None:
    assert run("printi", "-m", "web", "caf\udce9").code == 0
    assert agent.asked("POST", "/modules/web/print")[0].json["text"] == "caf\ufffd"


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_a_very_long_line_reaches_the_log_as_far_as_the_log_keeps_it(run: Run, agent: FakeAgent, letter: str) -> None:
    assert run("printi", "-m", "web", letter * 100_000).code == 0
    (asked,) = agent.asked("POST", "/modules/web/print")
    assert asked.json["text"] == letter * 5000
    assert len(asked.body) <= SMALL


def test_without_an_agent_the_text_is_on_stderr(run: Run) -> None:
    outcome = run("printe", "-m", "web", "start_both failed")
    assert outcome.code == 69
    assert outcome.err.startswith("start_both failed\nno agent answers at ")
    assert "keepgreen agent run" in outcome.err


def test_a_frozen_agent_does_not_hold_a_script(run: Run, home: Path) -> None:
    with FakeAgent(home, hangs=True) as agent:
        before = time.monotonic()
        outcome = run("printi", "-m", "web", "hello")
        took = time.monotonic() - before
        assert not agent.released.is_set()
    assert outcome.code == 69
    assert outcome.err.startswith("hello\nthe agent at ")
    assert took < 10, "the fake would answer after 20 s"


@pytest.mark.covers("keepgreen set")
def test_set_sends_resource_and_value(run: Run, agent: FakeAgent) -> None:
    assert run("set", "-r", "custom.db", "-v", "up", "-m", "web", "-i", "dbcheck") == (0, "", "")
    body = agent.asked("POST", "/modules/web/resources")[0].json
    assert body == {"name": "custom.db", "value": "up"}


@pytest.mark.covers("keepgreen get")
def test_get_writes_the_value(run: Run, agent: FakeAgent) -> None:
    assert run("get", "-r", "proc.httpd") == (0, "up\n", "")
    assert run("get", "-r", "proc.httpd", "--json").out == '{"name": "proc.httpd", "value": "up"}\n'


def test_get_names_the_resources_there_are(run: Run, agent: FakeAgent) -> None:
    assert run("get", "-r", "proc.x").err == "module web has no resource 'proc.x' now (there are: proc.httpd)\n"
    assert STATUS.modules[0].resources


@pytest.mark.parametrize(
    "args",
    [
        ("printi",),
        ("set",),
        ("set", "-r", "a.b"),
        ("set", "-r", "a.b", "-v", "green"),
        ("set", "-r", "a", "-v", "up"),
        ("set", "-r", "a.", "-v", "up"),
        ("set", "-r", "a.b c", "-v", "up"),
        ("set", "-r", "a/b.c", "-v", "up"),
        ("set", "-r", f"a.{'b' * 70_000}", "-v", "up"),
        ("set", "-r", "\udcff.b", "-v", "up"),
        ("set", "-r"),
        ("set", "-r", "a.b", "-v", "up", "more"),
        ("get",),
        ("get", "--nonsense"),
        ("get", "-r", "a.b", "-m", "no such"),
    ],
)
def test_a_wrong_call_is_one_sentence(run: Run, agent: FakeAgent, args: tuple[str, ...]) -> None:
    code, out, err = run(*args)
    assert (code, out) == (64, "")
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["0"], ["0.01"]])
def test_sleep_sleeps(words: list[str]) -> None:
    assert fast.sleep(words) == 0


@pytest.mark.parametrize("words", [[], ["x"], ["-1"], ["nan"], ["1e300"]])
def test_sleep_wants_seconds(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert fast.sleep(words) == 64
    assert "sleep wants" in capsys.readouterr().err


def _imported(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], check=False, capture_output=True, text=True, timeout=60
    )
    return {line.rsplit("|", 1)[1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line}


@pytest.mark.parametrize("command", ["printi -m web x", "set -m web -r a.b -v up", "get -m web -r a.b"])
def test_only_the_standard_library_is_imported(agent: FakeAgent, command: str) -> None:
    imported = _imported("-m", "nodeagent", *command.split())
    assert {"nodeagent", "json"} <= imported
    # `org`: copy, of the standard library, looks for Jython. A bare start runs the hooks of site-packages.
    known = set(sys.stdlib_module_names) | {"imported package", "nodeagent", "org"} | _imported("-c", "")
    assert imported - known == set()


@pytest.mark.parametrize("body", [b"", b"\xff", b"nothing", b"null", b"[]", b'{"modules": 3}', b'[{"x": 1}]'])
@pytest.mark.parametrize("words", [("get", "-r", "proc.httpd", "-m", "web"), ("get", "-r", "proc.httpd"), ("state",)])
def test_an_answer_in_another_form_is_one_sentence(
    run: Run, agent: FakeAgent, words: tuple[str, ...], body: bytes
) -> None:
    for path in ("/status", "/modules"):
        agent.answers["GET", path] = (200, body)
    code, out, err = run(*words)
    if (body, words[-1]) == (b"[]", "proc.httpd"):
        assert (code, err) == (64, "no module is installed on this node\n")
        return
    assert (code, out) == (70, "")
    assert err.startswith("the agent's answer was not understood (")
    assert err.endswith("): are the command and the agent of one version?\n")
