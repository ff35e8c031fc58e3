"""Two machines under one name: an alarm that names both addresses."""

from typing import Final

_SHOWN: Final = 60.0
_MOST: Final = 16


class Namesakes:
    """The cases seen lately, the oldest forgotten when there are too many."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}

    def add(self, name: str, first: str, second: str, now: float) -> str | None:
        """A case was seen again; its sentence when it is new."""
        sentence = f"two machines say that they are {name}: {first} and {second}; the first one stays"
        new = sentence not in self._seen
        if new and len(self._seen) >= _MOST:
            del self._seen[next(iter(self._seen))]
        self._seen[sentence] = now
        return sentence if new else None

    def alarms(self, now: float) -> tuple[str, ...]:
        """Those of the last minute."""
        return tuple(sentence for sentence, at in self._seen.items() if now - at < _SHOWN)
