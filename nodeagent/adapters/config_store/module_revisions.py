"""The revisions of one module on the disk.

`modules/<M>/rev/<n>/` is a complete revision (conf, bin, web and meta.json); `modules/<M>/current` names the one in
force and is replaced in one rename. A directory above it is only staged. `rev/0` was installed and is not applied.
After a deconfiguration `current` still names the last one, marked as not in force, so that numbers never come twice.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nodeagent.adapters.config_store.damage import Damaged
from nodeagent.adapters.config_store.module_check import own_scripts
from nodeagent.contract.errors import errors_of
from nodeagent.contract.module_files import ROOTS, USERCONFIG, as_written, is_posix_program
from nodeagent.contract.module_xml import read_module
from nodeagent.durable import (
    PRIVATE,
    PROGRAM,
    PUBLIC,
    FileContent,
    remove_tree,
    settle_tree,
    write_durably,
    write_tree_durably,
)
from nodeagent.engine.ports import CommittedModule
from nodeagent.home import Home

REVISIONS_KEPT = 10
_META = "meta.json"
_CURRENT = re.compile(rb"([0-9]{1,9})( not in force)?\s*")


class Meta(msgspec.Struct, frozen=True):
    """meta.json: what a revision is, beside its files."""

    signature: str
    nodes: tuple[str, ...]
    author: str
    time: float
    environment: dict[str, str] = {}
    """The environment variables that its `%NAME%` had when it was staged."""
    digests: dict[str, str] = {}
    """SHA-256 (hex) of each file."""

    @property
    def said_by(self) -> str:
        """`by anna at 2026-01-31 12:00:00 UTC`."""
        return said_by(self.author, self.time)


@dataclass(frozen=True, slots=True)
class ModuleRevisions:
    """One module's. The caller holds the store's lock and has looked at the name."""

    home: Home
    name: str

    @property
    def last(self) -> int:
        """The youngest that was ever in force, 0 = none."""
        return self._numbers()[0]

    @property
    def current(self) -> int:
        """The one in force, 0 = none."""
        last, in_force = self._numbers()
        return last if in_force else 0

    @property
    def is_here(self) -> bool:
        """Whether it is applied or installed."""
        settle_tree(self.place(0))
        return bool(self.current) or self.place(0).is_dir()

    def place(self, number: int) -> Path:
        """The directory of a revision."""
        return self.home.revision(self.name, number)

    def kept(self) -> list[int]:
        """Those that were in force and are still there, newest first."""
        rev = self.place(0).parent
        found = [int(place.name) for place in rev.iterdir() if place.name.isdigit()] if rev.is_dir() else []
        return sorted((number for number in found if 0 < number <= self.last), reverse=True)

    def meta(self, number: int) -> Meta:
        """What is said of a revision. Raises Damaged."""
        file = self.place(number) / _META
        try:
            return msgspec.json.decode(file.read_bytes(), type=Meta)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Damaged(f"{file} cannot be read ({error}); apply the module {self.name} to this node again") from None

    def paths(self, number: int) -> list[tuple[str, Path]]:
        """Its files by path."""
        place = self.place(number)
        return sorted(
            (file.relative_to(place).as_posix(), file)
            for root in ROOTS
            for file in (place / root).rglob("*")
            if file.is_file() and not file.is_symlink()
        )

    def files(self, number: int) -> dict[str, bytes]:
        """Its files with their contents."""
        return {path: file.read_bytes() for path, file in self.paths(number)}

    def digests(self, number: int) -> dict[str, str]:
        """Its files with their digests."""
        return self.meta(number).digests or digests_of(self.files(number))

    def write(self, number: int, files: Mapping[str, bytes], meta: Meta) -> None:
        """Make it complete on the disk, in the way every node writes files. Raises OSError.

        What may hold a password, as the value of a macro or a variable, only this user and administrators can read.
        """
        written = {path: as_written(path, data) for path, data in files.items()}
        contents = {
            path: FileContent(
                data, PROGRAM if is_posix_program(path, data) else PRIVATE if path == USERCONFIG else PUBLIC
            )
            for path, data in written.items()
        }
        meta = msgspec.structs.replace(meta, digests=digests_of(written))
        contents[_META] = FileContent(_encoded(meta), PRIVATE)
        write_tree_durably(self.place(number), contents)

    def put_in_force(self, number: int, meta: Meta) -> None:
        """This one from now on. Raises OSError; then the one before still is."""
        write_durably(self.place(number) / _META, _encoded(meta), PRIVATE)
        self.make_directories()
        write_durably(self._file, f"{number}\n".encode())

    def take_out_of_force(self) -> None:
        """None from now on."""
        write_durably(self._file, f"{self.last} not in force\n".encode())

    def remove(self) -> None:
        """Nothing of it is installed any more; what its scripts wrote stays. Raises OSError; then all of it is."""
        rev = self.place(0).parent
        in_force = self._file.read_bytes() if self._file.exists() else b""
        self._file.unlink(missing_ok=True)  # first: without it nothing counts as this module's
        try:
            if rev.exists():
                remove_tree(rev)
        except OSError:  # on Windows: another program holds a file
            if rev.exists():
                if in_force:
                    write_durably(self._file, in_force)
                raise
        (self.home.module(self.name) / "boot").unlink(missing_ok=True)
        self.drop_state()

    def drop_state(self) -> None:
        """Forget its life."""
        (self.home.module(self.name) / "state.json").unlink(missing_ok=True)

    def prune(self, running: int) -> None:
        """Forget the oldest; `running` (0 = none) is still used."""
        last = self.last
        for place in self.place(0).parent.iterdir():
            number = int(place.name) if place.name.isdigit() else last
            if number <= last - REVISIONS_KEPT and not 0 < number == running:
                remove_tree(place)

    def committed(self, number: int) -> CommittedModule:
        """A revision as the agent uses it. Raises Damaged when its files cannot be used."""
        place, name = self.place(number), self.name
        settle_tree(place)
        meta = self.meta(number)
        file = place / USERCONFIG
        try:
            data = file.read_bytes()
            paths = [path for path, _ in self.paths(number)]
        except OSError as error:
            raise Damaged(f"{file}: {error.strerror}; apply the module {name} to this node again") from None
        config, problems = read_module(name, data, str(file), meta.environment, nodes=meta.nodes)
        if config is None:
            raise Damaged(f"{errors_of(problems)[0]}; apply the module {name} to this node again")
        config = msgspec.structs.replace(config, nodes=meta.nodes, signature=meta.signature)
        executables = {script: place / path for script, path in own_scripts(paths).items()}
        self.make_directories()
        return CommittedModule(config, number, frozenset(executables), executables)

    def make_directories(self) -> None:
        """Where its scripts work and write."""
        self.home.user_var(self.name).mkdir(parents=True, exist_ok=True)
        self.home.user_log(self.name).mkdir(parents=True, exist_ok=True)

    @property
    def _file(self) -> Path:
        return self.home.module(self.name) / "current"

    def _numbers(self) -> tuple[int, bool]:
        try:
            text = self._file.read_bytes()
        except FileNotFoundError:
            return 0, False
        found = _CURRENT.fullmatch(text)
        if found is None:
            where = self._file.parent / "rev"
            raise Damaged(f"{self._file} is to hold the number of a directory in {where}, not {text[:40]!r}")
        return int(found[1]), not found[2]


def digests_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 (hex) of each file."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def signature_of_files(files: Mapping[str, bytes], config_signature: str, nodes: tuple[str, ...]) -> str:
    """Equal on all nodes that have the same configuration, files and nodes of a module."""
    digest = hashlib.sha256()
    for line in (config_signature, *sorted(nodes)):
        digest.update(line.encode() + b"\n")
    for path, content in sorted(digests_of(files).items()):
        digest.update(f"{path}\0{content}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def said_by(author: str, time: float) -> str:
    """`by anna at 2026-01-31 12:00:00 UTC`."""
    when = datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"by {author or 'somebody'} at {when}"


def _encoded(meta: Meta) -> bytes:
    return msgspec.json.format(msgspec.json.encode(meta))
