"""The modules as files and revisions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from msgspec.structs import replace

from nodeagent.adapters.config_store import Unfinished
from nodeagent.adapters.safe_archive import read_archive, write_archive
from nodeagent.agent.configuration_scripts import AFTER_COMMIT
from nodeagent.agent.control.parts import Parts, in_thread, signed_by
from nodeagent.contract.api import Commit, FileInfo, ModuleInfo, Staged, StageModule
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.revisions import Difference, Restore, Revision, Uninstalled
from nodeagent.contract.shim_calls import shim_call_problems
from nodeagent.contract.states import LogType, Script, State
from nodeagent.contract.status import ModuleStatus
from nodeagent.core import events as ev
from nodeagent.engine.ports import Caller, CommittedModule, Refused


@dataclass(frozen=True, slots=True)
class AgentModules:
    """The port `ModuleControl`."""

    parts: Parts
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    """One change of a module at a time, its scripts included."""

    async def installed(self) -> tuple[ModuleInfo, ...]:
        """All installed modules."""
        infos = await in_thread(self.parts.store.modules.installed)
        return tuple([await self._with_waits(info) for info in infos])

    async def install(self, caller: Caller, module: str, archive: bytes) -> ModuleInfo:
        """Install a `.safe` archive (installed, not applied)."""
        files, problems = await asyncio.to_thread(read_archive, archive, f"{module}.safe")
        if files is None:
            raise Refused(422, "bad-archive", str(errors_of(problems)[0]), tuple(problems))
        async with self._alone(module):
            info = await in_thread(self.parts.store.modules.install, module, files, caller.name)
        await self.parts.snapshot.look_for_modules()
        return replace(info, problems=(*problems, *shim_call_problems(files)))

    async def module_files(self, module: str, revision: int = 0) -> tuple[FileInfo, ...]:
        """Files of a kept revision; 0 = the current (or the installed, never applied) one."""
        return await in_thread(self.parts.store.modules.files, module, revision)

    async def module_file(self, module: str, path: str, revision: int = 0) -> bytes:
        """One of them."""
        return await in_thread(self.parts.store.modules.file, module, path, revision)

    async def module_archive(self, module: str, revision: int = 0) -> bytes:
        """All of them as a `.safe` archive."""
        return await asyncio.to_thread(
            write_archive, await in_thread(self.parts.store.modules.contents, module, revision)
        )

    async def expanded_module(self, module: str, revision: int = 0) -> bytes:
        """userconfig.xml with its macros replaced."""
        return await in_thread(self.parts.store.modules.expanded, module, revision)

    async def module_history(self, module: str) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""
        return await in_thread(self.parts.store.modules.history, module)

    async def module_difference(self, module: str, earlier: int, later: int) -> Difference:
        """What two of them differ in."""
        return await in_thread(self.parts.store.modules.difference, module, earlier, later)

    async def check_module(self, module: str, request: StageModule) -> Staged:
        """Look at a module, change nothing; its confcheck runs."""
        staged = await in_thread(self.parts.store.modules.check, module, request)
        return await self._tried(module, request, staged)

    async def stage_module(self, caller: Caller, module: str, request: StageModule) -> Staged:
        """Keep a new revision durably beside the current one, when its confcheck finds it good."""
        async with self._alone(module):
            return await self._stage(module, signed_by(caller, request))

    async def commit_module(self, caller: Caller, module: str, request: Commit) -> ModuleInfo:
        """Make the staged revision current, then run the scripts that a change brings."""
        async with self._alone(module):
            return await self._commit(module, signed_by(caller, request))

    async def restore_module(self, caller: Caller, module: str, request: Restore) -> ModuleInfo:
        """Make the content of a kept revision a new one, and commit it."""
        author = request.author or caller.name
        async with self._alone(module):
            again = await in_thread(self.parts.store.modules.restoring, module, request.revision, author)
            staged = await self._stage(module, again)
            if not staged.ok:
                problems = list(staged.problems)
                raise Refused(422, "bad-module", str(errors_of(problems)[0]), staged.problems)
            return await self._commit(module, Commit(staged.signature, author))

    async def deconfigure_module(self, caller: Caller, module: str) -> ModuleInfo:
        """Take a stopped module out of force; its files stay installed, its revisions are kept."""
        store = self.parts.store.modules
        async with self._alone(module):
            self.parts.applied(module)
            async with self._leaving(module):
                problems = await self._deconfigured(module)
                info = await in_thread(store.deconfigure, module)
                await self._forget(module)
                await in_thread(store.drop_state, module)
                await self.parts.scripts.settle(module)
        self.parts.say(LogType.USER, f"module {module} was deconfigured by {caller.name}")
        return replace(info, problems=problems)

    async def uninstall(self, caller: Caller, module: str) -> Uninstalled:
        """Take a stopped module away; its present files are kept in an archive."""
        store = self.parts.store.modules
        async with self._alone(module), self._leaving(module):
            archive = await self.module_archive(module)
            if self._status(module) is not None:
                await self._deconfigured(module)
            backup = await in_thread(store.keep_backup, module, archive)
            await self._forget(module)
            try:
                await in_thread(store.remove, module)
            finally:  # what could not be removed is in force
                await self.parts.take_module(module)
            await self.parts.scripts.settle(module)
            self.parts.say(LogType.USER, f"module {module} was uninstalled by {caller.name}; {backup} holds it")
            return Uninstalled(str(backup))

    async def finish_changes(self) -> None:
        """Go on with what the agent before this one has begun and not finished; new changes wait for it."""
        async with asyncio.TaskGroup() as tasks:
            for module, change in self.parts.scripts.earlier.items():
                tasks.create_task(self._finish(module, change))

    async def _finish(self, module: str, change: Unfinished) -> None:
        async with self._alone(module):
            if change.process is not None:
                await self.parts.scripts.await_earlier(module, change)
            try:
                committed = await in_thread(self.parts.store.modules.module, module)
                if committed is not None:
                    await self._finish_with(committed, change)
            except (Refused, OSError) as error:  # left for the next agent
                text = f"the change that the last agent began cannot be finished: {error}"
                self.parts.journal.append(LogType.ERROR, text, module=module)
            else:
                await self.parts.scripts.settle(module)

    async def _finish_with(self, module: CommittedModule, change: Unfinished) -> None:
        name, revision = module.config.name, module.revision
        if Script.DECONFIG in change.left:
            text = f"the agent ended while {name} was taken out of force: revision {revision} is still in force"
            self.parts.journal.append(LogType.ERROR, text, module=name)
        elif revision != change.before:
            text = f"the agent ended while revision {revision} was put in force: the rest of it is done now"
            self.parts.journal.append(LogType.INFO, text, module=name)
            await self.parts.engine.handled()
            left = change.left if change.process is None else change.left[1:]
            await self._run(module, replace(change, left=left))

    async def _stage(self, module: str, request: StageModule) -> Staged:
        store = self.parts.store.modules
        staged = await self._tried(module, request, await in_thread(store.check, module, request))
        return await in_thread(store.stage, module, request) if staged.ok else staged

    async def _tried(self, module: str, request: StageModule, staged: Staged) -> Staged:
        """What confcheck adds to a good answer."""
        trial = await in_thread(self.parts.store.modules.begin_trial, module, request) if staged.ok else None
        if trial is None:
            return staged
        try:
            found = await self.parts.scripts.check(trial)
        finally:
            await asyncio.to_thread(self.parts.store.modules.end_trial, trial)
        return Staged(False, problems=(*staged.problems, *found)) if found else staged

    async def _commit(self, module: str, request: Commit) -> ModuleInfo:
        store = self.parts.store.modules
        status = self._status(module)
        running = status.revision if status else 0
        change = Unfinished(await in_thread(store.current, module), AFTER_COMMIT)
        await in_thread(self.parts.scripts.owe, module, change)
        try:
            now = await in_thread(store.commit, module, request.signature, request.author, running)
        except Refused:
            await self.parts.scripts.settle(module)
            raise
        problems: tuple[Problem, ...] = ()
        if now != change.before:
            text = f"configuration revision {now} is applied by {request.author}"
            self.parts.journal.append(LogType.USER, text, module=module)
            problems = await self._put_in_force(module, change)
        await self.parts.scripts.settle(module)
        return replace(await self._with_waits(await in_thread(store.info, module)), problems=problems)

    async def _put_in_force(self, module: str, change: Unfinished) -> tuple[Problem, ...]:
        await self.parts.take_module(module)
        await self.parts.engine.handled()
        committed = await in_thread(self.parts.store.modules.module, module)
        return () if committed is None else await self._run(committed, change)

    async def _run(self, module: CommittedModule, change: Unfinished) -> tuple[Problem, ...]:
        return await self.parts.scripts.run(change, module, partial(self._state, module.config.name))

    async def _deconfigured(self, module: str) -> tuple[Problem, ...]:
        """Run deconfig. Refused unless the module is at rest, and it rests until the caller has finished."""
        await self.parts.engine.handled()
        status = self._status(module)
        if status is not None and (status.state is not State.STOP or status.script is not None):
            raise Refused(409, "running", f"{module} is {status.state} {status.status}: stop it first")
        committed = await in_thread(self.parts.store.modules.module, module)
        if committed is None:
            return ()
        change = Unfinished(committed.revision, (Script.DECONFIG,))
        return await self._run(committed, change)

    async def _forget(self, module: str) -> None:
        """The core lets go of it, and nothing of it is still to be written."""
        self.parts.engine.post(ev.ModuleRemoved(module))
        await self.parts.engine.handled()
        await asyncio.to_thread(self.parts.writer.flush, 5.0)
        await self.parts.snapshot.look_for_modules()

    async def _with_waits(self, info: ModuleInfo) -> ModuleInfo:
        status = self._status(info.name)
        if status is None or not info.configured or status.revision == info.revision:
            return info
        return replace(info, waits=await in_thread(self.parts.store.modules.waits, info.name, status.revision))

    def _status(self, module: str) -> ModuleStatus | None:
        """The life of an applied module."""
        known = self.parts.snapshot.now().modules
        return next((status for status in known if status.name == module and status.configured), None)

    def _state(self, module: str) -> State:
        status = self._status(module)
        return State.STOP if status is None else status.state

    @asynccontextmanager
    async def _alone(self, module: str) -> AsyncIterator[None]:
        async with self._locks.setdefault(module, asyncio.Lock()):
            yield

    @asynccontextmanager
    async def _leaving(self, module: str) -> AsyncIterator[None]:
        """No order is taken while the module goes."""
        self.parts.leaving.add(module)
        try:
            yield
        finally:
            self.parts.leaving.discard(module)
