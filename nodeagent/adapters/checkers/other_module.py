"""Asks the public port of a node how one of its modules stands."""

import msgspec

from nodeagent.adapters.checkers.fetch import Fetcher
from nodeagent.adapters.checkers.look import Seen
from nodeagent.core.phases import LOOKING_AGAIN

_CLOCK_STEP = 2.0
"""Seconds a start may seem to have moved because the other node's clock was set."""


class _Module(msgspec.Struct, frozen=True):
    """What is used of `status.json`."""

    state: str
    status: str
    since: float
    phase: str = ""
    started: float | None = None
    """None: of an agent that does not say it yet."""


class ModuleLook:
    """Good while the module is UP Ready. It was restarted when it is so since another start than before.

    Where `own` says so, this very agent is asked: when it cannot answer yet, that says nothing about the module.
    """

    def __init__(self, fetcher: Fetcher, name: str, where: str, *, own: bool = False) -> None:
        self._fetcher, self._name, self._where, self._own = fetcher, name, where, own
        self._started: float | None = None

    async def look(self) -> Seen:
        """Ask once."""
        answer = await self._fetcher.fetch(body=True)
        if isinstance(answer, Seen):
            return Seen(None, answer.text) if self._own else answer
        if answer.status == 404:
            return Seen(False, f"there is no module {self._name} on {self._where}")
        if answer.status != 200:
            return Seen(False, f"status {answer.status} instead of 200")
        try:
            module = msgspec.json.decode(answer.body, type=_Module)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Seen(False, f"{self._where} answers, but not as a health port")
        said = f"{self._name} on {self._where} is {module.state} {module.status}"
        if (module.state, module.status) == ("UP", "Transient") and module.phase in LOOKING_AGAIN:
            return Seen(None, f"{said}: {module.phase}")
        if (module.state, module.status) != ("UP", "Ready"):
            return Seen(False, said)
        restarted = self._restarted(module.since if module.started is None else module.started)
        return Seen(True, f"{said} after a restart" if restarted else said, restarted)

    def _restarted(self, started: float) -> bool:
        """`started` is 0 where its agent is newer than its start: it runs on since before."""
        before, self._started = self._started, started
        return before is not None and started != 0.0 and abs(started - before) > _CLOCK_STEP
