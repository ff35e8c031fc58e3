"""cluster.xml being edited: its bytes with undo and redo, the table of it, and what is wrong with it."""

from app.viewmodels.cluster_form import EMPTY, ClusterForm, form_of
from app.viewmodels.edit_history import EditHistory, Undoable
from app.viewmodels.text import tr
from app.viewmodels.xml_text import shown_xml, typed_xml
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.errors import Problem
from nodeagent.contract.xml_scan import NotXml
from nodeagent.contract.xml_source import Document


class ClusterDraft(Undoable[bytes]):
    """`data` are the bytes now. While they are no cluster the table stays as it was, and cannot edit them."""

    def __init__(self, data: bytes = EMPTY) -> None:
        """`data` must be a file that `form_of` can read."""
        self._history = EditHistory(data)
        self._form = form_of(data)
        self.document: Document | None = None
        """None while the file is no XML."""
        self.broken = False
        """Whether the table cannot show the file as it is now."""
        self.problems: list[Problem] = []
        """All findings, with their lines."""
        self._read()

    @property
    def data(self) -> bytes:
        """The file."""
        return self._history.now

    @property
    def text(self) -> str:
        """The same as text."""
        return shown_xml(self.data)

    @property
    def form(self) -> ClusterForm:
        """The table of the file, as it was last readable."""
        return self._form

    def change(self, data: bytes, name: str, merge: str = "") -> None:
        """A step called `name`; those in a row with the same `merge` are one."""
        self._history.change(data, name, merge)
        self._read()

    def type_xml(self, text: str, line: int) -> None:
        """The file was typed to be this; what is typed in one line, from 1, is one step."""
        name = tr("Line {line} of {file}", line=line, file="cluster.xml")
        self.change(typed_xml(self.data, text), name, f"xml {line}")

    def undo(self) -> bool:
        """One edit back; False when there is none."""
        moved = self._history.undo()
        self._read()
        return moved

    def redo(self) -> bool:
        """One edit forth; False when there is none."""
        moved = self._history.redo()
        self._read()
        return moved

    def _read(self) -> None:
        _, self.problems = read_cluster(self.data)
        self.document = None
        try:
            self.document = Document(self.data)
            self._form = form_of(self.data)
            self.broken = False
        except (NotXml, LookupError):
            self.broken = True
