"""token add, list and revoke: what reaches the nodes, what is written where, and the exit codes."""

import json

import pytest

from tests.cli.conftest import Run
from tests.fakes.agent import FakeAgent

TOKEN = "t" * 43
MADE = {"name": "prometheus", "role": "monitor", "token": TOKEN}
THERE = "/nodes/node2"


@pytest.fixture
def farm(agent: FakeAgent) -> FakeAgent:
    """An agent that passes on to node2, on which all is well."""
    for place in ("", THERE):
        agent.tell("GET", f"{place}/tokens", [])
        agent.tell("POST", f"{place}/tokens", MADE)
        agent.answers["DELETE", f"{place}/tokens/prometheus"] = (204, b"")
    return agent


@pytest.mark.covers("keepgreen token add")
def test_a_token_is_made_here_and_taken_everywhere(run: Run, farm: FakeAgent) -> None:
    code, out, err = run("token", "add", "prometheus")
    assert (code, out) == (0, f"{TOKEN}\n")
    assert err == "this is the token prometheus with the role monitor; nobody can show it again\n"
    assert farm.asked("POST", "/tokens")[0].json == {"name": "prometheus", "role": "monitor"}
    assert farm.asked("POST", f"{THERE}/tokens")[0].json == MADE


@pytest.mark.covers("keepgreen token add")
def test_the_role_is_told_and_json_written(run: Run, farm: FakeAgent) -> None:
    farm.tell("GET", "/cluster", {"configured": False, "name": "node1"})
    code, out, err = run("token", "add", "prometheus", "--role", "admin", "--json")
    assert (code, json.loads(out), err) == (0, MADE, "")
    assert farm.asked("POST", "/tokens")[0].json == {"name": "prometheus", "role": "admin"}
    assert farm.asked("POST", f"{THERE}/tokens") == []


@pytest.mark.covers("keepgreen token add", "exit 75")
def test_a_name_that_is_taken_anywhere_makes_nothing(run: Run, farm: FakeAgent) -> None:
    farm.tell("GET", f"{THERE}/tokens", [{"name": "prometheus", "role": "admin"}])
    assert run("token", "add", "prometheus") == (75, "", "there is a token 'prometheus' already on node2\n")
    assert farm.asked("POST", "/tokens") == []


@pytest.mark.covers("keepgreen token add")
def test_a_node_that_fails_meanwhile_takes_it_all_back(run: Run, farm: FakeAgent) -> None:
    farm.refuse("POST", f"{THERE}/tokens", 502, "node2: nothing listens there")
    assert run("token", "add", "prometheus") == (69, "", "node2: nothing listens there\n")
    assert len(farm.asked("DELETE", "/tokens/prometheus")) == 1


@pytest.mark.covers("keepgreen token list")
def test_the_list_has_names_and_roles(run: Run, farm: FakeAgent) -> None:
    assert run("token", "list") == (0, "there is no token (`keepgreen token add NAME` makes one)\n", "")
    farm.tell("GET", "/tokens", [{"name": "prometheus", "role": "monitor"}])
    code, out, _ = run("token", "list")
    assert (code, [line.split() for line in out.splitlines()]) == (0, [["name", "role"], ["prometheus", "monitor"]])
    assert json.loads(run("token", "list", "--json").out) == [{"name": "prometheus", "role": "monitor"}]
    assert run("-H", "node2", "token", "list").code == 0


@pytest.mark.covers("keepgreen token revoke", "exit 64")
def test_a_token_is_revoked_on_all_nodes(run: Run, farm: FakeAgent) -> None:
    assert run("token", "revoke", "prometheus") == (0, "the token prometheus is revoked\n", "")
    assert len(farm.asked("DELETE", f"{THERE}/tokens/prometheus")) == 1
    assert json.loads(run("token", "revoke", "prometheus", "--json").out) == {"revoked": "prometheus"}
    gone = b'{"type":"urn:keepgreen:no-such-token","title":"","status":404,"detail":"there is no token \'prometheus\'"}'
    farm.answers["DELETE", "/tokens/prometheus"] = (404, gone)
    assert run("token", "revoke", "prometheus").code == 0
    farm.answers["DELETE", f"{THERE}/tokens/prometheus"] = (404, gone)
    assert run("token", "revoke", "prometheus") == (64, "", "there is no token 'prometheus'\n")


@pytest.mark.covers("keepgreen token revoke")
def test_a_node_that_may_still_take_it_is_named(run: Run, farm: FakeAgent) -> None:
    farm.refuse("DELETE", f"{THERE}/tokens/prometheus", 502, "node2: nothing listens there")
    code, out, err = run("token", "revoke", "prometheus")
    assert (code, out) == (69, "")
    assert err == (
        "node2: nothing listens there; the other nodes do not take the token any more, revoke it again for node2\n"
    )
    assert len(farm.asked("DELETE", "/tokens/prometheus")) == 1


@pytest.mark.covers("exit 64")
@pytest.mark.parametrize(
    "args",
    [("add",), ("add", "x", "--role", "king"), ("add", "a b"), ("add", "x" * 65), ("revoke",), ("revoke", "../users"),
     ("list", "x")],
    ids=" ".join,
)  # fmt: skip
def test_what_makes_no_sense_is_said_before_anything_is_done(run: Run, farm: FakeAgent, args: tuple[str, ...]) -> None:
    code, out, err = run("token", *args)
    assert (code, out) == (64, "")
    assert 1 <= err.count("\n") <= 2
    assert not [request for request in farm.requests if request.method != "GET"]


@pytest.mark.covers("keepgreen -H")
@pytest.mark.parametrize("word", ["add", "revoke"])
def test_what_goes_to_all_nodes_takes_no_nodes(run: Run, farm: FakeAgent, word: str) -> None:
    said = f"token {word} goes to all nodes by itself: leave out -H\n"
    assert run("-H", "*", "token", word, "prometheus") == (64, "", said)
