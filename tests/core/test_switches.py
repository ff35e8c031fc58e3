"""Pauses, each with its own end."""

from nodeagent.core.switches import SwitchBoard


def test_each_pause_has_its_own_end() -> None:
    board = SwitchBoard()
    board.set("errd", False, 100.0)
    board.set("checker", False, 50.0)
    board.set("failover", False, None)
    assert (board.errd, board.checker, board.failover) == (False, False, False)
    assert (board.until, board.ends_at("errd"), board.ends_at("failover")) == (50.0, 100.0, None)
    assert board.due(49.9) == ()
    assert board.due(60.0) == ("checker",)
    board.set("checker", True, None)
    assert board.until == 100.0
    assert board.ends == (("errd", 100.0),)


def test_what_was_paused_is_taken_up_with_its_ends() -> None:
    board = SwitchBoard()
    board.recall(["errd"], [("errd", 5.0), ("checker", 1.0)])
    assert not board.errd
    assert board.ends == (("errd", 5.0),)
