"""The modules of this node: install, look, check, stage, commit, take away."""

import os
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from nodeagent.adapters.config_store.boot_setting import read_boot, write_boot
from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.adapters.config_store.damage import Damaged, writing
from nodeagent.adapters.config_store.history import known, module_difference, module_history
from nodeagent.adapters.config_store.module_check import (
    checker_problems,
    process_problems,
    reboot_problems,
    script_problems,
)
from nodeagent.adapters.config_store.module_revisions import Meta, ModuleRevisions, signature_of_files
from nodeagent.adapters.config_store.service_check import service_problems
from nodeagent.adapters.config_store.vip_check import VipLook, no_look, vip_problems
from nodeagent.contract.api import FileInfo, ModuleInfo, Staged, StageModule
from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.errors import Problem, Severity, errors_of
from nodeagent.contract.file_changes import changed_paths
from nodeagent.contract.live_changes import restart_changes
from nodeagent.contract.module_files import USERCONFIG, as_written, files_problems, path_problem
from nodeagent.contract.module_xml import expand_module, module_name_problem, read_module
from nodeagent.contract.revisions import Difference, Revision
from nodeagent.contract.shim_calls import shim_call_problems
from nodeagent.contract.states import Script
from nodeagent.durable import PRIVATE, settle_tree, wall_time, write_durably
from nodeagent.engine.ports import CommittedModule, Refused
from nodeagent.home import Home


@dataclass(frozen=True, slots=True)
class Trial:
    """A request written down beside everything, so that its confcheck can run before it is kept."""

    module: CommittedModule
    home: Home


class ModuleStore:
    """All modules of this node. Thread-safe; every refusal is a `Refused`."""

    def __init__(
        self, home: Home, cluster: ClusterStore, vip_look: VipLook = no_look, *, may_reboot: bool = True
    ) -> None:
        self._home = home
        self._vip_look, self._may_reboot = vip_look, may_reboot
        self._cluster = cluster
        self._lock = threading.RLock()
        shutil.rmtree(self._trials, ignore_errors=True)

    def installed(self) -> tuple[ModuleInfo, ...]:
        """Every module with a revision in force or an installed archive, by name; `module` tells of a damaged one."""
        directory = self._home.var / "modules"
        names = sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []
        return tuple(line for name in names if not module_name_problem(name) for line in self._listed(name))

    def install(self, name: str, files: Mapping[str, bytes], author: str) -> ModuleInfo:
        """Keep the files of an archive as `rev/0`, not applied; refused for a module that is applied."""
        revisions = self._of(name)
        with self._lock, writing():
            if current := revisions.current:
                text = f"{name} is applied already (revision {current}): apply the new files as its next revision"
                raise Refused(409, "applied", text)
            problems = files_problems(files)
            if errors_of(problems):
                raise Refused(422, "bad-module", str(problems[0]), tuple(problems))
            revisions.write(0, files, Meta(signature_of_files(files, "", ()), (), author, wall_time()))
            return _info(revisions)

    def check(self, name: str, request: StageModule) -> Staged:
        """What `stage` would answer; nothing is changed."""
        staged, _, _ = self._look(self._of(name), request)
        return staged

    def begin_trial(self, name: str, request: StageModule) -> Trial | None:
        """Write a request that `check` finds good where its confcheck can run; None when it has none to run here."""
        if not any(path.startswith(f"bin/{Script.CONFCHECK}") for path in request.files):
            return None
        staged, files, meta = self._look(self._of(name), request)
        if not staged.ok:
            return None
        with writing():
            self._trials.mkdir(parents=True, exist_ok=True)
            home = Home(self._home.safe, Path(tempfile.mkdtemp(dir=self._trials)))
            revisions = ModuleRevisions(home, name)
            revisions.write(1, files, meta)
            trial = Trial(revisions.committed(1), home)
        if trial.module.config.user is None or Script.CONFCHECK not in trial.module.scripts:
            self.end_trial(trial)
            return None
        return trial

    @staticmethod
    def end_trial(trial: Trial) -> None:
        """Clear it away."""
        shutil.rmtree(trial.home.var, ignore_errors=True)

    def stage(self, name: str, request: StageModule) -> Staged:
        """Write the next revision completely beside the current one. Refused when `base` is not the current one."""
        revisions = self._of(name)
        self._refuse_conflict(revisions, request)
        # Without the lock, for which the agent's loop may wait: what the look asks of the system can take seconds.
        staged, files, meta = self._look(revisions, request)
        with self._lock, writing():
            self._refuse_conflict(revisions, request)
            if staged.ok:
                staged = msgspec.structs.replace(staged, revision=revisions.last + 1)
                revisions.write(staged.revision, files, meta)
            return staged

    def commit(self, name: str, signature: str, author: str, running: int = 0) -> int:
        """Put the staged revision in force and return its number; a commit that is repeated changes nothing.

        The last 10 revisions are kept, and `running` (0 = none), whose scripts the module uses until it stops.
        """
        revisions = self._of(name)
        with self._lock, writing():
            current, number = revisions.current, revisions.last + 1
            settle_tree(revisions.place(number))
            if not revisions.place(number).is_dir():
                if current and revisions.meta(current).signature == signature:
                    return current
                who = f"; revision {current} was applied {revisions.meta(current).said_by}" if current else ""
                raise Refused(409, "not-staged", f"nothing is staged for {name}{who}: stage it again")
            meta = revisions.meta(number)
            if meta.signature != signature:
                text = f"another revision of {name} was staged {meta.said_by}: look at it, then stage yours again"
                raise Refused(409, "not-staged", text)
            author = author or meta.author
            revisions.put_in_force(number, msgspec.structs.replace(meta, author=author, time=wall_time()))
            with suppress(OSError):  # it is in force already; what is left over is cleared at the next commit
                revisions.prune(running)
            return number

    def current(self, name: str) -> int:
        """The number of the revision in force, 0 = none."""
        with self._lock:
            return self._of(name).current

    def deconfigure(self, name: str) -> ModuleInfo:
        """Take it out of force: installed with its present files, never applied; the revisions are kept."""
        revisions = self._of(name)
        with self._lock, writing():
            if current := self._applied(revisions):
                revisions.write(0, revisions.files(current), revisions.meta(current))
                revisions.take_out_of_force()
            return _info(revisions)

    def drop_state(self, name: str) -> None:
        """What it remembered of its life goes, once nobody writes it any more."""
        with writing():
            self._of(name).drop_state()

    def keep_backup(self, name: str, archive: bytes) -> Path:
        """Write what is about to be taken away where the administrator finds it; the file."""
        with writing():
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
            file = self._home.backups / f"{name}-{stamp}.safe"
            write_durably(file, archive, PRIVATE)
            return file

    def remove(self, name: str) -> None:
        """Uninstall: its revisions, settings and state go; SAFEUSERVAR and the scripts' outputs stay."""
        self._shown(name)
        with self._lock, writing():
            self._of(name).remove()

    def module(self, name: str, revision: int = 0) -> CommittedModule | None:
        """The revision in force, or an older one that still runs; None when the module is not applied.

        Raises Damaged when its files cannot be used.
        """
        if module_name_problem(name):
            return None
        with self._lock:
            revisions = self._of(name)
            number = revision or revisions.current
            return revisions.committed(number) if number else None

    def files(self, name: str, revision: int = 0) -> tuple[FileInfo, ...]:
        """The files of a revision, by path; 0 = that in force, or the installed archive."""
        with self._lock:
            revisions, number = self._chosen(name, revision)
            return tuple(
                FileInfo(path, info.st_size, info.st_mtime)
                for path, file in revisions.paths(number)
                for info in (file.stat(),)
            )

    def file(self, name: str, path: str, revision: int = 0) -> bytes:
        """One of them."""
        if why := path_problem(path):
            raise Refused(400, "bad-path", f"{path!r}: {why}")
        with self._lock:
            revisions, number = self._chosen(name, revision)
            file = revisions.place(number) / path
            if not file.is_file() or file.is_symlink():
                raise Refused(404, "no-file", f"the module {name} has no file {path!r}")
            return file.read_bytes()

    def contents(self, name: str, revision: int = 0) -> dict[str, bytes]:
        """All of them, with what they hold."""
        with self._lock:
            revisions, number = self._chosen(name, revision)
            return revisions.files(number)

    def expanded(self, name: str, revision: int = 0) -> bytes:
        """Its userconfig.xml with the macros replaced as they were when it was staged."""
        data = self.file(name, USERCONFIG, revision)
        with self._lock:
            revisions, number = self._chosen(name, revision)
            environment = revisions.meta(number).environment if number else _environment_of(data)
        whole, problems = expand_module(data, USERCONFIG, environment)
        if errors_of(problems):
            raise Refused(422, "bad-module", str(errors_of(problems)[0]), tuple(problems))
        return whole

    def history(self, name: str) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""
        with self._lock:
            return module_history(self._shown(name))

    def difference(self, name: str, earlier: int, later: int) -> Difference:
        """What they differ in; `later` 0 = the newest, `earlier` 0 = the one kept before it."""
        with self._lock:
            return module_difference(self._shown(name), earlier, later)

    def restoring(self, name: str, revision: int, author: str) -> StageModule:
        """The request that makes a kept revision the next one; the module keeps the nodes it has now."""
        with self._lock:
            revisions, number = self._chosen(name, revision)
            current = revisions.current
            nodes = revisions.meta(current or number).nodes
            return StageModule(revisions.files(number), nodes, author, base=current)

    def waits(self, name: str, running: int) -> tuple[str, ...]:
        """What of the revision in force is not used yet by a module that runs an older one."""
        with self._lock:
            revisions = self._shown(name)
            current = revisions.current
            if not running or running == current or running not in revisions.kept():
                return ()
            files = changed_paths(revisions.digests(running), revisions.digests(current))
            old, new = ((revisions.place(number) / USERCONFIG).read_bytes() for number in (running, current))
            before, after = (revisions.meta(number).environment for number in (running, current))
        keys = (*restart_changes(old, new, before, after), *(path for path in files if path != USERCONFIG))
        return tuple(f"{key}: waits for the next start" for key in keys)

    def info(self, name: str) -> ModuleInfo:
        """One line about a module."""
        return _info(self._shown(name))

    def boot(self, name: str) -> tuple[bool, float]:
        """This node's own start-at-boot setting of the module, and when it turns round by itself (0 = never)."""
        return read_boot(self._home.module(name))

    def set_boot(self, name: str, on: bool, until: float = 0.0) -> None:
        """Change it durably; `until` in seconds since 1970."""
        self._shown(name)
        with writing():
            write_boot(self._home.module(name), on, until)

    def _refuse_conflict(self, revisions: ModuleRevisions, request: StageModule) -> None:
        with self._lock:
            current = revisions.current
            if request.base not in (-1, current):
                raise Refused(409, "changed", _who_changed(revisions, current, request.base))

    def _look(self, revisions: ModuleRevisions, request: StageModule) -> tuple[Staged, dict[str, bytes], Meta]:
        """Check a request and prepare what would be written."""
        files = {path: as_written(path, data) for path, data in request.files.items()}
        problems = files_problems(files) + self._node_problems(request.nodes) + shim_call_problems(files)
        environment: dict[str, str] = {}
        config: ModuleConfig | None = None
        if USERCONFIG in files:
            data = files[USERCONFIG]
            environment = _environment_of(data)
            cluster = self._cluster.cluster()
            cluster_config = None if cluster is None else cluster.config
            config, found = read_module(
                revisions.name, data, USERCONFIG, environment, nodes=request.nodes, cluster=cluster_config
            )
            problems += found
        if config is not None:
            problems += script_problems(files, config) + checker_problems(files, config)
            problems += service_problems(config) + reboot_problems(config, may_reboot=self._may_reboot)
            others = self._others(config.name) if config.vip or config.monitoring else {}
            problems += process_problems(config, others)
            vips = {name: other.vip for name, other in others.items() if other.vip}
            problems += vip_problems(config, vips, self._vip_look)
        signature = signature_of_files(files, config.signature if config else "", request.nodes)
        meta = Meta(signature, request.nodes, request.author, wall_time(), environment)
        if config is None or errors_of(problems):
            return Staged(ok=False, problems=tuple(problems)), files, meta
        return Staged(True, signature, tuple(problems), revisions.last + 1), files, meta

    def _others(self, name: str) -> dict[str, ModuleConfig]:
        """What is in force on this node of the other modules, by module."""
        found: dict[str, ModuleConfig] = {}
        for listed in self.installed():
            with suppress(Damaged):
                if listed.name != name and (other := self.module(listed.name)):
                    found[listed.name] = other.config
        return found

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

    @property
    def _trials(self) -> Path:
        return self._home.var / "trial"

    def _of(self, name: str) -> ModuleRevisions:
        if why := module_name_problem(name):
            raise Refused(400, "bad-name", why)
        return ModuleRevisions(self._home, name)

    def _listed(self, name: str) -> list[ModuleInfo]:
        with self._lock:
            try:
                revisions = self._of(name)
                return [_info(revisions)] if revisions.is_here else []
            except Damaged:
                return [ModuleInfo(name, configured=False, revision=0)]

    def _shown(self, name: str) -> ModuleRevisions:
        revisions = self._of(name)
        with self._lock:
            if not revisions.is_here:
                raise Refused(404, "no-module", f"there is no module {name} on this node")
        return revisions

    def _chosen(self, name: str, revision: int) -> tuple[ModuleRevisions, int]:
        """A kept revision; 0 = the one in force, or the installed archive."""
        revisions = self._shown(name)
        if revision:
            known(f"the module {name}", revisions.kept(), revision)
        return revisions, revision or revisions.current

    def _applied(self, revisions: ModuleRevisions) -> int:
        self._shown(revisions.name)
        return revisions.current


def _info(revisions: ModuleRevisions) -> ModuleInfo:
    number = revisions.current
    meta = revisions.meta(number)
    nodes = meta.nodes if number else ()
    return ModuleInfo(revisions.name, number > 0, number, nodes, meta.author, meta.time, meta.signature)


def _who_changed(revisions: ModuleRevisions, current: int, base: int) -> str:
    if not current:
        return f"{revisions.name} is not applied on this node, but the edit began from revision {base}: begin again"
    text = f"revision {current} was applied {revisions.meta(current).said_by}"
    return f"{text} while this edit began from revision {base}: look at it and begin from it"


def _environment_of(userconfig: bytes) -> dict[str, str]:
    """The environment variables that a `%NAME%` in the file may mean, whatever its encoding is."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if any(
            f"%{name}%".encode(encoding, "replace") in userconfig for encoding in ("utf-8", "utf-16-le", "utf-16-be")
        )
    }
