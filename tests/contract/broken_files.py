"""Files that are no XML, with every mistake that must be told: (line, column, the whole sentence)."""

from typing import NamedTuple


class Broken(NamedTuple):
    what: str
    text: str
    told: tuple[tuple[int, int, str], ...]


def _broken(what: str, text: str, *told: tuple[int, int, str]) -> Broken:
    return Broken(what, text, told)


AMPERSAND = "there is an & that should be &amp;"
LESS = "there is a < that should be &lt;"
LATE = "<!DOCTYPE> must stand before the root element"
DOCTYPE = "the document type must be written like <!DOCTYPE safe>"
BARE = "<!DOCTYPE a …> must be bare, like <!DOCTYPE safe>: no external identifier, no [ ] part and so no entities"
DASHES = "a comment ends with -->, and -- may not stand inside it"
MARK = "<! begins only a comment (<!--), a CDATA section (<![CDATA[) or a bare <!DOCTYPE>"
ENTITY = "an entity is used that XML does not know: allowed are &amp; &lt; &gt; &quot; &apos; and numbers like &#10;"
JUNK = "something follows the end of the root element, which must be the last"


def _quote(name: str) -> str:
    return f'there is a missing quote: {name}="…" is how a value is written'


def _stray(sign: str) -> str:
    return f'"{sign}" may not stand in a tag: only name="value" may'


def _target(name: str) -> str:
    return f"the name of <?{name} …?> is wrong: letters, digits, . - and _ may stand in it, no colon"


def _end(name: str, line: int) -> str:
    return f"</{name}> is expected here, since <{name}> of line {line} is open"


BROKEN = [
    _broken(
        "three ampersands",
        "<a b='x & y'>\n& <c d='&&amp;'/></a>",
        (1, 9, AMPERSAND),
        (2, 1, AMPERSAND),
        (2, 9, AMPERSAND),
    ),
    _broken("three <", "<a b='1 < 2'>\n1 < 2\n<c/>&lt;<</a>", (1, 9, LESS), (2, 3, LESS), (3, 9, LESS)),
    _broken("a < in a word", "<a>\nif x<y then\n</a>", (2, 5, LESS)),
    _broken(
        "entities",
        "<a b='&nbsp;'>\n&copy; &#1; &#xFFFF; &lt;</a>",
        (1, 7, ENTITY),
        (2, 1, ENTITY),
        (2, 8, "&#1; is no character of XML"),
        (2, 13, "&#xFFFF; is no character of XML"),
    ),
    _broken(
        "characters",
        "\ufeff<a>\n\x01\x02 b\x03</a>",
        (2, 1, "this is not well-formed XML: the character U+0001 cannot stand in it"),
        (2, 5, "this is not well-formed XML: the character U+0003 cannot stand in it"),
    ),
    _broken("no quotes", "<a b=1\r\n c=2 d='3'/>", (1, 6, _quote("b")), (2, 4, _quote("c"))),
    _broken("no first quote", "<a>\n<b c=x y' d='z'/><e f=g'/></a>", (2, 6, _quote("c")), (2, 23, _quote("f"))),
    _broken("no last quote", "<a>\n<b c='x d='y'/><b c='/>\n<b c='z'/></a>", (2, 6, _quote("c")), (2, 21, _quote("c"))),
    _broken(
        "no value",
        "<a b c= d='1'/>",
        (1, 4, 'a value in quotes must follow b, like b="…"'),
        (1, 9, 'a value in quotes must follow c, like c="…"'),
    ),
    _broken(
        "no value at the end of a line",
        "<a b =\r\nc= \r\n<d/></a>",
        (1, 7, 'a value in quotes must follow b, like b="…"'),
        (2, 3, 'a value in quotes must follow c, like c="…"'),
        (2, 3, "> is missing at the end of <a>"),
    ),
    _broken(
        "quotes in a value", "<a b='it's' c='1'/>", (1, 9, "a quote inside the value of b must be &quot; or &apos;")
    ),
    _broken(
        "no = and no blank",
        "<a b'1' c='2'd='3'/>",
        (1, 5, "= must stand between b and its value"),
        (1, 14, "a blank must stand before d"),
    ),
    _broken(
        "given twice",
        "<a b='1'\nb='2' b='3'/>",
        (2, 1, 'the attribute "b" is given twice in <a>'),
        (2, 7, 'the attribute "b" is given twice in <a>'),
    ),
    _broken("something before a value", "<a b=x'1'/>", (1, 6, "nothing may stand between = and the value of b")),
    _broken(
        "signs in tags",
        "<a>\n<b, c='1'/><b; c='1'/><b c='1'/,></a>",
        (2, 3, _stray(",")),
        (2, 14, _stray(";")),
        (2, 32, _stray(",")),
    ),
    _broken(
        "a < in names",
        "<a>\n<b<c></bc>\n<d e<f='1' <g='2'/><hi></h<i></a>",
        (2, 3, _stray("<")),
        (3, 5, _stray("<")),
        (3, 12, _stray("<")),
        (3, 27, _stray("<")),
    ),
    _broken(
        "blanks in names",
        "<a>\n< b/><bc></b c></a >",
        (2, 1, "no blank may stand between < and the name"),
        (2, 13, "a blank may not stand inside a name"),
    ),
    _broken("a blank in />", "<a>\n<b/ ></a>", (2, 3, "no blank may stand between / and >")),
    _broken(
        "no >",
        "<a>\n<b c='1'\n<b></b\n<b c='1'/\n</a>",
        (2, 9, "> is missing at the end of <b>"),
        (3, 7, "> is missing at the end of </b>"),
        (4, 10, "> is missing at the end of <b>"),
    ),
    _broken(
        "end tags",
        "<a>\n<b></b c><d></></a>",
        (2, 7, "an end tag holds only its name: </b>"),
        (2, 13, "</ must be followed by the name of an element"),
    ),
    _broken("one end missing", "<a>\n<b>\n<c/>\n</a>", (4, 1, _end("b", 2))),
    _broken("two ends missing", "<a>\n<b>\n<c>\n</a>", (4, 1, _end("c", 3)), (4, 1, _end("b", 2))),
    _broken("another end", "<a>\n<b>\n</x>\n</a>", (3, 1, _end("b", 2))),
    _broken("an end too many", "<a>\n<b>\n</c>\n</b>\n</a>", (3, 1, "</c> ends nothing: <b> of line 2 is open here")),
    _broken("no start", "</a>\n<b/></a>", (1, 1, "</a> ends nothing: no element is open")),
    _broken("no slash", "<a>\n<b>\n<c/>\n<b>\n</a>", (4, 1, "<b> must be </b>, since <b> of line 2 is open")),
    _broken("no slash at the end", "<a>\n<b/>\n<a>\n", (3, 1, "<a> must be </a>, since <a> of line 1 is open")),
    _broken(
        "the end is missing", "<a>\n<b>\n&", (3, 1, AMPERSAND), (3, 2, "the file ends before <b> of line 2 is closed")
    ),
    _broken(
        "text around", "<?x?>x &\n<a>&</a>", (1, 6, "text may not stand before the root element"), (2, 4, AMPERSAND)
    ),
    _broken("text behind", "<a>&</a>\nx & y <", (1, 4, AMPERSAND), (2, 1, JUNK)),
    _broken(
        "comments",
        "<a><!-- a -- b -->\n<!- c -->\n<b/><!-- d ->\n<b/><!-- e --></a>",
        (1, 11, DASHES),
        (2, 1, "a comment begins with <!--"),
        (3, 5, "the comment has no end: --> must follow"),
    ),
    _broken(
        "a comment that is not closed", "<a>\n<!-- x --\n<b>&</b></a>\n<!-- y -->", (2, 8, DASHES), (3, 4, AMPERSAND)
    ),
    _broken(
        "only a comment",
        "<!-- x",
        (1, 1, "the comment has no end: --> must follow, so the file is truncated or not XML"),
    ),
    _broken(
        "CDATA",
        "<a><![CDATA[x]]>]]>\n<![CDTA[&]]>&<b><![CDATA[&\n</b></a>",
        (1, 17, "]]> may stand only at the end of a CDATA section"),
        (2, 1, "a CDATA section begins with <![CDATA["),
        (2, 13, AMPERSAND),
        (2, 17, "the CDATA section has no end: ]]> must follow"),
    ),
    _broken("no such mark", "<a>\n<!ELEMENT a>&</a>", (2, 1, MARK), (2, 13, AMPERSAND)),
    _broken("a late document type", "<a>\n<!DOCTYPE a>&</a>", (2, 1, LATE), (2, 13, AMPERSAND)),
    _broken("a document type with more", "<!DOCTYPE a SYSTEM 'x'>\n<a>&</a>", (1, 1, BARE), (2, 4, AMPERSAND)),
    _broken("a document type without end", "<!DOCTYPE a\n<a>&</a>", (1, 1, DOCTYPE), (2, 4, AMPERSAND)),
    _broken(
        "instructions",
        "<a><?1 ?>&<? x\n<b>&</b></a>",
        (1, 4, "<? must be followed by a name and a blank"),
        (1, 10, AMPERSAND),
        (1, 11, "the <? has no end: ?> must follow"),
        (2, 4, AMPERSAND),
    ),
    _broken(
        "processing instructions with a colon",
        "<?a:b?><a>\n&<?:c d?><!-- <?e:f?> --><![CDATA[<?g:h?>]]><?i-j?></a>\n<?k:?>",
        (1, 1, _target("a:b")),
        (2, 1, AMPERSAND),
        (2, 2, _target(":c")),
        (3, 1, _target("k:")),
    ),
    _broken("nothing but a colon too many", "<a>\n<?b:c?></a>", (2, 1, _target("b:c"))),
    _broken(
        "a wrong first line",
        "<?xml encoding='utf-8'?>\n<a>&</a>",
        (1, 1, 'the first line must be like <?xml version="1.0" encoding="utf-8"?>'),
        (2, 4, AMPERSAND),
    ),
    _broken(
        "a broken first line",
        "<\n?xml version='1.0'?>\n<a>&</a>",
        (1, 1, 'the first line must be like <?xml version="1.0" encoding="utf-8"?>'),
        (3, 4, AMPERSAND),
    ),
    _broken(
        "a first line with two ends",
        "<?xml version='1.0'?<>\n<a>&</a>",
        (1, 1, 'the first line must be like <?xml version="1.0" encoding="utf-8"?>'),
        (2, 4, AMPERSAND),
    ),
    _broken(
        "a late first line",
        "\n<?xml version='1.0'?><a>&</a>",
        (2, 1, "the <?xml …?> line must be the very first thing in the file"),
        (2, 25, AMPERSAND),
    ),
    _broken(
        "no element", "<a b='", (1, 7, "there is no complete XML element in this file: it is truncated or not XML")
    ),
]
