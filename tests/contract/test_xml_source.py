import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.module_xml import read_module
from nodeagent.contract.xml_scan import NotXml
from nodeagent.contract.xml_source import Document
from tests.contract.odd_files import FULL, USUAL, odd_userconfig


def _changed_lines(old: bytes, new: bytes) -> list[bytes]:
    pairs = difflib.diff_bytes(difflib.unified_diff, old.split(b"\n"), new.split(b"\n"), n=0)
    return [line for line in pairs if line[:1] in b"+-" and line[:3] not in (b"---", b"+++")]


def test_one_value_of_a_long_odd_file_changes_one_line() -> None:
    source = odd_userconfig()
    assert source.count(b"\r\n") >= 300
    edited = Document(source).set_attribute("safe/service/errd/proc[41]", "argregex", 'it\'s <"new">')
    assert _changed_lines(source, edited) == [
        b"-          atleast = '1' argregex='a &gt; \"40\"'\r",
        b"+          atleast = '1' argregex='it&apos;s &lt;\"new\">'\r",
    ]
    config, _ = read_module("web", edited)
    assert config is not None
    assert config.monitoring is not None
    assert config.monitoring.procs[40].argregex == 'it\'s <"new">'


@pytest.mark.parametrize("source", [odd_userconfig(), USUAL, FULL], ids=["odd", "usual", "full"])
def test_setting_any_attribute_leaves_all_other_bytes(source: bytes) -> None:
    document = Document(source)
    for element in document.elements:
        for span in element.attributes.values():
            assert document.set_attribute(element.path, span.name, span.value) == source
            edited = document.set_attribute(element.path, span.name, "v")
            head = document.text[: span.value_start].encode()
            tail = document.text[span.value_end :].encode()
            assert edited == head + b"v" + tail
            assert Document(edited).attribute(element.path, span.name) == "v"


ENCODINGS = [
    ("", "utf-8"),
    ("\ufeff", "utf-8"),
    ("<?xml version='1.0' encoding='iso-8859-1'?>", "latin-1"),
    ("<?xml version='1.0' encoding='windows-1252'?>", "cp1252"),
    ("<?xml version='1.0' encoding='us-ascii'?>", "ascii"),
    ("\ufeff", "utf-16-le"),
    ("\ufeff<?xml version='1.0' encoding='UTF-16'?>", "utf-16-be"),
]


@pytest.mark.parametrize(("head", "codec"), ENCODINGS)
def test_every_encoding_is_kept_and_holds_every_character(head: str, codec: str) -> None:
    first = "" if codec == "ascii" else "\u00e9"
    source = f"{head}<safe>\r\n<!-- {first} --><service a='{first}'   b='x' /></safe>".encode(codec)
    edited = Document(source).set_attribute("safe/service", "b", "\u20ac \U0001f600 \u00e9")
    assert Document(edited).attribute("safe/service", "b") == "\u20ac \U0001f600 \u00e9"
    assert Document(edited).attribute("safe/service", "a") == first
    before, after = source.split("'x'".encode(codec))
    assert edited.startswith(before)
    assert edited.endswith(after)


@pytest.mark.parametrize(
    ("source", "path", "name", "value", "result"),
    [
        ("<a/>", "a", "x", "1", '<a x="1"/>'),
        ("<a />", "a", "x", "1", '<a x="1" />'),
        ("<a></a>", "a", "x", "1", '<a x="1"></a>'),
        ("<a y='2'/>", "a", "x", "it's", "<a y='2' x='it&apos;s'/>"),
        ("<a\n  y='2'\n/>", "a", "x", "1", "<a\n  y='2'\n  x='1'\n/>"),
        ("<a x='>'>t</a>", "a", "x", "\"<>&'", "<a x='\"&lt;>&amp;&apos;'>t</a>"),
        ('<a x = "1"/>', "a", "x", 'say "a\nb"\t\r', '<a x = "say &quot;a&#10;b&quot;&#9;&#13;"/>'),
        ("<a><b x='1'/><c/><b x='1'/></a>", "a/b[2]", "x", "2", "<a><b x='1'/><c/><b x='2'/></a>"),
        ("<a><!-- <b x='1'/> --><b x='1'/></a>", "a/b", "x", "2", "<a><!-- <b x='1'/> --><b x='2'/></a>"),
        ("<a><![CDATA[<b x='1'/>]]><b x='1'/></a>", "a/b", "x", "", "<a><![CDATA[<b x='1'/>]]><b x=''/></a>"),
        ("<a >y='1'</a>", "a", "x", "1", "<a x=\"1\" >y='1'</a>"),
        ("<a /><!-- y='1' -->", "a", "x", "1", "<a x=\"1\" /><!-- y='1' -->"),
        ("<a x='&amp;&#65;'/>", "a", "x", "&A", "<a x='&amp;&#65;'/>"),
    ],
)
def test_set_attribute(source: str, path: str, name: str, value: str, result: str) -> None:
    assert Document(source.encode()).set_attribute(path, name, value) == result.encode()
    assert Document(result.encode()).attribute(path, name) == value


@pytest.mark.parametrize(
    ("source", "name", "result"),
    [
        ("<a x='1'/>", "x", "<a/>"),
        ("<a x='1'  y = '2' z='3' />", "y", "<a x='1' z='3' />"),
        ("<a\r\n x='1'\r\n y='2'></a>", "x", "<a\r\n y='2'></a>"),
    ],
)
def test_remove_attribute(source: str, name: str, result: str) -> None:
    assert Document(source.encode()).remove_attribute("a", name) == result.encode()


@pytest.mark.parametrize(
    ("source", "parent", "before", "result"),
    [
        ("<a/>", "a", None, '<a>\n  <n x="1"/>\n</a>'),
        ("<a y='1' />", "a", None, "<a y='1'>\n  <n x=\"1\"/>\n</a>"),
        ("<a></a>", "a", None, '<a>\n  <n x="1"/>\n</a>'),
        ("<a>\r\n</a>", "a", None, '<a>\r\n  <n x="1"/>\r\n</a>'),
        ("<a>\n\t<b/>\n</a>", "a/b", None, '<a>\n\t<b>\n\t\t<n x="1"/>\n\t</b>\n</a>'),
        ("<a>\n   <b/> <!-- c -->\n</a>", "a", None, '<a>\n   <b/>\n   <n x="1"/> <!-- c -->\n</a>'),
        ("<a>\n   <b/>\n</a>", "a", 0, '<a>\n   <n x="1"/>\n   <b/>\n</a>'),
        ("<a><b/><c/></a>", "a", 1, '<a><b/><n x="1"/><c/></a>'),
        ("<a><b/><c/></a>", "a", None, '<a><b/><c/><n x="1"/></a>'),
    ],
)
def test_insert_element(source: str, parent: str, before: int | None, result: str) -> None:
    assert Document(source.encode()).insert_element(parent, "n", {"x": "1"}, before) == result.encode()


@pytest.mark.parametrize(
    ("source", "path", "result"),
    [
        ("<a>\n  <b>\n <c/></b>  \n</a>", "a/b", "<a>\n</a>"),
        ("<a>\r\n\t<b/>\r\n\t<b x='2'/>\r\n</a>", "a/b[1]", "<a>\r\n\t<b x='2'/>\r\n</a>"),
        ("<a>\n  <b/> <!-- says something -->\n</a>", "a/b", "<a>\n   <!-- says something -->\n</a>"),
        ("<a><b/><c/></a>", "a/b", "<a><c/></a>"),
        ("<a>text<b/></a>", "a/b", "<a>text</a>"),
    ],
)
def test_remove_element(source: str, path: str, result: str) -> None:
    assert Document(source.encode()).remove_element(path) == result.encode()


def test_what_is_not_there_or_not_possible_is_refused() -> None:
    document = Document(b"<a><b x='1'/></a>")
    with pytest.raises(LookupError, match=r"there is no element a/b\[2\]"):
        document.set_attribute("a/b[2]", "x", "1")
    with pytest.raises(LookupError, match="no attribute"):
        document.remove_attribute("a/b", "y")
    with pytest.raises(LookupError, match="root"):
        document.remove_element("a")
    with pytest.raises(ValueError, match=r"U\+0001"):
        document.set_attribute("a", "x", "\x01")
    with pytest.raises(ValueError, match="is not a name"):
        document.set_attribute("a", "x y", "1")
    with pytest.raises(ValueError, match="is not a name"):
        document.insert_element("a", "<b")
    assert document.find("a//b") is None
    assert document.find("b") is None
    with pytest.raises(NotXml):
        Document(b"<a>")


XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\n\r<>&'\""),
    max_size=30,
)


@given(value=XML_TEXT, number=st.integers(1, 70), codec=st.sampled_from(["utf-8", "utf-16-le", "latin-1"]))
def test_any_text_can_be_set_and_nothing_else_moves(value: str, number: int, codec: str) -> None:
    head = "<?xml version='1.0' encoding='iso-8859-1'?>\r\n" if codec == "latin-1" else "\ufeff"
    body = odd_userconfig().decode().partition("\r\n")[2]
    source = (head + body).encode(codec)
    path = f"safe/service/errd/proc[{number}]"
    edited = Document(source).set_attribute(path, "name", value)
    old, new = Document(source), Document(edited)
    assert new.attribute(path, "name") == value
    before, after = old.find(path), new.find(path)
    assert before is not None
    assert after is not None
    was, now = before.attributes["name"], after.attributes["name"]
    assert new.text[: now.value_start] == old.text[: was.value_start]
    assert new.text[now.value_end :] == old.text[was.value_end :]
    assert new.text.encode(codec) == edited
    assert new.set_attribute(path, "name", f"p{number - 1}") == source
