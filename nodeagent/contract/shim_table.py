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
    Row("errd", How.SAME, "`errd on|off|status`, `errd enable|disable CLASS`"),
    Row("checker", How.SAME, "`checker on|off|status`"),
    Row("failover", How.SAME, "`failover on|off|status`"),
    Row("config", How.SAME, "puts the installed files in force on this node"),
    Row("check", How.SAME, "names everything wrong in the configuration"),
    Row("module", How.SAME, "`module install|package|uninstall|list`"),
    Row("cluster", How.SAME, "`cluster check|config|info|state|genkey|rotate|deconfig|replace`"),
    Row("log", How.SAME, "the log of this node"),
    Row("level", How.SAME, "the version"),
    Row("logview", How.SAME, "the log of this node, and new lines as they come"),
    Row("cmdlog", How.SAME, "the audit log of this node"),
    Row("incloop", How.SAME, "one more counted action; an action ordered with `-i who` is counted by the agent itself"),
    Row("resetloop", How.SAME, "the count begins anew, as with an administrator's start, stop or restart"),
    Row("checkloop", How.SAME, "exit 0 while one more automatic action is allowed, else 1"),
    Row("waitstart", How.SAME, "until the module is UP Ready, an hour at most (`--timeout`)"),
    Row("waitstop", How.SAME, "until the module is in STOP, an hour at most (`--timeout`)"),
    Row("waitstate", How.SAME, "`waitstate STOP|WAIT|UP`"),
    Row("boot", How.SAME, '`boot on|off|status`; counts while the module says `boot="ignore"`'),
    Row("deconfig", How.SAME, "takes a stopped module out of force on this node"),
    Row("snapshot", How.SAME, "`snapshot -m MODULE FILE`"),
    Row("why", How.SAME, "why a module is in the state it is in"),
    Row("-H", How.TRANSLATED, '`-H "*"` or `-H n1,n2`, then a `keepgreen` command: on several nodes'),
    Row("-r exitcode", How.TRANSLATED, "`-r exitcode N` ends with exit code N"),
    Row("-r processtree", How.TRANSLATED, "`list [PID|NAME]` and `kill PID|NAME`: processes with all their children"),
    Row(
        "-r boundcmd",
        How.TRANSLATED,
        "`SECONDS COMMAND …`: its exit code; 75 when its tree was ended at the limit",
    ),
    Row("wait", How.NOT_YET, "waiting is decided by the checkers and failover rules"),
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
