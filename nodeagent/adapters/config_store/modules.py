"""The modules of this node and their revisions.

`modules/<M>/rev/<n>/` is a complete revision (conf, bin, web and meta.json); `modules/<M>/current` names the one in
force and is replaced in one rename. A directory above it is only staged. `rev/0` was installed and never applied.
"""

import hashlib
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nodeagent.adapters.config_store.cluster import REVISIONS_KEPT, ClusterStore
from nodeagent.adapters.config_store.damage import Damaged, writing
from nodeagent.adapters.config_store.module_check import own_scripts, script_problems
from nodeagent.contract.api import FileInfo, ModuleInfo, Staged, StageModule
from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.errors import Problem, Severity, errors_of
from nodeagent.contract.module_files import (
    ROOTS,
    USERCONFIG,
    as_written,
    files_problems,
    is_posix_program,
    path_problem,
)
from nodeagent.contract.module_xml import module_name_problem, read_module
from nodeagent.durable import (
    PROGRAM,
    PUBLIC,
    FileContent,
    remove_tree,
    settle_tree,
    wall_time,
    write_durably,
    write_tree_durably,
)
from nodeagent.engine.ports import CommittedModule, Refused
from nodeagent.home import Home

_META = "meta.json"


class _Meta(msgspec.Struct, frozen=True):
    """meta.json: what a revision is, beside its files."""

    signature: str
    nodes: tuple[str, ...]
    author: str
    time: float
    environment: dict[str, str] = {}
    """The environment variables that its `%NAME%` had when it was staged."""


class ModuleStore:
    """All modules of this node. Thread-safe; every refusal is a `Refused`."""

    def __init__(self, home: Home, cluster: ClusterStore) -> None:
        self._home = home
        self._cluster = cluster
        self._lock = threading.RLock()

    def installed(self) -> tuple[ModuleInfo, ...]:
        """Every module with a revision in force or an installed archive, by name; `module` tells of a damaged one."""
        directory = self._home.var / "modules"
        names = sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []
        return tuple(line for name in names if not module_name_problem(name) for line in self._listed(name))

    def install(self, name: str, files: Mapping[str, bytes], author: str) -> ModuleInfo:
        """Keep the files of an archive as `rev/0`, not applied; refused for a module that is applied."""
        self._refuse_name(name)
        with self._lock, writing():
            if current := self._current(name):
                text = f"{name} is applied already (revision {current}): apply the new files as its next revision"
                raise Refused(409, "applied", text)
            problems = files_problems(files)
            if errors_of(problems):
                raise Refused(422, "bad-module", str(problems[0]), tuple(problems))
            self._write(name, 0, files, _Meta(_signature_of_files(files, "", ()), (), author, wall_time()))
            return self._info(name)

    def check(self, name: str, request: StageModule) -> Staged:
        """What `stage` would answer; nothing is changed."""
        self._refuse_name(name)
        staged, _, _ = self._look(name, request)
        return staged

    def stage(self, name: str, request: StageModule) -> Staged:
        """Write the next revision completely beside the current one. Refused when `base` is not the current one."""
        self._refuse_name(name)
        with self._lock, writing():
            current = self._current(name)
            if request.base not in (-1, current):
                raise Refused(409, "changed", self._who_changed(name, current, request.base))
            staged, files, meta = self._look(name, request)
            if staged.ok:
                self._write(name, staged.revision, files, meta)
            return staged

    def commit(self, name: str, signature: str, author: str, running: int = 0) -> int:
        """Put the staged revision in force and return its number; a commit that is repeated changes nothing.

        The last 10 revisions are kept, and `running` (0 = none), whose scripts the module uses until it stops.
        """
        self._refuse_name(name)
        with self._lock, writing():
            current = self._current(name)
            revision = current + 1
            settle_tree(self._home.revision(name, revision))
            if not self._home.revision(name, revision).is_dir():
                if current and self._meta(name, current).signature == signature:
                    return current
                raise Refused(409, "not-staged", f"nothing is staged for {name}: stage it again")
            meta = self._meta(name, revision)
            if meta.signature != signature:
                text = f"another revision of {name} was staged {_said_by(meta)}: look at it, then stage yours again"
                raise Refused(409, "not-staged", text)
            meta = msgspec.structs.replace(meta, author=author or meta.author, time=wall_time())
            write_durably(self._home.revision(name, revision) / _META, _encoded(meta))
            self._make_directories(name)
            write_durably(self._home.module(name) / "current", f"{revision}\n".encode())
            with suppress(OSError):  # it is in force already; what is left over is cleared at the next commit
                self._prune(name, revision, running)
            return revision

    def module(self, name: str, revision: int = 0) -> CommittedModule | None:
        """The revision in force, or an older one that still runs; None when the module is not applied.

        Raises Damaged when its files cannot be used.
        """
        if module_name_problem(name):
            return None
        with self._lock:
            number = revision or self._current(name)
            if not number:
                return None
            place = self._home.revision(name, number)
            settle_tree(place)
            meta = self._meta(name, number)
            file = place / USERCONFIG
            try:
                data = file.read_bytes()
                paths = [path for path, _ in _files_below(place)]
            except OSError as error:
                raise Damaged(f"{file}: {error.strerror}; apply the module {name} to this node again") from None
            config, problems = read_module(name, data, str(file), meta.environment, nodes=meta.nodes)
            if config is None:
                raise Damaged(f"{errors_of(problems)[0]}; apply the module {name} to this node again")
            config = msgspec.structs.replace(config, nodes=meta.nodes, signature=meta.signature)
            executables = {script: place / path for script, path in own_scripts(paths).items()}
            self._make_directories(name)
            return CommittedModule(config, number, frozenset(executables), executables)

    def files(self, name: str) -> tuple[FileInfo, ...]:
        """The files of the revision in force, or of the installed archive; by path."""
        place = self._shown(name)
        with self._lock:
            return tuple(
                FileInfo(path, info.st_size, info.st_mtime)
                for path, file in sorted(_files_below(place))
                for info in (file.stat(),)
            )

    def file(self, name: str, path: str) -> bytes:
        """One of them."""
        place = self._shown(name)
        if why := path_problem(path):
            raise Refused(400, "bad-path", f"{path!r}: {why}")
        with self._lock:
            file = place / path
            if not file.is_file() or file.is_symlink():
                raise Refused(404, "no-file", f"the module {name} has no file {path!r}")
            return file.read_bytes()

    def info(self, name: str) -> ModuleInfo:
        """One line about a module."""
        self._shown(name)
        return self._info(name)

    def boot(self, name: str) -> bool:
        """This node's own start-at-boot setting of the module."""
        try:
            return (self._home.module(name) / "boot").read_bytes().strip() == b"on"
        except FileNotFoundError:
            return False

    def set_boot(self, name: str, on: bool) -> None:
        """Change it durably."""
        self._shown(name)
        with writing():
            write_durably(self._home.module(name) / "boot", b"on\n" if on else b"off\n")

    def _look(self, name: str, request: StageModule) -> tuple[Staged, dict[str, bytes], _Meta]:
        """Check a request and prepare what would be written."""
        files = {path: as_written(path, data) for path, data in request.files.items()}
        problems = files_problems(files) + self._node_problems(request.nodes)
        environment: dict[str, str] = {}
        config: ModuleConfig | None = None
        if USERCONFIG in files:
            data = files[USERCONFIG]
            environment = _environment_of(data)
            cluster = self._cluster.cluster()
            cluster_config = None if cluster is None else cluster.config
            config, found = read_module(
                name, data, USERCONFIG, environment, nodes=request.nodes, cluster=cluster_config
            )
            problems += found
        if config is not None:
            problems += script_problems(files, config)
        signature = _signature_of_files(files, config.signature if config else "", request.nodes)
        meta = _Meta(signature, request.nodes, request.author, wall_time(), environment)
        if config is None or errors_of(problems):
            return Staged(ok=False, problems=tuple(problems)), files, meta
        return Staged(True, signature, tuple(problems), self._current(name) + 1), files, meta

    def _node_problems(self, nodes: tuple[str, ...]) -> list[Problem]:
        cluster = self._cluster.cluster()
        if cluster is None:
            return [Problem(Severity.ERROR, "this node is in no cluster yet: apply the cluster first")]
        known = cluster.config.nodes
        problems = [
            Problem(Severity.ERROR, f"{node!r} is not a node of the cluster; its nodes are {', '.join(known)}")
            for node in nodes
            if node not in known
        ]
        if len(set(nodes)) != len(nodes):
            problems.append(Problem(Severity.ERROR, f"a node is named twice in {', '.join(nodes)}"))
        if cluster.me not in nodes:
            text = f"{cluster.me} is not one of the module's nodes ({', '.join(nodes) or 'none are given'})"
            problems.append(Problem(Severity.ERROR, text))
        return problems

    def _write(self, name: str, revision: int, files: Mapping[str, bytes], meta: _Meta) -> None:
        contents = {
            path: FileContent(written, PROGRAM if is_posix_program(path, written) else PUBLIC)
            for path, data in files.items()
            for written in (as_written(path, data),)
        }
        contents[_META] = FileContent(_encoded(meta))
        write_tree_durably(self._home.revision(name, revision), contents)

    def _current(self, name: str) -> int:
        file = self._home.module(name) / "current"
        try:
            text = file.read_bytes().strip()
        except FileNotFoundError:
            return 0
        if not text.isdigit():
            raise Damaged(f"{file} is to hold the number of a directory in {file.parent / 'rev'}, not {text[:40]!r}")
        return int(text)

    def _meta(self, name: str, revision: int) -> _Meta:
        file = self._home.revision(name, revision) / _META
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Meta)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Damaged(f"{file} cannot be read ({error}); apply the module {name} to this node again") from None

    def _info(self, name: str) -> ModuleInfo:
        revision = self._current(name)
        meta = self._meta(name, revision)
        return ModuleInfo(name, revision > 0, revision, meta.nodes, meta.author, meta.time, meta.signature)

    def _listed(self, name: str) -> list[ModuleInfo]:
        with self._lock:
            try:
                return [self._info(name)] if self._is_here(name) else []
            except Damaged:
                return [ModuleInfo(name, configured=False, revision=0)]

    def _is_here(self, name: str) -> bool:
        settle_tree(self._home.revision(name, 0))
        return bool(self._current(name)) or self._home.revision(name, 0).is_dir()

    def _shown(self, name: str) -> Path:
        self._refuse_name(name)
        with self._lock:
            if not self._is_here(name):
                raise Refused(404, "no-module", f"there is no module {name} on this node")
            return self._home.revision(name, self._current(name))

    def _who_changed(self, name: str, current: int, base: int) -> str:
        if not current:
            return f"{name} is not applied on this node, but the edit began from revision {base}: begin again"
        text = f"revision {current} was applied {_said_by(self._meta(name, current))}"
        return f"{text} while this edit began from revision {base}: look at it and begin from it"

    def _make_directories(self, name: str) -> None:
        self._home.user_var(name).mkdir(parents=True, exist_ok=True)
        self._home.user_log(name).mkdir(parents=True, exist_ok=True)

    def _prune(self, name: str, current: int, running: int) -> None:
        for place in self._home.revision(name, current).parent.iterdir():
            number = int(place.name) if place.name.isdigit() else current
            if number <= current - REVISIONS_KEPT and not 0 < number == running:
                remove_tree(place)

    @staticmethod
    def _refuse_name(name: str) -> None:
        if why := module_name_problem(name):
            raise Refused(400, "bad-name", why)


def _signature_of_files(files: Mapping[str, bytes], config_signature: str, nodes: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for line in (config_signature, *sorted(nodes)):
        digest.update(line.encode() + b"\n")
    for path in sorted(files):
        digest.update(f"{path}\0{hashlib.sha256(files[path]).hexdigest()}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _files_below(place: Path) -> list[tuple[str, Path]]:
    return [
        (file.relative_to(place).as_posix(), file)
        for root in ROOTS
        for file in (place / root).rglob("*")
        if file.is_file() and not file.is_symlink()
    ]


def _environment_of(userconfig: bytes) -> dict[str, str]:
    """The environment variables that a `%NAME%` in the file may mean, whatever its encoding is."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if any(
            f"%{name}%".encode(encoding, "replace") in userconfig for encoding in ("utf-8", "utf-16-le", "utf-16-be")
        )
    }


def _encoded(meta: _Meta) -> bytes:
    return msgspec.json.format(msgspec.json.encode(meta))


def _said_by(meta: _Meta) -> str:
    when = datetime.fromtimestamp(meta.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"by {meta.author or 'somebody'} at {when}"
