import pytest

from nodeagent.contract.config import CheckerRule, Failover
from nodeagent.contract.generated_rules import generated_rules, rules_in_force
from nodeagent.contract.rule_grammar import read_rules
from nodeagent.contract.states import Action

WAIT, STOP, RESTART, STOPSTART = Action.WAIT, Action.STOP, Action.RESTART, Action.STOPSTART


def _checker(key: str, action: Action | None) -> CheckerRule:
    kind, _, ident = key.partition(".")
    return CheckerRule(kind, ident, action=action)


@pytest.mark.covers("rule generated *", "rule action *")
@pytest.mark.parametrize(
    ("checkers", "rules"),
    [
        ([], []),
        (
            [
                ("tcp.web", RESTART), ("tcp.db.1", WAIT), ("tcp.idle", None), ("ping.router", WAIT),
                ("custom.own", None), ("custom.c-2", STOP), ("http.page", STOPSTART),
            ],
            [
                "t_web: if (tcp.web == down) then restart();",
                "t_db.1: if (tcp.db.1 == down) then wait();",
                "p_router: if (ping.router == down) then wait();",
                "c_c-2: if (custom.c-2 == down) then stop();",
                "h_page: if (http.page == down) then stopstart();",
            ],
        ),
        (
            [("module.a", WAIT), ("ip.a", STOPSTART), ("ip.b", STOPSTART), ("intf.a", WAIT)],
            [
                "interface_failure: if (intf.? == down) then wait();",
                "ip_failure: if (ip.? == down) then stopstart();",
                "module_failure: if (module.? == down) then wait();",
            ],
        ),
        (
            [("intf.a", WAIT), ("intf.b", None), ("intf.c", WAIT)],
            ["interface_failure: if (intf.a == down || intf.c == down) then wait();"],
        ),
        (
            [("intf.a", WAIT), ("intf.b", STOP), ("intf.c", WAIT), ("ip.a", None)],
            [
                "interface_failure_wait: if (intf.a == down || intf.c == down) then wait();",
                "interface_failure_stop: if (intf.b == down) then stop();",
            ],
        ),
    ],
)  # fmt: skip
def test_the_rules_that_follow_from_the_checkers(checkers: list[tuple[str, Action | None]], rules: list[str]) -> None:
    generated = generated_rules([_checker(*checker) for checker in checkers])
    assert [rule.text() for rule in generated] == rules
    read = read_rules("\n".join(rules))
    assert (read.rules, read.mistakes) == (generated, ())


@pytest.mark.covers("failover@extends", "rule label")
def test_own_rules_come_behind_or_in_place_of_generated_ones() -> None:
    checkers = [_checker("tcp.web", RESTART), _checker("ping.p", WAIT)]
    own = read_rules("own: if (tcp.? == up) then stop(); t_web: if (tcp.web == down) then wait();").rules
    assert [(rule.label, rule.action) for rule in rules_in_force(Failover(rules=own), checkers)] == [
        ("t_web", WAIT),
        ("p_p", WAIT),
        ("own", STOP),
    ]
    assert rules_in_force(Failover(extends=False, rules=own), checkers) == own
    assert rules_in_force(Failover(extends=False), checkers) == ()
