"""kill -9 of a real agent while the scripts of a change run: the next one finishes the change, within its time-outs."""

import base64
import http.client
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.real_farm import FILES, RealFarm, RealNode, running_farm, until, userconfig
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(120)

BASH = b"#!/bin/bash\n"
NOTE = b'echo "${0##*/} rev ${SAFEUSERBIN#*/rev/}" >> "$SAFEUSERVAR/notes"\n'
HANGS = BASH + NOTE + b"trap '' TERM HUP\nsetsid sleep 987 &\nsleep 987\n"
WAITS = BASH + NOTE + b'until [ -e "$SAFEUSERVAR/go" ]; do sleep 0.02; done\necho went >> "$SAFEUSERVAR/notes"\n'
LATER = {"bin/postconfig": BASH + NOTE, "bin/update": BASH + NOTE}


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    """One agent in a cluster of its own."""
    with short_directory() as directory, running_farm(directory, 1) as running:
        yield running


@pytest.fixture
def node(farm: RealFarm) -> Iterator[RealNode]:
    """Without a module, before and after."""
    [one] = farm.nodes
    yield one
    var(one, "go").touch()
    until(lambda: not change(one).exists(), 20, "no change is under way")
    one.ask("DELETE", "/modules/farm")
    shutil.rmtree(var(one, ""))
    for process in scripts(one):
        process.kill()


def var(node: RealNode, name: str) -> Path:
    return node.home / "var" / "modules" / "farm" / "var" / name


def change(node: RealNode) -> Path:
    return node.home / "var" / "modules" / "farm" / "change.json"


def notes(node: RealNode) -> list[str]:
    """What the scripts wrote."""
    file = var(node, "notes")
    return file.read_text().splitlines() if file.exists() else []


def scripts(node: RealNode) -> list[psutil.Process]:
    """Whatever runs for this node but its agent."""
    return [process for process in node.processes() if node.agent is None or process.pid != node.agent.pid]


def request(changes: dict[str, bytes], limit: int = 3) -> dict[str, Any]:
    """A module that nobody starts, and whose scripts of a change may take so many seconds."""
    xml = userconfig().replace(b'boot="on"', b'boot="off"')
    xml = xml.replace(b'forcestoptimeout="3"', f'forcestoptimeout="{limit}"'.encode())
    files = {**FILES, **changes, "conf/userconfig.xml": xml}
    return {"files": {path: base64.b64encode(data).decode() for path, data in files.items()}, "nodes": ["node1"]}


def commit(node: RealNode, body: dict[str, Any]) -> Any:
    staged = node.ask("POST", "/modules/farm/stage", body)
    assert staged["ok"], staged
    return node.ask("POST", "/modules/farm/commit", {"signature": staged["signature"]})


@contextmanager
def cut(node: RealNode, act: Callable[[], object], reached: Callable[[], bool]) -> Iterator[None]:
    """Begin this; when it is reached, kill -9 the agent. Inside, nobody supervises."""

    def go() -> None:
        with suppress(OSError, http.client.HTTPException, AssertionError):
            act()

    acting = threading.Thread(target=go)
    acting.start()
    try:
        until(reached, 20, "the script runs")
        if change(node).exists():  # its process is known
            until(lambda: b'"pid"' in change(node).read_bytes(), 20, "the run is noted")
    finally:
        node.kill_agent()
        acting.join()
    yield
    node.start_agent()


def said(node: RealNode) -> list[tuple[str, str]]:
    """Type and text of the module's lines about scripts of changes, and of the agent that went on."""
    return [(line["type"], line["text"]) for line in node.log(module="farm")]


def test_a_config_that_hangs_is_ended_by_the_next_agent_and_the_change_finished(node: RealNode) -> None:
    before = len(said(node))
    with cut(node, lambda: commit(node, request({"bin/config": HANGS, **LATER})), lambda: len(notes(node)) == 1):
        until(lambda: len(scripts(node)) >= 3, 20, "the script has begun what it leaves behind")
    until(lambda: not scripts(node), 20, "the script is gone")
    until(lambda: not change(node).exists(), 20, "the change is finished")
    [info] = node.get("/modules")
    assert notes(node) == [f"{script} rev {info['revision']}/bin" for script in ("config", "postconfig")]
    done = ("S", "postconfig ended with exit code 0")
    until(lambda: done in said(node)[before:], 20, "the lines are on the disk")
    lines = said(node)[before:]
    late = ("E", "config, which the agent before this one had begun, passed its forcestoptimeout and was killed")
    on = f"the agent ended while revision {info['revision']} was put in force: the rest of it is done now"
    assert [line for line in lines if line in {late, ("I", on)}] == [late, ("I", on)]
    rev = node.home / "var" / "modules" / "farm" / "rev"
    assert {entry.name for entry in rev.iterdir()} == {str(number) for number in range(1, info["revision"] + 1)}
    assert commit(node, request({**LATER, "bin/new": b""}))["revision"] == info["revision"] + 1


def test_a_config_that_works_on_is_awaited_and_new_changes_wait_for_it(node: RealNode) -> None:
    with cut(node, lambda: commit(node, request({"bin/config": WAITS, **LATER}, 60)), lambda: len(notes(node)) == 1):
        pass
    revision = node.get("/modules")[0]["revision"]
    assert notes(node) == [f"config rev {revision}/bin"]
    assert scripts(node)
    answers: list[Any] = []
    next_one = threading.Thread(target=lambda: answers.append(commit(node, request(LATER, 60))))
    next_one.start()
    next_one.join(0.5)
    assert next_one.is_alive()
    var(node, "go").touch()
    next_one.join(20)
    assert [answer["revision"] for answer in answers] == [revision + 1]
    mine, its = (f"postconfig rev {number}/bin" for number in (revision, revision + 1))
    assert notes(node) == [f"config rev {revision}/bin", "went", mine, its]
    line = ("S", "config, which the agent before this one had begun, ended")
    until(lambda: line in said(node), 20, "the line is on the disk")


def test_a_script_that_a_power_failure_cut_is_run_again(node: RealNode) -> None:
    body = request({"bin/config": WAITS, **LATER}, 60)
    with cut(node, lambda: commit(node, body), lambda: len(notes(node)) == 1):
        node.power_off()
        var(node, "go").touch()
    until(lambda: not change(node).exists(), 20, "the change is finished")
    revision = node.get("/modules")[0]["revision"]
    both = f"config rev {revision}/bin"
    assert notes(node) == [both, both, "went", f"postconfig rev {revision}/bin"]


def test_a_confcheck_that_nobody_waits_for_is_ended_and_nothing_kept(node: RealNode) -> None:
    commit(node, request(LATER))
    revision = node.get("/modules")[0]["revision"]
    with cut(
        node,
        lambda: node.ask("POST", "/modules/farm/stage", request({"bin/confcheck": HANGS}, 60)),
        lambda: any(word.endswith("confcheck") for process in scripts(node) for word in process.cmdline()),
    ):
        assert scripts(node)
    assert scripts(node) == []
    assert node.get("/modules")[0]["revision"] == revision
    rev = node.home / "var" / "modules" / "farm" / "rev"
    assert max(entry.name for entry in rev.iterdir()) == str(revision)


def test_a_deconfig_that_was_cut_leaves_the_module_in_force_and_says_so(node: RealNode) -> None:
    commit(node, request({"bin/deconfig": WAITS}, 60))
    [info] = node.get("/modules")
    with cut(node, lambda: node.ask("POST", "/modules/farm/deconfig"), lambda: len(notes(node)) == 1):
        var(node, "go").touch()
    until(lambda: not change(node).exists(), 20, "the change is finished")
    assert node.get("/modules") == [info]
    text = f"the agent ended while farm was taken out of force: revision {info['revision']} is still in force"
    until(lambda: ("E", text) in said(node), 20, "the line is on the disk")
    assert node.ask("POST", "/modules/farm/deconfig")["configured"] is False


def test_what_a_config_has_left_running_belongs_to_nobody(node: RealNode) -> None:
    commit(node, request({"bin/config": BASH + b"setsid sleep 987 >/dev/null 2>&1 &\n"}))
    [daemon] = scripts(node)
    node.kill_agent()
    node.start_agent()
    assert scripts(node) == [daemon]
