from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.config import CheckerRule, Failover
from nodeagent.contract.failover_rules import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    FailoverRule,
    Negation,
)
from nodeagent.contract.rule_grammar import read_rules
from nodeagent.contract.states import Action, ResourceState
from nodeagent.core.failover import FailoverRules, Firing, Waiting, find

INIT, UP, DOWN, UNKNOWN = ResourceState.INIT, ResourceState.UP, ResourceState.DOWN, ResourceState.UNKNOWN
KINDS, IDENTS = ["tcp", "custom", "proc"], ["web", "db", "a.b:1", "java#2"]
STATES = st.sampled_from(list(ResourceState))
RESOURCES = st.dictionaries(
    st.builds("{}.{}".format, st.sampled_from(KINDS), st.sampled_from(IDENTS)), STATES, max_size=6
)
CHECKERS = (
    CheckerRule("tcp", "web", action=Action.RESTART),
    CheckerRule("tcp", "db", "pre", action=Action.WAIT),
    CheckerRule("intf", "lan", action=Action.WAIT),
    CheckerRule("custom", "own"),
)


@st.composite
def _comparisons(draw: st.DrawFn) -> Comparison:
    wild = draw(st.sampled_from("?*"))
    kind, ident = draw(st.sampled_from([*KINDS, wild])), draw(st.sampled_from([*IDENTS, wild]))
    return Comparison(kind, ident, draw(STATES), draw(st.booleans()))


def _wider(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(inner, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(Negation, inner), st.builds(Conjunction, parts=several), st.builds(Disjunction, parts=several)
    )


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(_comparisons(), _wider, max_leaves=12)


def _plain(condition: Condition, resources: Mapping[str, ResourceState]) -> bool:
    """Another evaluator, of the condition's text: it becomes an expression of Python."""
    text = condition.text().replace("&&", " and ").replace("||", " or ").replace("!(", " not (").replace("!", " not ")
    text = text.replace(" not =", "!=")
    words = []
    parts = iter(text.replace("(", " ( ").replace(")", " ) ").split())
    for part in parts:
        words.append(part if "." not in part else str(_true(part, next(parts), next(parts), resources)))
    return bool(eval(" ".join(words), {"__builtins__": {}}))


def _true(resource: str, sign: str, state: str, resources: Mapping[str, ResourceState]) -> bool:
    kind, ident = resource.split(".", 1)
    names = [name.split(".", 1) for name in resources]
    among = [f"{k}.{i}" for k, i in names if kind in ("?", "*", k) and ident in ("?", "*", i)]
    states = [str(resources[name]) for name in among] or ["init"]
    verdicts = [(found == state) == (sign == "==") for found in states]
    return all(verdicts) if "*" in (kind, ident) else any(verdicts)


@pytest.mark.covers("rule not", "rule and", "rule or", "rule equal", "rule unequal", "rule parentheses", "rule any-one")
@pytest.mark.covers("rule all", "rule state *")
@given(CONDITIONS, st.lists(RESOURCES, min_size=1, max_size=4))
def test_a_condition_written_and_read_means_the_same(
    condition: Condition, worlds: list[dict[str, ResourceState]]
) -> None:
    rule = FailoverRule("own", condition, Action.WAIT)
    read = read_rules(rule.text())
    assert read.mistakes == ()
    assert read.rules == (rule,)
    for resources in worlds:
        assert find(read.rules[0].condition, resources).holds == _plain(condition, resources)


@given(CONDITIONS, RESOURCES, st.data())
def test_what_a_sentence_names_is_enough_to_decide(
    condition: Condition, resources: dict[str, ResourceState], data: st.DataObject
) -> None:
    found = find(condition, resources)
    assert found.because
    named = dict(found.because)
    others = {name: named.get(name) or data.draw(STATES) for name in resources}
    assert find(condition, others).holds is found.holds


@pytest.mark.covers("rule not", "rule and", "rule or", "rule equal", "rule unequal", "rule parentheses", "rule any-one")
@pytest.mark.covers("rule all", "rule state *")
@pytest.mark.parametrize(
    ("condition", "resources", "holds"),
    [
        ("tcp.web == down", {}, False),
        ("tcp.web == init", {}, True),
        ("tcp.? == init", {}, True),
        ("tcp.* == down", {}, False),
        ("tcp.* != down", {}, True),
        ("tcp.? == down", {"tcp.a": UP, "tcp.b": DOWN}, True),
        ("tcp.? == down", {"tcp.a": UP, "http.b": DOWN}, False),
        ("tcp.* == down", {"tcp.a": UP, "tcp.b": DOWN}, False),
        ("tcp.* == down", {"tcp.a": DOWN, "tcp.b": DOWN, "tcpx.c": UP}, True),
        ("tcp.? != up", {"tcp.a": UP, "tcp.b": UNKNOWN}, True),
        ("tcp.* != up", {"tcp.a": UP, "tcp.b": UNKNOWN}, False),
        ("?.web == down", {"http.web": DOWN}, True),
        ("*.web == down", {"http.web": DOWN, "tcp.web": UP}, False),
        ("?.? == unknown", {"a.b": UNKNOWN}, True),
        ("a.b == up || a.c == up && a.d == up", {"a.b": UP}, True),
        ("(a.b == up || a.c == up) && a.d == up", {"a.b": UP}, False),
        ("!a.b == up && !(a.b == down)", {"a.b": INIT}, True),
    ],
)
def test_what_conditions_mean(condition: str, resources: dict[str, ResourceState], holds: bool) -> None:
    (rule,) = read_rules(f"x: if ({condition}) then stop();").rules
    assert find(rule.condition, resources).holds is holds


def _rules(text: str = "", handle_time: float = 15.0, extends: bool = True) -> FailoverRules:
    read = read_rules(text)
    assert read.mistakes == ()
    return FailoverRules(Failover(extends, handle_time=handle_time, rules=read.rules, text=text), CHECKERS)


OWN = "own: if (custom.own == down) then stopstart();"


@pytest.mark.covers("rule label")
def test_a_generated_rule_fires_at_once_and_once_until_it_was_false() -> None:
    rules = _rules()
    assert rules.evaluate({"tcp.web": UP}, 0.0) == ()
    fired = (Firing("t_web", Action.RESTART, "tcp.web is down (rule t_web)"),)
    assert rules.evaluate({"tcp.web": DOWN}, 1.0) == fired
    assert rules.evaluate({"tcp.web": DOWN}, 2.0) == ()
    assert rules.evaluate({"tcp.web": INIT}, 3.0) == ()
    assert rules.evaluate({"tcp.web": DOWN}, 4.0) == fired
    assert rules.next_deadline() is None


@pytest.mark.covers("failover@handle_time")
def test_an_own_rule_must_hold_for_its_time() -> None:
    rules = _rules(OWN)
    assert rules.next_deadline() is None
    assert rules.evaluate({"custom.own": DOWN}, 10.0) == ()
    assert rules.next_deadline() == 25.0
    assert rules.evaluate({"custom.own": DOWN}, 24.9) == ()
    assert rules.evaluate({"custom.own": UP}, 24.95) == ()
    assert rules.next_deadline() is None
    assert rules.evaluate({"custom.own": DOWN}, 30.0) == ()
    assert rules.evaluate({"custom.own": DOWN}, 45.0) == (
        Firing("own", Action.STOPSTART, "custom.own is down (rule own)"),
    )
    assert rules.next_deadline() is None
    assert rules.evaluate({"custom.own": DOWN}, 90.0) == ()


def test_without_a_time_to_hold_an_own_rule_fires_at_once() -> None:
    assert [firing.label for firing in _rules(OWN, handle_time=0.0).evaluate({"custom.own": DOWN}, 5.0)] == ["own"]


def test_an_own_rule_in_place_of_a_generated_one_is_held() -> None:
    rules = _rules("t_web: if (tcp.web == down) then stop();")
    assert rules.evaluate({"tcp.web": DOWN}, 0.0) == ()
    assert [(f.label, f.action) for f in rules.evaluate({"tcp.web": DOWN}, 15.0)] == [("t_web", Action.STOP)]


def test_the_earliest_rule_gives_the_deadline() -> None:
    rules = _rules(OWN + "two: if (tcp.? == down) then stop();", extends=False)
    rules.evaluate({"tcp.web": DOWN}, 3.0)
    rules.evaluate({"tcp.web": DOWN, "custom.own": DOWN}, 5.0)
    assert rules.next_deadline() == 18.0
    assert [f.label for f in rules.evaluate({"tcp.web": DOWN, "custom.own": DOWN}, 18.0)] == ["two"]
    assert rules.next_deadline() == 20.0


def test_time_in_which_the_node_stood_still_matures_nothing() -> None:
    rules = _rules(OWN)
    rules.evaluate({"custom.own": DOWN}, 0.0)
    rules.forgive(100.0)
    assert rules.next_deadline() == 115.0
    assert rules.evaluate({"custom.own": DOWN}, 110.0) == ()
    assert len(rules.evaluate({"custom.own": DOWN}, 115.0)) == 1


def test_a_new_life_forgets_what_was_held_and_fired() -> None:
    rules = _rules(OWN)
    broken = {"custom.own": DOWN, "tcp.web": DOWN}
    assert [f.label for f in rules.evaluate(broken, 0.0)] == ["t_web"]
    rules.forget()
    assert rules.next_deadline() is None
    assert [f.label for f in rules.evaluate(broken, 14.0)] == ["t_web"]
    assert rules.next_deadline() == 29.0


def test_changed_rules_keep_what_is_known_of_the_others() -> None:
    rules = _rules(OWN + "two: if (tcp.web == down) then stop();")
    broken = {"custom.own": DOWN, "tcp.web": DOWN}
    assert [f.label for f in rules.evaluate(broken, 0.0)] == ["t_web"]
    changed = read_rules(OWN + "two: if (tcp.web == down) then wait();").rules
    rules.reconfigure(Failover(handle_time=10.0, rules=changed), CHECKERS)
    assert rules.next_deadline() == 10.0
    assert [f.label for f in rules.evaluate(broken, 10.0)] == ["own"]
    assert [(f.label, f.action) for f in rules.evaluate(broken, 20.0)] == [("two", Action.WAIT)]
    rules.reconfigure(
        Failover(handle_time=10.0, rules=read_rules("two: if (tcp.web != up) then wait();").rules), CHECKERS
    )
    assert rules.evaluate(broken, 21.0) == ()
    assert [f.label for f in rules.evaluate(broken, 31.0)] == ["two"]


def test_a_checker_that_does_not_count_yet_is_init_for_patterns() -> None:
    rules = _rules("all: if (tcp.* == down) then stop();", handle_time=0.0, extends=False)
    assert rules.evaluate({"tcp.web": DOWN}, 0.0) == ()
    fired = rules.evaluate({"tcp.web": DOWN, "tcp.db": DOWN}, 1.0)
    assert [f.sentence for f in fired] == ["tcp.web is down, tcp.db is down (rule all)"]


@pytest.mark.parametrize(
    ("condition", "resources", "sentence"),
    [
        ("intf.? == down", {"intf.a": UP, "intf.b": DOWN}, "intf.b is down"),
        ("a.b == up && (a.c == down || a.d == down)", {"a.b": UP, "a.d": DOWN}, "a.b is up, a.d is down"),
        ("!(a.b == up)", {}, "a.b is init"),
        ("!(a.b == up || a.c == up)", {"a.c": DOWN}, "a.b is init, a.c is down"),
        ("!(a.* == up)", {"a.b": UP, "a.c": DOWN}, "a.c is down"),
        ("x.? != down", {}, "x.? is init"),
        ("a.? == up", {f"a.{n}": UP for n in range(6)}, "a.0 is up, a.1 is up, a.2 is up, a.3 is up and 2 more"),
    ],
)
def test_the_sentence_names_what_makes_it_true(
    condition: str, resources: dict[str, ResourceState], sentence: str
) -> None:
    rules = _rules(f"own: if ({condition}) then stop();", handle_time=0.0, extends=False)
    assert [f.sentence for f in rules.evaluate(resources, 0.0)] == [f"{sentence} (rule own)"]


@pytest.mark.covers("rule wake-up")
@pytest.mark.parametrize(
    ("resources", "waiting"),
    [
        ({}, Waiting()),
        ({"tcp.db": UP, "intf.lan": UP}, Waiting()),
        ({"tcp.db": INIT, "tcp.web": INIT}, Waiting(init=("tcp.db",))),
        ({"tcp.db": DOWN, "intf.lan": INIT}, Waiting(("tcp.db",), ("intf.lan",))),
        ({"tcp.web": DOWN, "custom.x": DOWN, "proc.p": INIT}, Waiting()),
        ({"tcp.db": DOWN, "intf.lan": DOWN, "intf.two": DOWN}, Waiting(("tcp.db", "intf.lan", "intf.two"))),
    ],
)
def test_what_a_module_waits_for(resources: dict[str, ResourceState], waiting: Waiting) -> None:
    assert _rules().waiting_for(resources) == waiting


def test_an_own_rule_keeps_waiting_without_its_time() -> None:
    rules = _rules("own: if (custom.own != up && tcp.web == up) then wait();", extends=False)
    assert rules.waiting_for({"custom.own": INIT}) == Waiting(init=("custom.own",))
    assert rules.waiting_for({"custom.own": DOWN, "tcp.web": UP}) == Waiting(("custom.own", "tcp.web"))
    assert rules.waiting_for({"custom.own": UP, "tcp.web": UP}) == Waiting()
