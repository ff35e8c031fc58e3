"""Changes of modules that are under way, as they lie beside the revisions: an agent may end before its scripts have."""

from contextlib import suppress

import msgspec

from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef
from nodeagent.durable import write_durably
from nodeagent.home import Home


class Unfinished(msgspec.Struct, frozen=True):
    """change.json. `until` is on the clock `time.monotonic` of the boot `boot_id`."""

    before: int
    """The revision in force before it; as long as that one is, the change did not take place."""
    left: tuple[Script, ...]
    """The scripts that have not ended, in their order."""
    boot_id: str = ""
    run: str = ""
    """The run of the first of them, empty when it was not begun."""
    process: ProcessRef | None = None
    output: str = ""
    until: float = 0.0
    """When the time of this run is over."""


class UnfinishedChanges:
    """Those of one home. Blocks: call it in a thread."""

    def __init__(self, home: Home, boot_id: str) -> None:
        self._home, self._boot_id = home, boot_id

    def keep(self, module: str, change: Unfinished) -> None:
        """Write it durably in place of what was known. Raises OSError."""
        change = msgspec.structs.replace(change, boot_id=self._boot_id)
        write_durably(self._home.module(module) / "change.json", msgspec.json.encode(change))

    def forget(self, module: str) -> None:
        """It is finished, or the module is not even there. Raises OSError."""
        file = self._home.module(module) / "change.json"
        file.unlink(missing_ok=True)
        with suppress(OSError):  # it holds more than this
            file.parent.rmdir()

    def left_behind(self) -> dict[str, Unfinished]:
        """What an earlier agent has not finished, by module; a run of another boot counts as never begun."""
        found: dict[str, Unfinished] = {}
        for file in sorted((self._home.var / "modules").glob("*/change.json")):
            with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
                change = msgspec.json.decode(file.read_bytes(), type=Unfinished)
                if change.boot_id != self._boot_id:
                    change = msgspec.structs.replace(change, run="", process=None, output="", until=0.0)
                found[file.parent.name] = change
        return found
