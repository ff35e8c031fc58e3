"""`keepgreen vip` on a node of a running farm."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_farm import until
from tests.lab.lab import running_lab
from tests.lab.nodes import LabNode
from tests.lab.vip import VIRTUAL, VMAC, carried, rule, told, vip, wait_settled, where

CLIENT = "10.77.0.200"


def keepgreen(node: LabNode, *words: str) -> tuple[int, str]:
    """Run it there: exit code, and what it writes."""
    environment = os.environ | {"KEEPGREEN_HOME": str(node.home)}
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.mark.covers("keepgreen vip show", "keepgreen vip where", "keepgreen vip check")
def test_the_commands_tell_what_is(possible: None) -> None:
    with running_lab(nodes=2) as lab:
        one, two = lab.nodes
        lab.start_farm(more=vip(carried(VIRTUAL), rule()))
        wait_settled(lab.nodes)
        code, shown = keepgreen(one, "vip", "show", "-m", "farm")
        assert code == 0, shown
        assert [VIRTUAL, "eth0", VMAC, "vmac_invisible"] in [line.split() for line in shown.splitlines()]
        count = told(one)["groups"][0]["owners"].count("node2")
        assert ["B", "node2", str(count), "50", "%", "1"] in [line.split() for line in shown.splitlines()]
        code, served = keepgreen(one, "vip", "where", CLIENT)
        assert (code, served.splitlines()[1].split()[-1]) == (0, where(one, CLIENT)[f"tcp 80 of {VIRTUAL}"])
        for node in lab.nodes:
            assert keepgreen(node, "vip", "check") == (
                0,
                f"the virtual IP of farm is right on {both(node, lab.nodes)}\n",
            )
        code, said = keepgreen(one, "-H", "*", "vip", "check")
        assert (code, said.count("is right on")) == (0, 2), said
        two.flush_rules()
        until(lambda: any("put back" in text for text in told(two)["alarms"]), 15, "the node has noticed")
        code, said = keepgreen(one, "vip", "check")
        assert code == 1
        assert "node2: farm: the filter" in said


@pytest.mark.covers("keepgreen vip probe", "POST /vip/flood-probe")
def test_the_flood_probe_tells_a_port_that_does_not_flood(possible: None) -> None:
    with running_lab(nodes=3) as lab:
        lab.start_cluster()
        one, _, three = lab.nodes
        assert keepgreen(one, "vip", "probe", VIRTUAL) == (
            0,
            "node1 → node2, node3: frames to an unknown MAC arrive\n"
            "node2 → node1, node3: frames to an unknown MAC arrive\n"
            "node3 → node1, node2: frames to an unknown MAC arrive\n"
            "vmac_invisible works here\n",
        )
        lab.network.switch.run("bridge", "link", "set", "dev", three.host.port(), "flood", "off")
        code, said = keepgreen(one, "vip", "probe", "--json")
        found = json.loads(said)
        assert (code, found["blocked"]) == (1, {"node1": ["node3"], "node2": ["node3"]})
        assert found["arrive"] == {"node1": ["node2"], "node2": ["node1"], "node3": ["node1", "node2"]}
        assert found["apart"] == found["silent"] == {}
        lab.network.switch.run("bridge", "link", "set", "dev", three.host.port(), "flood", "on")
        code, said = keepgreen(one, "vip", "probe", "--interface", "eth9")
        assert (code, said.count("takes no part: this node has no interface")) == (1, 3), said
        three.kill_agent()
        code, said = keepgreen(one, "vip", "probe")
        assert code == 1
        assert "node3 takes no part: " in said
        assert "node1 → node2: frames to an unknown MAC arrive\n" in said


def test_a_snapshot_holds_the_slots(possible: None, tmp_path: Path) -> None:
    with running_lab(nodes=2) as lab:
        one, two = lab.nodes
        lab.start_farm(more=vip(carried(VIRTUAL), rule()))
        wait_settled(lab.nodes)
        plain, hidden = saved_slots(one, tmp_path / "plain.zip"), saved_slots(one, tmp_path / "hidden.zip", hidden=True)
        asked = told(one)
        assert plain["epoch"] == hidden["epoch"] == asked["epoch"]
        assert plain["groups"][0]["owners"] == asked["groups"][0]["owners"]
        assert plain["addresses"][0]["addr"] == VIRTUAL
        words = dict(zip(plain["groups"][0]["owners"], hidden["groups"][0]["owners"], strict=True))
        assert words.keys() == {one.name, two.name}
        assert len(set(words.values())) == 2
        assert hidden["groups"][0]["mine"] == plain["groups"][0]["mine"] != []
        text = json.dumps(hidden)
        assert not [name for name in (one.name, two.name, VIRTUAL, VMAC) if name in text]


def saved_slots(node: LabNode, path: Path, *, hidden: bool = False) -> Any:
    """The slot map in a snapshot of this node."""
    code, said = keepgreen(node, "snapshot", "-m", "farm", *(["--anonymise"] if hidden else []), str(path))
    assert code == 0, said
    with zipfile.ZipFile(path) as archive:
        (slots,) = json.loads(archive.read("vip.json"))
    return slots


def both(first: LabNode, nodes: list[LabNode]) -> str:
    """Their names, this one first."""
    return ", ".join([first.name, *(node.name for node in nodes if node is not first)])
