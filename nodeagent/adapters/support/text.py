"""Bytes of unknown files as text, and back."""

from collections.abc import Callable

PIECE = 16 * 1024
"""Characters that are changed at once."""
_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def decoded(data: bytes) -> tuple[str, str]:
    """The text and its codec; what is neither UTF-8 nor UTF-16 becomes text byte by byte."""
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def in_pieces(text: str, change: Callable[[str], str]) -> str:
    """The text changed piece by piece, cut at line breaks or blanks where there are any.

    A regular expression keeps every other thread waiting while it runs: the agent's loop must not wait for megabytes.
    """
    pieces, start = [], 0
    while len(text) - start > PIECE:
        cut = max(text.rfind("\n", start, start + PIECE), 0) or max(text.rfind(" ", start, start + PIECE), 0)
        end = cut + 1 if cut > start else start + PIECE
        pieces.append(change(text[start:end]))
        start = end
    return "".join((*pieces, change(text[start:])))


def is_binary(data: bytes) -> bool:
    """Whether a person could not read it."""
    return b"\0" in data[:8192] and not any(data.startswith(mark) for mark, _ in _MARKS)
