"""What a notification says, and which lines of the log are worth one."""

import sys
from dataclasses import dataclass
from pathlib import Path

from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

SYSTEM_TYPES = "CEU"
"""Types of lines that the system's own log gets."""


@dataclass(frozen=True, slots=True)
class Message:
    """Lines of one node, oldest first; `left_out` is how many more there were than could wait."""

    node: str
    lines: tuple[LogLine, ...]
    left_out: int = 0


class NotSent(Exception):
    """Why a message could not be delivered, in words without secrets."""


def is_main(line: LogLine, types: str) -> bool:
    """Whether the line has one of these types, or says that a module changed its state."""
    return line.type in types or (line.type is LogType.INFO and line.origin == "life" and bool(line.module))


def secret_in(file: Path) -> str:
    """The secret that a file holds. Raises NotSent when others may read it, too, or nobody can."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8").strip()
    except OSError as error:
        raise NotSent(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise NotSent(f"{file} is not UTF-8 text") from None
    if sys.platform != "win32" and mode & 0o077:
        raise NotSent(f"{file} can be read by others than its owner: it needs the mode 0600")
    if not text:
        raise NotSent(f"{file} is empty")
    return text
