"""One typed address of the first run: what stands there, in words. Values only; the model replaces them."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.services.memory import RememberedCluster
from app.services.nodes import CheckedAddress, NodeAddress
from app.viewmodels.text import counted, tr
from app.viewmodels.trouble_words import Reason, other_version, reason
from nodeagent import __version__
from nodeagent.client.failures import Trouble
from nodeagent.contract.api import Identity
from nodeagent.contract.states import Role


class RowState(StrEnum):
    """How far an address is."""

    EMPTY = "empty"
    ASKING = "asking"
    ANSWERED = "answered"
    SIGNED_IN = "signed in"
    FAILED = "failed"


@dataclass(frozen=True)
class AddressRow:
    """`id` never changes; `reason` is there while FAILED."""

    id: int
    text: str = ""
    state: RowState = RowState.EMPTY
    address: NodeAddress | None = None
    """With the pin that answered."""
    identity: Identity | None = None
    trusted: bool = False
    """The pin was confirmed in an earlier run."""
    trouble: Trouble | None = None
    reason: Reason | None = None
    since: float = 0.0
    """When it was asked, on the monotonic clock."""
    own_password: str = field(default="", repr=False)
    """Where it is not that of the other nodes."""
    role: Role | None = None
    cluster_title: str = ""
    """The remembered cluster this node is in."""
    round_trip: float = 0.0
    """Seconds the answer took."""

    @property
    def ready(self) -> bool:
        """It can be connected to."""
        return self.state in {RowState.ANSWERED, RowState.SIGNED_IN}

    @property
    def name(self) -> str:
        """What the node calls itself, its address while that is unknown."""
        return self.identity.node if self.identity and self.identity.node else self.text.strip()

    @property
    def facts(self) -> str:
        """Version, and what it is in."""
        if self.identity is None:
            return ""
        return tr("version {version}", version=self.identity.version)

    @property
    def cluster(self) -> str:
        """`not in a cluster`, `in Plant 7`, `in a cluster, 7C1E 90A4`."""
        return cluster_words(self.identity, self.cluster_title) if self.identity else ""

    @property
    def offers_password(self) -> bool:
        """A password of its own would help."""
        return self.trouble in {Trouble.WRONG_PASSWORD, Trouble.PASSWORD_NEEDED}

    @property
    def offers_new_key(self) -> bool:
        """The new key's words can be compared."""
        return self.trouble is Trouble.CERTIFICATE_CHANGED

    def waiting(self, now: float) -> str:
        """`asking, 0:03`, from the first second on."""
        waited = now - self.since
        return tr("asking, {time}", time=counted(waited)) if waited >= 1 else tr("asking")


def cluster_words(identity: Identity, title: str = "") -> str:
    """In which cluster a node is, for people."""
    if not identity.cluster_signature:
        return tr("not in a cluster")
    if title:
        return tr("in {cluster}", cluster=title)
    return tr("in a cluster, {signature}", signature=short_signature(identity.cluster_signature))


def short_signature(signature: str) -> str:
    """`7C1E 90A4`: enough to compare by eye."""
    return f"{signature[:4]} {signature[4:8]}".upper().strip()


def title_of(pin: str, known: tuple[RememberedCluster, ...]) -> str:
    """The title of the remembered cluster with this pin."""
    return next((cluster.title for cluster in known if any(node.pin == pin for node in cluster.nodes)), "")


def failed(row: AddressRow, trouble: Trouble | None, why: Reason) -> AddressRow:
    """The row with its reason."""
    return replace(row, state=RowState.FAILED, trouble=trouble, reason=why, role=None)


def judged(row: AddressRow, checked: CheckedAddress, known: tuple[RememberedCluster, ...], user: str) -> AddressRow:
    """The row after its address was asked."""
    address, identity = checked.address, checked.identity
    if identity is None:
        trouble = checked.trouble or Trouble.UNREACHABLE
        return failed(row, trouble, reason(trouble, address, user=user, detail=checked.detail))
    pins = {node.pin for cluster in known for node in cluster.nodes}
    row = replace(
        row,
        state=RowState.ANSWERED,
        address=address,
        identity=identity,
        trusted=address.pin in pins,
        round_trip=checked.round_trip,
        trouble=None,
        reason=None,
        cluster_title=title_of(address.pin, known),
    )
    if not same_generation(identity.version):
        return failed(row, None, other_version(identity.version, __version__))
    if not identity.password_set:
        return failed(row, Trouble.NO_PASSWORD_SET, reason(Trouble.NO_PASSWORD_SET, address, user=user))
    return row


def same_generation(version: str) -> bool:
    """Whether an agent of this version speaks this console's API: the first number is the same."""
    return version.partition(".")[0] == __version__.partition(".")[0]
