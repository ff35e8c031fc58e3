"""Bytes of unknown files as text, and back."""

_MARKS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def decoded(data: bytes) -> tuple[str, str]:
    """The text and its codec; what is neither UTF-8 nor UTF-16 becomes text byte by byte."""
    codec = next((codec for mark, codec in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"


def is_binary(data: bytes) -> bool:
    """Whether a person could not read it."""
    return b"\0" in data[:8192] and not any(data.startswith(mark) for mark, _ in _MARKS)
