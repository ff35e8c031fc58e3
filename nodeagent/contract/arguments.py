"""The arguments of a program as one line of a configuration file. Pure."""

import shlex


def words_of(line: str, *, windows: bool) -> tuple[str, ...]:
    """The words of the line. Quotes keep blanks together; on Windows only double ones do, and a backslash is no more
    than itself, for it is in every path. Raises ValueError when a quote, or a backslash at the end, lacks the rest.
    """
    reader = shlex.shlex(line, posix=True)
    reader.whitespace_split, reader.commenters = True, ""
    if windows:
        reader.escape, reader.quotes = "", '"'
    return tuple(reader)
