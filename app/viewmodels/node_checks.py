"""What stands at the addresses of the cluster table: asked, compared, logged in to. Kept by address, not by row."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from app.services.memory import RememberedCluster
from app.services.nodes import Credentials, NodeAddress, NodeView, typed_address
from app.services.tasks import TaskOwner
from app.viewmodels.address_row import AddressRow, RowState, failed, judged
from app.viewmodels.first_run import Ask, SignIn
from app.viewmodels.trouble_words import bad_address, reason
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import ClusterInfo


class ClusterOfSession(Protocol):
    """What the cluster page needs of a ClusterSession."""

    @property
    def remembered(self) -> RememberedCluster: ...  # noqa: D102

    def view(self) -> tuple[NodeView, ...]: ...  # noqa: D102

    async def cluster(self, node: str) -> ClusterInfo: ...  # noqa: D102

    async def credentials_of(self, address: NodeAddress) -> Credentials | None: ...  # noqa: D102

    async def remove(self, node: str) -> None: ...  # noqa: D102


class NodeChecks:
    """Answers by address. `on_change(address)` after each."""

    def __init__(
        self,
        session: ClusterOfSession,
        ask: Ask,
        sign_in: SignIn,
        tasks: TaskOwner,
        on_change: Callable[[str], None],
    ) -> None:
        self._session, self._ask, self._sign_in = session, ask, sign_in
        self._tasks, self._on_change = tasks, on_change
        self._places: dict[str, NodeAddress] = {}
        self._standing: dict[str, AddressRow] = {}
        self._logins: dict[str, Credentials] = {}
        self._confirmed: set[str] = set()
        self.members: dict[str, str] = {}
        """Name → pin of the nodes in this cluster, as a node of it says."""

    def know(self, text: str, place: NodeAddress) -> None:
        """This address of the table is reached there, with this pin."""
        self._places[text] = place

    def standing(self, text: str) -> AddressRow | None:
        """What is known of an address; None before it was asked."""
        return self._standing.get(text)

    def check(self, text: str, *, with_known_pin: bool = True) -> None:
        """Ask an address, once more if it was asked before."""
        typed = typed_address(text)
        if typed is None:
            self._put(failed(AddressRow(0, text), None, bad_address(text)))
            return
        address = self._places.get(text, typed) if with_known_pin else replace_pin(self._places.get(text, typed), "")
        self._put(AddressRow(0, text, RowState.ASKING, address, since=time.monotonic()))
        self._tasks.start(self._check(text, address), f"ask {address.place}")

    def trusted(self, row: AddressRow) -> bool:
        """Its words were compared, here or before, or a node of the cluster vouches for its pin."""
        pin = row.address.pin if row.address else ""
        return row.trusted or pin in self._confirmed or pin in self.members.values()

    def signed_in(self, row: AddressRow) -> bool:
        """A password for it is known: its own, or that of the cluster it is in."""
        pin = row.address.pin if row.address else ""
        return row.trusted or pin in self._logins or pin in self.members.values()

    def confirm(self, text: str, match: bool) -> None:
        """A person compared the words of the node at this address."""
        row = self._standing.get(text)
        if row is not None and row.address is not None:
            (self._confirmed.add if match else self._confirmed.discard)(row.address.pin)
            self._on_change(text)

    def log_in(self, text: str, password: str) -> None:
        """Try this password on the node at this address, whose words were compared."""
        row = self._standing.get(text)
        if row is not None and row.address is not None and password and self.trusted(row):
            asking = replace(row, state=RowState.ASKING, since=time.monotonic(), trouble=None, reason=None)
            self._put(asking)
            self._tasks.start(self._log_in(asking, password), f"log in to {text}")

    async def credentials(self, row: AddressRow) -> Credentials | None:
        """How to log in at this node."""
        if row.address is None:
            return None
        return self._logins.get(row.address.pin) or await self._session.credentials_of(row.address)

    def forget_login(self, address: NodeAddress) -> None:
        """Its own password was replaced by that of the cluster, which the session knows."""
        self._logins.pop(address.pin, None)

    def need_password(self, text: str) -> None:
        """No password is known for the node at this address any more."""
        row = self._standing.get(text)
        if row is not None and row.address is not None:
            why = reason(Trouble.PASSWORD_NEEDED, row.address, user=self._session.remembered.user)
            self._put(failed(row, Trouble.PASSWORD_NEEDED, why))

    async def _check(self, text: str, address: NodeAddress) -> None:
        row = self._standing[text]
        checked = await self._ask(address)
        if self._standing.get(text) is not row:
            return
        fresh = judged(row, checked, (self._session.remembered,), self._session.remembered.user)
        self._put(self._at_home(fresh))

    def _at_home(self, row: AddressRow) -> AddressRow:
        """A node of another cluster is none of ours."""
        if row.identity is None or row.address is None or not row.identity.cluster_signature:
            return row
        if row.address.pin in self.members.values() or (row.trusted and not self.members):
            return row
        return failed(row, Trouble.OTHER_CLUSTER, reason(Trouble.OTHER_CLUSTER, row.address))

    async def _log_in(self, row: AddressRow, password: str) -> None:
        if row.address is None:
            return
        credentials = Credentials(self._session.remembered.user, password)
        fresh = replace(row, state=RowState.SIGNED_IN)
        try:
            await self._sign_in(row.address, credentials)
            self._logins[row.address.pin] = credentials
        except CallFailed as error:
            why = reason(error.trouble, row.address, user=credentials.user, detail=str(error))
            fresh = failed(row, error.trouble, why)
        if self._standing.get(row.text) is row:
            self._put(fresh)

    def _put(self, row: AddressRow) -> None:
        self._standing[row.text] = row
        self._on_change(row.text)


def replace_pin(address: NodeAddress, pin: str) -> NodeAddress:
    """The same place with another pin."""
    return NodeAddress(address.address, address.port, pin)
