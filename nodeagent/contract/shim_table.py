"""The commands of `safekit` that existing scripts use, and what becomes of each: one table.

`docs/reference/safekit-shim.md` is made from it, and the check of scripts at install uses it. Standard library only.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple


class How(StrEnum):
    """What is done with a command."""

    SAME = "same as `keepgreen`"
    TRANSLATED = "translated"
    NOTHING = "accepted, says that it does nothing, exit 0"
    NOT_YET = "not in this version"


class Row(NamedTuple):
    """`command` is its first word, or `-r` and the word after it."""

    command: str
    how: How
    note: str


TABLE: tuple[Row, ...] = (
    Row("printi", How.SAME, "a line in the module's log"),
    Row("printe", How.SAME, "an error line in the module's log"),
    Row("start", How.SAME, "accepted at once; with `-i who` it counts against maxloop"),
    Row("stop", How.SAME, "accepted at once, also inside the module's own scripts; takes effect when the script ends"),
    Row("restart", How.SAME, "accepted at once; with `-i who` it counts against maxloop"),
    Row("stopstart", How.SAME, "accepted at once; with `-i who` it counts against maxloop"),
    Row("forcestop", How.SAME, "accepted at once"),
    Row("set", How.SAME, "`set -r class.ident -v up|down|init|unknown`"),
    Row("get", How.SAME, "`get -r class.ident` writes the value"),
    Row("state", How.SAME, "`state -lq` answers by exit code: STOP 0, WAIT 1, UP 2"),
    Row("errd", How.SAME, "`errd on|off`"),
    Row("checker", How.SAME, "`checker on|off`"),
    Row("failover", How.SAME, "`failover on|off`"),
    Row("config", How.SAME, "puts the installed files in force on this node"),
    Row("check", How.SAME, "names everything wrong in the configuration"),
    Row("module", How.SAME, "`module install FILE.safe`, `module list`"),
    Row("cluster", How.SAME, "`cluster check|config|info|genkey`"),
    Row("log", How.SAME, "the log of this node"),
    Row("level", How.SAME, "the version"),
    Row("logview", How.TRANSLATED, "`keepgreen log -f`"),
    Row("checkloop", How.TRANSLATED, "exit 0 while one more automatic action is allowed, else 1"),
    Row("incloop", How.NOTHING, "an action ordered with `-i who` is counted by the agent itself"),
    Row("resetloop", How.NOTHING, "an administrator's start, stop or restart sets the count to 0"),
    Row("-r exitcode", How.TRANSLATED, "`-r exitcode N` ends with exit code N"),
    Row("-r processtree", How.TRANSLATED, "`list [PID|NAME]` and `kill PID|NAME`: processes with all their children"),
    Row(
        "-r boundcmd",
        How.TRANSLATED,
        "`SECONDS COMMAND …`: its exit code; 75 when its tree was ended at the limit",
    ),
    Row("wait", How.NOT_YET, "waiting is decided by the checkers and failover rules"),
    Row("waitstart", How.NOT_YET, "`keepgreen start --wait` waits for the start"),
    Row("waitstop", How.NOT_YET, "`keepgreen stop --wait` waits for the stop"),
    Row("waitstate", How.NOT_YET, "`state -lq` answers by exit code"),
    Row("boot", How.NOT_YET, "`service@boot` of userconfig.xml says what happens at boot"),
    Row("deconfig", How.NOT_YET, ""),
    Row("snapshot", How.NOT_YET, ""),
    Row("cmdlog", How.NOT_YET, ""),
    Row("-H", How.NOT_YET, "commands for several nodes; the console gives them"),
    Row("swap", How.NOT_YET, "belongs to mirror modules"),
    Row("prim", How.NOT_YET, "belongs to mirror modules"),
    Row("second", How.NOT_YET, "belongs to mirror modules"),
)

_BY_COMMAND = {row.command: row for row in TABLE}


def row_of(words: Sequence[str]) -> Row | None:
    """The row for a command line, None for a command that the table does not hold."""
    if words[:1] == ["-r"]:
        return _BY_COMMAND.get(" ".join(words[:2]))
    return _BY_COMMAND.get(words[0]) if words else None
