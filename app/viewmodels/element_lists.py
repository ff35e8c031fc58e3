"""The lists of one module being edited: what each holds, which element is chosen, adding and removing."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import SignalInstance

from app.viewmodels.module_edits import with_copy, with_elements, without_element
from app.viewmodels.module_elements import Addition, ElementRow, Listing, additions, fields, rows
from app.viewmodels.module_fields import FieldSpec, FieldState
from app.viewmodels.module_problems import FieldProblem
from app.viewmodels.text import tr
from nodeagent.contract.xml_source import Document


class Editor(Protocol):
    """What the lists need of the editor that they belong to."""

    document: Document | None
    changed: SignalInstance

    @property
    def xml(self) -> bytes:
        """userconfig.xml."""

    @property
    def errors(self) -> Sequence[FieldProblem]:
        """What is wrong with it."""

    def field(self, path: str, spec: FieldSpec) -> FieldState:
        """One field now."""

    def title(self, path: str) -> str:
        """What an element is called."""

    def write(self, data: bytes, name: str) -> None:
        """userconfig.xml is this from now on."""


class ElementLists:
    """Belongs to its editor, which tells of every change."""

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._chosen: dict[Listing, str] = {}

    def rows(self, listing: Listing) -> tuple[ElementRow, ...]:
        """The elements of a list, none while the file cannot be read."""
        return rows(self._editor.document, listing) if self._editor.document else ()

    def chosen(self, listing: Listing) -> str:
        """The path of the element chosen in a list, "" when there is none."""
        known = [row.path for row in self.rows(listing)]
        path = self._chosen.get(listing, "")
        return path if path in known else next(iter(known), "")

    def element_fields(self, listing: Listing) -> tuple[FieldState, ...]:
        """The fields of the element chosen in a list."""
        path = self.chosen(listing)
        return tuple(self._editor.field(place, spec) for place, spec in fields(path)) if path else ()

    def additions(self, listing: Listing) -> tuple[Addition, ...]:
        """What may be added to a list now."""
        return additions(self._editor.document, listing, self.chosen(listing)) if self._editor.document else ()

    def wrong(self, path: str) -> str:
        """The first thing that is wrong with an element or what it asks, "" when nothing is."""
        places = {path, f"{path}/to"}
        return next((problem.text for problem in self._editor.errors if problem.path in places), "")

    def choose(self, listing: Listing, path: str) -> None:
        """The user looks at this element of a list."""
        if path != self.chosen(listing):
            self._chosen[listing] = path
            self._editor.changed.emit()

    def add_element(self, listing: Listing, addition: Addition) -> None:
        """One more element, chosen at once."""
        data, path = with_elements(self._editor.xml, addition.parent, addition.elements)
        self._take(listing, path, data, addition.words)

    def duplicate_element(self, listing: Listing) -> None:
        """A copy of the element chosen, chosen at once."""
        if path := self.chosen(listing):
            data, copied = with_copy(self._editor.xml, path)
            self._take(listing, copied, data, tr("Duplicate {element}", element=self._editor.title(path)))

    def remove_element(self, listing: Listing) -> None:
        """The element chosen goes, with all in it; its neighbour is chosen."""
        path, known = self.chosen(listing), [row.path for row in self.rows(listing)]
        if path:
            neighbour = known[max(known.index(path) - 1, 0)]
            data = without_element(self._editor.xml, path)
            self._take(listing, neighbour, data, tr("Remove {element}", element=self._editor.title(path)))

    def lead_to(self, listing: Listing, path: str) -> None:
        """The element of the list that a place in the file belongs to is chosen."""
        inside = [row.path for row in self.rows(listing) if f"{path}/".startswith(f"{row.path}/")]
        self._chosen[listing] = max(inside, key=len, default=self.chosen(listing))

    def _take(self, listing: Listing, path: str, data: bytes, name: str) -> None:
        self._chosen[listing] = path
        self._editor.write(data, name)
