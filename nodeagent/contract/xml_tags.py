"""The tags of a text that is no XML, read so that one mistake spoils as little as possible of what follows it."""

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum, auto

from nodeagent.contract.xml_attributes import BARE_LESS, BLANKS, NAME, StartTag, reference, stray
from nodeagent.contract.xml_mistakes import FullError, Mistakes, Repair
from nodeagent.contract.xml_scan import (
    MAX_PARTS,
    MISPLACED_DECLARATION,
    NEWLINE,
    bare_doctype,
    colon_in_target,
    short,
)

_SIGN = re.compile(r"<|&|\]\]>|!\[CDATA\[")
_WELL_SHAPED = re.compile(
    rf"{NAME}(?:{BLANKS}+{NAME}{BLANKS}*={BLANKS}*(?:\"[^\"<]*\"|'[^'<]*'))*{BLANKS}*/?>", re.ASCII
)
_NAME = re.compile(NAME)
_CLOSE = re.compile(rf"<({BLANKS}*)/({BLANKS}*)({NAME})")
_JOINED = re.compile(rf"(?:{BLANKS}(?=[^\s<>=])|[^> \t\r\n])([^\s<>=]*){BLANKS}*>")
_HOLDS_VALUE = re.compile(f"{NAME}{BLANKS}*={BLANKS}*[\"']")
_UP_TO_SIGN = re.compile("[^<>]*>?")
_CLOSED = re.compile(rf"</({NAME})")
_OPEN = re.compile(rf"<({BLANKS}*)({NAME})")
_STRAY_CLOSE = re.compile(rf"<([^ \t\r\n/<])/({NAME}){BLANKS}*>")
_STRAY_OPEN = re.compile(rf"<([^ \t\r\n/<A-Za-z_:\u00b7-\U0010ffff])({NAME})(?={BLANKS}|/?>)")
_DECLARATION = re.compile(
    rf"<\?xml{BLANKS}+version{BLANKS}*={BLANKS}*(?:\"[A-Za-z0-9_.:-]+\"|'[A-Za-z0-9_.:-]+')"
    rf"(?:{BLANKS}+encoding{BLANKS}*={BLANKS}*(?:\"[A-Za-z0-9._-]+\"|'[A-Za-z0-9._-]+'))?"
    rf"(?:{BLANKS}+standalone{BLANKS}*={BLANKS}*(?:\"(?:yes|no)\"|'(?:yes|no)'))?{BLANKS}*\?>"
)
_LIKE_DECLARATION = re.compile(
    rf"<{BLANKS}{{0,2}}(?=[^\r\n]{{0,2}}\?|[^\r\n]{{0,3}}ml)[^\r\n]{{0,40}}(?:version|encoding)[^\r\n]*?\?>"
    rf"|<\?xml(?={BLANKS}|\?)[^<>]*(?:<?>)?"
)
_OTHER_INSTRUCTION = re.compile(rf"<\?(?!xml{BLANKS}){NAME}(?:{BLANKS}|\?>)")
_DOCTYPE = re.compile(
    r"<!?DOCTYPE\s+[^\W\d](?:[^<>\[\"']|\"[^\"<>]*\"|'[^'<>]*'|\[(?:[^\]\"']|\"[^\"]*\"|'[^']*')*\]?)*>?", re.I
)
_LIKE_DOCTYPE = re.compile(r"<(?:[^<\w]?|\w(?=![A-Z]{3}))!(?:\s*\w+){0,2}[^<\r\n]*(?:<[^\r\n]*)?", re.ASCII)
_LIKE_COMMENT = re.compile(r"<(?![^\s<>]{0,4}OCTYPE)(?:[^<>]?![^<>]?--?|--|-(?=[ \t\r\n]))")
_LIKE_CDATA = re.compile(r"<(?:!\[\w*\[?|!CDATA\[|[^<>\[]?!?\[CDATA\[)|!\[CDATA\[", re.ASCII)
_COMMENT_END = re.compile(r"-?->|(?:\r\n|\n|\r)(?=[ \t]*<)")
_DASHES_END = re.compile(r"-+(?:<>|[^\s\w<]*>?)")
_CDATA_END = re.compile(r"\]+>|(?=</)")
_BARE_DOCTYPE = re.compile(rf"<!DOCTYPE{BLANKS}+{NAME}{BLANKS}*>")
_LATE_DECLARATION = re.compile(rf"<\?xml(?:{BLANKS}|\?)", re.I)
_NAMELESS = re.compile(rf"</{BLANKS}*<?(?:{NAME})?[^<>]*>?")
_TARGET = re.compile(rf"({NAME})(?:{BLANKS}|\?>)")
_HELD_TAG = re.compile(r"<!--|[\r\n][ \t]*<[/A-Za-z]")
_COMMENT, _CDATA = "<!--", "<![CDATA["


class Kind(Enum):
    """What was read."""

    OPEN = auto()
    CLOSE = auto()
    EMPTY = auto()
    LOOSE = auto()
    """A start tag without its end: `>` or `/>`."""
    TEXT = auto()


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag, or text that is not blank; a close tag without a name closes whatever it may."""

    kind: Kind
    offset: int
    name: str = ""
    bare: bool = False
    """Without attributes."""


class Tags:
    """Reads a text into `tags`; what is wrong goes to the mistakes."""

    def __init__(self, text: str, mistakes: Mistakes) -> None:
        self.tags: list[Tag] = []
        self._text = text
        self._mistakes = mistakes
        self._closed = frozenset(_CLOSED.findall(text))
        self._opened = Counter(found[2] for found in _OPEN.finditer(text))
        self._names = self._closed | {name for name, count in self._opened.items() if count > 1}
        """The names that are most likely written right."""
        self._entities = True
        """Whether a name after & must be one of XML's own."""

    def read(self) -> None:
        """Reads all. Raises xml_mistakes.FullError when there are too many mistakes or tags."""
        text = self._text
        at = self._declaration(1 if text.startswith("\ufeff") else 0)
        while at < len(text):
            if len(self.tags) > 2 * MAX_PARTS:
                raise FullError
            sign = _SIGN.search(text, at)
            end = sign.start() if sign else len(text)
            if text[at:end].strip(" \t\r\n"):
                self._add(Kind.TEXT, at + len(text[at:end]) - len(text[at:end].lstrip(" \t\r\n")))
            if sign is None:
                return
            if sign[0] == "<":
                at = self._markup(end)
            elif sign[0] == "&":
                at = self._reference(end)
            elif sign[0] != "]]>":
                at = self._like_cdata(end, sign.end())
            else:
                self._text_mistake(end, "]]> may stand only at the end of a CDATA section", "]]&gt;", 3)
                at = end + 3

    def _add(self, kind: Kind, offset: int, name: str = "", *, bare: bool = False) -> None:
        self.tags.append(Tag(kind, offset, name, bare))

    def _text_mistake(self, offset: int, text: str, new: str, length: int = 1) -> None:
        repair = Repair(offset, offset + length, new if self.tags else "")
        self._mistakes.say(offset, text, repair, in_text=True)

    def _reference(self, at: int) -> int:
        wrong, end = reference(self._text, at, entities=self._entities)
        if wrong:
            self._text_mistake(at, wrong, "&amp;")
        return end

    def _blanked(self, start: int, end: int) -> Repair:
        return Repair(start, end, "".join(NEWLINE.findall(self._text, start, end)))

    def _declaration(self, at: int) -> int:
        if right := _DECLARATION.match(self._text, at):
            return right.end()
        like = _LIKE_DECLARATION.match(self._text, at)
        if like is None or _OTHER_INSTRUCTION.match(self._text, at):
            return at
        self._mistakes.say(
            at, 'the first line must be like <?xml version="1.0" encoding="utf-8"?>', self._blanked(at, like.end())
        )
        return like.end()

    def _markup(self, at: int) -> int:
        """What begins with <; where reading goes on."""
        text = self._text
        if text.startswith(_COMMENT, at):
            return self._comment(at, at + len(_COMMENT))
        if text.startswith(_CDATA, at):
            return self._cdata(at, at + len(_CDATA))
        if self._with_stray_sign(at) or _STRAY_CLOSE.match(text, at):
            return self._tag(at)
        if like := _LIKE_COMMENT.match(text, at):
            self._mistakes.say(at, "a comment begins with <!--")
            end = text.find("-->", like.end())
            return len(text) if end < 0 else end + 3
        if like := _LIKE_CDATA.match(text, at):
            return self._like_cdata(at, like.end())
        if (doctype := _DOCTYPE.match(text, at)) and doctype[0].endswith(">"):
            return self._doctype(at, doctype.end())
        if not self.tags and (like := _LIKE_DOCTYPE.match(text, at)):
            said = "the document type must be written like <!DOCTYPE safe>"
            self._mistakes.say(at, said, self._blanked(at, like.end()))
            return like.end()
        if text.startswith("<?", at):
            return self._instruction(at)
        if text.startswith("<!", at):
            self._mistakes.say(at, "<! begins only a comment (<!--), a CDATA section (<![CDATA[) or a bare <!DOCTYPE>")
            end = text.find(">", at)
            return len(text) if end < 0 else end + 1
        return self._tag(at)

    def _comment(self, start: int, inside: int) -> int:
        text = self._text
        dashes = text.find("--", inside)
        if dashes >= 0 and text.startswith("-->", dashes):
            return dashes + 3
        end = text.find("-->", inside)
        other = text.startswith("<!", dashes - 2) if dashes >= inside + 2 else False
        if dashes >= 0 and not other:
            wrong = "a comment ends with -->, and -- may not stand inside it"
            if end >= 0 and not _HELD_TAG.search(text, dashes, end):
                self._mistakes.say(dashes, wrong, self._blanked(inside, end))
                return end + 3
            self._mistakes.say(dashes, wrong)
            ending = _DASHES_END.match(text, dashes)
            return ending.end() if ending else dashes + 2
        limit = dashes - 2 if other else len(text)
        meant = _COMMENT_END.search(text, inside, limit)
        rest = "" if self.tags else ", so the file is truncated or not XML"
        self._mistakes.say(start, f"the comment has no end: --> must follow{rest}")
        return meant.end() if meant else limit

    def _cdata(self, start: int, inside: int) -> int:
        self._add(Kind.TEXT, start)
        end = self._text.find("]]>", inside)
        if end >= 0:
            return end + 3
        self._mistakes.say(start, "the CDATA section has no end: ]]> must follow")
        meant = _CDATA_END.search(self._text, inside)
        return meant.end() if meant else len(self._text)

    def _like_cdata(self, start: int, inside: int) -> int:
        self._mistakes.say(start, f"a CDATA section begins with {_CDATA}")
        self._add(Kind.TEXT, start)
        end = self._text.find("]]>", inside)
        return len(self._text) if end < 0 else end + 3

    def _doctype(self, start: int, end: int) -> int:
        written = self._text[start:end]
        if any(tag.kind is not Kind.TEXT for tag in self.tags):
            self._mistakes.say(start, "<!DOCTYPE> must stand before the root element", self._blanked(start, end))
        elif not _BARE_DOCTYPE.fullmatch(written):
            subset = "[" in written
            self._entities = self._entities and not subset
            name = _NAME.search(written, written.upper().index("DOCTYPE") + 7)
            repair = None if subset else self._blanked(start, end)
            self._mistakes.say(start, bare_doctype(name[0] if name else "…"), repair)
        return end

    def _instruction(self, at: int) -> int:
        end = self._text.find("?>", at + 2)
        if end < 0:
            self._mistakes.say(at, "the <? has no end: ?> must follow")
            line = NEWLINE.search(self._text, at)
            return line.end() if line else len(self._text)
        if _LATE_DECLARATION.match(self._text, at):
            self._mistakes.say(at, MISPLACED_DECLARATION, self._blanked(at, end + 2))
        elif (target := _TARGET.match(self._text, at + 2)) is None:
            self._mistakes.say(at, "<? must be followed by a name and a blank", self._blanked(at, end + 2))
        elif ":" in target[1]:
            self._mistakes.say(at, colon_in_target(target[1]), self._blanked(at, end + 2))
        return end + 2

    def _tag(self, at: int) -> int:
        text = self._text
        if (odd := _STRAY_CLOSE.match(text, at)) and odd[2] in self._opened:
            self._mistakes.say(at + 1, stray(odd[1]), Repair(at + 1, at + 2, ""))
            self._add(Kind.CLOSE, at, odd[2])
            return odd.end()
        if close := _CLOSE.match(text, at):
            return self._close_tag(close)
        if text.startswith("</", at):
            return self._nameless(at)
        found = self._with_stray_sign(at) or _OPEN.match(text, at)
        if found is None or not self._is_tag(found):
            self._text_mistake(at, BARE_LESS, "&lt;")
            return at + 1
        if found[1].strip(" \t\r\n"):
            self._mistakes.say(at + 1, stray(found[1]), Repair(at + 1, at + 2, ""))
        elif found[1]:
            self._no_blank(at, found.start(2))
        return self._start_tag(at, found.start(2))

    def _start_tag(self, at: int, name: int) -> int:
        start = StartTag(self._text, name, self._mistakes, self._names, entities=self._entities)
        end, closing = start.read()
        if closing is None:
            return end
        kinds = {">": Kind.OPEN, "/>": Kind.EMPTY, "": Kind.LOOSE}
        self._add(kinds[closing], at, start.name, bare=not start.attributes)
        return end

    def _no_blank(self, at: int, name: int, slash: str = "") -> None:
        new = slash + "".join(NEWLINE.findall(self._text, at + 1, name))
        self._mistakes.say(at, "no blank may stand between < and the name", Repair(at + 1, name, new))

    def _with_stray_sign(self, at: int) -> re.Match[str] | None:
        found = _STRAY_OPEN.match(self._text, at)
        if found is None or (found[2] not in self._closed and not self.tags):
            return None
        known = found[2] in self._opened or found[2] in self._closed
        return found if known or _WELL_SHAPED.match(self._text, found.start(2)) else None

    def _is_tag(self, found: re.Match[str]) -> bool:
        text, start = self._text, found.start(2)
        if _WELL_SHAPED.match(text, start):
            return True
        if found[1]:
            return False
        before = found.start()
        while before > 0 and text[before - 1] in " \t\r\n":
            before -= 1
        return before == 0 or text[before - 1] == ">" or found[2] in self._closed

    def _close_tag(self, close: re.Match[str]) -> int:
        text, start, name, end = self._text, close.start(), close[3], close.end()
        if close[1] or close[2]:
            self._no_blank(start, close.start(3), "/")
        if (more := _JOINED.match(text, end)) and name + more[1] in self._opened:
            self._mistakes.say(end, stray(text[end]), Repair(end, end + 1, ""))
            self._add(Kind.CLOSE, start, name + more[1])
            return more.end()
        rest = _UP_TO_SIGN.match(text, end)
        behind = rest.end() if rest else end
        if text[behind - 1] != ">":
            if behind == len(text) and name not in self._names:
                return behind
            self._mistakes.say(end, f"> is missing at the end of </{short(name)}>", Repair(end, end, ">"))
            behind = end
        elif _HOLDS_VALUE.search(text, end, min(behind, end + 200)):
            self._mistakes.say(close.end(1), stray("/"), Repair(close.end(1), close.end(1) + 1, ""))
            return self._start_tag(start, close.start(3))
        elif text[end : behind - 1].strip(" \t\r\n"):
            self._mistakes.say(end, f"an end tag holds only its name: </{short(name)}>", self._blanked(end, behind - 1))
            name = name if name in self._opened else ""
        self._add(Kind.CLOSE, start, name)
        return behind

    def _nameless(self, at: int) -> int:
        self._mistakes.say(at, "</ must be followed by the name of an element")
        end = _NAMELESS.match(self._text, at)
        self._add(Kind.CLOSE, at)
        return end.end() if end else at + 2
