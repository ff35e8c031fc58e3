"""`keepgreen enrol`: two real agents learn each other's key by a code, and a cluster.xml puts it in force."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_farm import ROOT, RealFarm, RealNode, until
from tests.fakes.short_directory import short_directory

CLUSTER = '<cluster><lans><lan name="default">{}</lan></lans></cluster>'


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: a UNIX socket's path has at most 107 bytes."""
    with short_directory() as made:
        yield made


@pytest.fixture
def nodes(directory: Path) -> Iterator[list[RealNode]]:
    """Two agents in no cluster."""
    made = RealFarm(directory, 2).nodes
    try:
        for node in made:
            node.start_agent()
        yield made
    finally:
        for node in made:
            node.power_off()


def keepgreen(node: RealNode, *args: str) -> tuple[int, str]:
    """Exit code, and what it wrote."""
    env = os.environ | {"KEEPGREEN_HOME": str(node.home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", *args],
        check=False,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout


def cluster_file(directory: Path, nodes: list[RealNode]) -> str:
    file = directory / "cluster.xml"
    file.write_text(CLUSTER.format("".join(f'<node name="{n.name}" addr="{n.address}"/>' for n in nodes)))
    return str(file)


@pytest.mark.covers("keepgreen enrol open", "keepgreen enrol join")
def test_a_node_that_has_enrolled_is_trusted_when_the_cluster_names_it(directory: Path, nodes: list[RealNode]) -> None:
    one, two = nodes
    pins = {node.name: node.get("/identity")["pin"] for node in nodes}
    key = directory / "key.json"
    key.write_text(keepgreen(one, "cluster", "genkey", "--json")[1])
    assert keepgreen(one, "cluster", "config", cluster_file(directory, [one]), "--as", "node1")[0] == 0
    code, said = keepgreen(two, "enrol", "join", one.address, "00000-00000-00000-00000", "--as", "node2")
    assert (code, "is not open" in said, said.count("\n")) == (69, True, 1)
    code, said = keepgreen(one, "enrol", "open", "--json")
    assert code == 0, said
    secret = json.loads(said)["code"]
    code, said = keepgreen(two, "enrol", "join", one.address, secret, "--as", "node1")
    assert (code, "join with --as NAME" in said) == (69, True)
    code, said = keepgreen(two, "enrol", "join", one.address, "7K2QX", "--as", "node2")
    assert (code, said) == (65, "the code has 20 letters and digits, as `enrol open` wrote it\n")
    code, said = keepgreen(two, "enrol", "join", one.address, secret, "--as", "node 2")
    assert (code, said.count("\n")) == (65, 1)
    code, said = keepgreen(two, "enrol", "join", one.address, secret, "--as", "node2")
    assert (code, said) == (0, "this node and node1 know each other; node1 knows it as node2\n")
    assert "node2 has enrolled, its pin is " + pins["node2"] in keepgreen(one, "cluster", "info")[1]
    assert "node1 has enrolled, its pin is " + pins["node1"] in keepgreen(two, "cluster", "info")[1]
    code, said = keepgreen(one, "enrol", "join", two.address, secret)
    assert (code, "in a cluster already" in said) == (75, True)
    assert secret not in json.dumps([one.get("/audit"), one.log(), two.get("/audit"), two.log()])
    audited = [(line["who"], line["command"]) for line in one.get("/audit")["lines"]]
    assert ("-", "enrol node2") in audited

    both = cluster_file(directory, nodes)
    for node in nodes:
        assert keepgreen(node, "cluster", "config", both, "--as", node.name, "--key", str(key))[0] == 0
    assert one.get("/cluster")["pins"] == {"node2": pins["node2"]}
    assert two.get("/cluster")["pins"] == {"node1": pins["node1"]}
    assert [node.get("/cluster")["known"] for node in nodes] == [{}, {}]
    until(lambda: one.peer("node2")["alive"] and two.peer("node1")["alive"], 10, "they hear each other")
    code, said = keepgreen(one, "-H", "node2", "level")
    assert code == 0, said
