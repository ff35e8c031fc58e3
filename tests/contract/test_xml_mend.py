"""A file that is no XML tells every mistake at its place, once, and never one that is none."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.module_xml import expand_module, read_module
from nodeagent.contract.xml_mend import mend
from nodeagent.contract.xml_mistakes import MAX_MISTAKES
from nodeagent.contract.xml_scan import NEWLINE, NotXml, scan
from tests.contract.bad_files import CLUSTERS, MODULES
from tests.contract.broken_files import AMPERSAND, BROKEN, Broken
from tests.contract.odd_files import FULL, USUAL, odd_userconfig

GOOD = [FULL.decode(), USUAL.decode(), odd_userconfig().decode()]
SIGNS = "<>&\"'/=!?-[] \nx\x01"


def _is_xml(text: str, codec: str = "utf-8") -> bool:
    try:
        scan(text.encode(codec))
    except NotXml:
        return False
    return True


def _problems(text: str, codec: str = "utf-8") -> list[Problem]:
    config, problems = read_module("web", text.encode(codec), environment={"SITE": "x"})
    assert config is None
    return problems


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.what)
def test_every_mistake_is_told_once_at_its_line_and_column(broken: Broken) -> None:
    assert not _is_xml(broken.text)
    assert tuple((said.line, said.column, said.text) for said in mend(broken.text).mistakes) == broken.told
    told = [(line, f"column {column}: {text}") for line, column, text in broken.told]
    data = broken.text.encode()
    for problems in (_problems(broken.text), read_cluster(data)[1], expand_module(data)[1]):
        assert [(problem.line, problem.text) for problem in problems] == told


@pytest.mark.parametrize("text", [*GOOD, *(bad.data.decode() for bad in [*CLUSTERS, *MODULES])])
def test_nothing_is_wrong_in_xml(text: str) -> None:
    assert mend(text).mistakes == ()


@pytest.mark.parametrize("sign", ["", *SIGNS])
def test_one_sign_too_many_or_too_few_is_one_mistake(sign: str) -> None:
    text = USUAL.decode()
    for at in range(len(text)):
        changed = text[:at] + sign + text[at + (sign == "") :]
        if not _is_xml(changed) and changed.startswith("<"):
            assert len(mend(changed).mistakes) == 1, (at, changed[max(0, at - 20) : at + 20])


FIRST = '<?xml version="1.0" encoding="{}"?>'
_RIGHT_FIRST = re.compile(r'<\?xml version="[A-Za-z0-9_.:-]+" encoding="([A-Za-z0-9._-]+)"\?>')


def _assert_told(text: str, codec: str = "utf-8") -> list[Problem]:
    """All errors stand at their columns; only an encoding that is another, or that no line declares, is told alone."""
    problems = _problems(text, codec)
    errors = [(problem.line, problem.text) for problem in errors_of(problems)]
    right = _RIGHT_FIRST.match(text)
    if right and right[1] != codec:
        known = "utf-8, utf-16 with its byte order mark, iso-8859-1, windows-1252 and us-ascii"
        assert errors == [(1, f"the encoding {right[1]} is not supported: allowed are {known}")]
    elif _is_xml(text):
        at = text.index("\u00e9")
        wrong = f"byte {at + 1} is not valid utf-8, which is meant when nothing is declared: save the file as UTF-8"
        assert errors == [(1 + text.count("\n", 0, at), wrong)]
    else:
        assert errors
        assert [told for told in errors if not told[1].startswith("column ")] == [], text
    return problems


@pytest.mark.parametrize("sign", ["", *SIGNS])
@pytest.mark.parametrize("codec", ["utf-8", "iso-8859-1"])
def test_one_wrong_sign_in_the_first_line_is_one_mistake(codec: str, sign: str) -> None:
    first = FIRST.format(codec)
    for at in range(1, len(first) + 1):
        text = f"{first[:at]}{sign}{first[at + (sign == '') :]}\n<safe><service mode='light'/><!-- \u00e9 --></safe>"
        if not _is_xml(text, codec):
            assert len(_assert_told(text, codec)) == 1, text


CUTS = st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 40), st.text(SIGNS, max_size=6)), max_size=4)
DOUBLED = st.tuples(st.integers(0, 3000), st.integers(0, 300))


@given(st.sampled_from(GOOD), CUTS, DOUBLED, st.integers(0, 9000))
def test_whatever_is_cut_put_in_or_doubled_is_told_inside_the_file(
    text: str, cuts: list[tuple[int, int, str]], doubled: tuple[int, int], length: int
) -> None:
    for start, count, new in cuts:
        text = text[:start] + new + text[start + count :]
    start, count = doubled
    text = (text[: start + count] + text[start:])[:length]
    if _is_xml(text):
        assert mend(text).mistakes == ()
        return
    lines = NEWLINE.split(text)
    problems = _problems(text)
    assert errors_of(problems)
    for problem in problems:
        assert 0 <= problem.line <= len(lines)
        assert len(problem.text) < 400
        assert "\n" not in problem.text
        if found := re.match(r"column ([0-9]+): ", problem.text):
            assert 1 <= int(found[1]) <= len(lines[problem.line - 1]) + 1


def _farm(lines: list[str]) -> str:
    inside = "\n".join(lines)
    return f"<safe>\n<service mode='light'>\n<user/>\n<errd>\n{inside}\n</errd>\n</service>\n</safe>\n"


PROC = '<proc name="p{}" class="both" argregex="-k start"><!-- it runs --></proc>'
PLANTS = {
    "ampersand in a value": lambda line: line.replace("-k", "-k & x"),
    "< in a value": lambda line: line.replace("-k", "-k < x"),
    "ampersand in text": lambda line: line.replace("<!--", "&<!--"),
    "< in text": lambda line: line.replace("<!--", "< <!--"),
    "unknown entity": lambda line: line.replace("-k", "&nbsp;"),
    "character": lambda line: line.replace("-k", "-\x07k"),
    "no first quote": lambda line: line.replace('="both', "=both"),
    "no last quote": lambda line: line.replace('both"', "both"),
    "no quotes": lambda line: line.replace('"both"', "both"),
    "given twice": lambda line: line.replace("class", 'class="pre" class'),
    "no =": lambda line: line.replace('="both', '"both'),
    "no blank": lambda line: line.replace('" class', '"class'),
    "no value": lambda line: line.replace('="both"', ""),
    "comma": lambda line: line.replace('" class', '", class'),
    "comment with --": lambda line: line.replace("it", "it -- it"),
    "comment without !": lambda line: line.replace("<!--", "<--"),
    "start tag without >": lambda line: line.replace('start">', 'start"'),
    "end tag without >": lambda line: line.replace("</proc>", "</proc"),
    "end tag with more": lambda line: line.replace("</proc>", "</proc p>"),
    "another end tag": lambda line: line.replace("</proc>", "</prok>"),
    "an end tag too many": lambda line: line.replace("<!--", "</errd><!--"),
    "< in a tag": lambda line: line.replace("class", "cl<ass"),
}
"""Each is told at the line where it stands."""
EVIDENT = [kind for kind in PLANTS if " tag" not in kind and kind not in ("no value", "comma", "comment without !")]
"""With these alone the rest of the file is looked at too."""


@given(st.dictionaries(st.integers(0, 19), st.sampled_from(sorted(PLANTS)), min_size=1))
def test_as_many_mistakes_as_were_planted_are_told_each_at_its_line(planted: dict[int, str]) -> None:
    lines = [PROC.format(number) for number in range(20)]
    for number, kind in planted.items():
        lines[number] = PLANTS[kind](lines[number])
    assert [problem.line for problem in errors_of(_problems(_farm(lines)))] == [
        number + 5 for number in sorted(planted)
    ]


@given(st.sets(st.integers(0, 19), min_size=1, max_size=6))
def test_as_many_end_tags_as_are_missing_are_told(unclosed: set[int]) -> None:
    lines = [PROC.format(number) for number in range(20)]
    for number in unclosed:
        lines[number] = lines[number].removesuffix("</proc>")
    told = [problem.text for problem in _problems(_farm(lines))]
    assert sorted(told) == sorted(
        f"column 1: </proc> is expected here, since <proc> of line {number + 5} is open" for number in unclosed
    )


@given(
    st.dictionaries(st.integers(0, 19), st.sampled_from(EVIDENT), min_size=1), st.sets(st.integers(0, 19), max_size=5)
)
def test_the_rest_of_the_file_is_looked_at_when_it_is_evident_what_was_meant(
    planted: dict[int, str], wrong: set[int]
) -> None:
    lines = [PROC.format(number) for number in range(20)]
    for number, kind in planted.items():
        lines[number] = PLANTS[kind](lines[number])
    for number in wrong:
        lines[number] = lines[number].replace("<proc ", '<proc atleast="none" ')
    told = [(problem.line - 5, "atleast" in problem.text) for problem in errors_of(_problems(_farm(lines)))]
    assert told == sorted(
        [*((number, False) for number in planted), *((number, True) for number in wrong - {*planted})]
    )


@given(st.integers(1, 2500), st.sampled_from(SIGNS))
def test_no_mistake_is_made_up_behind_one_sign_too_many(at: int, sign: str) -> None:
    text = FULL.decode()
    changed = text[:at] + sign + text[at:]
    if not _is_xml(changed):
        _assert_told(changed)


def test_what_is_said_of_a_damaged_macro_is_not_said_of_its_uses() -> None:
    text = "<safe><macro name='A' value='&'/>\n<service mode='%A%' boot='%B%'/></safe>"
    assert [problem.text for problem in _problems(text)] == [f"column 30: {AMPERSAND}"]


def test_what_expat_refuses_first_is_told_in_any_case() -> None:
    problems = _problems("<!DOCTYPE safe><!DOCTYPE safe>\n<safe>&</safe>")
    assert [problem.line for problem in problems] == [1, 2]
    assert problems[0].text.startswith("this is not XML: only elements, comments and a bare <!DOCTYPE>")
    assert problems[1].text == f"column 7: {AMPERSAND}"


def test_prefixes_that_nothing_declares_are_told_with_the_mistakes_of_the_xml() -> None:
    text = "<safe><service mode='light'>\n<x:user y:b='1'/><var name='&' value=''/>\n<x:z/></service></safe>"
    told = [(problem.line, problem.text.partition(" is not declared")[0]) for problem in _problems(text)]
    assert told == [
        (2, f"column 29: {AMPERSAND}"),
        (2, "the prefix of <x:user>"),
        (2, "the prefix of y:b"),
        (3, "the prefix of <x:z>"),
    ]


def test_another_kind_of_file_is_not_compared_with_the_table() -> None:
    _, problems = read_cluster(b"<safe>&</safe>")
    assert [problem.text for problem in problems] == [f"column 7: {AMPERSAND}"]


def test_a_flood_of_mistakes_ends_with_a_sentence_that_says_so() -> None:
    problems = _problems("<safe>" + "&\n" * 5000 + "</safe>")
    assert len(problems) == MAX_MISTAKES == 100
    assert problems[-1].text == "column 1: the error number 100 is here: it and those that follow are not listed"


def test_what_is_not_safe_is_not_read_on() -> None:
    """Entities are never expanded, also not while mistakes are looked for; limits hold for a mended file too."""
    laughs = '<!DOCTYPE safe [<!ENTITY a "&b;&b;"><!ENTITY b "ha">]>\n<safe><service mode="&a;&"/></safe>'
    assert [problem.line for problem in _problems(laughs)] == [1, 2]
    assert mend(laughs).text == ""
    deep = "<a>" * 200 + "&" + "</a>" * 200
    assert [problem.text for problem in _problems(deep)] == ["elements stand more than 100 deep inside each other"]
    deeper = "<safe>&" + "<a>" * 200 + "</a>" * 200 + "</safe>"
    assert [problem.text for problem in _problems(deeper)] == [f"column 7: {AMPERSAND}"]


@pytest.mark.parametrize(
    "text",
    [
        "<a>" + "<" * 1_000_000,
        "<a b=" * 200_000,
        "<a $" + " " * 1_000_000,
        '<a b="' + " b" * 500_000 + "=",
        "<a><!--" + " --x" * 250_000,
        "<a>\n" * 9000 + "</b>" * 9000,
        "<a>&" + "a" * 1_000_000,
        "<!DOCTYPE a [" + '"' * 1_000_000,
    ],
    ids=lambda text: text[:10],
)
def test_a_hostile_file_is_told_in_few_words(text: str) -> None:
    said = mend(text).mistakes
    assert 1 <= len(said) <= MAX_MISTAKES
    assert max(len(one.text) for one in said) < 400
