"""Takes secrets out of text: those that are known by their value, and what stands where secrets stand."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape, unescape
from urllib.parse import quote

from nodeagent.adapters.support.text import in_pieces

GONE = "REMOVED"
SHORTEST = 4
"""Characters of a value that is looked for everywhere; a shorter one is in too much that is no secret."""

_WORDS = r"passw(?:or)?d|passphrase|passwd|pwd|secret|token|api_?key|credential"
_NAME = re.compile(rf"{_WORDS}|key", re.IGNORECASE)
_WORD = rf"(?:{_WORDS}|[_-]key\b|\bkey\b)"
_ELEMENT = re.compile(r"<(?:\w+:)?(?:var|macro)\b[^<>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""(\s)([\w:.-]+)(\s*=\s*)("[^"<]*"|'[^'<]*')""")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_FORMS = (
    (re.compile(r"(?i)\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {GONE}"),
    (re.compile(r"(://[^\s/:@\"'<>]{0,200}:)[^\s/@\"'<>]{1,200}@"), rf"\1{GONE}@"),
    (re.compile(r"\$(argon2\w*|[1-9a-z]{1,2})\$[A-Za-z0-9./+,=$-]{16,}"), GONE),
)
# Every repetition that another one may follow is bounded: a line of megabytes costs no more than many short ones.
_PAIR = re.compile(
    rf"""(?ix)
    ({_WORD}[\w.-]{{0,64}} \\? ["']? \s{{0,20}}[=:]\s{{0,20}})   # the end of a name that speaks of a secret
    ("(?:\\.|[^"\\\n])*" | '[^'\n]*' | \\"[^"\\\n]*\\" | [^\s"'<>,;&|(){{}}\\]+)
    """
)
_OPTION = re.compile(rf"""(?i)(\s--?[\w-]{{0,64}}{_WORD}[\w-]{{0,64}}\s{{1,20}})([^\s"'<>-][^\s"'<>]*)""")
_ASSIGNMENT = re.compile(
    rf"""(?imx)
    ^([ \t]{{0,99}}(?:setx?[ ]+|export[ ]+)?[$\w:.-]{{0,64}}{_WORD}[\w.-]{{0,64}}[ \t]*=[ \t]*)
    ([^\s"'<>][^"'<>\r\n]*)
    """
)
_ENTRY = re.compile(rf"(?i)(<([\w.-]{{0,64}}{_WORD}[\w.-]{{0,64}})>)[^<]+(</\2>)")
"""An XML element that holds one."""


class Secrecy:
    """Knows some secrets and how others look. `text` gives the same text without them.

    Quoted values stay quoted, so that XML and JSON stay well-formed.
    """

    def __init__(self) -> None:
        self._known: set[str] = set()

    def know(self, secrets: Iterable[str | bytes]) -> None:
        """These values, in every spelling they may be written in, are taken out wherever they are."""
        for secret in secrets:
            if isinstance(secret, bytes):
                if len(secret) >= SHORTEST:
                    self._known |= {b64encode(secret).decode(), secret.hex(), secret.decode("latin-1")}
                continue
            plain = secret.strip()
            if len(plain) >= SHORTEST and plain != GONE:
                encoded = b64encode(plain.encode("utf-8", "replace")).decode()
                spellings = (escape(plain), escape(plain, quote=False), json.dumps(plain)[1:-1], quote(plain, safe=""))
                self._known |= {plain, encoded, json.dumps(plain, ensure_ascii=False)[1:-1], *spellings}

    def learn(self, xml: str) -> None:
        """Know the values of variables and macros in a userconfig.xml whose names speak of a secret."""
        for element in _ELEMENT.findall(xml):
            found = {name.lower(): unescape(value[1:-1]) for _, name, _, value in _ATTRIBUTE.findall(element)}
            if is_secret(found.get("name", "")):
                self.know([found.get("value", "")])

    def text(self, text: str) -> str:
        """The same without secrets."""
        for known in sorted(self._known, key=len, reverse=True):
            text = text.replace(known, GONE)
        return in_pieces(_ELEMENT.sub(_without_value, _PEM.sub(GONE, text)), _piece)


def _piece(text: str) -> str:
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    text = _ENTRY.sub(rf"\1{GONE}\3", _OPTION.sub(rf"\1{GONE}", text))
    return _ASSIGNMENT.sub(_pair_without_value, _PAIR.sub(_pair_without_value, text))


def is_secret(name: str) -> bool:
    """Whether something of this name is one: `DB_PASSWORD`, `apiKey`, `token`."""
    return bool(_NAME.search(name))


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The values of variables whose names speak of a secret; the working directory, `PWD`, is none."""
    return tuple(value for name, value in environment.items() if is_secret(name) and name not in ("PWD", "OLDPWD"))


def _without_value(element: re.Match[str]) -> str:
    attributes = {name.lower(): value[1:-1] for _, name, _, value in _ATTRIBUTE.findall(element[0])}
    if not is_secret(attributes.get("name", "")):
        return element[0]

    def hidden(one: re.Match[str]) -> str:
        quoted = one[4][0]
        return f"{one[1]}{one[2]}{one[3]}{quoted}{GONE}{quoted}" if one[2].lower() == "value" else one[0]

    return _ATTRIBUTE.sub(hidden, element[0])


def _pair_without_value(pair: re.Match[str]) -> str:
    value = pair[2].strip()
    if (value.isdigit() and len(value) < SHORTEST) or value.lower() in ("true", "false", "null", "none", "on", "off"):
        return pair[0]
    quoted = re.match(r"\\?[\"']", value)
    return f"{pair[1]}{quoted[0]}{GONE}{quoted[0]}" if quoted else f"{pair[1]}{GONE}"
