"""snapshot: everything support needs of this node about one module, in one file."""

import os
from contextlib import suppress
from pathlib import Path

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import download, module_name, module_path
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.progress import Progress
from nodeagent.cli.tables import say


@click.command()
@click.argument("file")
@module_option
@click.option("--anonymise", is_flag=True, help="Replace addresses and names, the same one always by the same word.")
@json_option
def snapshot(file: str, module: str, anonymise: bool, as_json: bool) -> None:
    """Write what tells what happened to a module into a zip FILE; secrets are never in it."""
    name = module_name(module)
    size = fetch_file(f"{module_path(name)}/snapshot?anonymise={int(anonymise)}", Path(file), f"snapshot of {name}")
    if as_json:
        click.echo(to_json({"file": file, "size": size}))
    else:
        say(f"{file}: {size} bytes")


def fetch_file(path: str, target: Path, what: str) -> int:
    """Write the answer of a route to a file, which is there whole or not at all; its size. Raises CommandFailed."""
    done = 0
    part: Path | None = None
    try:
        place = _place(target)
        part = place.with_name(f"{place.name}.part")
        with part.open("wb") as out, Progress(what) as progress:

            def take(piece: bytes, total: int) -> None:
                nonlocal done
                try:
                    out.write(piece)
                except OSError as error:
                    raise _unwritten(target, error) from None
                done += len(piece)
                progress.at(done, total)

            download(path, take)
        part.replace(place)
    except BaseException as error:
        if part is not None:
            with suppress(OSError):
                part.unlink(missing_ok=True)
        if isinstance(error, (OSError, ValueError)):
            raise _unwritten(target, error) from None
        raise
    return done


def _place(target: Path) -> Path:
    """Where the file goes: links lead to what is meant, and what is no file (a device) is not put aside for one."""
    place = Path(os.path.realpath(target))
    if place.exists() and not place.is_file():
        raise OSError(0, "it is a directory" if place.is_dir() else "it is not a file")
    return place


def _unwritten(target: Path, error: Exception) -> CommandFailed:
    reason = error.strerror if isinstance(error, OSError) else error
    return CommandFailed(f"{target} cannot be written: {reason}", Exit.CANNOT_CREATE)
