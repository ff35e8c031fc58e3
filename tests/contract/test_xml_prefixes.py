"""A colon that belongs to no namespace is told wherever it stands, and the rest of the file is looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.errors import errors_of
from nodeagent.contract.module_xml import expand_module, read_module
from nodeagent.contract.xml_prefixes import wrong_names
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_scan import NotXml, scan
from tests.contract.odd_files import FULL, USUAL


def _told(text: str) -> list[tuple[int, str]]:
    """What is said of colons."""
    return [
        (problem.line, problem.text)
        for problem in errors_of(read_module("web", text.encode(), environment={"SITE": "x"})[1])
        if problem.text.startswith("the prefix of ") or "a colon may stand only once" in problem.text
    ]


@pytest.mark.parametrize("sign", [":", "x:", "x:y:", ":1"])
def test_a_colon_anywhere_is_told_at_its_line_or_is_no_part_of_a_name(sign: str) -> None:
    text = USUAL.decode()
    for at in range(len(text)):
        changed = text[:at] + sign + text[at:]
        try:
            wrong = wrong_names(scan(changed.encode()))
        except NotXml:
            continue
        told = _told(changed)
        assert len(told) == len(wrong) <= 1, changed[max(0, at - 20) : at + 20]
        assert all(line == text.count("\n", 0, at) + 1 for line, _ in told)
        assert (expand_module(changed.encode())[0] == b"") == bool(wrong)


@given(st.lists(st.tuples(st.integers(39, 2500), st.sampled_from([":", "x:", "a:b", " x:a='1'", " xmlns:x='u'"]))))
def test_many_colons_are_all_told_and_the_tree_stays_whole(put_in: list[tuple[int, str]]) -> None:
    text = FULL.decode()
    for at, sign in put_in:
        text = text[:at] + sign + text[at:]
    try:
        scanned = scan(text.encode())
    except NotXml:
        return
    wrong = wrong_names(scanned)
    assert len(_told(text)) == len(wrong)
    xml = XmlFile(scanned, "")
    assert [xml.name(element) for element in xml.root.iter("*")] == [element.name for element in scanned.elements]
    assert len(xml.damaged) == len({one.element for one in wrong})


def test_a_prefix_holds_inside_the_element_that_declares_it_only() -> None:
    text = (
        "<safe>\n<a xmlns:x='u' x:b='1'><x:c/></a>\n<x:c/>\n<x:d xmlns:x='u'/>\n<xml:e xml:lang='en'/>"
        "<service mode='light'/></safe>"
    )
    where = 'or declare it with xmlns:x="…" where this is to be kept and not used'
    assert _told(text) == [(3, f"the prefix of <x:c> is not declared: write <c>, {where}")]


def test_ten_thousand_of_them_in_one_element_are_told_soon() -> None:
    text = "<safe " + " ".join(f"x:a{number}=''" for number in range(4990)) + "><service mode='light'/></safe>"
    told = _told(text)
    assert len(told) == 999
    assert told[-1] == (
        1,
        'the prefix of x:a998 is not declared: write a998, or declare it with xmlns:x="…" where this is to be kept'
        " and not used",
    )


RESERVED = ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2000/xmlns/")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("xmlns:x=''", 'xmlns:x="" declares nothing: write xmlns:x="…" with a name of your own, or leave it out'),
        ("xmlns:xml='u'", 'xmlns:xml="u" is wrong: xml belongs to XML itself, choose another prefix'),
        ("xmlns:xmlns='u'", 'xmlns:xmlns="u" is wrong: xmlns belongs to XML itself, choose another prefix'),
        *(
            (
                f"{name}='{value}'",
                f'{name}="{shown}" is wrong: a namespace is named by a URI like urn:site:a, with letters a to z, digits'
                " and signs of web addresses",
            )
            for name in ("xmlns", "xmlns:x")
            for value, shown in (("a b", "a b"), ("%zz", "%zz"), ("\u00e9", "\u00e9"), ("1:x", "1:x"), ("&#10;", "?"))
        ),
        *(
            (f"{name}='{uri}'", f'{name}="{uri}" is wrong: this name belongs to XML itself, write one of your own')
            for name in ("xmlns", "xmlns:x")
            for uri in RESERVED
        ),
    ],
)
def test_a_wrong_declaration_is_told_at_its_line_and_the_rest_of_the_file_is_looked_at(written: str, told: str) -> None:
    text = (
        f"<safe><service mode='light'>\n<var name='a' value=''\n{written}/>\n"
        "<x:var xmlns:x='y' x:name='b'/><proc/></service></safe>"
    )
    errors = errors_of(read_module("web", text.encode())[1])
    assert [(error.line, error.text) for error in errors] == [(3, told)]
    assert errors[0].path.startswith("safe/service/var/@xmlns")


def test_names_with_a_prefix_that_is_wrongly_declared_are_not_told_besides() -> None:
    text = "<safe xmlns:x='' xmlns:y='' x:a='1' y:a='2'>\n<x:b y:c='3'/><service mode='light' boot='x'/></safe>"
    told = [(error.line, error.text) for error in errors_of(read_module("web", text.encode())[1])]
    assert told == [
        (1, 'xmlns:x="" declares nothing: write xmlns:x="…" with a name of your own, or leave it out'),
        (1, 'xmlns:y="" declares nothing: write xmlns:y="…" with a name of your own, or leave it out'),
        (2, 'boot="x" must be one of on, off, auto, ignore'),
    ]


IDS = [
    *(
        (
            f"xml:id='{value}'",
            f'xml:id="{value}" is wrong: a letter or _ must stand first, then letters, digits, . - and _ only',
        )
        for value in ("", "1", "a b", "a:b")
    ),
    ("xml:id='first'", 'xml:id="first" is given in line 1, too: an xml:id may stand once in a file'),
    ("xml:id='&#102;irst'", 'xml:id="first" is given in line 1, too: an xml:id may stand once in a file'),
    *(
        (
            written,
            f'{second} is {first} of <user> again, since both prefixes belong to the namespace "u:v": leave one of them'
            " out",
        )
        for written, first, second in (
            ("p:x='1' q:x='2'", "p:x", "q:x"),
            ("q:x='1' p:x='2'", "q:x", "p:x"),
            ("xmlns:r='u:v' r:x='1' p:x='2'", "r:x", "p:x"),
        )
    ),
]


@pytest.mark.parametrize(("written", "told"), IDS)
def test_an_id_or_a_name_that_may_not_stand_there_is_told_in_words_of_ours(written: str, told: str) -> None:
    text = (
        "<safe xmlns:p='u:v' xmlns:q='u:&#118;'><service xml:id='first' mode='light'>\n"
        f"<user {written}/>\n<health rounds='x'/></service></safe>"
    )
    errors = errors_of(read_module("web", text.encode())[1])
    assert [(error.line, error.text) for error in errors] == [
        (2, told),
        (3, 'rounds="x" must be a whole number from 0 to 1000'),
    ]
    assert expand_module(text.encode())[0] == b""


@pytest.mark.parametrize(
    "written",
    [
        "xmlns:p='u' p:x='' x=''",
        "xmlns:p='u' xmlns:q='v' p:x='' q:x=''",
        "xmlns='u' xmlns:p='u' p:x='' x=''",
        "xml:id='_a.b-1'",
        "xml:id='\u00e9'",
        "xmlns:p='http://h/a?b=c&amp;d#e'",
        "xmlns:p='%20'",
    ],
)
def test_what_xml_takes_is_no_mistake(written: str) -> None:
    assert errors_of(read_module("web", f"<safe><service mode='light'/><a {written}/></safe>".encode())[1]) == []


@pytest.mark.parametrize("written", ["xmlns=''", "xmlns='u'", f"xmlns:xml='{RESERVED[0]}'"])
def test_a_right_declaration_is_no_mistake(written: str) -> None:
    assert errors_of(read_module("web", f"<safe><service mode='light'/><a {written}/></safe>".encode())[1]) == []


def test_nothing_can_have_the_prefix_of_declarations() -> None:
    text = "<safe>\n<xmlns:a/><service mode='light'/></safe>"
    assert _told(text) == [(2, "the prefix of <xmlns:a> is not declared: write <a>")]
