"""Makes the reference pages of the command line from what the commands themselves say.

`python -m nodeagent.cli.reference` writes them into docs/reference of a source checkout; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from nodeagent.cli.exits import MEANINGS, STATE_EXITS
from nodeagent.cli.main import keepgreen
from nodeagent.contract.shim_table import TABLE

DIRECTORY = Path(__file__).resolve().parents[2] / "docs" / "reference"


def pages() -> dict[str, str]:
    """File name → text."""
    return {"command-line.md": command_line(), "safekit-shim.md": safekit_shim()}


def command_line() -> str:
    """Every command with its arguments and options, and the exit codes."""
    lines = ["# The command line", "", "Made from the program by `python -m nodeagent.cli.reference`.", ""]
    lines += [
        "Run on a node. The agent is found through `KEEPGREEN_HOME`, which every script of a module gets.",
        "`--json` writes JSON instead of text. Sentences about errors go to stderr.",
        "",
        "## Exit codes",
        "",
        "| code | meaning |",
        "|---|---|",
        *(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items()),
        "",
        f"`state -q`: {', '.join(f'{state} {code}' for state, code in STATE_EXITS.items())}.",
        "",
        "## Commands",
        "",
    ]
    for command, path in _walk(keepgreen, "keepgreen"):
        lines += _section(command, path)
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


def _walk(command: click.Command, path: str) -> Iterator[tuple[click.Command, str]]:
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from _walk(command.commands[name], f"{path} {name}")
    elif not command.hidden:
        yield command, path


def _section(command: click.Command, path: str) -> list[str]:
    context = click.Context(command, info_name=path, help_option_names=["--help"])
    arguments = " ".join(command.collect_usage_pieces(context))
    options = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and "--help" not in parameter.opts
        and (record := parameter.get_help_record(context))
    ]
    lines = [f"### `{path} {arguments}`", "", command.help or "", ""]
    if options:
        lines += ["| option | |", "|---|---|"]
        lines += [f"| `{_cell(names)}` | {_cell(help_text)} |" for names, help_text in options]
        lines.append("")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (DIRECTORY / name).write_text(text, encoding="utf-8", newline="\n")
