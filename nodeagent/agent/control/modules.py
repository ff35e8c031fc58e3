"""The modules as files and revisions."""

import asyncio
from dataclasses import dataclass

from nodeagent.adapters.safe_archive import read_archive
from nodeagent.agent.control.parts import Parts, in_thread, signed_by
from nodeagent.contract.api import Commit, FileInfo, ModuleInfo, Staged, StageModule
from nodeagent.contract.errors import errors_of
from nodeagent.engine.ports import Caller, Refused


@dataclass(frozen=True, slots=True)
class AgentModules:
    """The port `ModuleControl`."""

    parts: Parts

    async def installed(self) -> tuple[ModuleInfo, ...]:
        """All installed modules."""
        return await in_thread(self.parts.store.modules.installed)

    async def install(self, caller: Caller, module: str, archive: bytes) -> ModuleInfo:
        """Install a `.safe` archive (installed, not applied)."""
        files, problems = await asyncio.to_thread(read_archive, archive, f"{module}.safe")
        if files is None:
            raise Refused(422, "bad-archive", str(errors_of(problems)[0]), tuple(problems))
        info = await in_thread(self.parts.store.modules.install, module, files, caller.name)
        self.parts.snapshot.look_for_modules()
        return info

    async def module_files(self, module: str) -> tuple[FileInfo, ...]:
        """Files of the current (or the installed, never applied) revision."""
        return await in_thread(self.parts.store.modules.files, module)

    async def module_file(self, module: str, path: str) -> bytes:
        """One of them."""
        return await in_thread(self.parts.store.modules.file, module, path)

    async def check_module(self, module: str, request: StageModule) -> Staged:
        """Look at a module, change nothing."""
        return await in_thread(self.parts.store.modules.check, module, request)

    async def stage_module(self, caller: Caller, module: str, request: StageModule) -> Staged:
        """Keep a new revision durably beside the current one."""
        return await in_thread(self.parts.store.modules.stage, module, signed_by(caller, request))

    async def commit_module(self, caller: Caller, module: str, request: Commit) -> ModuleInfo:
        """Make the staged revision current."""
        running = next((m.revision for m in self.parts.snapshot.now().modules if m.name == module), 0)
        author = request.author or caller.name
        await in_thread(self.parts.store.modules.commit, module, request.signature, author, running)
        self.parts.take_module(module)
        return await in_thread(self.parts.store.modules.info, module)
