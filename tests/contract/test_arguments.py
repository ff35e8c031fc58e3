"""The arguments of a program on one line, as Linux and as Windows read them."""

import pytest

from nodeagent.contract.arguments import words_of
from nodeagent.contract.module_xml import read_module

BOTH = (
    ("", ()),
    (" -v  1 ", ("-v", "1")),
    ('--name "a b" x', ("--name", "a b", "x")),
    ('--name="a b"', ("--name=a b",)),
    ("#1 a;b", ("#1", "a;b")),
)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize(("line", "words"), BOTH)
def test_what_both_read_alike(line: str, words: tuple[str, ...], windows: bool) -> None:
    assert words_of(line, windows=windows) == words


def test_a_backslash_escapes_on_linux_and_is_part_of_a_path_on_windows() -> None:
    assert words_of(r"a\ b 'c d'", windows=False) == ("a b", "c d")
    assert words_of('"C:\\my dir\\" O\'Brien', windows=True) == ("C:\\my dir\\", "O'Brien")


@pytest.mark.covers("custom@arg")
@pytest.mark.parametrize(("arg", "good"), [("-v 1", True), ("C:\\data\\", True), ("say &quot;hi", False)])
def test_a_quote_without_its_other_half_is_refused(arg: str, good: bool) -> None:
    xml = f'''<safe><service mode="light"><user/><check><custom ident="own" exec="look" arg="{arg}"/></check>
</service></safe>'''
    config, problems = read_module("m", xml.encode())
    assert (config is not None) is good, problems
    assert good or [problem.line for problem in problems] == [1]
    assert good or "every quote closed" in problems[0].text
