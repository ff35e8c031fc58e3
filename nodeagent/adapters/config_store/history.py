"""The revisions that are kept, and what they differ in."""

from collections.abc import Sequence
from itertools import pairwise

from nodeagent.adapters.config_store.damage import Damaged
from nodeagent.adapters.config_store.module_revisions import ModuleRevisions
from nodeagent.contract.file_changes import changed_paths, file_changes
from nodeagent.contract.revisions import Difference, Revision
from nodeagent.engine.ports import Refused


def module_history(revisions: ModuleRevisions) -> tuple[Revision, ...]:
    """Newest first; one that cannot be read is left out."""
    current = revisions.current
    return tuple(
        line
        for number, before in pairwise([*revisions.kept(), 0])
        for line in _line(revisions, number, before, current)
    )


def module_difference(revisions: ModuleRevisions, earlier: int, later: int) -> Difference:
    """From one to the other; `later` 0 = the newest, `earlier` 0 = the one kept before `later`."""
    what = f"the module {revisions.name}"
    earlier, later = ends(what, revisions.kept(), earlier, later)
    old = revisions.digests(earlier) if earlier else {}
    new = revisions.digests(later)
    changed = set(changed_paths(old, new))
    before, after = (
        {path: file.read_bytes() for path, file in revisions.paths(number) if path in changed} if number else {}
        for number in (earlier, later)
    )
    return Difference(earlier, later, file_changes(before, after))


def ends(what: str, kept: Sequence[int], earlier: int, later: int) -> tuple[int, int]:
    """The two revisions of a difference; `kept` is newest first. Refused when one is not kept."""
    later = later or next(iter(kept), 0)
    known(what, kept, later)
    if not earlier:
        return next((number for number in kept if number < later), 0), later
    known(what, kept, earlier)
    return earlier, later


def known(what: str, kept: Sequence[int], number: int) -> None:
    """Refused when this revision is not kept."""
    if number not in kept:
        has = f"it keeps {', '.join(map(str, sorted(kept)))}" if kept else "none was ever applied here"
        raise Refused(404, "no-revision", f"{what} has no revision {number}: {has}")


def _line(revisions: ModuleRevisions, number: int, before: int, current: int) -> list[Revision]:
    try:
        meta = revisions.meta(number)
        changed = changed_paths(revisions.digests(before) if before else {}, revisions.digests(number))
    except (Damaged, OSError):
        return []
    return [Revision(number, meta.time, meta.author, meta.signature, meta.nodes, number == current, changed)]
