"""The cluster page without a window: edits, checks of addresses, apply with its confirmation, each kind of failure."""

import asyncio

import pytest
from msgspec.structs import replace

from app.services.nodes import NodeAddress, Reach
from app.services.rollout import Stage
from app.viewmodels.cluster_apply import Phase
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_form import EMPTY, with_node
from app.viewmodels.cluster_rows import Standing
from nodeagent.client.failures import Trouble
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.cluster_xml import read_cluster
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeClusterSession, FakeNodes, FakeRollout, pin_of

SIGNATURE = "7c1e90a4" * 8
RUNNING = with_node(with_node(EMPTY, "node1", "10.0.0.1"), "node2", "10.0.0.2").replace(
    b"<cluster>", b"<cluster><!-- ours -->"
)


class Bench:
    """A cluster of node1 and node2, and a fresh node3."""

    def __init__(self, configured: bool = True) -> None:
        self.nodes = FakeNodes()
        signature = SIGNATURE if configured else ""
        pins = {f"node{n}": self.nodes.put(f"10.0.0.{n}", f"node{n}", signature=signature) for n in (1, 2)}
        self.nodes.put("10.0.0.3", "node3", password="fresh")
        info = ClusterInfo(True, "node1", RUNNING, SIGNATURE, ("node1", "node2"), pins, True) if configured else None
        self.session = FakeClusterSession(self.nodes, {"10.0.0.1": "node1", "10.0.0.2": "node2"}, info)
        self.rollout = FakeRollout()
        self.tasks = owner()
        self.editor = ClusterEditor(
            self.session, self.nodes.ask, self.nodes.sign_in, self.tasks, self.rollout.check, self.rollout.apply
        )

    async def load(self) -> "ClusterEditor":
        self.editor.load()
        await settled(self.tasks)
        return self.editor

    async def add_third(self) -> ClusterEditor:
        editor = await self.load()
        editor.set_address(editor.add_node(), 0, "10.0.0.3")
        await settled(self.tasks)
        return editor

    async def apply(self, keep: bool | None = True) -> ClusterEditor:
        self.editor.save_and_apply()
        if keep is not None:
            await until(lambda: self.editor.apply.phase is Phase.ASKING)
            (self.editor.apply.keep if keep else self.editor.apply.go_back)()
        await settled(self.tasks)
        return self.editor


async def test_the_running_cluster_is_read_and_its_nodes_are_asked_with_their_pins() -> None:
    bench = Bench()
    editor = await bench.load()
    assert editor.facts == "signature 7C1E 90A4, the same on node1 and node2"
    assert [(row.standing, row.standing_text, row.cluster) for row in editor.rows] == [
        (Standing.ANSWERS, "answers", "this cluster")
    ] * 2
    assert [address.pin for address in bench.nodes.asked] == [pin_of("node1"), pin_of("node2")]
    assert editor.blocked() == ""
    assert not editor.edited


async def test_nodes_just_connected_to_are_the_first_rows() -> None:
    editor = await Bench(configured=False).load()
    assert [(row.name.text, row.asked) for row in editor.rows] == [("node1", "10.0.0.1"), ("node2", "10.0.0.2")]
    assert editor.facts == "not applied yet"
    assert editor.blocked() == ""


async def test_a_new_address_is_asked_and_fills_in_the_name_the_words_and_the_password_follow() -> None:
    bench = Bench()
    editor = await bench.add_third()
    row = editor.rows[2]
    assert (row.name.text, row.standing) == ("node3", Standing.ANSWERS)
    assert len(row.words.split()) == 6
    assert not row.wants_password
    assert editor.blocked() == "compare the words of node3 first"
    editor.log_in(2, "fresh")
    await settled(bench.tasks)
    assert bench.nodes.logins == []
    editor.confirm_words(2, True)
    assert editor.rows[2].wants_password
    assert editor.blocked() == "type the password of node3 first"
    editor.log_in(2, "wrong")
    await settled(bench.tasks)
    assert editor.rows[2].standing_text == "wrong password"
    assert editor.rows[2].wants_password
    editor.log_in(2, "fresh")
    await settled(bench.tasks)
    assert editor.blocked() == ""


async def test_a_typed_name_is_not_overwritten() -> None:
    bench = Bench()
    editor = await bench.load()
    row = editor.add_node()
    editor.set_name(row, "spare")
    editor.set_address(row, 0, "10.0.0.3")
    await settled(bench.tasks)
    assert editor.rows[2].name.text == "spare"


async def test_a_silent_new_node_stays_a_draft_and_the_others_are_applied() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.set_address(editor.add_node(), 0, "10.0.0.44")
    await settled(bench.tasks)
    assert editor.rows[2].remedy.startswith("Nothing answers on TCP 9453 of 10.0.0.44")
    assert editor.apply_note == "node3 stays a draft until it answers"
    assert editor.problem_rows == ((2, "timed out"),)
    await bench.apply()
    (request,) = bench.rollout.requests
    assert b"10.0.0.44" not in request.xml
    assert [target.name for target in request.targets] == ["node1", "node2"]
    assert b"<!-- ours -->" in request.xml


async def test_a_member_that_does_not_answer_blocks_with_the_reason() -> None:
    bench = Bench()
    bench.nodes.trouble["10.0.0.2"] = Trouble.REFUSED
    editor = await bench.load()
    assert editor.blocked() == "node2 does not answer: bring it back, or remove it"
    editor.remove_node(1)
    assert editor.blocked() == ""


async def test_a_changed_pin_is_said_and_can_be_compared_anew() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.2", "node2", key="replaced", signature="")
    editor = await bench.load()
    row = editor.rows[1]
    assert row.standing_text == "certificate changed"
    assert "Another key answers" in row.remedy
    editor.compare_new_key(1)
    await settled(bench.tasks)
    assert len(editor.rows[1].words.split()) == 6


async def test_a_node_of_another_cluster_is_refused_with_the_reason() -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.3", "theirs", signature="bbbb")
    editor = await bench.add_third()
    assert editor.rows[2].standing_text == "in another cluster"
    assert editor.rows[2].left_out


async def test_something_that_is_no_agent_is_named() -> None:
    bench = Bench()
    bench.nodes.trouble["10.0.0.3"] = Trouble.NOT_UNDERSTOOD
    editor = await bench.add_third()
    assert editor.rows[2].standing_text == "not a Keepgreen agent"


async def test_an_error_of_the_file_stands_at_its_field() -> None:
    editor = await Bench().load()
    editor.set_address(1, 0, "10.0.0.1")
    assert "already that of" in editor.rows[1].addresses[0].error
    editor.undo()
    assert editor.rows[1].addresses[0].error == ""
    editor.set_timing("pulse", "soon")
    assert "duration" in editor.field_error("pulse")
    assert editor.problem_count == 1
    assert "duration" in editor.blocked()


async def test_a_second_lan_wants_an_address_of_every_node() -> None:
    editor = await Bench().load()
    editor.add_lan()
    assert [row.addresses[1].error for row in editor.rows] == ["type the address of this node on this lan"] * 2
    editor.set_address(0, 1, "192.168.10.1")
    editor.set_address(1, 1, "192.168.10.2")
    assert editor.blocked() == ""
    config, _ = read_cluster(editor.data)
    assert config is not None
    assert [lan.name for lan in config.lans] == ["default", "private"]
    assert editor.draft.undo_name == "Address of node2"


async def test_what_the_timing_means_is_said_in_seconds() -> None:
    editor = await Bench().load()
    assert "1.0 to 1.1 s" in editor.meaning
    editor.set_timing("slost_count", "30")
    assert "3.0 to 3.1 s" in editor.meaning


async def test_apply_asks_before_it_keeps_and_tells_the_session() -> None:
    bench = Bench()
    editor = await bench.add_third()
    editor.confirm_words(2, True)
    editor.log_in(2, "fresh")
    await settled(bench.tasks)
    editor.save_and_apply()
    await until(lambda: editor.apply.phase is Phase.ASKING)
    assert editor.apply.seen_title == "node1, node2 and node3 still answer with the new configuration"
    assert editor.blocked() == "an apply waits for its confirmation"
    fraction, words = editor.apply.remaining(editor.apply._over - 43)
    assert (fraction, words) == (pytest.approx(43 / 60), "0:43 left")
    editor.apply.keep()
    await settled(bench.tasks)
    assert bench.rollout.kept is True
    assert editor.apply.ended is not None
    assert editor.apply.ended.title == "node1, node2 and node3 have the new configuration"
    assert bench.rollout.requests[0].targets[2].address == NodeAddress("10.0.0.3", pin=pin_of("node3"))
    assert bench.rollout.requests[0].targets[2].credentials.password == "fresh"


async def test_after_an_apply_the_password_of_the_cluster_holds_on_the_new_node() -> None:
    bench = Bench()
    editor = await bench.add_third()
    editor.confirm_words(2, True)
    editor.log_in(2, "fresh")
    await settled(bench.tasks)
    await bench.apply(keep=False)
    await bench.apply(keep=True)
    assert [request.targets[2].credentials.password for request in bench.rollout.requests] == ["fresh", "secret"]


async def test_go_back_says_so_and_keeps_the_draft() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.set_timing("pulse", "200ms")
    await bench.apply(keep=False)
    assert editor.apply.ended.title == "Gone back: the configuration before is in force"
    assert "your edit stays here" in editor.apply.ended.sentence
    assert editor.form.pulse == "200ms"


async def test_no_answer_in_time_goes_back_and_says_so() -> None:
    bench = Bench()
    bench.rollout.within = 0.05
    editor = await bench.load()
    editor.set_timing("pulse", "200ms")
    await bench.apply(keep=None)
    assert editor.apply.ended.title == "Gone back: the configuration before is in force"
    assert "Nobody kept the change" in editor.apply.ended.sentence


async def test_a_node_that_dies_while_applying_is_named_with_what_to_do() -> None:
    bench = Bench()
    bench.rollout.failures["node2", Stage.COMMIT] = Trouble.TIMED_OUT
    editor = await bench.load()
    editor.set_timing("pulse", "200ms")
    await bench.apply(keep=None)
    row = next(row for row in editor.apply.rows if row.name == "node2")
    assert row.sentence == "It stopped answering while the change was applied. Start its agent, then apply again."
    assert editor.apply.ended.sentence.startswith("node2: It stopped answering")


async def test_a_wrong_password_while_applying_changes_nothing() -> None:
    bench = Bench()
    bench.rollout.failures["node2", Stage.CHECK] = Trouble.WRONG_PASSWORD
    editor = await bench.load()
    editor.set_timing("pulse", "200ms")
    await bench.apply(keep=None)
    assert editor.apply.ended.title == "Nothing was changed on any node"
    assert "another password" in editor.apply.ended.sentence


async def test_a_password_that_is_not_known_any_more_is_asked_in_the_row() -> None:
    bench = Bench()
    editor = await bench.load()
    bench.session.password = ""
    await bench.apply(keep=None)
    assert editor.apply.ended.title == "Nothing was changed"
    assert [row.wants_password for row in editor.rows] == [True, True]
    assert bench.rollout.requests == []


async def test_check_changes_nothing() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.check()
    await settled(bench.tasks)
    assert editor.apply.ended.title == "All nodes accept this configuration"
    assert bench.rollout.kept is None


async def test_peers_that_do_not_hear_each_other_are_said_before_keeping() -> None:
    bench = Bench()
    bench.rollout.silent["node1"] = ("node2",)
    editor = await bench.load()
    editor.save_and_apply()
    await until(lambda: editor.apply.phase is Phase.ASKING)
    assert editor.apply.seen_sentence.startswith("node1 does not hear node2 yet: check the UDP port of the heartbeats")
    editor.apply.go_back()
    await settled(bench.tasks)


async def test_cancel_says_that_it_is_taken_back() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.save_and_apply()
    await until(lambda: editor.apply.phase is Phase.ASKING)
    editor.apply.cancel()
    await settled(bench.tasks)
    assert (editor.apply.ended.title, editor.apply.phase) == ("Cancelled", Phase.ENDED)


async def test_a_removed_node_leaves_the_window_after_the_apply() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.remove_node(1)
    await bench.apply()
    assert "remove node2" in bench.session.events
    assert "node2 no longer belongs to the cluster" in editor.apply.ended.sentence


async def test_a_login_that_ends_late_does_not_answer_for_a_later_question() -> None:
    bench = Bench()
    editor = await bench.add_third()
    editor.confirm_words(2, True)
    bench.nodes.trouble["10.0.0.3"] = Trouble.TIMED_OUT
    editor.log_in(2, "wrong")
    editor.retry(2)
    await settled(bench.tasks)
    assert editor.rows[2].standing_text == "timed out"


async def test_what_runs_is_read_as_soon_as_a_node_answers() -> None:
    bench = Bench()
    views = bench.session.view()
    for one in views:
        bench.session.put(replace(one, reach=Reach.UNREACHABLE))
    editor = await bench.load()
    assert editor.data != RUNNING
    bench.session.put(views[0])
    editor.look_again()
    editor.look_again()
    await settled(bench.tasks)
    assert editor.data == RUNNING
    assert editor.blocked() == ""


async def test_edits_made_before_a_node_answered_are_kept_but_not_applied_over_what_runs() -> None:
    bench = Bench()
    views = bench.session.view()
    for one in views:
        bench.session.put(replace(one, reach=Reach.UNREACHABLE))
    editor = await bench.load()
    editor.set_timing("pulse", "0.5s")
    for one in views:
        bench.session.put(one)
    editor.look_again()
    await settled(bench.tasks)
    assert editor.form.pulse == "0.5s"
    assert editor.blocked() == "the nodes answer only now: undo your edits, then what runs is read"
    editor.undo()
    await settled(bench.tasks)
    assert editor.data == RUNNING


async def test_a_cancelled_check_has_changed_nothing() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.check()
    await asyncio.sleep(0)
    editor.apply.cancel()
    await settled(bench.tasks)
    assert editor.apply.ended is not None
    assert editor.apply.ended.sentence == "Nothing was changed."


async def test_a_file_without_a_lan_leaves_the_table_as_it_was() -> None:
    editor = await Bench().load()
    editor.type_xml("<cluster><lans></lans></cluster>", 1)
    assert editor.draft.broken
    assert len(editor.rows) == 2
    assert editor.blocked() != ""


async def test_who_goes_and_who_stays_is_said_in_the_right_number() -> None:
    bench = Bench()
    editor = await bench.load()
    editor.remove_node(1)
    await bench.apply()
    assert editor.apply.ended is not None
    assert editor.apply.ended.title == "node1 has the new configuration"
    assert editor.apply.ended.sentence.startswith("node2 no longer belongs to the cluster")
