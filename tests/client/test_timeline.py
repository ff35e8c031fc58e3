"""Lines of nodes whose clocks differ, on one axis."""

from hypothesis import given
from hypothesis import strategies as st

from nodeagent.client.timeline import NodeLines, clock_offset, merge_lines
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType


def line(node: str, cursor: int, time: float) -> LogLine:
    return LogLine(cursor, time, node, "web", "life", LogType.INFO, f"{node} {cursor}")


def test_the_order_is_that_of_the_events() -> None:
    ahead = NodeLines((line("a", 1, 1000.0), line("a", 2, 1002.0)), 60.0)
    right = NodeLines((line("b", 1, 941.0), line("b", 2, 943.0)), 0.0)
    merged = merge_lines([ahead, right])
    assert [one.line.text for one in merged] == ["a 1", "b 1", "a 2", "b 2"]
    assert [one.time for one in merged] == [940.0, 941.0, 942.0, 943.0]
    assert merge_lines([]) == ()


def test_a_clock_that_is_set_back_turns_nothing_round() -> None:
    lines = (line("a", 1, 100.0), line("a", 2, 40.0), line("a", 3, 101.0))
    merged = merge_lines([NodeLines(lines[::-1], 0.0)])
    assert [(one.line.cursor, one.time) for one in merged] == [(1, 100.0), (2, 100.0), (3, 101.0)]


def test_the_offset_of_a_clock() -> None:
    assert clock_offset(now=160.0, asked=99.0, answered=101.0) == 60.0


moments = st.floats(0, 2e9, allow_nan=False)


@given(st.lists(st.tuples(st.lists(moments, max_size=8), st.floats(-1e6, 1e6)), max_size=4))
def test_nothing_is_lost_and_each_node_keeps_its_order(nodes: list[tuple[list[float], float]]) -> None:
    told = [
        NodeLines(tuple(line(f"n{number}", cursor, time) for cursor, time in enumerate(times)), offset)
        for number, (times, offset) in enumerate(nodes)
    ]
    merged = merge_lines(told)
    assert len(merged) == sum(len(times) for times, _ in nodes)
    assert [one.time for one in merged] == sorted(one.time for one in merged)
    for number in range(len(nodes)):
        cursors = [one.line.cursor for one in merged if one.line.node == f"n{number}"]
        assert cursors == sorted(cursors)
