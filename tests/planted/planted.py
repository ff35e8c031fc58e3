"""A planted bug: a text file that says what is wrong, where, and which lines become which."""

from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns

ROOT = Path(__file__).resolve().parents[2]
BEFORE, AFTER = "--- before\n", "--- after\n"


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """One mistake. `first` is the seed from which on the simulation finds it soon."""

    name: str
    what: str
    file: str
    first: int
    changes: tuple[tuple[str, str], ...]

    def plant(self, into: Path) -> None:
        """Copy what the simulation needs and make the mistake there; LookupError when its place is gone."""
        leave_out = ignore_patterns("__pycache__")
        for part in ("nodeagent/core", "nodeagent/contract", "tests/simulation", "tests/fakes"):
            copytree(ROOT / part, into / part, ignore=leave_out)
        (into / "nodeagent" / "__init__.py").write_bytes((ROOT / "nodeagent" / "__init__.py").read_bytes())
        target = into / self.file
        text = target.read_text(encoding="utf-8")
        for before, after in self.changes:
            if text.count(before) != 1:
                raise LookupError(f"{self.name}: {self.file} has {text.count(before)} times, not once:\n{before}")
            text = text.replace(before, after)
        target.write_text(text, encoding="utf-8")


def read_planted(path: Path) -> PlantedBug:
    """Read `what:`, `file:`, `first:`, then pairs of `--- before` and `--- after`."""
    head, *pairs = path.read_text(encoding="utf-8").split(BEFORE)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    changes = tuple((b.removesuffix("\n"), a.removesuffix("\n")) for b, a in (pair.split(AFTER) for pair in pairs))
    return PlantedBug(path.stem, fields["what"], fields["file"], int(fields["first"]), changes)
