"""Scripts as text: what was not touched keeps its bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.viewmodels.script_files import Platform, addable, as_bytes, as_text, new_content, new_path, script_files
from nodeagent.contract.module_files import as_written, script_candidates
from nodeagent.contract.states import Script
from tests.app.viewmodels.modules import FILES

LINES = st.lists(st.tuples(st.text(st.sampled_from("ab é\t")), st.sampled_from(["\n", "\r\n", "\r"]))).map(
    lambda parts: "".join(text + end for text, end in parts)
)


@given(LINES, st.sampled_from(["utf-8", "utf-8-sig"]))
def test_text_that_is_given_back_unchanged_changes_no_byte(text: str, codec: str) -> None:
    data = text.encode(codec)
    shown = as_text(data)
    assert shown is not None
    assert "\r" not in shown.text
    assert as_bytes(data, shown.text) == data


@given(LINES, LINES)
def test_what_was_typed_is_what_is_read_again(before: str, after: str) -> None:
    data = before.encode()
    wanted = as_text(after.encode())
    assert wanted is not None
    again = as_text(as_bytes(data, wanted.text))
    assert again is not None
    assert again.text == wanted.text


def test_lines_around_an_edit_keep_their_ends() -> None:
    mixed = b"one\r\ntwo\nthree\r\nfour"
    shown = as_text(mixed)
    assert shown is not None
    assert as_bytes(mixed, shown.text.replace("two", "2\n2b")) == b"one\r\n2\r\n2b\r\nthree\r\nfour"


def test_a_file_of_an_old_encoding_keeps_it_until_a_letter_does_not_fit() -> None:
    old = "rem d\u00e9marrer\r\nx\r\n".encode("latin-1")
    shown = as_text(old)
    assert shown is not None
    assert as_bytes(old, shown.text.replace("x", "y")) == old.replace(b"x", b"y")
    assert as_bytes(old, shown.text.replace("x", "\u20ac")) == "rem d\u00e9marrer\r\n\u20ac\r\n".encode()


@pytest.mark.parametrize("data", [b"MZ\0\1", b"a" * 2_000_000], ids=["program", "large"])
def test_what_is_no_text_is_not_shown_and_never_changed(data: bytes) -> None:
    assert as_text(data) is None
    assert as_bytes(data, "other") == data


def test_files_are_in_the_order_of_a_modules_life_by_platform() -> None:
    files = FILES | {"bin/prestart": b"", "web/a.html": b"", "bin/tool.exe": b"", "bin/STOP_BOTH.PS1": b""}
    shown = [(one.path, one.script, one.platform) for one in script_files(files)]
    assert shown == [
        ("bin/prestart", Script.PRESTART, Platform.LINUX),
        ("bin/start_both", Script.START_BOTH, Platform.LINUX),
        ("bin/start_both.cmd", Script.START_BOTH, Platform.WINDOWS),
        ("bin/STOP_BOTH.PS1", Script.STOP_BOTH, Platform.WINDOWS),
        ("web/a.html", None, Platform.ANY),
        ("bin/tool.exe", None, Platform.WINDOWS),
    ]


@pytest.mark.parametrize(("script", "platform"), addable({}))
def test_a_new_script_is_one_that_the_agent_finds_and_writes_as_it_is(script: Script, platform: Platform) -> None:
    path, data = new_path(script, platform), new_content(script, platform)
    suffixes = (".cmd",) if platform is Platform.WINDOWS else ("",)
    assert script_candidates([path], script, suffixes) == [path]
    assert as_written(path, data) == data
    assert (script, platform) not in addable({path: data})
