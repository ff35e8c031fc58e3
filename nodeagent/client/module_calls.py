"""Calls about modules: their files and revisions, and orders to them."""

from typing import Final
from urllib.parse import quote

from nodeagent.client.calls import Calls, asked, module_path
from nodeagent.contract import api, revisions

SCRIPTS: Final = 1000.0
"""Seconds for a call that runs scripts of a module: the three of a commit, each with its usual limit of 300 s."""


class ModuleCalls(Calls):
    """What can be asked of a node about its modules."""

    async def modules(self) -> tuple[api.ModuleInfo, ...]:
        """All installed modules."""
        return await self.call("GET", "/modules", tuple[api.ModuleInfo, ...])

    async def install(self, module: str, archive: bytes) -> api.ModuleInfo:
        """Install a `.safe` archive; its `problems` name what this version does not know."""
        return await self.call("PUT", module_path(module), api.ModuleInfo, archive, timeout=60.0)

    async def module_archive(self, module: str, revision: int = 0) -> bytes:
        """A module as a `.safe` archive; 0 = the revision in force, or what is installed."""
        query = {"revision": revision}
        return await self.call("GET", f"{module_path(module)}/archive", bytes, query=query, timeout=60.0)

    async def expanded_module(self, module: str, revision: int = 0) -> bytes:
        """safeconf.xml: its userconfig.xml with the macros replaced."""
        return await self.call("GET", f"{module_path(module)}/expanded", bytes, query={"revision": revision})

    async def module_contents(self, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a revision, for StageModule.files; 0 = that in force, or what is installed."""
        place = f"{module_path(module)}/history/{revision}/files" if revision else f"{module_path(module)}/files"
        listed = await self.call("GET", place, tuple[api.FileInfo, ...])
        return {file.path: await self.call("GET", f"{place}/{quote(file.path)}", bytes) for file in listed}

    async def module_history(self, module: str) -> tuple[revisions.Revision, ...]:
        """Its kept revisions, newest first."""
        return await self.call("GET", f"{module_path(module)}/history", tuple[revisions.Revision, ...])

    async def module_difference(self, module: str, query: revisions.DiffQuery) -> revisions.Difference:
        """What two of them differ in."""
        path = f"{module_path(module)}/diff"
        return await self.call("GET", path, revisions.Difference, query=asked(query), timeout=60.0)

    async def restore_module(self, module: str, request: revisions.Restore) -> api.ModuleInfo:
        """Put the content of an older revision in force as a new one, on this node alone."""
        return await self.call("POST", f"{module_path(module)}/restore", api.ModuleInfo, request, timeout=SCRIPTS)

    async def deconfigure_module(self, module: str) -> api.ModuleInfo:
        """Take a stopped module out of force; it stays installed."""
        return await self.call("POST", f"{module_path(module)}/deconfig", api.ModuleInfo, timeout=SCRIPTS)

    async def uninstall(self, module: str) -> revisions.Uninstalled:
        """Take a stopped module away; the answer names the backup on the node."""
        return await self.call("DELETE", module_path(module), revisions.Uninstalled, timeout=SCRIPTS)

    async def check_module(self, module: str, request: api.StageModule) -> api.Staged:
        """What `stage_module` would answer; nothing is changed."""
        return await self.call("POST", f"{module_path(module)}/check", api.Staged, request, timeout=SCRIPTS)

    async def stage_module(self, module: str, request: api.StageModule) -> api.Staged:
        """Keep a new revision beside the current one."""
        return await self.call("POST", f"{module_path(module)}/stage", api.Staged, request, timeout=SCRIPTS)

    async def commit_module(self, module: str, request: api.Commit) -> api.ModuleInfo:
        """Make the staged revision current; its `problems` say which scripts of the change failed."""
        return await self.call("POST", f"{module_path(module)}/commit", api.ModuleInfo, request, timeout=SCRIPTS)

    async def order(self, module: str, order: api.Order) -> api.OrderAnswer:
        """Order an action; a refusal is a CallFailed."""
        path = f"{module_path(module)}/actions"
        return await self.call("POST", path, api.OrderAnswer, order, timeout=10.0 + order.wait)

    async def set_switch(self, module: str, switch: api.SetSwitch) -> None:
        """Pause or resume its checks."""
        await self.call("POST", f"{module_path(module)}/switches", type(None), switch)

    async def set_boot(self, module: str, boot: api.SetBoot) -> None:
        """Start it when the node boots, or not."""
        await self.call("POST", f"{module_path(module)}/boot", type(None), boot)

    async def set_resource(self, module: str, resource: api.SetResource) -> None:
        """Set a resource by command."""
        await self.call("POST", f"{module_path(module)}/resources", type(None), resource)

    async def why(self, module: str) -> api.WhyAnswer:
        """Why a module is not green."""
        return await self.call("GET", f"{module_path(module)}/why", api.WhyAnswer)
