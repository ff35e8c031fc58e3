"""Asks the public port of a node how one of its modules stands."""

import msgspec

from nodeagent.adapters.checkers.fetch import Fetcher
from nodeagent.adapters.checkers.look import Seen

_CLOCK_STEP = 2.0
"""Seconds a start may seem to have moved because the other node's clock was set."""


class _Module(msgspec.Struct, frozen=True):
    """What is used of `status.json`."""

    state: str
    status: str
    since: float


class ModuleLook:
    """Good while the module is UP Ready. It was restarted when it is so since another time than before."""

    def __init__(self, fetcher: Fetcher, name: str, where: str) -> None:
        self._fetcher, self._name, self._where = fetcher, name, where
        self._since: float | None = None

    async def look(self) -> Seen:
        """Ask once."""
        answer = await self._fetcher.fetch(body=True)
        if isinstance(answer, Seen):
            return answer
        if answer.status == 404:
            return Seen(False, f"there is no module {self._name} on {self._where}")
        if answer.status != 200:
            return Seen(False, f"status {answer.status} instead of 200")
        try:
            module = msgspec.json.decode(answer.body, type=_Module)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return Seen(False, f"{self._where} answers, but not as a health port")
        said = f"{self._name} on {self._where} is {module.state} {module.status}"
        if (module.state, module.status) != ("UP", "Ready"):
            return Seen(False, said)
        before, self._since = self._since, module.since
        restarted = before is not None and abs(module.since - before) > _CLOCK_STEP
        return Seen(True, f"{said} after a restart" if restarted else said, restarted)
