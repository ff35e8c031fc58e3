"""A downgrade by one version keeps the files: what a later version added to them is passed over."""

import json
from pathlib import Path
from typing import Any

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.contract.api import Commit
from nodeagent.contract.errors import errors_of
from nodeagent.home import Home
from tests.fakes.configuration import KEY, stage_cluster

LATER: dict[str, Any] = {"of a later version": {"more": [1, 2]}, "generation": 7}


def extended(file: Path) -> None:
    """Add fields everywhere, as a later version may."""

    def more(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        inner = {key: more(each) for key, each in value.items()}
        by_node = not value or "node1" in value  # a table of nodes has no fields
        return inner if by_node else inner | LATER

    file.write_text(json.dumps(more(json.loads(file.read_text()))))


def test_the_node_and_its_cluster_are_read(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "var")
    store = ClusterStore(home)
    staged = store.stage(stage_cluster("node1", "node2", pins={"node1": "p"}, users=b"u", author="anna"))
    store.commit(Commit(staged.signature, confirm_within=60.0))
    waiting = store.open_commit
    for file in (home.cluster / "node.json", *home.cluster.glob("rev/*/meta.json")):
        extended(file)
    again = ClusterStore(home)
    committed = again.cluster()
    assert committed is not None
    assert (again.uuid, committed.me, committed.keys, dict(committed.pins)) == (
        store.uuid,
        "node1",
        (KEY,),
        {"node1": "p"},
    )
    assert (again.open_commit, again.users, again.history()[0].author) == (waiting, b"u", "anna")


def test_what_was_staged_can_still_be_committed(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "var")
    staged = ClusterStore(home).stage(stage_cluster("node1", "node2"))
    extended(home.cluster / "staged.json")
    assert ClusterStore(home).commit(Commit(staged.signature)).me == "node1"


def test_a_host_name_is_for_who_applies_to_resolve(tmp_path: Path) -> None:
    request = stage_cluster("node1", "node2")
    nodes = b'<node name="node1" addr="db1.example"/><node name="node2" addr="10.0.0.2"/>'
    xml = b'<cluster><lans><lan name="default">' + nodes + b"</lan></lans></cluster>"
    staged = ClusterStore(Home(tmp_path, tmp_path / "var")).check(type(request)(xml, "node1", request.keys))
    assert not staged.ok
    assert [problem.text for problem in errors_of(list(staged.problems))] == [
        "the address db1.example of node1 is a host name, which is resolved once, by who applies: give the IP address"
    ]
