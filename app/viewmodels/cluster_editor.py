"""Configuration → Cluster: one document, cluster.xml, edited as a table; what is wrong with it; what may be applied."""

from PySide6.QtCore import QObject, Signal

from app.services.nodes import NodeAddress
from app.services.tasks import TaskOwner
from app.viewmodels import cluster_form as form_edits
from app.viewmodels.address_row import RowState, short_signature
from app.viewmodels.cluster_apply import Apply, Check, ClusterApply, Participant
from app.viewmodels.cluster_draft import ClusterDraft
from app.viewmodels.cluster_form import EMPTY, ClusterForm, form_of
from app.viewmodels.cluster_rows import ClusterRow, FormProblem, Standing, rows_of, timing_error, timing_meaning
from app.viewmodels.first_run import Ask, SignIn
from app.viewmodels.node_checks import ClusterOfSession, NodeChecks
from app.viewmodels.text import labelled, names, said, tr, trn
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.errors import errors_of
from nodeagent.contract.states import Role


class ClusterEditor(QObject):
    """The page's model. `changed` after anything shown; the draft stays while other pages are in view."""

    changed = Signal()

    def __init__(
        self, session: ClusterOfSession, ask: Ask, sign_in: SignIn, tasks: TaskOwner, check: Check, apply: Apply
    ) -> None:
        super().__init__()
        self._session, self._tasks = session, tasks
        self._checks = NodeChecks(session, ask, sign_in, tasks, self._address_told)
        self._running: ClusterInfo | None = None
        self._asked: frozenset[str] = frozenset()
        """The nodes that answered when it was read last."""
        self._draft = ClusterDraft()
        self._named_by_console: set[str] = set()
        self.loaded = False
        self.load_trouble = ""
        self.rows: tuple[ClusterRow, ...] = ()
        self.others: tuple[FormProblem, ...] = ()
        self.apply = ClusterApply(session, self._checks, tasks, check, apply)
        self.apply.changed.connect(self.changed)
        self.apply.applied.connect(self.load)
        self._show()

    # --- the document -------------------------------------------------------------------------

    def load(self) -> None:
        """Read the cluster from the first node that answers and begin with it; a draft is given up."""
        self._asked = self._reached()
        self._tasks.start(self._load(), "read the cluster")

    def look_again(self) -> None:
        """Other nodes may answer now: what none could tell before is read, unless edits would be lost."""
        if self._unread and not self._draft.undo_name and self._reached() - self._asked:
            self.load()

    async def _load(self) -> None:
        self.load_trouble = ""
        info: ClusterInfo | None = None
        for view in self._session.view():
            if not view.reached:
                continue
            try:
                told = await self._session.cluster(view.name)
            except CallFailed as failed:
                self.load_trouble = labelled(view.name, str(failed))
                continue
            if info is None or (told.configured and not info.configured):
                info = told
            if info.configured:
                break
        self._running, self.loaded = info, True
        self._checks.members = dict(info.pins) if info is not None and info.configured else {}
        self._named_by_console.clear()
        self._draft = ClusterDraft(self._first_document(info))
        self._show()
        for row in range(len(self.form.nodes)):
            if asked := self.form.asked(row):
                self._checks.check(asked)

    def _first_document(self, info: ClusterInfo | None) -> bytes:
        """The file of the cluster, else one with the nodes this console is connected to."""
        known = {view.name: view.address for view in self._session.view()}
        if info is not None and info.configured and _readable(info.xml):
            form = form_of(info.xml)
            for at, node in enumerate(form.nodes):
                pin = info.pins.get(node.name, "")
                here = known.get(node.name) or next((place for place in known.values() if place.pin == pin), None)
                if here is not None:
                    self._checks.know(form.asked(at), NodeAddress(here.address, here.port, pin or here.pin))
            return info.xml
        data = EMPTY
        for view in self._session.view():
            called = view.status.node if view.status else view.name
            self._checks.know(view.address.address, view.address)
            data = form_edits.with_node(data, form_edits.fitting_name(called, form_of(data)), view.address.address)
        return data

    @property
    def data(self) -> bytes:
        """cluster.xml as edited."""
        return self._draft.data

    @property
    def draft(self) -> ClusterDraft:
        """The document being edited, to look at."""
        return self._draft

    @property
    def form(self) -> ClusterForm:
        """The table of the document, as it was last readable."""
        return self._draft.form

    def field_error(self, attribute: str) -> str:
        """The sentence under `port`, `pulse` or `slost_count`."""
        return timing_error(self._draft.problems, attribute)

    # --- edits --------------------------------------------------------------------------------

    def set_name(self, row: int, name: str) -> None:
        """The node's name, on every lan."""
        before = self.form.nodes[row].name
        if name.strip() != before:
            self._named_by_console.discard(before)
            self._change(form_edits.renamed(self.data, row, name.strip()), tr("Name of {node}", node=before))

    def set_address(self, row: int, lan: int, address: str) -> None:
        """An address was typed and its field left: it is asked when it is on the lan that holds all nodes."""
        form, address = self.form, address.strip()
        if address != form.nodes[row].cells[lan].text:
            words = tr("Address of {node}", node=form.nodes[row].name)
            self._change(form_edits.addressed(self.data, row, lan, address), words)
        if lan == form.base and address:
            known = self._checks.standing(address)
            if known is None or known.state is RowState.FAILED:
                self._checks.check(address)

    def add_node(self) -> int:
        """A new row; gives its place."""
        name = form_edits.free_name([node.name for node in self.form.nodes], form_edits.NODE)
        self._named_by_console.add(name)
        self._change(form_edits.with_node(self.data, name), tr("Add {node}", node=name))
        return len(self.form.nodes) - 1

    def remove_node(self, row: int) -> None:
        """Without this node."""
        words = tr("Remove {node}", node=self.form.nodes[row].name)
        self._change(form_edits.without_node(self.data, row), words)

    def add_lan(self) -> None:
        """One more lan, with every node on it."""
        taken = [lan.name for lan in self.form.lans]
        name = "private" if "private" not in taken else form_edits.free_name(taken, form_edits.LAN)
        self._change(form_edits.with_lan(self.data, name), tr("Add lan {lan}", lan=name))

    def rename_lan(self, lan: int, name: str) -> None:
        """A lan under another name."""
        if name.strip() != self.form.lans[lan].name:
            words = tr("Name of lan {lan}", lan=self.form.lans[lan].name)
            self._change(form_edits.lan_renamed(self.data, lan, name.strip()), words)

    def remove_lan(self, lan: int) -> None:
        """Without this lan; the last one stays."""
        if len(self.form.lans) > 1:
            words = tr("Remove lan {lan}", lan=self.form.lans[lan].name)
            self._change(form_edits.without_lan(self.data, lan), words)

    def set_timing(self, attribute: str, value: str) -> None:
        """`port`, `pulse` or `slost_count`."""
        self._change(form_edits.timed(self.data, attribute, value.strip()), tr("Heartbeats"))

    def type_xml(self, text: str, line: int) -> None:
        """The file was typed to be this, last at this line."""
        self._draft.type_xml(text, line)
        self._show()

    def undo(self) -> None:
        """One edit back."""
        if self._draft.undo():
            self._show()
            self.look_again()

    def redo(self) -> None:
        """One edit forth."""
        if self._draft.redo():
            self._show()

    def take_back(self, data: bytes, revision: int) -> None:
        """An earlier revision as the draft; undo takes it away again."""
        if _readable(data):
            self._change(data, tr("Restore revision {number}", number=revision))
            self.ask_new()

    # --- nodes --------------------------------------------------------------------------------

    def ask_new(self) -> None:
        """Ask the addresses that came with the whole document."""
        for row in range(len(self.form.nodes)):
            if (asked := self.form.asked(row)) and self._checks.standing(asked) is None:
                self._checks.check(asked)

    def retry(self, row: int) -> None:
        """Ask the address once more."""
        self._checks.check(self.rows[row].asked)

    def compare_new_key(self, row: int) -> None:
        """The server was replaced: show the words of the key that answers now."""
        name = self.form.nodes[row].name
        self._checks.members.pop(name, None)
        self._checks.check(self.rows[row].asked, with_known_pin=False)

    def confirm_words(self, row: int, match: bool) -> None:
        """The words of this node were compared."""
        self._checks.confirm(self.rows[row].asked, match)

    def log_in(self, row: int, password: str) -> None:
        """The password of this node alone."""
        self._checks.log_in(self.rows[row].asked, password)

    # --- words --------------------------------------------------------------------------------

    @property
    def facts(self) -> str:
        """`signature 7C1E 90A4, the same on node1 and node2`, or what stands in its place."""
        if not self.loaded:
            return self.load_trouble or tr("reading the configuration")
        if self._running is None:
            return self.load_trouble or tr("no node answers, so this is not what runs")
        if not self._running.configured:
            return tr("not applied yet")
        wanted = self._running.signature
        told = {
            view.name: view.status.cluster_signature for view in self._session.view() if view.reached and view.status
        }
        same = [name for name, signature in told.items() if signature == wanted]
        other = [name for name, signature in told.items() if signature != wanted]
        if other:
            return tr(
                "signature {signature}; other configuration on {nodes}",
                signature=short_signature(wanted),
                nodes=names(other),
            )
        return tr("signature {signature}, the same on {nodes}", signature=short_signature(wanted), nodes=names(same))

    @property
    def meaning(self) -> str:
        """What pulse and count mean for a person."""
        return timing_meaning(self.form)

    @property
    def edited(self) -> bool:
        """Whether the draft differs from what runs."""
        return self._running is None or not self._running.configured or self.data != self._running.xml

    @property
    def unapplied(self) -> bool:
        """Whether somebody's edits would be lost with the draft."""
        return self.edited and bool(self._draft.undo_name)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Drafts whose address gives no node."""
        return tuple(row.name.text for row in self.rows if row.left_out)

    @property
    def problem_rows(self) -> tuple[tuple[int, str], ...]:
        """(row, words) of what is wrong in the table, in its order."""
        return tuple((at, row.problem) for at, row in enumerate(self.rows) if row.problem)

    @property
    def problem_count(self) -> int:
        """Everything that is wrong."""
        timing = sum(bool(self.field_error(name)) for name in form_edits.DEFAULTS)
        return len(self.problem_rows) + timing + len(self.free_problems)

    @property
    def free_problems(self) -> tuple[FormProblem, ...]:
        """Errors that stand at no field."""
        fields = {self.field_error(name) for name in form_edits.DEFAULTS}
        return tuple(problem for problem in self.others if problem.text not in fields)

    @property
    def apply_note(self) -> str:
        """What an apply would do with the drafts."""
        if not self.left_out:
            return ""
        return trn(
            "{nodes} stays a draft until it answers",
            "{nodes} stay drafts until they answer",
            len(self.left_out),
            nodes=names(self.left_out),
        )

    def blocked(self) -> str:
        """Why Check and Save and apply are not possible now; empty when they are."""
        return self.hindrance() or self.fault()

    def fault(self) -> str:
        """What in the document itself keeps it from being applied; empty when nothing does."""
        found = self._draft.problems
        if not self._draft.broken:
            config, found = read_cluster(self._applied_bytes())
            if config is not None or all(row.left_out for row in self.rows):
                return ""
        return said(errors_of(found)[0].text)

    def hindrance(self) -> str:
        """What beside the document keeps it from being applied now; empty when nothing does."""
        if self.apply.busy:
            return tr("an apply waits for its confirmation") if self.apply.phase == "asking" else tr("an apply runs")
        if self._running is not None and self._running.pending is not None:
            return tr("an apply of {author} waits for its confirmation", author=self._running.pending.author or "?")
        if self._unread and self._reached() - self._asked:
            return tr("the nodes answer only now: undo your edits, then what runs is read")
        for view in self._session.view():
            if view.reached and view.role not in {None, Role.ADMIN}:
                return tr("role {role} cannot configure", role=view.role)
        for row in self.rows:
            if row.standing is Standing.ASKING:
                return tr("still asking {nodes}", nodes=row.name.text)
            if row.words and not row.words_confirmed:
                return tr("compare the words of {node} first", node=row.name.text)
            if row.wants_password:
                return tr("type the password of {node} first", node=row.name.text)
            if row.member and row.standing is not Standing.ANSWERS:
                return tr("{node} does not answer: bring it back, or remove it", node=row.name.text)
        taking_part = [row for row in self.rows if not row.left_out]
        if not taking_part:
            return tr("no node of the table answers yet")
        return ""

    # --- apply --------------------------------------------------------------------------------

    def check(self) -> None:
        """Let every node check the draft; nothing is changed."""
        self._begin(only_check=True)

    def save_and_apply(self) -> None:
        """Apply the draft to all nodes of it that answer."""
        self._begin(only_check=False)

    def _begin(self, *, only_check: bool) -> None:
        if self.blocked():
            return
        participants = []
        for row in self.rows:
            standing = self._checks.standing(row.asked)
            if not row.left_out and standing is not None:
                participants.append(Participant(row.name.text, standing))
        staying = {row.name.text for row in self.rows}
        known = {view.name for view in self._session.view()}
        removed = [name for name in self._checks.members if name not in staying and name in known]
        self.apply.begin(self._applied_bytes(), participants, self.left_out, removed, only_check=only_check)

    def _applied_bytes(self) -> bytes:
        data = self.data
        for at in reversed(range(len(self.rows))):
            if self.rows[at].left_out:
                data = form_edits.without_node(data, at)
        return data

    # --- inside -------------------------------------------------------------------------------

    @property
    def _unread(self) -> bool:
        """No node could tell what runs, so the draft begins with nothing of it."""
        return self.loaded and self._running is None

    def _reached(self) -> frozenset[str]:
        return frozenset(view.name for view in self._session.view() if view.reached)

    def _change(self, data: bytes, name: str) -> None:
        self._draft.change(data, name)
        self._show()

    def _show(self) -> None:
        running = self._running.signature if self._running and self._running.configured else ""
        self.rows, self.others = rows_of(self.form, self._draft.problems, self._checks, running)
        self.changed.emit()

    def _address_told(self, address: str) -> None:
        """An answer came: a row that has no typed name yet takes the node's own."""
        known = self._checks.standing(address)
        if known is not None and known.identity is not None and not self._draft.broken:
            for at, node in enumerate(self.form.nodes):
                if self.form.asked(at) == address and node.name in self._named_by_console:
                    self._named_by_console.discard(node.name)
                    fitting = form_edits.fitting_name(known.identity.node, self.form, instead_of=node.name)
                    self._draft.change(form_edits.renamed(self.data, at, fitting), tr("Name of {node}", node=fitting))
        self._show()


def _readable(xml: bytes) -> bool:
    return read_cluster(xml)[0] is not None
