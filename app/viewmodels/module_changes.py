"""What an edit changes, and what of it waits for the module's next start."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.viewmodels.module_edits import plain
from app.viewmodels.text import names, tr, trn
from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.file_changes import changed_paths
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.rule import AttributeRule
from nodeagent.contract.xml_scan import NotXml
from nodeagent.contract.xml_source import Document

Place = tuple[str, str]
"""Path of the element and name of the attribute; "" = the element itself."""


@dataclass(frozen=True)
class Changes:
    """The differences between two sets of files of a module."""

    places: frozenset[Place]
    """In userconfig.xml."""
    files: tuple[str, ...]
    """All other files that are new, gone or different."""
    restart: tuple[str, ...]
    """Attributes whose change waits for the next start, by name."""
    readable: bool = True
    """Whether userconfig.xml is XML: only then is known what its change needs."""

    @property
    def count(self) -> int:
        """How many things changed."""
        return len(self.places) + len(self.files)

    @property
    def words(self) -> str:
        """`2 changes, all live: nothing restarts`."""
        if not self.count:
            return tr("No changes")
        if not self.readable:
            return tr("What the changes need is known once the file is XML again")
        many = trn("{count} change", "{count} changes", self.count)
        if self.restart:
            return tr(
                "{changes}; {waiting} waits for the next start",
                changes=many,
                waiting=names(dict.fromkeys(self.restart)),
            )
        if self.files and not self.places:
            return tr("{changes}, in force from the next run of the script on", changes=many)
        return tr("{changes}, live: nothing restarts", changes=many)


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> Changes:
    """What changed from one set of files to the other."""
    others = tuple(path for path in changed_paths(before, after) if path != USERCONFIG)
    places, readable = _places(before.get(USERCONFIG, b""), after.get(USERCONFIG, b""))
    restart = [place for place in sorted(places) if _waits(place)]
    return Changes(
        frozenset(places),
        others,
        tuple(attribute or path.rpartition("/")[2].partition("[")[0] for path, attribute in restart),
        readable,
    )


def _places(before: bytes, after: bytes) -> tuple[set[Place], bool]:
    """The places that differ, and whether both can be read."""
    if before == after:
        return set(), True
    try:
        old, new = _values(Document(before)), _values(Document(after))
    except NotXml:
        return {("", "")}, False
    shared = old.keys() & new.keys()
    whole = old.keys() ^ new.keys()
    found = {
        (path, name)
        for path in shared
        for name in old[path].keys() | new[path].keys()
        if old[path].get(name) != new[path].get(name)
    }
    # What stands in an element that is new or gone is no change of its own.
    found |= {(path, "") for path in whole if path.rpartition("/")[0] not in whole}
    return found or {("", "")}, True  # text, comments or blanks


def _values(document: Document) -> dict[str, dict[str, str]]:
    return {plain(element.path): element.values for element in document.elements}


def _waits(place: Place) -> bool:
    path, attribute = place
    rule = rule_at(f"{path}/@{attribute}") if attribute else rule_at(path)
    if isinstance(rule, AttributeRule):
        return rule.restart
    return rule is not None and any(known.restart for known in rule.attributes)
