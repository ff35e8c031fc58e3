"""The command line of one node at work on all of them: `-H`, doctor, rotation, orders; real agents, real keys."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_farm import CALLER, ROOT, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def farm() -> Iterator[RealFarm]:
    """Three nodes that know each other's pins. Its directory is short: a UNIX socket's path has at most 107 bytes."""
    with short_directory() as directory, running_farm(directory) as made:
        pins = {node.name: node.get("/identity")["pin"] for node in made.nodes}
        xml = base64.b64encode(made.cluster_xml().encode()).decode()
        for node in made.nodes:
            staged = node.ask("POST", "/cluster/stage", {"xml": xml, "name": node.name, "pins": pins})
            node.ask("POST", "/cluster/commit", {"signature": staged["signature"]})
        made.apply()
        yield made


def keepgreen(node: RealNode, *args: str) -> tuple[int, str, str]:
    env = os.environ | {"KEEPGREEN_HOME": str(node.home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", *args], check=False, env=env, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def told(node: RealNode, *args: str) -> dict[str, Any]:
    code, out, err = keepgreen(node, *args, "--json")
    assert out, (code, err)
    return dict(json.loads(out))


@pytest.mark.covers("keepgreen cluster rotate", "keepgreen -H", "keepgreen snapshot", "keepgreen start")
def test_a_farm_is_led_from_one_node(farm: RealFarm) -> None:
    first, second, third = farm.nodes
    code, out, err = keepgreen(first, "-H", "*", "start", "-m", "farm", "--wait")
    assert (code, err) == (0, ""), (out, err)
    assert [line.split(":")[0] for line in out.splitlines()] == ["node1", "node2", "node3"]
    assert all(node.green() for node in farm.nodes)
    who = second.get("/audit?newest=1&limit=1")["lines"][0]
    assert (who["who"], who["command"]) == (f"node node1 for {CALLER}", "order farm start")

    states = told(first, "-H", "node2,node3", "state", "-l")
    assert {name: one["answer"]["node"] for name, one in states.items()} == {"node2": "node2", "node3": "node3"}

    before = {node.get("/cluster")["keys"][0] for node in farm.nodes}
    assert keepgreen(first, "cluster", "rotate")[0] == 0
    after = {node.get("/cluster")["keys"][0] for node in farm.nodes}
    assert (len(before), len(after), before & after) == (1, 1, set())
    assert all(node.green() for node in farm.nodes)

    saved = first.home / "node2.zip"
    assert keepgreen(first, "-H", "node2", "snapshot", "-m", "farm", str(saved))[0] == 0
    assert saved.read_bytes()[:2] == b"PK"

    third.kill_agent()
    code, out, _ = keepgreen(first, "-H", "*", "boot", "on", "-m", "farm")
    assert code == 69
    assert "\nnode3: nothing listens on " in out


@pytest.mark.covers("keepgreen doctor")
def test_the_doctor_sees_ways_and_faults(farm: RealFarm) -> None:
    first, _, third = farm.nodes
    until(lambda: all(peer["alive"] for peer in first.get("/status")["peers"]), 20, "all heard")
    found = told(first, "doctor")["findings"]
    about_others = [one for one in found if one["about"].startswith("node ")]
    assert sum("from there" in one["text"] and one["health"] == "good" for one in about_others) == 4, about_others
    assert sum("from here" in one["text"] and one["health"] == "good" for one in about_others) == 4, about_others
    assert not [one for one in about_others if one["health"] == "bad"]
    closed = [one for one in found if one["about"] in {"secrets", "files"}]
    assert {one["health"] for one in closed} == {"good"}, closed
    assert {Path(one["text"].split()[0]).name for one in closed} >= {"key.pem", "node.json", "records.db", "agent.toml"}
    third.kill_agent()
    until(lambda: not first.peer("node3")["alive"], 20, "node3 is lost")
    code, out, _ = keepgreen(first, "doctor", "--json")
    bad = [one for one in json.loads(out)["findings"] if one["about"] == "node node3" and one["health"] == "bad"]
    assert code == 1
    assert any(one["text"].startswith("no heartbeat") for one in bad)
    assert any("refused" in one["text"] for one in bad)


@pytest.mark.covers("keepgreen run-without", "keepgreen incloop", "keepgreen resetloop")
def test_run_without_and_the_counts_reach_the_core(farm: RealFarm) -> None:
    first = farm.nodes[0]
    assert keepgreen(first, "run-without", "start", "-m", "farm")[0] == 0
    until(lambda: bool(first.module()["run_without"]), 20, "marked")
    until(lambda: first.started() == 1, 20, "start_both was run")
    assert keepgreen(first, "start", "-m", "farm")[0] == 75
    until(lambda: first.module()["script"] is None, 20, "the script has ended")
    assert keepgreen(first, "run-without", "stop", "-m", "farm")[0] == 0
    assert keepgreen(first, "incloop", "-m", "farm", "-i", "watchdog")[0] == 0
    assert keepgreen(first, "resetloop", "-m", "farm")[0] == 0
    assert keepgreen(first, "errd", "enable", "nightly", "-m", "farm") == (
        64,
        "",
        "farm has no class 'nightly' of its own in force; it has none\n",
    )
    code, out, _ = keepgreen(first, "boot", "on", "-m", "farm", "--until", "2h")
    assert (code, out.splitlines()[0].startswith("start of farm at boot: on until ")) == (0, True)
    assert "boot=on" in out
