"""What the controls share: the parts they work with, and how they ask a store."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec.structs import replace

from nodeagent.adapters.config_store import ConfigStore, Damaged
from nodeagent.adapters.enrolment import EnrolmentPort
from nodeagent.adapters.http_api import Users
from nodeagent.adapters.tls import NodeKeys
from nodeagent.agent.configuration_scripts import ConfigurationScripts
from nodeagent.agent.confirmation import Confirmation
from nodeagent.agent.feed import Feed
from nodeagent.agent.record_keeping import RecordKeeping
from nodeagent.agent.snapshot import Snapshot
from nodeagent.contract.api import Commit, StageCluster, StageModule
from nodeagent.contract.status import ModuleStatus
from nodeagent.engine.loop import Engine
from nodeagent.engine.ports import Caller, Journal, Refused
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from nodeagent.listening import Say

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """What the control works with."""

    home: Home
    engine: Engine
    writer: Writer
    store: ConfigStore
    users: Users
    journal: Journal
    keys: NodeKeys
    snapshot: Snapshot
    feed: Feed
    confirmation: Confirmation
    say: Say
    take_cluster: Callable[[], None]
    """A cluster was committed: bind, tell the core."""
    take_module: Callable[[str], Awaitable[None]]
    """A module was committed: tell the core."""
    scripts: ConfigurationScripts
    records: RecordKeeping
    enrolment: EnrolmentPort
    leaving: set[str] = field(default_factory=set)
    """Modules that are being deconfigured or uninstalled: they take no orders."""

    def module_status(self, module: str) -> ModuleStatus:
        """The module's present status; refused when this node does not have it."""
        if known := self.snapshot.module(module):
            return known
        raise Refused(404, "no-module", f"there is no module {module} on this node")

    def applied(self, module: str) -> ModuleStatus:
        """The same, refused too when it is not in force here."""
        status = self.module_status(module)
        if module in self.leaving:
            raise Refused(409, "leaving", f"{module} is being taken out of force")
        if not status.configured:
            raise Refused(409, "not-applied", f"{module} is installed but not in force on this node: apply it first")
        return status


Signed = TypeVar("Signed", StageCluster, StageModule, Commit)


def signed_by(caller: Caller, request: Signed) -> Signed:
    """The request with its author filled in."""
    return request if request.author else replace(request, author=caller.name)


async def in_thread(work: Callable[..., T], *args: object) -> T:
    """Run a store's method beside the loop; damage becomes a refusal in words."""
    try:
        return await asyncio.to_thread(work, *args)
    except Damaged as damage:
        raise Refused(500, "damaged", str(damage)) from None
    except OSError as error:
        raise Refused(500, "disk", f"the disk refuses: {error}") from None
