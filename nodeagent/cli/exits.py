"""How a command ends: exit codes, and the one exception that carries a sentence and a code. Standard library only."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command; errors are 64 and above, so that a script can tell them from an answer."""

    OK = 0
    USAGE = 64
    BAD_DATA = 65
    AGENT_DOWN = 69
    INTERNAL = 70
    CANNOT_CREATE = 73
    NOT_NOW = 75
    REFUSED = 77
    INTERRUPTED = 130


MEANINGS: dict[Exit, str] = {
    Exit.OK: "done (with `state -q`: the module is in STOP)",
    Exit.USAGE: "the command line is wrong, or names something that is not there",
    Exit.BAD_DATA: "a file or a value was refused; every problem is named",
    Exit.AGENT_DOWN: "no agent answers (here, or on the node that was meant), or what is asked for does not run, "
    "is not installed, or has its port taken",
    Exit.INTERNAL: "a fault of the product; the sentence says where the details were written",
    Exit.CANNOT_CREATE: "a file cannot be written, or the system refuses what the command does to it",
    Exit.NOT_NOW: "refused in the present state, or `--wait` did not see the end that was asked for: try later",
    Exit.REFUSED: "this user may not do that, or said no",
    Exit.INTERRUPTED: "ended by Ctrl-C",
}
"""One line per code for the reference documentation."""

STATE_EXITS: dict[str, int] = {"STOP": 0, "WAIT": 1, "UP": 2}
"""What `state -q` answers."""

_BY_HTTP_STATUS: dict[int, Exit] = {
    401: Exit.REFUSED,
    403: Exit.REFUSED,
    404: Exit.USAGE,
    408: Exit.NOT_NOW,
    409: Exit.NOT_NOW,
    429: Exit.NOT_NOW,
    502: Exit.AGENT_DOWN,
    503: Exit.NOT_NOW,
    507: Exit.CANNOT_CREATE,
}


def exit_of_http(status: int) -> Exit:
    """The exit code for a refusal with this HTTP status."""
    return _BY_HTTP_STATUS.get(status, Exit.INTERNAL if status >= 500 else Exit.BAD_DATA)


class CommandFailed(Exception):
    """An expected end of a command: `sentence` goes to stderr (several lines when all problems are named)."""

    def __init__(self, sentence: str, exit_code: int) -> None:
        super().__init__(sentence)
        self.sentence, self.exit_code = sentence, int(exit_code)
