"""Who else may read the agent's secrets, or change what it runs: mode bits on Linux, access lists on Windows."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nodeagent.home import Home

if sys.platform == "win32":
    from nodeagent.host.access_lists import opened
else:
    from nodeagent.host.mode_bits import opened


@dataclass(frozen=True, slots=True)
class Guarded:
    """A file or folder of the agent that others have to keep out of."""

    path: str
    secret: bool
    """Others may not even read it; else they may only not change it."""
    others: str = ""
    """Who may all the same, in the system's words (`mode 644`, `BUILTIN\\Users`); empty: nobody."""
    remedy: str = ""
    """The commands that keep them out."""


def guarded(home: Home, named: Iterable[Path] = ()) -> tuple[Guarded, ...]:
    """Each file and folder that is there and can be looked at; `named`: secrets that lie elsewhere. Blocks."""
    found = []
    for path, secret in _places(home, named):
        with suppress(OSError):
            others, remedy = opened(path, secret, home.var)
            found.append(Guarded(str(path), secret, others, remedy))
    return tuple(found)


def _places(home: Home, named: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """What is secret, and what decides what the agent does: its programs, settings and the modules' scripts."""
    for path in (home.safe, home.bin, home.var, home.settings, home.run, home.tls, home.var / "modules"):
        yield path, False
    for path in (home.tls / "key.pem", home.cluster, home.cluster / "node.json", home.cluster / "staged.json"):
        yield path, True
    yield home.records, True
    yield home.local_token, True
    with suppress(OSError):
        yield from ((path, True) for path in sorted(home.backups.glob("*.safe")))
    yield from ((path, True) for path in named)
