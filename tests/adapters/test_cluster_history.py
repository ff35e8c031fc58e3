"""Revisions of the cluster configuration, conflicting edits, leaving, and names that stay."""

from base64 import b64encode
from pathlib import Path

import pytest

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.contract.api import Commit, StageCluster
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.configuration import KEY, cluster_xml, stage_cluster

OTHER = b"o" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "var")


@pytest.fixture
def store(home: Home) -> ClusterStore:
    return ClusterStore(home)


def apply(store: ClusterStore, request: StageCluster, within: float = 0.0) -> str:
    staged = store.stage(request)
    assert staged.ok, staged.problems
    store.commit(Commit(staged.signature, request.author, within))
    return staged.signature


def test_history_and_difference(store: ClusterStore, home: Home) -> None:
    assert store.history() == ()
    apply(store, stage_cluster("n1", "n2", author="anna"))
    apply(store, stage_cluster("n1", "n2", port=4801, author="bert"))
    apply(store, stage_cluster("n1", "n2", "n3", port=4801, author="carl"))
    for one in (store, ClusterStore(home)):
        lines = one.history()
        assert [(line.number, line.author, line.current) for line in lines] == [
            (3, "carl", True),
            (2, "bert", False),
            (1, "anna", False),
        ]
        assert [line.nodes for line in lines] == [("n1", "n2", "n3"), ("n1", "n2"), ("n1", "n2")]
        assert all(line.changed == ("cluster.xml",) and line.time > 0 for line in lines)
    committed = store.cluster()
    assert committed is not None
    assert store.history()[0].signature == committed.signature
    found = store.difference(1, 2)
    assert [file.path for file in found.files] == ["cluster.xml"]
    assert '-<cluster><lans port="4800">' in found.files[0].diff
    assert (store.difference(0, 0).earlier, store.difference(0, 0).later) == (2, 3)
    assert store.xml(1) == cluster_xml("n1", "n2")
    with pytest.raises(Refused, match=r"has no revision 4: it keeps 1, 2, 3"):
        store.xml(4)


def test_what_went_back_is_not_in_the_history(store: ClusterStore) -> None:
    apply(store, stage_cluster("n1", "n2"))
    store.go_back(apply(store, stage_cluster("n1", "n2", port=4801), within=60.0))
    assert [line.number for line in store.history()] == [1]
    apply(store, stage_cluster("n1", "n2", port=4802))
    assert [line.number for line in store.history()] == [2, 1]
    assert b"4802" in store.xml(2)


def test_restoring_brings_no_keys_pins_or_users_back(store: ClusterStore) -> None:
    apply(store, stage_cluster("n1", "n2", pins={"n1": "old"}, users=b"old"))
    apply(store, stage_cluster("n1", "n2", port=4801, keys=(OTHER, KEY), pins={"n1": "new"}, users=b"new"))
    apply(store, store.restoring(1, "anna"))
    committed = store.cluster()
    assert committed is not None
    assert (committed.revision, committed.config.port, committed.author) == (3, 4800, "anna")
    assert (committed.keys, dict(committed.pins), store.users) == ((OTHER, KEY), {"n1": "new"}, b"new")


def test_the_last_ten_are_kept(store: ClusterStore) -> None:
    for number in range(13):
        apply(store, stage_cluster("n1", "n2", port=5000 + number))
    assert [line.number for line in store.history()] == list(range(13, 3, -1))


def test_an_edit_of_an_old_one_is_refused_with_who_and_when(store: ClusterStore) -> None:
    first = apply(store, stage_cluster("n1", "n2", base="never applied", author="anna"))
    apply(store, stage_cluster("n1", "n2", port=4801, base=first, author="bert"))
    with pytest.raises(Refused, match=r"in force was applied by bert at 20\d\d-.* UTC while this edit") as refused:
        store.stage(stage_cluster("n1", "n2", port=4802, base=first))
    assert (refused.value.status, refused.value.kind) == (409, "changed")


def test_a_commit_after_somebody_else_s_names_him(store: ClusterStore) -> None:
    mine = store.stage(stage_cluster("n1", "n2", author="anna")).signature
    apply(store, stage_cluster("n1", "n2", port=4801, author="bert"))
    with pytest.raises(Refused, match=r"in force was applied by bert at 20\d\d-.*: stage the cluster again"):
        store.commit(Commit(mine))


def test_a_node_does_not_change_its_name_by_a_change_of_the_cluster(store: ClusterStore) -> None:
    apply(store, stage_cluster("n1", "n2"))
    for name in ("n2", "n9"):
        staged = store.stage(stage_cluster("n1", "n2", "n9", me=name))
        assert not staged.ok
        assert f"this node is n1 and does not become {name}" in staged.problems[-1].text
    assert store.name == "n1"
    apply(store, stage_cluster("n1", "n2", me="n2", keys=(OTHER,), take_over=True))
    assert store.name == "n2"


def test_leaving_forgets_the_cluster_and_keeps_who_the_node_is(store: ClusterStore, home: Home) -> None:
    apply(store, stage_cluster("n1", "n2", pins={"n1": "p"}, users=b"u"))
    signature = apply(store, stage_cluster("n1", "n2", port=4801), within=60.0)
    with pytest.raises(Refused, match="waits for its confirmation"):
        store.leave()
    store.confirm(signature)
    store.stage(stage_cluster("n1", "n2", port=4802))
    store.leave()
    for one in (store, ClusterStore(home)):
        assert (one.cluster(), one.keys, one.history()) == (None, (), ())
        assert (one.name, one.uuid, one.users) == ("n1", store.uuid, b"u")
    left = b"".join(file.read_bytes() for file in home.cluster.rglob("*") if file.is_file())
    assert b64encode(b"u") in left
    assert b64encode(KEY) not in left
    apply(store, stage_cluster("m1", "m2", me="m2", keys=(OTHER,)))
    assert [line.number for line in store.history()] == [1]
