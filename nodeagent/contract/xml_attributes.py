"""One start tag of a text that is no XML: its name and attributes, and all that is wrong between < and >."""

import re

from nodeagent.contract.xml_mistakes import Mistakes, Repair
from nodeagent.contract.xml_scan import NEWLINE, UNKNOWN_ENTITY, short

BLANKS = "[ \t\r\n]"
_LETTERS = (
    "A-Za-z_:\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c\u200d\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd"
)
_CHARACTERS = f"[-0-9.\u00b7\u0300-\u036f\u203f\u2040{_LETTERS}]"
NAME = f"[{_LETTERS}]{_CHARACTERS}*"

_NAME = re.compile(NAME)
_REST_OF_NAME = re.compile(f"[^>]({_CHARACTERS}+)")
_REST_BEFORE_VALUE = re.compile(f"[^ \t\r\n\"'=]({_CHARACTERS}*)(?={BLANKS}*=)|[\"'=]({_CHARACTERS}*)(?==[\"'])")
_BEHIND_SLASH = re.compile(f"/[^ \t\r\n>]{BLANKS}*>")
_UNOPENED_VALUE = re.compile("[^\"'<>=]*[\"'](?=[ \t\r\n/>])")
_BLANK = re.compile(f"{BLANKS}*")
_EQUALS = re.compile(f"{BLANKS}*={BLANKS}*")
_BARE_VALUE = re.compile(r"(?:[^ \t\r\n\"'<>/=]|/(?!>))+")
_ATTRIBUTE_NEXT = re.compile(f"{NAME}{BLANKS}*=")
_STRAY = re.compile(rf"<(?!{NAME}|[/!?])|<(?=/>)|<(?={_CHARACTERS}*{BLANKS}*=)")
_BEGINS_ATTRIBUTE = re.compile(f"{BLANKS}{NAME}{BLANKS}*={BLANKS}*\\Z")
# Blanks are looked at from where they begin only, else many of them take the square of their number.
_BEHIND = f"(?<!{BLANKS})"
_VALUE_CUT = re.compile(
    f"{_BEHIND}(?={BLANKS}+{NAME}{BLANKS}*={BLANKS}*[\"'])|(?=[\"']{BLANKS}*/?>)|{_BEHIND}(?={BLANKS}*(?:/?>|<))|(?=[\r\n])"
)
_TAG_GOES_ON = re.compile(f"{_BEHIND}(?={BLANKS}+{NAME}{BLANKS}*=|{BLANKS}*/?>)|(?=<)|\\Z")
_REFERENCE = re.compile(rf"&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|({NAME}));")
_OWN = {"amp", "lt", "gt", "quot", "apos"}
_QUOTE_ENTITIES = {'"': "&quot;", "'": "&apos;"}
_FOLLOW = {"", " ", "\t", "\r", "\n", "/", ">"}
"""What may stand behind the quote that ends a value."""
_SIGN = re.compile("[&<]")

BARE_AMPERSAND = "there is an & that should be &amp;"
BARE_LESS = "there is a < that should be &lt;"


def reference(text: str, at: int, *, entities: bool) -> tuple[str, int]:
    """What is wrong with the & at `at` ("" = nothing), and where the text goes on.

    `entities`: a name must be one of XML's own five.
    """
    found = _REFERENCE.match(text, at)
    if found is None:
        return BARE_AMPERSAND, at + 1
    if found[3]:
        return ("" if found[3] in _OWN or not entities else UNKNOWN_ENTITY), found.end()
    digits, base = (found[1], 10) if found[1] else (found[2], 16)
    code = int(digits.lstrip("0")[:8] or "0", base)
    legal = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0xFFFF < code < 0x110000
    return ("" if legal else f"&#{'x' if base == 16 else ''}{digits[:12]}; is no character of XML"), found.end()


def stray(sign: str) -> str:
    """What is said of a sign inside a tag."""
    if sign in " \t\r\n":
        return "a blank may not stand inside a name"
    sign = sign if sign.isprintable() else f"U+{ord(sign):04X}"
    return f'"{sign}" may not stand in a tag: only name="value" may'


def _missing_quote(name: str) -> str:
    return f'there is a missing quote: {short(name)}="…" is how a value is written'


class StartTag:
    """Reads the tag whose name begins at `start`; `names` are those of all tags of the text."""

    def __init__(self, text: str, start: int, mistakes: Mistakes, names: frozenset[str], *, entities: bool) -> None:
        self._text = text
        self._mistakes = mistakes
        self._entities = entities
        self._at = start
        self.attributes: set[str] = set()
        self.name = self._tag_name(names)

    def read(self) -> tuple[int, str | None]:
        """Where the text goes on, and how the tag ends: `>`, `/>`, "" = it does not, None = the file ends in it."""
        text = self._text
        last = ""
        sign = ""
        while True:
            blank = _BLANK.match(text, self._at)
            gap = sign == "<" or (blank is not None and blank.end() > self._at)
            end = self._at
            self._at = blank.end() if blank else self._at
            sign = text[self._at : self._at + 1]
            if sign == ">" or text.startswith("/>", self._at):
                return text.index(">", self._at) + 1, ">" if sign == ">" else "/>"
            if not sign:
                return len(text), None
            if sign == "<" and not _STRAY.match(text, self._at):
                self._say(end, f"> is missing at the end of <{short(self.name)}>")
                return end, ""
            if sign == "<":
                self._say(self._at, stray(sign), Repair(self._at, self._at + 1, " "))
                self._at += 1
            elif sign == "/":
                if (closed := self._slash()) is not None:
                    return closed
            elif found := _NAME.match(text, self._at):
                last = self._attribute(found, last, gap=gap)
            else:
                self._junk(stray(sign), self._at)
            if self._at >= len(text):
                return len(text), None

    def _say(self, offset: int, text: str, repair: Repair | None = None) -> None:
        self._mistakes.say(offset, text, repair)

    def _tag_name(self, names: frozenset[str]) -> str:
        text = self._text
        found = _NAME.match(text, self._at)
        name, at = found[0] if found else "", self._at
        self._at += len(name)
        if text.startswith("=", self._at):
            known = max((other for other in names if name.startswith(other) and other != name), key=len, default="")
            if known:
                self._at = at + len(known)
                return known
        if joined := _REST_OF_NAME.match(text, self._at):
            whole = name + joined[1]
            if whole in names and name not in names:
                self._stray(self._at)
                self._at = joined.end()
                return whole
        return name

    def _stray(self, at: int) -> None:
        self._say(at, stray(self._text[at]), Repair(at, at + 1, ""))

    def _slash(self) -> tuple[int, str | None] | None:
        """A / without its >; where the tag ends with it, None when it goes on."""
        rest = _BLANK.match(self._text, self._at + 1)
        behind = rest.end() if rest else self._at + 1
        following = self._text[behind : behind + 1]
        if stray_sign := _BEHIND_SLASH.match(self._text, self._at):
            self._stray(self._at + 1)
            return stray_sign.end(), "/>"
        if not following:
            return len(self._text), None
        if following == ">":
            self._say(self._at, "no blank may stand between / and >", self._without_blanks(self._at + 1, behind))
            return behind + 1, "/>"
        if following == "<":
            self._say(
                self._at + 1,
                f"> is missing at the end of <{short(self.name)}>",
                Repair(self._at + 1, self._at + 1, ">"),
            )
            return self._at + 1, "/>"
        self._junk(stray("/"), self._at)
        return None

    def _without_blanks(self, start: int, end: int) -> Repair:
        return Repair(start, start, "") if NEWLINE.search(self._text, start, end) else Repair(start, end, "")

    def _junk(self, text: str, offset: int) -> None:
        self._say(offset, text)
        on = _TAG_GOES_ON.search(self._text, max(self._at + 1, offset + 1))
        self._at = on.start() if on else len(self._text)

    def _attribute(self, found: re.Match[str], before: str, *, gap: bool) -> str:
        """Reads one; its name. `before` is the one before it, from which it may stand too near."""
        text, name, start = self._text, found[0], found.start()
        at = found.end()
        if joined := _REST_BEFORE_VALUE.match(text, at):
            self._stray(at)
            name, at = name + (joined[1] or joined[2] or ""), joined.end()
        equals = _EQUALS.match(text, at)
        if equals is None:
            self._without_equals(name, start, at, before, gap=gap)
            return before
        if not gap:
            self._say(start, f"a blank must stand before {short(name)}", Repair(start, start, " "))
        self._at = equals.end()
        if text[self._at : self._at + 1] in ('"', "'"):
            self._value(name, self._at)
        else:
            self._bare_value(name, equals)
        if name in self.attributes:
            repair = Repair(start, self._at, "".join(NEWLINE.findall(text, start, self._at)))
            self._say(start, f'the attribute "{short(name)}" is given twice in <{short(self.name)}>', repair)
        self.attributes.add(name)
        return name

    def _without_equals(self, name: str, start: int, at: int, before: str, *, gap: bool) -> None:
        text = self._text
        quote = text[at : at + 1]
        if not gap and before:
            self._junk(f"a quote inside the value of {short(before)} must be &quot; or &apos;", start - 1)
        elif quote in _QUOTE_ENTITIES and self._is_value(at):
            self._say(at, f"= must stand between {short(name)} and its value", Repair(at, at, "="))
            self.attributes.add(name)
            self._at = at
            self._value(name, at)
        elif quote in _QUOTE_ENTITIES and before:
            self._junk(f"a quote inside the value of {short(before)} must be &quot; or &apos;", at)
        else:
            self._at = at
            self._say(start, f'a value in quotes must follow {short(name)}, like {short(name)}="…"')
            if quote and quote not in " \t\r\n/><":
                on = _TAG_GOES_ON.search(text, at)
                self._at = on.start() if on else len(text)

    def _is_value(self, at: int) -> bool:
        """Whether a whole value begins with the quote at `at`."""
        close = self._text.find(self._text[at], at + 1)
        value = self._text[at + 1 : close]
        follows = self._text[close + 1 : close + 2] in _FOLLOW
        return close >= 0 and follows and "<" not in value and not _BEGINS_ATTRIBUTE.search(value)

    def _bare_value(self, name: str, equals: re.Match[str]) -> None:
        text, start = self._text, self._at
        if text[start + 1 : start + 2] in _QUOTE_ENTITIES and self._is_value(start + 1):
            self._between(name, start, start + 1)
            return
        value = _UNOPENED_VALUE.match(text, start) or _BARE_VALUE.match(text, start)
        blank = text[equals.end() - 1] != "="
        if value is None or (blank and _ATTRIBUTE_NEXT.match(text, start)):
            if start >= len(text):
                return
            self._at = equals.start() + len(equals[0].rstrip(" \t\r\n"))
            where = self._at if NEWLINE.search(text, self._at, start) else start
            self._say(where, f'a value in quotes must follow {short(name)}, like {short(name)}="…"')
            return
        self._at = value.end()
        quote = text[self._at : self._at + 1]
        if not quote:
            return
        if quote in _QUOTE_ENTITIES and self._is_value(self._at):
            self._between(name, start, self._at)
            return
        quote = value[0][-1] if value[0][-1] in _QUOTE_ENTITIES else quote
        if quote in _QUOTE_ENTITIES:
            self._at += not value[0].endswith(quote)
        else:
            quote = '"'
        written = value[0].removesuffix(quote).replace("&", "&amp;")
        self._say(start, _missing_quote(name), Repair(start, self._at, f"{quote}{written}{quote}"))

    def _between(self, name: str, start: int, quote: int) -> None:
        self._say(start, f"nothing may stand between = and the value of {short(name)}", Repair(start, quote, ""))
        self._value(name, quote)

    def _value(self, name: str, at: int) -> None:
        """Reads the value whose quote is at `at`."""
        text, quote = self._text, self._text[at]
        close = text.find(quote, at + 1)
        if close < 0 or self._swallows(text[at + 1 : close], text[close + 1 : close + 2]):
            cut = _VALUE_CUT.search(text, at + 1)
            if cut is None:
                self._at = len(text)
                return
            self._at = cut.start() + (text[cut.start()] in _QUOTE_ENTITIES)
            self._say(at, _missing_quote(name), Repair(cut.start(), self._at, quote))
            close = cut.start()
        else:
            self._at = close + 1
        place = at + 1
        while sign := _SIGN.search(text, place, close):
            if sign[0] == "<":
                wrong, place = BARE_LESS, sign.end()
            else:
                wrong, place = reference(text, sign.start(), entities=self._entities)
            if wrong:
                new = "&lt;" if sign[0] == "<" else "&amp;"
                self._say(sign.start(), wrong, Repair(sign.start(), sign.end(), new))

    @staticmethod
    def _swallows(value: str, after: str) -> bool:
        """Whether this "value" ends with the quote of another one."""
        follows = after in _FOLLOW
        if "<" not in value:
            return not follows and _BEGINS_ATTRIBUTE.search(value) is not None
        return not follows or _BEGINS_ATTRIBUTE.search(value) is not None or NEWLINE.search(value) is not None
