"""Fetches a URL and looks at the status and, when asked to, for a text in the answer."""

from time import monotonic

from nodeagent.adapters.checkers.fetch import BODY_CAP, Fetcher
from nodeagent.adapters.checkers.look import Seen, answered


class HttpLook:
    """`contains` is looked for in the first MiB, as UTF-8 bytes; without it no body is read at all."""

    def __init__(self, fetcher: Fetcher, statuses: str, contains: str) -> None:
        self._fetcher = fetcher
        self._statuses = statuses.split(",")
        self._contains = contains

    async def look(self) -> Seen:
        """Fetch once."""
        began = monotonic()
        answer = await self._fetcher.fetch(body=bool(self._contains))
        if isinstance(answer, Seen):
            return answer
        if str(answer.status) not in self._statuses:
            return Seen(False, f"status {answer.status} instead of {' or '.join(self._statuses)}")
        if self._contains.encode() not in answer.body:
            where = "the answer" if answer.whole else f"the first {BODY_CAP // 1024} KiB of the answer"
            return Seen(False, f'"{_shown(self._contains)}" is not in {where}')
        return answered(monotonic() - began)


def _shown(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
