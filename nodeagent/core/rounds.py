"""Good rounds of checks in a row: what a module needs to turn green, after a freeze and to be adopted."""


class Rounds:
    """A round is complete when everything needed was good once since the last one; one bad result begins anew."""

    def __init__(self) -> None:
        self.count = 0
        self._good: set[str] = set()

    def reset(self) -> None:
        """Nothing that was seen before counts any more."""
        self.count = 0
        self._good.clear()

    def note(self, name: str, good: bool, needed: frozenset[str]) -> None:
        """A result came in; `needed` names all whose good result makes a round now."""
        if name not in needed:
            return
        if not good:
            self.reset()
            return
        self._good.add(name)
        if needed <= self._good:
            self.count += 1
            self._good.clear()
