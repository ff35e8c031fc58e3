"""From single looks to the state of a resource."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.config import CheckerRule
from nodeagent.contract.states import Action, ResourceState
from nodeagent.core.checking import CheckerBoard
from nodeagent.core.resources import HISTORY, ResourceTable
from nodeagent.core.rounds import Rounds

PRE, ALL = frozenset({"pre"}), frozenset({"pre", "both"})
WEB = CheckerRule("tcp", "web", "both", Action.RESTART, warmup=30.0)
GW = CheckerRule("ping", "gw", "pre", Action.WAIT, warmup=0.0)
DB = CheckerRule("custom", "db", "both", Action.RESTART)


def board(*rules: CheckerRule) -> CheckerBoard:
    made = CheckerBoard(rules)
    assert made.use(ALL, 0.0) == rules
    return made


def rule(fall: int = 1, rise: int = 1) -> CheckerRule:
    return CheckerRule("tcp", "web", "both", Action.RESTART, fall=fall, rise=rise)


@given(st.integers(1, 4), st.integers(1, 4), st.lists(st.booleans(), max_size=40))
def test_a_resource_changes_after_exactly_fall_bad_or_rise_good_looks(fall: int, rise: int, looks: list[bool]) -> None:
    made, state = board(rule(fall, rise)), ResourceState.INIT
    for number, good in enumerate(looks, 1):
        look = made.take("tcp.web", good, 0)
        needed = rise if good else fall
        if number >= needed and all(one is good for one in looks[number - needed : number]):
            state = ResourceState.UP if good else ResourceState.DOWN
        assert look is not None
        assert look.state is state


def test_which_checkers_run_with_which_classes() -> None:
    waits = CheckerRule("ping", "far", "both", Action.WAIT)
    made = CheckerBoard((WEB, GW, waits))
    assert made.use(PRE, 0.0) == (GW, waits), "a checker that makes the module wait must see it end"
    assert made.use(ALL, 1.0) == (WEB, GW, waits)
    assert made.use(ALL, 2.0) is None
    assert made.use(frozenset(), 3.0) == ()


def test_a_checker_that_runs_on_keeps_what_it_knows() -> None:
    made = CheckerBoard((WEB, GW))
    made.use(PRE, 0.0)
    made.take("ping.gw", True, 0)
    made.use(ALL, 1.0)
    assert made.states() == {"tcp.web": ResourceState.INIT, "ping.gw": ResourceState.UP}


def test_a_failure_acts_after_the_first_good_look_or_the_warm_up() -> None:
    made = board(WEB)
    made.take("tcp.web", False, 0)
    assert made.facts() == {}
    assert made.next_deadline() == 30.0
    assert not made.warm_up(29.9)
    assert made.warm_up(30.0)
    assert made.facts() == {"tcp.web": ResourceState.DOWN}
    assert made.next_deadline() is None
    early = board(WEB)
    early.take("tcp.web", True, 0)
    early.take("tcp.web", False, 0)
    assert early.facts() == {"tcp.web": ResourceState.DOWN}


def test_a_standstill_uses_up_no_warm_up() -> None:
    made = board(WEB)
    made.take("tcp.web", False, 0)
    made.forgive(60.0)
    assert not made.warm_up(89.0)
    assert made.warm_up(90.0)


def test_a_checker_that_cannot_look_is_unknown_and_not_needed() -> None:
    made = board(WEB)
    assert made.needed() == {"tcp.web"}
    made.take("tcp.web", None, 0)
    assert made.states() == {"tcp.web": ResourceState.UNKNOWN}
    assert made.needed() == frozenset()


def test_looks_of_an_earlier_round_tell_nothing() -> None:
    made = board(WEB)
    made.take("tcp.web", True, 0)
    assert made.look_now() == 1
    assert made.take("tcp.web", False, 0) is None
    assert made.facts() == {}
    assert made.states() == {"tcp.web": ResourceState.INIT}
    look = made.take("tcp.web", True, 1)
    assert look is not None
    assert look.state is ResourceState.UP


def test_what_was_down_in_an_earlier_round_is_so_by_a_new_bad_look_only() -> None:
    made = board(rule(fall=2, rise=2))
    made.warm_up(30.0)
    for good in (True, True, False, False):
        made.take("tcp.web", good, 0)
    assert made.facts() == {"tcp.web": ResourceState.DOWN}
    made.look_now()
    assert made.facts() == {}
    made.take("tcp.web", False, 1)
    assert made.facts() == {"tcp.web": ResourceState.DOWN}
    made.look_now()
    for good, state in ((True, ResourceState.INIT), (False, ResourceState.INIT), (False, ResourceState.DOWN)):
        made.take("tcp.web", good, 2)
        assert made.facts() == {"tcp.web": state}
    made.take("tcp.web", True, 2)
    assert made.facts() == {"tcp.web": ResourceState.DOWN}, "`rise` holds as ever"


def test_a_checker_by_another_rule_takes_nothing_from_the_one_before() -> None:
    made = board(WEB, GW)
    assert made.replaced == frozenset()
    made.take("ping.gw", True, 0)
    made.reconfigure((rule(fall=2), GW), 1.0)
    assert made.replaced == {"tcp.web"}
    assert made.look_now(made.replaced) == 1
    assert made.take("tcp.web", True, 0) is None
    assert made.states() == {"tcp.web": ResourceState.INIT, "ping.gw": ResourceState.UP}
    assert made.take("ping.gw", False, 0) is not None, "what runs on is not asked anew"
    made.reconfigure((GW,), 2.0)
    assert made.replaced == frozenset()


@pytest.mark.covers("checker custom")
def test_what_a_custom_checker_said_holds() -> None:
    made = board(DB)
    assert made.needed() == {"custom.db"}
    made.told("custom.db", ResourceState.UP)
    assert made.needed() == frozenset()
    made.look_now()
    assert made.facts() == {"custom.db": ResourceState.UP}
    made.told("custom.db", ResourceState.INIT)
    assert made.states() == {"custom.db": ResourceState.INIT}


def test_a_checker_that_does_not_run_tells_nothing() -> None:
    made = CheckerBoard((WEB, DB))
    assert made.take("tcp.web", True, 0) is None
    assert made.told("custom.db", ResourceState.UP) is None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_a_round_is_complete_when_everything_was_good_once(looks: list[tuple[str, bool]]) -> None:
    rounds, needed = Rounds(), frozenset("ab")
    count, good = 0, set[str]()
    for name, well in looks:
        rounds.note(name, well, needed)
        if name not in needed:
            continue
        if not well:
            count, good = 0, set()
            continue
        good.add(name)
        if good == needed:
            count, good = count + 1, set()
        assert rounds.count == count


def test_the_table_remembers_the_last_changes_and_who_made_them() -> None:
    table = ResourceTable(lambda resource: None)
    assert table.put("tcp.web", ResourceState.INIT, 1.0, by="tcp.web")
    assert not table.put("tcp.web", ResourceState.INIT, 2.0, by="tcp.web", detail="again")
    for number in range(2 * HISTORY):
        state = ResourceState.UP if number % 2 else ResourceState.DOWN
        assert table.put("tcp.web", state, 10.0 + number, by="admin", detail=str(number), took=0.2)
    known = table.get("tcp.web")
    assert known is not None
    assert (known.state, known.since, known.by, known.took) == (ResourceState.UP, 209.0, "admin", 0.2)
    assert [len(known.history), known.history[-1].detail] == [HISTORY, "199"]
