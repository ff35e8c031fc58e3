"""Makes the reference pages and the man page of the command line from what the commands themselves say.

`python -m nodeagent.cli.reference` writes them into docs of a source checkout; a test compares.
"""

from pathlib import Path

from nodeagent import __version__
from nodeagent.cli.command_tree import Described, described
from nodeagent.cli.exits import MEANINGS, STATE_EXITS
from nodeagent.cli.main import keepgreen
from nodeagent.contract.shim_table import TABLE

DIRECTORY = Path(__file__).resolve().parents[2] / "docs"

_HOME = "Where the agent is found; every script of a module gets it."
_INTRODUCTION = (
    "Run on a node. The agent is found through `KEEPGREEN_HOME`, which every script of a module gets.",
    "`--json` writes JSON instead of text. Sentences about errors go to stderr.",
    '`-H "*"` or `-H NODE,NODE` before the command runs it on these nodes of the cluster at once, with a result per',
    "node; the exit code is the greatest of theirs. The agent here passes the requests on.",
)
_EXITS = (
    f"`state -q`: {', '.join(f'{state} {code}' for state, code in STATE_EXITS.items())}. "
    "`checkloop`: 0 while one more automatic action is allowed, else 1. "
    "`doctor`, `vip check`, `vip probe`: 1 when something is bad."
)


def pages() -> dict[str, str]:
    """File below docs → text."""
    return {
        "reference/command-line.md": command_line(),
        "reference/safekit-shim.md": safekit_shim(),
        "man/keepgreen.1": man_page(),
    }


def command_line() -> str:
    """Every command with its arguments and options, and the exit codes."""
    lines = ["# The command line", "", "Made from the program by `python -m nodeagent.cli.reference`.", ""]
    lines += [
        *_INTRODUCTION,
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()),
        "",
        _EXITS,
        "",
        "## Commands",
        "",
    ]
    for one in described(keepgreen):
        lines += _section(one)
    return "\n".join(lines)


def safekit_shim() -> str:
    """What becomes of each command of `safekit`."""
    return "\n".join(
        [
            "# `safekit` in scripts",
            "",
            "Made from the program by `python -m nodeagent.cli.reference`.",
            "",
            "`$SAFE/safekit` (Windows: `%SAFE%\\safekit.exe`) takes the commands that existing scripts use. A command",
            "that is not in this table gets one sentence and exit code 64. `keepgreen module install` names the calls",
            "in a module's scripts that are not in it.",
            "",
            "| command | what is done | |",
            "|---|---|---|",
            *(f"| `{row.command}` | {row.how} | {row.note.replace('|', chr(92) + '|')} |" for row in TABLE),
            "",
        ]
    )


def man_page() -> str:
    """keepgreen(1), in roff."""
    lines = [
        '.\\" Made from the program by `python -m nodeagent.cli.reference`.',
        f'.TH KEEPGREEN 1 "" "Keepgreen {__version__}" "Keepgreen"',
        ".SH NAME",
        _roff(f"keepgreen - {_first(keepgreen.help or '')}"),
        ".SH SYNOPSIS",
        _roff("keepgreen [-H NODES] COMMAND [ARGUMENTS]"),
        ".SH DESCRIPTION",
        *(_roff(line) for line in _INTRODUCTION),
        ".SH COMMANDS",
    ]
    for one in described(keepgreen):
        lines += [".SS " + _roff(f"{one.path} {one.arguments}"), *_paragraphs(one.help)]
        for names, text in one.options:
            lines += [".TP", f"\\fB{_roff(names)}\\fR", _roff(text)]
    lines += [".SH EXIT STATUS"]
    for code, meaning in MEANINGS.items():
        lines += [".TP", f"\\fB{int(code)}\\fR", _roff(meaning)]
    lines += [".PP", _roff(_EXITS), ".SH ENVIRONMENT", ".TP", "\\fBKEEPGREEN_HOME\\fR", _roff(_HOME)]
    return "\n".join([*lines, ""])


def _section(one: Described) -> list[str]:
    lines = [f"### `{one.path} {one.arguments}`", "", one.help, ""]
    if one.options:
        lines += ["| option | |", "|---|---|"]
        lines += [f"| `{_cell(names)}` | {_cell(help_text)} |" for names, help_text in one.options]
        lines.append("")
    return lines


def _first(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


def _paragraphs(text: str) -> list[str]:
    return [line for paragraph in text.split("\n\n") for line in (".PP", _roff(paragraph))]


def _roff(text: str) -> str:
    """As roff shows it unchanged."""
    plain = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{plain}" if plain[:1] in (".", "'") else plain


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, text in pages().items():
        (DIRECTORY / name).parent.mkdir(parents=True, exist_ok=True)
        (DIRECTORY / name).write_text(text, encoding="utf-8", newline="\n")
