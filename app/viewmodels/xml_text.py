"""A configuration file as a person types it: text with line feeds only, and back to bytes that keep what was there."""

import codecs
import re

from app.viewmodels.script_files import unified, with_lines
from nodeagent.contract.xml_scan import CODECS

_DECLARED = re.compile(r"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([\w.-]+)", re.ASCII)
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
MARK = "\ufeff"


def shown_xml(data: bytes) -> str:
    """The file as text, whatever is wrong with it, without a byte order mark."""
    return unified(_text(data).removeprefix(MARK))


def typed_xml(before: bytes, text: str) -> bytes:
    """The file with this text, in the encoding that its first line declares. Lines that did not change keep their ends.

    What the encoding lacks becomes &#number;.
    """
    old = _text(before)
    if unified(old.removeprefix(MARK)) == text:
        return before
    newline = "\r\n" if old.count("\r\n") * 2 > old.count("\n") else "\n"
    mark = MARK if old.startswith(MARK) else ""
    whole = mark + with_lines(old.removeprefix(MARK), text, newline)
    return whole.encode(_marked(before) or _declared(text), "xmlcharrefreplace")


def _text(data: bytes) -> str:
    codec = _marked(data) or _declared(data[:400].decode("latin-1"))
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _marked(data: bytes) -> str:
    return next((codec for mark, codec in _MARKS if data.startswith(mark)), "")


def _declared(text: str) -> str:
    found = _DECLARED.match(text)
    return CODECS.get(found[1].lower(), "utf-8") if found else "utf-8"
