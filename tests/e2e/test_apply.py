"""Changes of modules and of the cluster on real agents: their scripts, revisions, and the ways out and back."""

import base64
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from nodeagent.client.api_client import ApiClient
from nodeagent.client.configuration import restoring, take_configuration
from nodeagent.client.failures import CallFailed
from nodeagent.contract.revisions import DiffQuery, Restore
from tests.e2e.real_farm import CALLER, FILES, RealFarm, RealNode, until, userconfig

pytestmark = pytest.mark.timeout(180)
BASH = b"#!/bin/bash\n"
PASSWORD = "a password of the tests"
NOTES = BASH + b'echo "${0##*/} $* rev ${SAFEUSERBIN#*/rev/}" >> "$SAFEUSERVAR/notes"\n'
ON_CHANGE = {f"bin/{name}": NOTES for name in ("config", "postconfig", "update", "deconfig")}


def body(farm: RealFarm, changes: dict[str, bytes], nodes: int = 3, **values: object) -> dict[str, Any]:
    files = {**FILES, "conf/userconfig.xml": userconfig(**values), **changes}
    return {
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
        "nodes": [node.name for node in farm.nodes[:nodes]],
    }


def commit(node: RealNode, request: dict[str, Any], module: str = "farm") -> Any:
    staged = node.ask("POST", f"/modules/{module}/stage", request)
    assert staged["ok"], staged
    return node.ask("POST", f"/modules/{module}/commit", {"signature": staged["signature"]})


def notes(node: RealNode, module: str = "farm") -> list[str]:
    """What the scripts of changes wrote since the last call."""
    file = node.home / "var" / "modules" / module / "var" / "notes"
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return lines


def said_by(node: RealNode, script: str) -> list[Any]:
    """The log lines of the module's script of a change."""
    return [line for line in node.log(module="farm") if line["origin"] == script]


def applied(node: RealNode, what: str = "configuration revision") -> list[str]:
    """Who has applied which revision, as the node's log says."""
    return [line["text"] for line in node.log(text="is%20applied%20by") if line["text"].startswith(what)]


def contents(directory: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in directory.iterdir()}


@asynccontextmanager
async def clients(*nodes: RealNode) -> AsyncIterator[list[ApiClient]]:
    """Administrators' connections to these nodes."""
    async with AsyncExitStack() as open_:
        found = []
        for node in nodes:
            node.ask("POST", "/users/admin/password", {"password": PASSWORD})
            client = ApiClient(node.address, 9453, node.get("/identity")["pin"], timeout=60.0)
            await open_.enter_async_context(client)
            await client.login("admin", PASSWORD)
            found.append(client)
        yield found


@pytest.fixture
def clean(farm: RealFarm) -> Iterator[RealFarm]:
    """The farm; afterwards no module is left on it."""
    yield farm
    for node in farm.nodes:
        for module in node.get("/modules"):
            if module["configured"]:
                node.order("stop", module["name"], wait=30)
            node.ask("DELETE", f"/modules/{module['name']}")
            notes(node, module["name"])
        for process in node.processes():
            if "kg_app" in " ".join(process.cmdline()):
                process.kill()


@pytest.mark.covers("script update", "script config", "script postconfig", "script deconfig")
def test_scripts_of_a_change_run_with_the_new_revision(clean: RealFarm) -> None:
    one = clean.nodes[0]
    told = len(applied(one))
    info = commit(one, body(clean, ON_CHANGE))
    assert (info["problems"], info["waits"]) == ([], [])
    first = info["revision"]
    wanted = [f"{script} STOP STOP {script} rev {first}/bin" for script in ("config", "postconfig")]
    assert notes(one) == wanted
    one.ask("POST", "/modules/farm/commit", {"signature": info["signature"]})
    assert notes(one) == []
    one.order("start", wait=20)
    info = commit(one, body(clean, ON_CHANGE, polltimer=7))
    wanted = [f"{script} UP UP {script} rev {first + 1}/bin" for script in ("config", "postconfig", "update")]
    assert notes(one) == wanted
    until(lambda: bool(said_by(one, "update")), 20, "the line is on the disk")
    assert [line["text"] for line in said_by(one, "update")] == ["update ended with exit code 0"]
    assert one.green()
    with pytest.raises(AssertionError, match="farm is UP Ready: stop it first"):
        one.ask("POST", "/modules/farm/deconfig")
    one.order("stop", wait=20)
    info = one.ask("POST", "/modules/farm/deconfig")
    assert notes(one) == [f"deconfig STOP STOP deconfig rev {first + 1}/bin"]
    assert (info["configured"], info["problems"]) == (False, [])
    assert one.module()["configured"] is False
    assert not (one.home / "var" / "modules" / "farm" / "state.json").exists()
    with pytest.raises(AssertionError, match="not in force"):
        one.order("start")
    assert commit(one, body(clean, ON_CHANGE))["revision"] == first + 2
    one.order("start", wait=20)
    until(one.green, 20, "green again")
    wanted = [f"configuration revision {first + step} is applied by {CALLER}" for step in range(3)]
    until(lambda: applied(one)[told:] == wanted, 20, "the log has each of them once")


def test_a_script_of_a_change_that_fails_or_hangs_undoes_nothing(clean: RealFarm) -> None:
    one = clean.nodes[0]
    failing = {"bin/config": BASH + b"echo first\necho the port is taken\nexit 3\n"}
    hanging = {"bin/postconfig": BASH + b"setsid sleep 987 &\ntrap '' TERM\nsleep 987\n"}
    info = commit(one, body(clean, {**failing, **hanging}))
    failed, late = (problem["text"] for problem in info["problems"])
    assert failed == "config ended with exit code 3: first | the port is taken"
    assert late == "postconfig passed its forcestoptimeout (3 s) and was killed"
    assert [problem["file"] for problem in info["problems"]] == ["bin/config", "bin/postconfig"]
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "987"]]
    assert info["revision"] == next(m for m in one.get("/modules") if m["name"] == "farm")["revision"]
    until(lambda: any(line["text"] == failed for line in said_by(one, "config")), 20, "the line is on the disk")
    line = said_by(one, "config")[-1]
    assert (line["type"], line["text"]) == ("E", failed)
    assert b"the port is taken" in one.get(f"/modules/farm/outputs/{line['output']}")


@pytest.mark.covers("script confcheck")
def test_confcheck_speaks_before_anything_is_kept(clean: RealFarm) -> None:
    one = clean.nodes[0]
    script = (
        BASH
        + b'echo "looking at ${SAFEUSERCONF##*/}"; grep -q polltimer=.6. "$SAFEUSERCONF/userconfig.xml" && exit 0\n'
    )
    request = body(clean, {"bin/confcheck": script + b'echo "polltimer is to be 6" >&2; exit 1\n'})
    for step in ("check", "stage"):
        answer = one.ask("POST", f"/modules/farm/{step}", request)
        assert not answer["ok"]
        (problem,) = [found for found in answer["problems"] if found["severity"] == "error"]
        assert problem["text"] == "confcheck ended with exit code 1: looking at conf | polltimer is to be 6"
        assert problem["file"] == "bin/confcheck"
    assert one.get("/modules") == []
    assert not (one.home / "var" / "modules" / "farm" / "rev").exists()
    assert commit(one, body(clean, {"bin/confcheck": script + b"exit 1\n"}, polltimer=6))["problems"] == []
    until(lambda: len(said_by(one, "confcheck")) == 3, 20, "the lines are on the disk")
    assert not any(line.get("output") for line in said_by(one, "confcheck"))
    assert [entry.name for entry in (one.home / "var" / "trial").iterdir()] == ["outputs"]


def test_what_waits_for_the_next_start_waits_over_a_kill_too(clean: RealFarm) -> None:
    one = clean.nodes[0]
    commit(one, body(clean, {}))
    one.order("start", wait=20)
    light = userconfig(polltimer=8).replace(b'mode="farm"', b'mode="light"')
    stop = FILES["bin/stop_both"].replace(b"exit 0\n", b'echo newer >> "$SAFEUSERVAR/notes"\n')
    info = commit(one, body(clean, {"bin/stop_both": stop, "conf/userconfig.xml": light}))
    waits = ["service@mode: waits for the next start", "bin/stop_both: waits for the next start"]
    assert info["waits"] == waits
    one.kill_agent()
    one.start_agent()
    until(one.green, 20, "adopted")
    assert next(m for m in one.get("/modules") if m["name"] == "farm")["waits"] == waits
    assert one.module()["mode"] == "farm"
    one.order("stop", wait=20)
    assert notes(one) == []
    assert next(m for m in one.get("/modules") if m["name"] == "farm")["waits"] == []
    one.order("start", wait=20)
    one.order("stop", wait=20)
    assert "newer" in notes(one)


def test_a_running_revision_whose_files_are_gone_gives_way_to_the_one_in_force(clean: RealFarm) -> None:
    one = clean.nodes[0]
    first = commit(one, body(clean, {}))["revision"]
    one.order("start", wait=20)
    commit(one, body(clean, {"web/page": b"new"}))
    one.kill_agent()
    shutil.rmtree(one.home / "var" / "modules" / "farm" / "rev" / str(first))
    one.start_agent()
    until(one.green, 20, "adopted")
    assert one.module()["revision"] == first + 1


async def test_history_difference_and_restore(clean: RealFarm) -> None:
    one = clean.nodes[0]
    first = commit(one, body(clean, {"web/page": b"one\n"}))["revision"]
    commit(one, body(clean, {"web/page": b"two\n"}))
    async with clients(one) as (client,):
        lines = await client.module_history("farm")
        assert [(line.number, line.current, line.changed) for line in lines[:1]] == [(first + 1, True, ("web/page",))]
        found = await client.module_difference("farm", DiffQuery())
        assert found.files[0].diff.endswith("-one\n+two\n")
        assert (await client.module_contents("farm", first))["web/page"] == b"one\n"
        assert (await restoring(client, "farm", first)).files["web/page"] == b"one\n"
        restored = await client.restore_module("farm", Restore(first))
        assert (restored.revision, restored.author) == (first + 2, "admin")
        assert one.get("/modules/farm/files/web/page") == b"one\n"
        assert restored.signature == lines[-1].signature
        with pytest.raises(CallFailed, match="no revision 99"):
            await client.restore_module("farm", Restore(99))
        assert b"sleep" in await client.expanded_module("farm")


async def test_uninstall_and_install_again_byte_for_byte(clean: RealFarm) -> None:
    one = clean.nodes[0]
    commit(one, body(clean, {**ON_CHANGE, "web/page": bytes(range(256))}))
    one.order("start", wait=20)
    async with clients(one) as (client,):
        archive = await client.module_archive("farm")
        with pytest.raises(CallFailed, match="stop it first"):
            await client.uninstall("farm")
        assert one.green()
        one.order("stop", wait=20)
        notes(one)
        backup = (await client.uninstall("farm")).backup
        assert len(notes(one)) == 1
        assert contents(one.home / "var" / "backups")[backup] == archive
        assert (one.get("/modules"), one.ready()) == ([], 404)
        assert all(module["name"] != "farm" for module in one.get("/status")["modules"])
        info = await client.install("farm", archive)
        assert (info.configured, info.problems) == (False, ())
        assert await client.module_archive("farm") == archive


def test_no_order_is_taken_while_a_module_goes(clean: RealFarm) -> None:
    one = clean.nodes[0]
    script = BASH + b'"$SAFE/safekit" start -m farm > "$SAFEUSERVAR/notes" 2>&1\nexit 0\n'
    commit(one, body(clean, {"bin/deconfig": script}))
    one.ask("POST", "/modules/farm/deconfig")
    assert "farm is being taken out of force" in "\n".join(notes(one))


async def test_a_node_leaves_and_takes_the_right_configuration_with_one_call(clean: RealFarm) -> None:
    one, two, three = clean.nodes
    for node in clean.nodes:
        commit(node, body(clean, {"web/page": b"shared"}, nodes=3))
    commit(three, body(clean, {"web/page": b"other"}, nodes=3), "alone")
    for node in (one, two):
        commit(node, body(clean, {}, nodes=2), "two")
    three.order("start", wait=20)
    with pytest.raises(AssertionError, match="farm must be stopped before this node leaves its cluster"):
        three.ask("POST", "/cluster/deconfig")
    three.order("stop", wait=20)
    left = three.ask("POST", "/cluster/deconfig")
    assert (left["configured"], left["name"], left["has_key"]) == (False, "node3", False)
    until(lambda: "goodbye" in one.peer("node3")["reason"], 20, "node1 heard the goodbye")
    assert three.get("/status")["peers"] == []
    commit(one, body(clean, {"web/page": b"newer"}))
    async with clients(one, three) as (source, target):
        taken = await take_configuration(source, target, lambda: target.login("admin", PASSWORD))
        assert (taken.name, taken.signature) == ("node3", one.get("/cluster")["signature"])
        assert ([module.name for module in taken.modules], taken.only_here) == (["farm"], ("alone",))
        again = await take_configuration(source, target)
        assert (again.modules, again.only_here) == ((), ("alone",))
    assert three.get("/modules/farm/files/web/page") == b"newer"
    until(
        lambda: all(peer["alive"] and peer["same_configuration"] for peer in three.get("/status")["peers"]),
        20,
        "a peer",
    )


async def test_a_node_with_another_configuration_takes_the_right_one(clean: RealFarm) -> None:
    one, two, three = clean.nodes
    told = len(applied(one, "revision"))
    three.kill_agent()
    lines = clean.cluster_xml().replace("<lans>", '<lans pulse="90ms">')
    xml = base64.b64encode(lines.encode()).decode()
    for node in (one, two):
        staged = node.ask("POST", "/cluster/stage", {"xml": xml, "name": node.name})
        node.ask("POST", "/cluster/commit", {"signature": staged["signature"]})
    three.start_agent()
    until(lambda: three.peer("node1")["alive"] and not three.peer("node1")["same_configuration"], 20, "seen as other")
    base = three.get("/cluster")["signature"]
    with pytest.raises(AssertionError, match="while this edit began from another one"):
        one.ask("POST", "/cluster/stage", {"xml": xml, "name": "node1", "base": base})
    async with clients(one, three) as (source, target):
        await take_configuration(source, target, lambda: target.login("admin", PASSWORD))
        until(lambda: applied(three, "revision")[-1].endswith("is applied by admin"), 20, "who has applied it is told")
        history = await source.cluster_history()
        assert [line.current for line in history][:2] == [True, False]
        assert "pulse" in (await source.cluster_difference(DiffQuery())).files[0].diff
    until(lambda: three.peer("node1")["same_configuration"], 20, "the same again")
    for node in clean.nodes:
        number = node.get("/cluster/history")[1]["number"]
        node.ask("POST", "/cluster/restore", {"revision": number})
    assert one.get("/cluster")["signature"] == two.get("/cluster")["signature"] == three.get("/cluster")["signature"]
    assert one.get("/cluster")["signature"] == history[1].signature
    wanted = [
        f"revision {history[0].number + step} of the cluster configuration is applied by {CALLER}" for step in range(2)
    ]
    until(lambda: applied(one, "revision")[told:] == wanted, 20, "the log has each of them once")


def test_a_kill_between_stage_and_commit_loses_nothing(clean: RealFarm) -> None:
    one = clean.nodes[0]
    commit(one, body(clean, {"web/page": b"old"}))
    staged = one.ask("POST", "/modules/farm/stage", body(clean, {"web/page": b"new"}))
    one.kill_agent()
    one.start_agent()
    assert one.get("/modules/farm/files/web/page") == b"old"
    one.ask("POST", "/modules/farm/commit", {"signature": staged["signature"]})
    assert one.get("/modules/farm/files/web/page") == b"new"
