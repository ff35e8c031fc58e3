"""A module being edited: its files, what is wrong with them, undo and redo. One truth for form, scripts and XML."""

from collections.abc import Callable, Collection, Mapping

from PySide6.QtCore import QObject, Signal

from app.viewmodels.edit_history import EditHistory, Undoable
from app.viewmodels.element_lists import ElementLists
from app.viewmodels.module_changes import Changes, changes
from app.viewmodels.module_edits import (
    FAILOVER,
    lans,
    plain,
    proc_path,
    procs,
    with_attribute,
    with_content,
    with_lan,
    with_proc,
    without_proc,
)
from app.viewmodels.module_elements import LISTS, Listing, title
from app.viewmodels.module_fields import FieldSpec, FieldState, Tab, field_state, page_fields, process_fields, tab_of
from app.viewmodels.module_problems import FieldProblem, field_label, look, process_title
from app.viewmodels.text import tr
from app.viewmodels.xml_text import shown_xml, typed_xml
from nodeagent.contract.config import ClusterConfig, ModuleConfig
from nodeagent.contract.errors import Severity
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.xml_scan import ElementSpan, NotXml
from nodeagent.contract.xml_source import Document

Files = Mapping[str, bytes]
Key = tuple[str, str]


class ModuleEditor(QObject, Undoable[Files]):
    """The draft of one module. It lives as long as its page is known, so leaving the page keeps it.

    `base` is what runs on the nodes ({} for a new module), against which changes are counted. One that is `read_only`
    is there to look at: no edit changes it.
    """

    changed = Signal()

    def __init__(
        self,
        name: str,
        files: Files,
        base: Files,
        cluster: ClusterConfig | None = None,
        nodes: Collection[str] = (),
        parent: QObject | None = None,
        *,
        read_only: bool = False,
    ) -> None:
        super().__init__(parent)
        self.name, self.read_only = name, read_only
        self.base: Files = dict(base)
        self.cluster = cluster
        self._nodes = tuple(nodes)
        self._history: EditHistory[Files] = EditHistory(dict(files))
        self._rejected: dict[Key, str] = {}
        self.tab = Tab.GENERAL
        self.process = 1
        self.lists = ElementLists(self)
        self._jumped = -1
        self.document: Document | None = None
        """The file as it was last readable: what the form shows while it is broken. None when it never was."""
        self.broken = False
        """Whether the file is no XML now; the form cannot edit it then."""
        self._read()

    # --- what there is ------------------------------------------------------------------------

    @property
    def nodes(self) -> tuple[str, ...]:
        """The chosen nodes."""
        return self._nodes

    @property
    def files(self) -> Files:
        """All files of the module by path, as they would be applied."""
        return self._history.now

    @property
    def xml(self) -> bytes:
        """userconfig.xml."""
        return self.files.get(USERCONFIG, b"")

    @property
    def text(self) -> str:
        """userconfig.xml as text, also when it is not XML."""
        return shown_xml(self.xml)

    def field(self, path: str, spec: FieldSpec) -> FieldState:
        """One field now. LookupError when the file cannot be read."""
        if self.document is None:
            raise LookupError("the file is not XML")
        return field_state(
            self.document,
            path,
            spec,
            {**self._said(Severity.ERROR), **self._rejected},
            self._said(Severity.WARNING),
            self.changes.places,
        )

    def page(self, tab: Tab) -> tuple[FieldState, ...]:
        """The fields of a tab that is one page."""
        return tuple(self.field(path, spec) for path, spec in page_fields(tab)) if self.document else ()

    def process_fields(self) -> tuple[FieldState, ...]:
        """The fields of the chosen process, none when there is no process."""
        if not self.processes:
            return ()
        return tuple(self.field(proc_path(self.process), spec) for spec in process_fields())

    @property
    def processes(self) -> tuple[dict[str, str], ...]:
        """The attributes of all processes as they are written."""
        return procs(self.document) if self.document else ()

    def process_wrong(self, number: int) -> Mapping[str, str]:
        """Attribute → sentence of all that is wrong with a process."""
        return {
            attribute: text
            for (path, attribute), text in self._said(Severity.ERROR).items()
            if path == proc_path(number)
        }

    @property
    def rules_text(self) -> str | None:
        """The own rules as they are written; None when they cannot be edited as text."""
        if self.document is None:
            return None
        return self.document.content(FAILOVER) if self.document.find(FAILOVER) is not None else ""

    @property
    def rules_place(self) -> tuple[int, int]:
        """Line and column of the first character of the own rules in the file."""
        there = self.document is not None and self.document.content(FAILOVER) is not None
        return self.document.content_line(FAILOVER) if there and self.document else (1, 1)

    @property
    def mode(self) -> str:
        """`farm`, or what stands there."""
        return (self.document.attribute("safe/service", "mode") or "") if self.document else ""

    def lans(self) -> tuple[tuple[str, bool], ...]:
        """(name, whether it counts) of all lans of the cluster and all that the file names."""
        counting = lans(self.document) if self.document else ()
        known = [lan.name for lan in self.cluster.lans] if self.cluster else []
        return tuple((name, name in counting) for name in dict.fromkeys([*known, *counting]))

    def lans_error(self) -> str:
        """What is wrong with the lans."""
        return next((p.text for p in self.errors if p.tab is Tab.GENERAL and p.attribute == "lans"), "")

    @property
    def errors(self) -> tuple[FieldProblem, ...]:
        """What must be solved before it can be applied, in the order of the file."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def count(self, tab: Tab) -> int:
        """How many errors a tab has."""
        return sum(problem.tab is tab for problem in self.errors)

    def element(self) -> ElementSpan | None:
        """The element that the form shows now, for the tint in the XML; None while the file is broken."""
        if self.document is None or self.broken:
            return None
        paths = {
            Tab.VIP: self.lists.chosen(Listing.ADDRESSES),
            Tab.CHECKERS: self.lists.chosen(Listing.CHECKERS),
            Tab.RULES: FAILOVER,
            Tab.PROCESSES: proc_path(self.process),
            Tab.SCRIPTS: "safe/service/user",
            Tab.HEALTH: "safe/service/health",
        }
        return self.document.find(paths.get(self.tab) or "safe/service")

    # --- edits --------------------------------------------------------------------------------

    def set_field(self, path: str, attribute: str, value: str) -> None:
        """The attribute gets this text; empty takes it away. What XML cannot hold is said at the field."""
        if self.read_only:
            return
        key = (plain(path), attribute)
        try:
            data = with_attribute(self.xml, path, attribute, value)
        except ValueError as error:
            self._rejected[key] = str(error)
            self.changed.emit()
            return
        self._rejected.pop(key, None)
        label = field_label(plain(path), attribute) or attribute
        where = ""
        if self.document:
            named = process_title if "/proc" in path else _title_of
            where = named(self.document, plain(path))
        name = tr("{field} of {element}", field=label, element=where) if where else label
        self.write(data, name, merge=f"{path}@{attribute}")

    def leave_field(self) -> None:
        """The user has left a field: what he types next is a step of its own."""
        self._history.close_step()

    def set_lan(self, name: str, counts: bool) -> None:
        """Whether a lan's heartbeats count."""
        self.write(with_lan(self.xml, name, counts), tr("Heartbeats over {lan}", lan=name))

    def add_process(self) -> None:
        """One more process, to be named."""
        self._add({"name": "", "class": "both", "action": "restart"}, tr("Add a process"))

    def duplicate_process(self) -> None:
        """A copy of the chosen one at the end."""
        if self.processes:
            self._add(dict(self.processes[self.process - 1]), tr("Duplicate a process"))

    def remove_process(self) -> None:
        """The chosen one is no longer watched."""
        if self.processes and self.document:
            name = tr("Remove {element}", element=process_title(self.document, proc_path(self.process)))
            self.write(without_proc(self.xml, self.process), name)

    def title(self, path: str) -> str:
        """What an element is called."""
        return title(path, self.document) if self.document else ""

    def set_rules(self, text: str) -> None:
        """The own rules are these; what XML cannot hold is said at the rules."""
        if self.read_only:
            return
        try:
            data = with_content(self.xml, FAILOVER, text)
        except ValueError as error:
            self._rejected[(FAILOVER, "")] = str(error)
            self.changed.emit()
            return
        self._rejected.pop((FAILOVER, ""), None)
        self.write(data, tr("Rules"), merge=FAILOVER)

    @property
    def rules_error(self) -> str:
        """Why the rules typed are not taken over."""
        return self._rejected.get((FAILOVER, ""), "")

    def type_xml(self, text: str, line: int) -> None:
        """The file was typed to be this; what is typed in one line, from 1, is one step."""
        name = tr("Line {line} of {file}", line=line, file=USERCONFIG.rpartition("/")[2])
        self.write(typed_xml(self.xml, text), name, f"xml {line}")

    def replace(self, files: Files, name: str) -> None:
        """All files are these from now on."""
        self._change(dict(files), name, "")

    def set_file(self, path: str, data: bytes | None, name: str, merge: str = "") -> None:
        """Another file of the module has this content; None takes it away."""
        files = dict(self.files)
        if data is None:
            files.pop(path, None)
        else:
            files[path] = data
        self._change(files, name, merge)

    # --- undo, redo, places -------------------------------------------------------------------

    def undo(self) -> None:
        """One step back."""
        self._moved(self._history.undo)

    def redo(self) -> None:
        """One step forth."""
        self._moved(self._history.redo)

    def show(self, tab: Tab) -> None:
        """The user looks at this tab."""
        self.tab = tab
        self.changed.emit()

    def choose_process(self, number: int) -> None:
        """The user looks at this process, from 1."""
        if 1 <= number <= len(self.processes) and number != self.process:
            self.process = number
            self.changed.emit()

    @property
    def jumped(self) -> FieldProblem | None:
        """The error jumped to last, None when the document has changed since."""
        return self.errors[self._jumped] if 0 <= self._jumped < len(self.errors) else None

    def jump(self) -> FieldProblem | None:
        """The next error after the one jumped to last, with its tab and process chosen; None when all is right."""
        errors = self.errors
        if not errors:
            return None
        self._jumped = (self._jumped + 1) % len(errors)
        problem = errors[self._jumped]
        if problem.tab is not None:
            self.tab = problem.tab
        if problem.tab is Tab.PROCESSES and problem.path.startswith("safe/service/errd/proc"):
            self.process = int(problem.path.rpartition("[")[2].removesuffix("]")) if problem.path.endswith("]") else 1
        elif problem.tab in LISTS:
            self.lists.lead_to(LISTS[problem.tab], problem.path)
        self.changed.emit()
        return problem

    def applied(self, files: Files) -> None:
        """These files now run on the nodes: changes count against them."""
        self.base = dict(files)
        self._read()
        self.changed.emit()

    def set_surroundings(self, cluster: ClusterConfig | None, nodes: Collection[str]) -> None:
        """Cluster and chosen nodes against which the file is checked."""
        if (cluster, tuple(nodes)) != (self.cluster, self._nodes):
            self.cluster, self._nodes = cluster, tuple(nodes)
            self._read()
            self.changed.emit()

    # --- inside -------------------------------------------------------------------------------

    def _add(self, attributes: dict[str, str], name: str) -> None:
        data, number = with_proc(self.xml, attributes)
        if not self.read_only:
            self.process = number
            self.write(data, name)

    def write(self, data: bytes, name: str, merge: str = "") -> None:
        """userconfig.xml is this from now on; `name` is what undo calls the step."""
        self._change({**self.files, USERCONFIG: data}, name, merge)

    def _change(self, files: Files, name: str, merge: str) -> None:
        if self.read_only:
            return
        self._history.change(files, name, merge)
        self._read()
        self.changed.emit()

    def _moved(self, move: Callable[[], bool]) -> None:
        if move():
            self._rejected.clear()
            self._read()
            self.changed.emit()

    def _read(self) -> None:
        try:
            self.document = Document(self.xml)
            self.broken = False
        except NotXml:
            self.broken = True
        self.config: ModuleConfig | None
        self.problems: tuple[FieldProblem, ...]
        document = None if self.broken else self.document
        self.config, self.problems = look(self.name, self.xml, document, self.cluster, self._nodes)
        self.changes: Changes = changes(self.base, self.files)
        self.process = max(1, min(self.process, len(self.processes)))
        self._jumped = -1

    def _said(self, severity: Severity) -> dict[Key, str]:
        found: dict[Key, str] = {}
        for problem in self.problems:
            if problem.severity is severity and tab_of(problem.path) is not None:
                found.setdefault((problem.path, problem.attribute), problem.text)
        return found


def _title_of(document: Document, path: str) -> str:
    return title(path, document)
