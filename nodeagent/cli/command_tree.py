"""The commands as one flat list, for what is made of them: reference page, man page, completions."""

from collections.abc import Iterator
from inspect import cleandoc
from typing import NamedTuple

import click


class Described(NamedTuple):
    """One command, or a group, as its help tells it."""

    path: str
    """`keepgreen cluster config`."""
    command: click.Command
    arguments: str
    options: tuple[tuple[str, str], ...]
    """(names, help) of each."""

    @property
    def help(self) -> str:
        """What it does, a line per paragraph."""
        paragraphs = cleandoc(self.command.help or "").split("\n\n")
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def described(command: click.Command, path: str = "keepgreen") -> Iterator[Described]:
    """All commands that are not hidden, by name; groups only where they do something of their own."""
    if (not isinstance(command, click.Group) or command.invoke_without_command) and not command.hidden:
        yield _described(command, path)
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            yield from described(command.commands[name], f"{path} {name}")


def words(command: click.Command, path: str = "keepgreen") -> Iterator[tuple[str, tuple[str, ...]]]:
    """(path, what may come next: names of commands, options, choices) of every command and group."""
    if command.hidden:
        return
    next_words = [name for parameter in command.params for name in _words_of(parameter)]
    if isinstance(command, click.Group):
        shown = sorted(name for name, inner in command.commands.items() if not _nothing_to_show(inner))
        yield path, (*shown, *next_words, "--help")
        for name in shown:
            yield from words(command.commands[name], f"{path} {name}")
    else:
        yield path, (*next_words, "--help")


def _described(command: click.Command, path: str) -> Described:
    context = click.Context(command, info_name=path, help_option_names=["--help"])
    records = [
        record
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option)
        and "--help" not in parameter.opts
        and (record := parameter.get_help_record(context))
    ]
    return Described(path, command, " ".join(command.collect_usage_pieces(context)), tuple(records))


def _words_of(parameter: click.Parameter) -> tuple[str, ...]:
    if isinstance(parameter, click.Option):
        return tuple(parameter.opts)
    return tuple(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else ()


def _nothing_to_show(command: click.Command) -> bool:
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    return command.hidden or (isinstance(command, click.Group) and all(map(_nothing_to_show, inner)))
