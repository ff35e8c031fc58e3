"""Texts of `<failover>` with every mistake they must give: (line, column, sentence); they begin on line 2."""

from typing import NamedTuple


class BadRules(NamedTuple):
    text: str
    mistakes: tuple[tuple[int, int, str], ...]


OK = "if (tcp.web == down) then stop();"
EXAMPLE = f"own: {OK}"
STATES, ACTIONS = "init, up, down and unknown", "stop(), stopstart(), wait() and restart()"
_CLASS = "letters, digits, _ and - are allowed, at most 63 of them"
_LABEL = "letters, digits, _ . and - are allowed, at most 80 of them"
_DEEP = "( and ! stand more than 50 deep inside each other: make two rules of it"

BAD_RULES = [
    BadRules(f"{OK}", ((2, 1, f"the rule has no label: it must begin with one, like {EXAMPLE}"),)),
    BadRules(f": {OK}", ((2, 1, f'a rule begins with its label, like {EXAMPLE}, not ":"'),)),
    BadRules(f"= {OK}", ((2, 1, f'a rule begins with its label, like {EXAMPLE}, not "="'),)),
    BadRules(f"own {OK}", ((2, 5, '":" must follow the label "own", not "if"'),)),
    BadRules(f"my rule: {OK}", ((2, 4, '":" must follow the label "my", not "rule"'),)),
    BadRules(f"läbel: {OK}", ((2, 1, f'"läbel" cannot be a label: {_LABEL}'),)),
    BadRules(f"a/b: {OK}", ((2, 2, '":" must follow the label "a", not "/"'),)),
    BadRules(f"{'x' * 81}: {OK}", ((2, 1, f'"{"x" * 40}" cannot be a label: {_LABEL}'),)),
    BadRules(f"a: {OK}\na: {OK}", ((3, 1, 'the label "a" is given twice: each rule needs its own'),)),
    BadRules("a", ((2, 1, '":" must follow the label "a", not the end of the text'),)),
    BadRules("a:", ((2, 2, 'if must follow the label "a", not the end of the text'),)),
    BadRules("a: stop();", ((2, 4, 'if must follow the label "a", not "stop"'),)),
    BadRules("a: IF (tcp.web == down) then stop();", ((2, 4, 'if must follow the label "a", not "IF"'),)),
    BadRules("a: if tcp.web == down then stop();", ((2, 7, '( must follow if, not "tcp.web"'),)),
    BadRules("a: if", ((2, 5, "( must follow if, not the end of the text"),)),
    BadRules("a: if () then stop();", ((2, 8, 'a resource like tcp.web must stand here, not ")"'),)),
    BadRules(
        "a: if (tcp == down) then stop();",
        ((2, 8, '"tcp" is no resource: class.id is, like tcp.web, tcp.? (any one) or tcp.* (all)'),),
    ),
    BadRules(
        "a: if (tcp. == down) then stop();",
        ((2, 8, '"tcp." is no resource: class.id is, like tcp.web, tcp.? (any one) or tcp.* (all)'),),
    ),
    BadRules(
        "a: if (.web == down) then stop();",
        ((2, 8, '".web" is no resource: class.id is, like tcp.web, tcp.? (any one) or tcp.* (all)'),),
    ),
    BadRules(
        "a: if (down == tcp.web) then stop();",
        ((2, 8, '"down" is a state: it stands on the right, like tcp.web == down'),),
    ),
    BadRules("a: if (tcp.web) then stop();", ((2, 15, '== or != must follow "tcp.web", not ")"'),)),
    BadRules("a: if (tcp.web = down) then stop();", ((2, 16, '== or != must follow "tcp.web", not "="'),)),
    BadRules("a: if (tcp.web === down) then stop();", ((2, 18, f'a state must follow ==, one of {STATES}, not "="'),)),
    BadRules("a: if (tcp.web < down) then stop();", ((2, 16, '== or != must follow "tcp.web", not "<"'),)),
    BadRules("a: if (tcp.web is down) then stop();", ((2, 16, '== or != must follow "tcp.web", not "is"'),)),
    BadRules("a: if (tcp.web == ) then stop();", ((2, 19, f'a state must follow ==, one of {STATES}, not ")"'),)),
    BadRules(
        "a: if (tcp.web == Down) then stop();", ((2, 19, f'"Down" is no state: {STATES} are; did you mean "down"?'),)
    ),
    BadRules(
        "a: if (tcp.web == dwon) then stop();", ((2, 19, f'"dwon" is no state: {STATES} are; did you mean "down"?'),)
    ),
    BadRules("a: if (tcp.web == 1) then stop();", ((2, 19, f'"1" is no state: {STATES} are'),)),
    BadRules(
        "a: if (tcp.web == tcp.db) then stop();",
        ((2, 19, f'a resource is compared with a state, and "tcp.db" is no state: {STATES} are'),),
    ),
    BadRules("a: if (tcp.web != !up) then stop();", ((2, 19, f'a state must follow !=, one of {STATES}, not "!"'),)),
    BadRules(
        "a: if (tcp.web == up & tcp.db == up) then stop();",
        ((2, 22, '&&, || or ) must follow the condition, not "&"'),),
    ),
    BadRules(
        "a: if (tcp.web == up | tcp.db == up) then stop();",
        ((2, 22, '&&, || or ) must follow the condition, not "|"'),),
    ),
    BadRules(
        "a: if (tcp.web == up and tcp.db == up) then stop();",
        ((2, 22, '&&, || or ) must follow the condition, not "and"'),),
    ),
    BadRules("a: if (tcp.web == up && ) then stop();", ((2, 25, 'a resource like tcp.web must stand here, not ")"'),)),
    BadRules("a: if (&& tcp.web == up) then stop();", ((2, 8, 'a resource like tcp.web must stand here, not "&&"'),)),
    BadRules(
        "a: if (tcp.web == up tcp.db == up) then stop();",
        ((2, 22, '&&, || or ) must follow the condition, not "tcp.db"'),),
    ),
    BadRules("a: if ((tcp.web == up) then stop();", ((2, 24, '&&, || or ) must follow the condition, not "then"'),)),
    BadRules("a: if (tcp.web == up)) then stop();", ((2, 22, 'then must follow the condition, not ")"'),)),
    BadRules("a: if (tcp.web == up", ((2, 20, "&&, || or ) must follow the condition, not the end of the text"),)),
    BadRules("a: if (!) then stop();", ((2, 9, 'a resource like tcp.web must stand here, not ")"'),)),
    BadRules("a: if (?.* == up) then stop();", ((2, 8, '"?.*" asks for any one and for all: use either ? or *'),)),
    BadRules(
        "a: if (tcp.web* == up) then stop();",
        ((2, 8, 'in "tcp.web*" ? and * must stand for the whole class or the whole id, like tcp.? or *.web'),),
    ),
    BadRules(
        "a: if (t?p.web == up) then stop();",
        ((2, 8, 'in "t?p.web" ? and * must stand for the whole class or the whole id, like tcp.? or *.web'),),
    ),
    BadRules("a: if (tép.web == up) then stop();", ((2, 8, f'"tép" cannot be a class: {_CLASS}'),)),
    BadRules('a: if ("tcp.web" == up) then stop();', ((2, 8, f'""tcp" cannot be a class: {_CLASS}'),)),
    BadRules("a: if (tcp.web == up) stop();", ((2, 23, 'then must follow the condition, not "stop"'),)),
    BadRules("a: if (tcp.web == up) Then stop();", ((2, 23, 'then must follow the condition, not "Then"'),)),
    BadRules(
        "a: if (tcp.web == up) then",
        ((2, 26, f"an action must follow then, one of {ACTIONS}, not the end of the text"),),
    ),
    BadRules("a: if (tcp.web == up) then ;", ((2, 28, f'an action must follow then, one of {ACTIONS}, not ";"'),)),
    BadRules("a: if (tcp.web == up) then stop;", ((2, 32, '() must follow "stop", not ";"'),)),
    BadRules("a: if (tcp.web == up) then stop(;", ((2, 33, ') must follow "stop(", not ";"'),)),
    BadRules("a: if (tcp.web == up) then stop(1);", ((2, 33, ') must follow "stop(", not "1"'),)),
    BadRules("a: if (tcp.web == up) then swap();", ((2, 28, f'"swap" is no action of a rule: {ACTIONS} are'),)),
    BadRules(
        "a: if (tcp.web == up) then stopstrat();",
        ((2, 28, f'"stopstrat" is no action of a rule: {ACTIONS} are; did you mean "stopstart"?'),),
    ),
    BadRules(
        "a: if (tcp.web == up) then start();",
        ((2, 28, f'"start" is no action of a rule: {ACTIONS} are; did you mean "restart"?'),),
    ),
    BadRules("a: if (tcp.web == up) then stop()", ((2, 33, "; must end the rule, not the end of the text"),)),
    BadRules(f"a: if (tcp.web == up) then stop()\nb: {OK}", ((3, 1, '; must end the rule, not "b"'),)),
    BadRules("a: if (tcp.web == up) then stop() else wait();", ((2, 35, '; must end the rule, not "else"'),)),
    BadRules(f"a: {OK};", ((2, 37, f'a rule begins with its label, like {EXAMPLE}, not ";"'),)),
    BadRules("/* no end", ((2, 1, "the comment has no end: */ must follow"),)),
    BadRules(f"a: {OK} /* no ; end", ((2, 38, "the comment has no end: */ must follow"),)),
    BadRules(
        "a: nonsense /* no ; end",
        (
            (2, 4, 'if must follow the label "a", not "nonsense"'),
            (2, 13, "the comment has no end: */ must follow"),
        ),
    ),
    BadRules(f"/ a: {OK}", ((2, 1, f'a rule begins with its label, like {EXAMPLE}, not "/"'),)),
    BadRules("a: if (" + "(" * 60 + "tcp.web == up" + ")" * 60 + ") then stop();", ((2, 58, _DEEP),)),
    BadRules("a: if (" + "!" * 51 + "tcp.web == up) then stop();", ((2, 58, _DEEP),)),
]
