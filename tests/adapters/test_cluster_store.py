import sys
import threading
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore, Damaged
from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.contract.api import Commit, StageCluster, Staged
from nodeagent.contract.errors import Severity
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.configuration import KEY, cluster_xml, stage_cluster

OTHER = b"o" * 32


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "var")


def apply(store: ClusterStore, request: StageCluster) -> Staged:
    staged = store.stage(request)
    store.commit(Commit(staged.signature))
    return staged


def test_a_new_node(home: Home) -> None:
    store = ClusterStore(home)
    assert store.cluster() is None
    assert store.name
    again = ClusterStore(home)
    assert (again.uuid, again.name) == (store.uuid, store.name)
    assert len(store.uuid) == 36


def test_stage_changes_nothing_and_commit_all(home: Home) -> None:
    store = ClusterStore(home)
    request = stage_cluster("n1", "n2", pins={"n1": "p1"}, users=b"u", author="anna")
    staged = store.stage(request)
    assert staged.ok
    assert staged.revision == 1
    assert store.cluster() is None
    assert ClusterStore(home).cluster() is None
    committed = ClusterStore(home).commit(Commit(staged.signature, "bert"))
    assert committed.signature == staged.signature == committed.config.signature
    for one in (committed, ClusterStore(home).cluster()):
        assert one is not None
        assert (one.me, one.keys, dict(one.pins), one.author) == ("n1", (KEY,), {"n1": "p1"}, "bert")
        assert one.xml == request.xml
        assert one.config.nodes == ("n1", "n2")
    assert ClusterStore(home).name == "n1"
    assert ClusterStore(home).users == b"u"


def test_empty_fields_keep_what_the_node_has(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2", pins={"n1": "p1"}, users=b"u"))
    apply(store, stage_cluster("n1", "n2", port=4801, keys=()))
    committed = store.cluster()
    assert committed is not None
    assert (committed.config.port, committed.keys, dict(committed.pins), store.users) == (
        4801,
        (KEY,),
        {"n1": "p1"},
        b"u",
    )


def test_a_repeated_commit_changes_nothing(home: Home) -> None:
    store = ClusterStore(home)
    staged = apply(store, stage_cluster("n1", "n2"))
    before = store.cluster()
    assert store.commit(Commit(staged.signature)) == before


def test_what_was_not_staged_cannot_be_committed(home: Home) -> None:
    store = ClusterStore(home)
    with pytest.raises(Refused, match="nothing is staged"):
        store.commit(Commit("0" * 64))
    mine = store.stage(stage_cluster("n1", "n2", author="anna"))
    store.stage(stage_cluster("n1", "n2", port=4801, author="bert"))
    with pytest.raises(Refused, match=r"staged by bert at 20\d\d-") as refused:
        store.commit(Commit(mine.signature))
    assert refused.value.status == 409


def test_bad_requests_keep_nothing(home: Home) -> None:
    store = ClusterStore(home)
    request = stage_cluster("n1", "n2", me="n3", keys=(b"short",))
    for staged in (store.check(request), store.stage(request)):
        assert not staged.ok
        texts = [problem.text for problem in staged.problems if problem.severity is Severity.ERROR]
        assert len(texts) == 2
        assert "'n3'" in texts[0]
        assert "n1, n2" in texts[0]
        assert "32 bytes" in texts[1]
    assert not store.stage(StageCluster(b"<cluster>", "n1")).ok
    assert not (home.cluster / "staged.json").exists()


def test_a_cluster_without_key_is_a_warning(home: Home) -> None:
    staged = ClusterStore(home).check(stage_cluster("n1", "n2", keys=()))
    assert staged.ok
    assert any("no cluster key" in problem.text for problem in staged.problems)


def test_another_cluster_is_refused_until_told_to_take_over(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2"))
    foreign = stage_cluster("n1", "n9", keys=(OTHER,))
    with pytest.raises(Refused, match="another cluster") as refused:
        store.stage(foreign)
    assert refused.value.status == 409
    assert not store.check(foreign).ok
    assert apply(store, stage_cluster("n1", "n2", keys=(OTHER, KEY))).ok
    apply(store, stage_cluster("n1", "n9", keys=(b"t" * 32,), take_over=True))
    committed = store.cluster()
    assert committed is not None
    assert committed.keys == (b"t" * 32,)


def test_one_key_is_generated_once(home: Home) -> None:
    store = ClusterStore(home)
    key = store.generate_key()
    assert len(key) == 32
    with pytest.raises(Refused, match="has a cluster key already"):
        store.generate_key()
    again = ClusterStore(home)
    assert again.keys == (key,)
    apply(again, stage_cluster("n1", "n2", keys=()))
    committed = again.cluster()
    assert committed is not None
    assert committed.keys == (key,)


def test_a_key_generated_later_is_the_cluster_s(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2", keys=()))
    key = store.generate_key()
    committed = store.cluster()
    assert committed is not None
    assert committed.keys == (key,)


def test_users_before_and_after_there_is_a_cluster(home: Home) -> None:
    store = ClusterStore(home)
    store.set_users(b"first")
    apply(store, stage_cluster("n1", "n2"))
    assert store.users == b"first"
    store.set_users(b"second")
    assert ClusterStore(home).users == b"second"


def test_the_last_ten_revisions_are_kept(home: Home) -> None:
    store = ClusterStore(home)
    for number in range(14):
        apply(store, stage_cluster("n1", "n2", port=5000 + number))
    kept = sorted(int(entry.name) for entry in (home.cluster / "rev").iterdir())
    assert kept == list(range(5, 15))


@pytest.mark.covers("storage secrets")
@pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")
def test_secrets_are_private(home: Home) -> None:
    store = ClusterStore(home)
    store.stage(stage_cluster("n1", "n2"))
    files = [home.cluster / "node.json", home.cluster / "staged.json"]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert home.cluster.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff", b'{"uuid": 3, "name": "a"}'])
def test_a_damaged_identity_is_one_sentence(home: Home, data: bytes) -> None:
    ClusterStore(home)
    (home.cluster / "node.json").write_bytes(data)
    with pytest.raises(Damaged, match=r"node\.json cannot be read") as damaged:
        ClusterStore(home)
    assert "\n" not in str(damaged.value)
    assert (home.cluster / "node.json").read_bytes() == data


@pytest.mark.parametrize("damage", ["missing", "broken"])
def test_a_damaged_cluster_is_one_sentence(home: Home, damage: str) -> None:
    apply(ClusterStore(home), stage_cluster("n1", "n2"))
    file = home.cluster / "rev" / "1" / "cluster.xml"
    file.unlink() if damage == "missing" else file.write_bytes(b"<cluster")
    with pytest.raises(Damaged, match=r"cluster\.xml.*bring"):
        ClusterStore(home)


def test_commits_from_many_threads(home: Home) -> None:
    store = ClusterStore(home)
    requests = [stage_cluster("n1", "n2", port=5000 + n, users=b"%d" % n) for n in range(8)]
    refused: list[Refused] = []

    def work(request: StageCluster) -> None:
        try:
            apply(store, request)
        except Refused as error:
            refused.append(error)

    threads = [threading.Thread(target=work, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committed = ClusterStore(home).cluster()
    assert committed is not None
    assert len(refused) < len(requests)
    assert ClusterStore(home).users == b"%d" % (committed.config.port - 5000)


@pytest.mark.covers("storage home")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows lives with spaces")
def test_a_path_with_a_space_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Damaged, match="space"):
        ConfigStore.open(Home(tmp_path / "my product", tmp_path / "var"))


def test_the_xml_is_kept_byte_for_byte(home: Home) -> None:
    odd = cluster_xml("n1", "n2").replace(b"<lan ", b"<!-- caf\xc3\xa9 -->\r\n\t<lan ")
    apply(ClusterStore(home), StageCluster(odd, "n2", (KEY,)))
    committed = ClusterStore(home).cluster()
    assert committed is not None
    assert committed.xml == odd
    assert committed.me == "n2"


def commit_open(store: ClusterStore, request: StageCluster, within: float = 60.0) -> str:
    signature = store.stage(request).signature
    store.commit(Commit(signature, "anna", within))
    return signature


def test_a_commit_that_is_open_goes_back_to_the_one_before(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2", pins={"n1": "p1", "n2": "p2"}, users=b"old"))
    before = store.cluster()
    assert before is not None
    pins, users = {"n1": "new", "n3": "p3"}, b"new"
    signature = commit_open(store, stage_cluster("n1", "n3", port=4801, pins=pins, users=users, keys=(OTHER, KEY)))

    store = ClusterStore(home)  # killed and started again: nothing is forgotten
    waiting, now = store.open_commit, store.cluster()
    assert waiting is not None
    assert now is not None
    assert (waiting.signature, waiting.within, waiting.author) == (signature, 60.0, "anna")
    assert waiting.until == pytest.approx(waiting.time + 60)
    assert now.config.port == 4801
    assert now.pins == {"n1": "new", "n2": "p2", "n3": "p3"}

    back = store.go_back(signature)
    for one in (back, store.cluster(), ClusterStore(home).cluster()):
        assert one is not None
        assert (one.signature, one.xml, one.me, one.author) == (before.signature, before.xml, "n1", before.author)
        assert (one.keys, dict(one.pins)) == ((OTHER, KEY), {"n1": "new", "n2": "p2", "n3": "p3"})
    assert ClusterStore(home).open_commit is None
    assert ClusterStore(home).users == b"new"
    assert store.go_back(signature) == back


def test_the_first_cluster_goes_back_to_none(home: Home) -> None:
    store = ClusterStore(home)
    name = store.name
    signature = commit_open(store, stage_cluster("n1", "n2"))
    assert store.name == "n1"
    assert store.go_back(signature) is None
    for one in (store, ClusterStore(home)):
        assert (one.cluster(), one.name, one.keys) == (None, name, (KEY,))
    apply(store, stage_cluster("n1", "n2"))
    assert store.cluster() is not None


def test_a_confirmed_commit_stays(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2", pins={"n1": "p1", "n2": "p2"}))
    signature = commit_open(store, stage_cluster("n1", "n3", pins={"n1": "p1", "n3": "p3"}))
    confirmed = store.confirm(signature)
    assert dict(confirmed.pins) == {"n1": "p1", "n3": "p3"}
    again = ClusterStore(home)
    assert (again.open_commit, again.cluster()) == (None, confirmed)
    assert again.confirm(signature) == confirmed
    with pytest.raises(Refused, match="was confirmed"):
        again.go_back(signature)


def test_while_one_waits_no_other_is_taken(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2"))
    signature = commit_open(store, stage_cluster("n1", "n2", port=4801))
    first = store.cluster()
    for refused in (
        lambda: store.stage(stage_cluster("n1", "n2", port=4802)),
        lambda: store.commit(Commit("other")),
        lambda: store.go_back("other"),
    ):
        with pytest.raises(Refused, match=r"a cluster configuration of anna waits for its confirmation, \d+ s more"):
            refused()
    with pytest.raises(Refused, match="not in force"):
        store.confirm("other")
    assert store.commit(Commit(signature)) == first
    assert store.open_commit is not None


def test_a_commit_that_is_final_at_once_opens_nothing(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2"))
    assert store.open_commit is None


def test_a_damaged_revision_is_no_way_back(home: Home) -> None:
    store = ClusterStore(home)
    apply(store, stage_cluster("n1", "n2"))
    signature = commit_open(store, stage_cluster("n1", "n2", port=4801))
    now = store.cluster()
    (home.cluster / "rev" / "1" / "cluster.xml").unlink()
    with pytest.raises(Damaged, match="missing"):
        store.go_back(signature)
    assert (store.cluster(), ClusterStore(home).cluster()) == (now, now)
    assert store.open_commit is not None
