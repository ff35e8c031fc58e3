from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.config import Failover, ModuleConfig
from nodeagent.contract.errors import Problem
from nodeagent.contract.macros import expand
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.xml_reader import XmlFile, text_of

CHECKERS = b"""<check>
<tcp ident="web"><to addr="10.0.0.1" port="80"/></tcp><intf ident="lan"><to local_addr="10.0.0.1"/></intf>
</check>"""


def _read(rules: str, attributes: str = "", more: bytes = CHECKERS) -> tuple[ModuleConfig | None, list[Problem]]:
    """The rules begin on line 2."""
    failover = f"<failover {attributes}><![CDATA[\n{rules}]]></failover>".encode()
    return read_module("web", b'<safe><service mode="light"><user/>' + failover + more + b"</service></safe>")


def _said(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.severity.value, problem.text) for problem in problems]


def test_rules_are_part_of_the_configuration() -> None:
    config, problems = _read(" a: if (tcp.web == down) then stop(); ", 'handle_time="2s" extends="no"')
    assert config is not None
    assert [rule.text() for rule in config.failover.rules] == [config.failover.text]
    assert config.failover == Failover(False, 5.0, 2.0, config.failover.rules, "a: if (tcp.web == down) then stop();")
    assert problems == []


def test_every_mistake_is_named_where_it_stands_in_the_file() -> None:
    data = """\
<safe><macro name="M" value="tcp.much_longer"/><service mode="light">\r
<failover>
 <!-- c; --> a: if (%M% == dwon) then swap();
  <![CDATA[b: if (tcp.web = down) then stop();
 /* ; */ c: if tcp.x == down) then stop();]]>
 &lt;d: &amp;&amp; ; <x>text</x> d: if (%M% == up &amp;&amp; %M% == upp) then stop()
 a: if (a.b == up) then stop();
</failover></service></safe>"""
    for codec, mark in (("utf-8", ""), ("utf-8", "\ufeff"), ("utf-16-le", "\ufeff")):
        config, problems = read_module("web", (mark + data).encode(codec))
        assert config is None
        assert [(line, text[:30]) for line, kind, text in _said(problems) if kind == "error"] == [
            (3, 'column 28: "dwon" is no state:'),
            (3, 'column 39: "swap" is no action'),
            (4, "column 27: == or != must follo"),
            (5, "column 16: ( must follow if, n"),
            (6, "column 2: a rule begins with i"),
            (6, 'column 69: "upp" is no state: '),
            (7, "column 2: ; must end the rule,"),
            (7, 'column 2: the label "a" is giv'),
        ]
        assert [(line, text) for line, kind, text in _said(problems) if kind == "warning"] == [
            (3, 'column 21: nothing sets "tcp.much_longer": it counts as init until a command sets it'),
            (6, "unknown element <x> in <failover>: kept, not used"),
            (7, 'column 9: nothing sets "a.b": it counts as init until a command sets it'),
        ]


def test_a_resource_that_nothing_sets_is_named_once() -> None:
    more = CHECKERS + b'<errd><proc name="java" class="both"/><proc name="java" class="both"/></errd>'
    rules = (
        "a: if (tcp.wbe == down || proc.java#2 == down) then stop();\n"
        "b: if (tcp.wbe == up || proc.java#3 == up || ?.lan == up || tcp.* == up || ip.? == down) then stop();"
    )
    config, problems = _read(rules, more=more)
    assert config is not None
    until = "it counts as init until a command sets it"
    assert [said for said in _said(problems) if "several <proc>" not in said[2]] == [
        (2, "warning", f'column 8: nothing sets "tcp.wbe": {until}; did you mean "tcp.web"?'),
        (3, "warning", f'column 25: nothing sets "proc.java#3": {until}; did you mean "proc.java#2"?'),
        (3, "warning", f'column 76: nothing sets "ip.?": {until}'),
    ]


def test_what_names_no_resource_is_an_error_only() -> None:
    config, problems = _read("a: if (tcp == up || tcp. == dwon || ?.* == up || t?.x == up) then stop();")
    assert config is None
    assert [kind for _, kind, _ in _said(problems)] == ["error"] * 5


def test_waiting_for_what_is_not_checked_while_waiting_is_a_warning() -> None:
    rules = "a: if (tcp.? == down && intf.lan == down) then wait();\nb: if (tcp.web == down) then stop();"
    assert _said(_read(rules)[1]) == [
        (2, "warning", 'column 1: this rule waits for "tcp.web", checked only while UP: its checker needs when="pre"')
    ]
    assert _said(_read(rules, more=CHECKERS.replace(b'"web"', b'"web" when="pre"'))[1]) == []


def test_a_rule_in_place_of_a_generated_one_is_a_note() -> None:
    rules = "x: if (tcp.web == down) then stop();\n t_web: if (tcp.web == down) then stop();"
    assert _said(_read(rules)[1]) == [(3, "note", 'column 2: this rule replaces the generated rule "t_web"')]
    assert _said(_read(rules, 'extends="no"')[1]) == []


def test_rules_with_an_undefined_macro_give_only_that_error() -> None:
    _, problems = _read("%RULES%")
    assert [text.split(":")[0] for _, _, text in _said(problems)] == ["%RULES% is not defined"]


class Piece(NamedTuple):
    """A piece of the source, and the text it means: each character with where in the piece it stands."""

    source: str
    means: tuple[tuple[str, int], ...]


def _plain(text: str) -> Piece:
    return Piece(text, tuple((character, at) for at, character in enumerate(text)))


PIECES = st.sampled_from(
    [
        _plain("ab"),
        _plain(" \u00e9\U0001f600"),
        _plain("\n "),
        Piece("\r\n", (("\n", 0),)),
        Piece("&amp;", (("&", 0),)),
        Piece("&#x1F600;", (("\U0001f600", 0),)),
        Piece("%M%", tuple((character, 0) for character in "long value")),
        Piece("%E%", ()),
        Piece("<!-- %M% & ]]> \n -->", ()),
        Piece("<?pi %M% ?>", ()),
        Piece("<x a='1'>te<y/>xt</x>", ()),
        Piece("<x/>", ()),
        Piece("<![CDATA[&<%M%\r\n>]]>", (("&", 9), ("<", 10), *((c, 11) for c in "long value"), ("\n", 14), (">", 16))),
        Piece("<![CDATA[]]>", ()),
    ]
)


@given(st.lists(PIECES, max_size=12), st.sampled_from(["", "\ufeff"]))
def test_every_character_of_a_text_has_its_place(pieces: list[Piece], mark: str) -> None:
    head = '<safe><macro name="M" value="long value"/><macro name="E" value=""/><t>'
    xml = XmlFile(f"{mark}{head}{''.join(piece.source for piece in pieces)}</t></safe>".encode(), "f")
    element = xml.root[2]
    expand(xml, {})
    expected = []
    source = head
    for piece in pieces:
        for character, at in piece.means:
            before = (source + piece.source[:at]).replace("\r\n", "\n").rpartition("\n")
            line = before[0].count("\n") + 1 + bool(before[1])
            expected.append((character, (line, len(before[2]) + 1)))
        source += piece.source
    places = xml.places(element)
    assert [(c, places.place(at)) for at, c in enumerate(text_of(element))] == expected
