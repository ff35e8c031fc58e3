import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.errors import errors_of
from nodeagent.contract.failover_rules import Comparison, Conjunction, Disjunction, FailoverRule, Negation
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.rule_grammar import MAX_MISTAKES, read_rules
from nodeagent.contract.states import Action, ResourceState
from tests.contract.bad_rules import BAD_RULES, BadRules

A, B, C = (Comparison("tcp", ident, ResourceState.DOWN) for ident in "abc")


def _module(text: str) -> bytes:
    return f'<safe><service mode="light"><failover><![CDATA[\n{text}]]></failover></service></safe>'.encode()


def test_there_are_enough_bad_texts() -> None:
    assert len({bad.text for bad in BAD_RULES}) == len(BAD_RULES) >= 40


@pytest.mark.covers("rule mistakes")
@pytest.mark.parametrize("bad", BAD_RULES, ids=lambda bad: bad.text[:40])
def test_a_bad_text_gives_exactly_these_mistakes(bad: BadRules) -> None:
    config, problems = read_module("web", _module(bad.text), "u.xml")
    assert config is None
    found = [(problem.line, problem.text) for problem in errors_of(problems)]
    assert found == [(line, f"column {column}: {text}") for line, column, text in bad.mistakes]
    assert {(problem.file, problem.path) for problem in problems} == {("u.xml", "safe/service/failover")}


@pytest.mark.covers("rule mistakes")
def test_all_bad_texts_together_give_all_their_mistakes() -> None:
    texts = [bad for bad in BAD_RULES if not bad.text.count("/*") and "\n" not in bad.text]
    rules = [bad.text if bad.text.endswith(";") else f"{bad.text};" for bad in texts]
    read = read_rules("\n".join(rules).replace("a:", "l:"))
    assert len(read.mistakes) >= len(texts)
    lines = {"\n".join(rules).count("\n", 0, mistake.offset) for mistake in read.mistakes}
    assert lines == set(range(len(texts)))


@pytest.mark.covers("rule not", "rule and", "rule or", "rule equal", "rule unequal", "rule parentheses", "rule comment")
@pytest.mark.covers("rule action stopstart()")
@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("tcp.a == down", A),
        ("((tcp.a==down))", A),
        ("tcp.a == down && tcp.b == down && tcp.c == down", Conjunction((A, B, C))),
        ("tcp.a == down || tcp.b == down && tcp.c == down", Disjunction((A, Conjunction((B, C))))),
        ("(tcp.a == down || tcp.b == down) && tcp.c == down", Conjunction((Disjunction((A, B)), C))),
        ("(tcp.a == down && tcp.b == down) && tcp.c == down", Conjunction((Conjunction((A, B)), C))),
        ("!tcp.a == down && tcp.b == down", Conjunction((Negation(A), B))),
        ("! ! (tcp.a == down)", Negation(Negation(A))),
        ("tcp.a\n==\tdown/* and so on */&&// here\ntcp.b==down", Conjunction((A, B))),
        ("proc.w3wp.exe != up", Comparison("proc", "w3wp.exe", ResourceState.UP, equal=False)),
        ("proc.java#2 == up", Comparison("proc", "java#2", ResourceState.UP)),
        ("ip.fd00::2 == unknown", Comparison("ip", "fd00::2", ResourceState.UNKNOWN)),
        ("?.a == init", Comparison("?", "a", ResourceState.INIT)),
        ("*.* == up", Comparison("*", "*", ResourceState.UP)),
    ],
)
def test_conditions(text: str, condition: Comparison) -> None:
    read = read_rules(f"own.rule-1: if ({text}) then stopstart();")
    assert read.mistakes == ()
    assert read.rules == (FailoverRule("own.rule-1", condition, Action.STOPSTART),)
    assert read_rules(read.rules[0].text()).rules == read.rules


@pytest.mark.covers("rule label", "rule comment", "rule action stop()", "rule action wait()")
def test_many_rules_in_one_text() -> None:
    text = "/* first; */ a:if(tcp.a==down)then stop();b : if (tcp.b == down) then wait ( ) ;\n// end ; of the text"
    read = read_rules(text)
    assert read.mistakes == ()
    assert [rule.text() for rule in read.rules] == [
        "a: if (tcp.a == down) then stop();",
        "b: if (tcp.b == down) then wait();",
    ]
    assert [text[at] for at in read.labels] == ["a", "b"]
    assert [text[at : at + 5] for at, _ in read.comparisons] == ["tcp.a", "tcp.b"]
    assert read_rules(" \n ").rules == ()


def test_reading_goes_on_behind_the_next_semicolon_outside_comments() -> None:
    text = "a: b /*;*//; c: d // ;\n; e: f;"
    assert [text[mistake.offset] for mistake in read_rules(text).mistakes] == ["b", "d", "f"]


def test_what_stands_side_by_side_is_not_deep() -> None:
    parts = " && ".join(["!tcp.a == down", "(tcp.b == down)"] * 60)
    assert read_rules(f"a: if ({parts}) then stop();").mistakes == ()


WORDS = ["a", ":", "if", "(", ")", "tcp.a", "==", "!=", "down", "up", "&&", "||", "!", "then", "stop", "()", ";", " "]
WORDS += ["\n", "/*", "*/", "//", "?.a", "tcp.*", "\x00", "\u00e9", '"', "/", "=", "&"]


@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join) | st.text(max_size=40))
def test_any_text_is_read(text: str) -> None:
    read = read_rules(text)
    assert all(0 <= mistake.offset <= len(text) and "\n" not in mistake.text for mistake in read.mistakes)
    if not read.mistakes:
        again = read_rules("".join(rule.text() for rule in read.rules))
        assert (again.rules, again.mistakes) == (read.rules, ())


@pytest.mark.parametrize(
    "part", [";", "/*", "a", "!", "(", "a:", "// ", "\n", "a: if (x.y == up) then stop();\n", "x.y == u &&"]
)
def test_a_hostile_text_takes_bounded_time_and_memory(part: str) -> None:
    begin = time.monotonic()
    for text in (part * 300_000, "a: if (" + part * 300_000):
        assert len(read_rules(text).mistakes) <= MAX_MISTAKES
    assert time.monotonic() - begin < 60
