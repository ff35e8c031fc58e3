"""The rows of the cluster table in words: what is typed, what is wrong with it, and what stands at the address."""

from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.address_row import AddressRow, RowState, cluster_words
from app.viewmodels.cluster_form import LANS, ClusterForm, cell_of
from app.viewmodels.node_checks import NodeChecks
from app.viewmodels.text import milliseconds, number, said, tr
from nodeagent.contract.api import Identity
from nodeagent.contract.errors import Problem, errors_of


class Standing(StrEnum):
    """What the column *From this computer* shows."""

    BLANK = "blank"
    ASKING = "asking"
    ANSWERS = "answers"
    FAILED = "failed"


@dataclass(frozen=True)
class CellWords:
    """A field and the sentence under it."""

    text: str
    error: str = ""


@dataclass(frozen=True)
class ClusterRow:
    """One node of the table."""

    name: CellWords
    addresses: tuple[CellWords, ...]
    asked: str
    """The address this computer asks."""
    standing: Standing = Standing.BLANK
    standing_text: str = ""
    """`answers`, `asking`, `timed out`…"""
    standing_fact: str = ""
    """`2 ms`"""
    version: str = ""
    cluster: str = ""
    remedy: str = ""
    """What is likely to help, for the line under the row."""
    words: str = ""
    """The six words to compare, while they are to be compared."""
    words_confirmed: bool = False
    wants_password: bool = False
    offers_new_key: bool = False
    can_retry: bool = False
    member: bool = False
    """It is in the cluster as it runs now."""
    left_out: bool = False
    """A draft: its address gives no node, so the next apply goes without it."""
    since: float = 0.0

    @property
    def problem(self) -> str:
        """What to say of it in the footer; empty while it is right."""
        errors = [cell.error for cell in (self.name, *self.addresses) if cell.error]
        if errors:
            return errors[0]
        return self.standing_text if self.standing is Standing.FAILED else ""


@dataclass(frozen=True)
class FormProblem:
    """An error that is not about one field of the table."""

    text: str
    line: int


def rows_of(
    form: ClusterForm, problems: list[Problem], checks: NodeChecks | None, signature: str
) -> tuple[tuple[ClusterRow, ...], tuple[FormProblem, ...]]:
    """The rows, and the errors of the file that no field can carry. `signature` is that of the running cluster.

    Without `checks` it is a file of the past: no node of it is asked.
    """
    places: dict[tuple[int, int], str] = {}
    others: list[FormProblem] = []
    for problem in errors_of(problems):
        place = cell_of(form, problem)
        if place is None:
            others.append(FormProblem(said(problem.text), problem.line))
        else:
            places.setdefault(place, said(problem.text))
    rows = []
    for at, node in enumerate(form.nodes):
        member = checks is None or node.name in checks.members
        cells = tuple(
            CellWords(cell.text, _cell_error(cell.text, places.get((at, lan), ""), lan == form.base and not member))
            for lan, cell in enumerate(node.cells)
        )
        name, asked = CellWords(node.name, places.get((at, -1), "")), form.asked(at)
        stood = ClusterRow(name, cells, asked) if checks is None else _stood(name, cells, asked, checks, signature)
        rows.append(stood)
    return tuple(rows), tuple(others)


def timing_error(problems: list[Problem], attribute: str) -> str:
    """The sentence under `port`, `pulse` or `slost_count`."""
    path = f"{LANS}/@{attribute}"
    return next((said(problem.text) for problem in errors_of(problems) if problem.path == path), "")


def timing_meaning(form: ClusterForm) -> str:
    """What pulse and count mean for a person."""
    if form.window is None:
        return ""
    least, most = (number(seconds, 1) for seconds in form.window)
    return tr(
        "A node that falls silent is lost for the others after {least} to {most} s; then they serve without it.",
        least=least,
        most=most,
    )


def _cell_error(text: str, error: str, draft: bool) -> str:
    """An address not typed yet is no mistake in a new row, and elsewhere told in few words."""
    if text or not error:
        return error
    return "" if draft else tr("type the address of this node on this lan")


def _stood(name: CellWords, cells: tuple[CellWords, ...], asked: str, checks: NodeChecks, signature: str) -> ClusterRow:
    known = checks.standing(asked) if asked else None
    member = name.text in checks.members
    if known is None or known.state is RowState.EMPTY:
        return ClusterRow(name, cells, asked, member=member, left_out=not member)
    if known.state is RowState.ASKING:
        return ClusterRow(
            name, cells, asked, Standing.ASKING, tr("asking"), member=member, since=known.since, left_out=not member
        )
    if known.reason is not None:
        return ClusterRow(
            name,
            cells,
            asked,
            Standing.FAILED,
            known.reason.short,
            remedy=known.reason.remedy,
            version=known.identity.version if known.identity else "",
            wants_password=known.offers_password,
            offers_new_key=known.offers_new_key,
            can_retry=True,
            member=member,
            left_out=not member and not known.offers_password,
        )
    return _answered(name, cells, asked, known, checks, signature, member)


def _answered(
    name: CellWords,
    cells: tuple[CellWords, ...],
    asked: str,
    known: AddressRow,
    checks: NodeChecks,
    signature: str,
    member: bool,
) -> ClusterRow:
    identity = known.identity
    trusted = checks.trusted(known)
    unconfirmed = identity is not None and not (known.trusted or _vouched(known, checks))
    return ClusterRow(
        name,
        cells,
        asked,
        Standing.ANSWERS,
        tr("answers"),
        milliseconds(known.round_trip),
        identity.version if identity else "",
        _cluster(identity, signature) if identity else "",
        words=identity.words if identity and unconfirmed and not checks.signed_in(known) else "",
        words_confirmed=trusted,
        wants_password=trusted and not checks.signed_in(known),
        member=member,
    )


def _vouched(known: AddressRow, checks: NodeChecks) -> bool:
    return known.address is not None and known.address.pin in checks.members.values()


def _cluster(identity: Identity, signature: str) -> str:
    if identity.cluster_signature and identity.cluster_signature == signature:
        return tr("this cluster")
    if identity.cluster_signature and signature:
        return tr("other configuration")
    return cluster_words(identity)
