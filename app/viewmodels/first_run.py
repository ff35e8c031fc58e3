"""Connect to nodes: addresses typed and asked, fingerprints compared, one password, then the clusters they are in."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import count
from uuid import uuid4

from PySide6.QtCore import QObject, Signal

from app.services.memory import RememberedCluster
from app.services.nodes import CheckedAddress, Credentials, NodeAddress, typed_address
from app.services.secrets import Secrets
from app.services.sign_in import SignedIn
from app.services.tasks import TaskOwner
from app.viewmodels.address_row import AddressRow, RowState, failed, judged
from app.viewmodels.text import names, tr, trn
from app.viewmodels.trouble_words import Reason, bad_address, reason
from nodeagent.client.failures import CallFailed, Trouble

Ask = Callable[[NodeAddress], Awaitable[CheckedAddress]]
SignIn = Callable[[NodeAddress, Credentials], Awaitable[SignedIn]]
Connected = Callable[[tuple[RememberedCluster, ...]], None]
"""Called with what to open, once every chosen node took the login."""
MOST_NAMES = 3


class ConnectModel(QObject):
    """The card *Connect to nodes*. `changed` after anything shown; the last row is always an empty one."""

    changed = Signal()

    def __init__(
        self,
        ask: Ask,
        sign_in: SignIn,
        secrets: Secrets,
        known: Callable[[], tuple[RememberedCluster, ...]],
        tasks: TaskOwner,
        on_connected: Connected,
    ) -> None:
        super().__init__()
        self._ask, self._sign_in, self._secrets = ask, sign_in, secrets
        self._known, self._tasks, self._on_connected = known, tasks, on_connected
        self._ids = count(1)
        self._confirmed: frozenset[str] = frozenset()
        self._kept: frozenset[str] = frozenset()
        self._attempt: asyncio.Task[None] | None = None
        self.rows: tuple[AddressRow, ...] = (AddressRow(next(self._ids)),)
        self.user = "admin"
        self.password = ""
        self.keep = True

    # --- addresses ----------------------------------------------------------------------------

    def leave(self, row_id: int, text: str) -> None:
        """The field was left: ask the address, again when it failed before. An emptied row goes away."""
        row = self._row(row_id)
        if row is None:
            return
        if not text.strip():
            if row is not self.rows[-1]:
                self.remove(row_id)
            return
        if row.text == text and row.state in {RowState.ASKING, RowState.ANSWERED, RowState.SIGNED_IN}:
            return
        self._begin(replace(row, text=text))

    def add(self, address: NodeAddress) -> None:
        """An address that was found, asked like a typed one."""
        if not self.holds(address):
            self._begin(replace(self.rows[-1], text=address.place))

    def holds(self, address: NodeAddress) -> bool:
        """Whether it stands in the list."""
        return any(typed is not None and typed.place == address.place for typed in map(_typed, self.rows))

    def remove(self, row_id: int) -> None:
        """Take it out of the list; the empty row stays."""
        self.rows = tuple(row for row in self.rows if row.id != row_id or row is self.rows[-1])
        self.changed.emit()

    def compare_new_key(self, row_id: int) -> None:
        """The server was replaced: forget the key known for this address and show the new one's words."""
        if (row := self._row(row_id)) is not None:
            self._begin(row, with_known_pin=False)

    def set_own_password(self, row_id: int, password: str) -> None:
        """A password for this node alone; the node may be tried again."""
        if (row := self._row(row_id)) is not None and password and row.identity is not None:
            self._put(replace(row, own_password=password, state=RowState.ANSWERED, trouble=None, reason=None))
            self.changed.emit()

    # --- trust and login ----------------------------------------------------------------------

    @property
    def contacts(self) -> tuple[AddressRow, ...]:
        """Nodes met for the first time: their words must be compared."""
        return tuple(row for row in self.rows if row.ready and not row.trusted and row.identity is not None)

    @property
    def words_match(self) -> bool:
        """Whether all words in view were confirmed."""
        return {row.address.pin for row in self.contacts if row.address} <= self._confirmed

    def confirm_words(self, match: bool) -> None:
        """The person compared the words in view."""
        pins = frozenset(row.address.pin for row in self.contacts if row.address)
        self._confirmed = pins if match else frozenset()
        self.changed.emit()

    @property
    def words_text(self) -> str:
        """What the box under the words says."""
        return tr("The words match on {nodes}", nodes=self._named(self.contacts))

    @property
    def asks_password(self) -> str:
        """Empty when a password may be typed now, else why not yet."""
        if not any(row.ready or row.offers_password for row in self.rows):
            return tr("type the address of a node first")
        return "" if self.words_match else tr("compare the words first: no password is sent before")

    @property
    def password_hint(self) -> str:
        """The same in as few words as the field has room for."""
        if not self.asks_password:
            return ""
        return tr("the words first") if self.contacts else tr("an address first")

    def set_user(self, user: str) -> None:
        """Who logs in."""
        self.user = user.strip() or "admin"
        self._forget_wrong()

    def set_password(self, password: str) -> None:
        """The password of all nodes that have none of their own here."""
        self.password = password
        self._forget_wrong()

    @property
    def keep_persistent(self) -> bool:
        """Whether this computer has a keyring."""
        return self._secrets.persistent

    # --- connect ------------------------------------------------------------------------------

    @property
    def chosen(self) -> tuple[AddressRow, ...]:
        """The rows that Connect means."""
        return tuple(row for row in self.rows if row.ready)

    @property
    def connecting(self) -> bool:
        """Logins are on their way."""
        return self._attempt is not None

    @property
    def connect_text(self) -> str:
        """Verb and nodes."""
        if self.connecting:
            return tr("Connecting…")
        return tr("Connect to {nodes}", nodes=self._named(self.chosen)) if self.chosen else tr("Connect")

    @property
    def left_out(self) -> str:
        """Which addresses stay behind."""
        rest = [row.text.strip() for row in self.rows if row.text.strip() and not row.ready]
        if not rest or not self.chosen:
            return ""
        return trn("{nodes} is left out", "{nodes} are left out", len(rest), nodes=names(rest))

    @property
    def connect_reason(self) -> str:
        """Why Connect is not possible now, empty when it is."""
        if self.connecting:
            return tr("the logins are on their way")
        asking = [row.text.strip() for row in self.rows if row.state is RowState.ASKING]
        if asking:
            return tr("still asking {nodes}", nodes=names(asking))
        if not self.chosen:
            refused = any(row.offers_password for row in self.rows)
            return tr("type the right password first") if refused else tr("type the address of a node first")
        if not self.words_match:
            return tr("compare the words first: no password is sent before")
        return "" if all(self._has_password(row) for row in self.chosen) else tr("type the password first")

    def connect_nodes(self) -> None:
        """Log in to all chosen nodes; each failure stays in its row."""
        if not self.connect_reason:
            self._attempt = self._tasks.start(self._connect(), "connect to nodes")
            self.changed.emit()

    def cancel(self) -> None:
        """Stop waiting for the logins."""
        if self._attempt is not None:
            self._attempt.cancel()

    async def _connect(self) -> None:
        try:
            waiting = [row for row in self.chosen if row.state is not RowState.SIGNED_IN]
            async with asyncio.TaskGroup() as group:
                for row in waiting:
                    group.create_task(self._log_in(row), name=f"log in to {row.text}")
            asked = {row.id for row in waiting}
            done = all(row.state is RowState.SIGNED_IN for row in self.rows if row.id in asked)
            self._compare_passwords()
        finally:
            self._attempt = None
            self.changed.emit()
        if done and self.chosen:
            self._on_connected(self._clusters())

    async def _log_in(self, row: AddressRow) -> None:
        if row.address is None:
            return
        credentials: Credentials | None = Credentials(self.user, row.own_password or self.password)
        if not (row.own_password or self.password):
            credentials = await self._secrets.find(self.user, row.address.pin)
        try:
            if credentials is None:
                raise CallFailed(Trouble.PASSWORD_NEEDED, "no password is known")
            signed = await self._sign_in(row.address, credentials)
        except CallFailed as error:
            why = reason(error.trouble, row.address, user=self.user, detail=str(error))
            fresh = failed(row, error.trouble, why)
            self._kept -= {row.address.pin}
        else:
            await self._secrets.keep(credentials, row.address.pin, remember=self.keep)
            fresh = replace(row, state=RowState.SIGNED_IN, role=signed.role)
        now = self._row(row.id)
        if now is not None and (now.text, now.address) == (row.text, row.address):
            self._put(fresh)
            self.changed.emit()

    def _compare_passwords(self) -> None:
        """A password that other servers took is the right one for a person: say what is different here."""
        if not any(row.state is RowState.SIGNED_IN for row in self.rows):
            return
        remedy = tr(
            "Other servers took this password. On this one, set it with: keepgreen passwd --user {user}", user=self.user
        )
        for row in self.rows:
            if row.trouble is Trouble.WRONG_PASSWORD and row.reason is not None and not row.own_password:
                self._put(replace(row, reason=replace(row.reason, remedy=remedy)))

    def _clusters(self) -> tuple[RememberedCluster, ...]:
        """The nodes by the cluster they are in; those in none are one to be made."""
        groups: dict[str, list[NodeAddress]] = {}
        for row in self.chosen:
            if row.identity and row.address:
                groups.setdefault(row.identity.cluster_signature, []).append(row.address)
        return tuple(self._cluster(nodes) for nodes in groups.values())

    def _cluster(self, nodes: list[NodeAddress]) -> RememberedCluster:
        pins, places = {node.pin for node in nodes}, {node.place for node in nodes}
        for old in self._known():
            if any(node.pin in pins or node.place in places for node in old.nodes):
                others = [node for node in old.nodes if node.pin not in pins and node.place not in places]
                return RememberedCluster(old.id, old.title, self.user, (*nodes, *others))
        return RememberedCluster(uuid4().hex, "", self.user, tuple(nodes))

    # --- inside -------------------------------------------------------------------------------

    def _begin(self, row: AddressRow, *, with_known_pin: bool = True) -> None:
        address = typed_address(row.text)
        blank = AddressRow(row.id, row.text, own_password=row.own_password)
        if address is None:
            self._put(failed(blank, None, bad_address(row.text.strip())))
        elif any(other is not None and other.place == address.place for other in map(_typed, self._others(row))):
            self._put(
                failed(blank, None, Reason(tr("twice"), tr("{place} is already in the list.", place=address.place)))
            )
        else:
            if with_known_pin:
                address = self._with_known_pin(address)
            self._put(replace(blank, state=RowState.ASKING, since=time.monotonic()))
            self._tasks.start(self._check(row.id, row.text, address), f"ask {address.place}")
        if self.rows[-1].text:
            self.rows = (*self.rows, AddressRow(next(self._ids)))
        self.changed.emit()

    async def _check(self, row_id: int, text: str, address: NodeAddress) -> None:
        checked = await self._ask(address)
        row = self._row(row_id)
        if row is None or row.text != text:
            return
        fresh = judged(row, checked, self._known(), self.user)
        same = [other for other in self._others(row) if _same_server(other, fresh)]
        if same:
            words = tr("This is the same server as {other}.", other=same[0].text.strip())
            fresh = failed(fresh, None, Reason(tr("twice"), words))
        if fresh.trusted and fresh.address and await self._secrets.find(self.user, fresh.address.pin) is not None:
            self._kept |= {fresh.address.pin}
        if self._row(row_id) is row:  # a keyring may ask for its own password first
            self._put(fresh)
            self.changed.emit()

    def _with_known_pin(self, address: NodeAddress) -> NodeAddress:
        for cluster in self._known():
            for node in cluster.nodes:
                if node.place == address.place:
                    return node
        return address

    def _has_password(self, row: AddressRow) -> bool:
        known = row.address is not None and row.address.pin in self._kept
        return bool(row.own_password or self.password or known or row.state is RowState.SIGNED_IN)

    def _forget_wrong(self) -> None:
        for row in self.rows:
            if row.offers_password and row.identity is not None:
                self._put(replace(row, state=RowState.ANSWERED, trouble=None, reason=None))
        self.changed.emit()

    def _named(self, rows: tuple[AddressRow, ...]) -> str:
        if len(rows) > MOST_NAMES:
            return trn("{count} node", "{count} nodes", len(rows))
        called = [row.name for row in rows]
        return names(called if len(set(called)) == len(called) else [row.text.strip() for row in rows])

    def _row(self, row_id: int) -> AddressRow | None:
        return next((row for row in self.rows if row.id == row_id), None)

    def _others(self, row: AddressRow) -> list[AddressRow]:
        return [other for other in self.rows if other.id != row.id]

    def _put(self, fresh: AddressRow) -> None:
        self.rows = tuple(fresh if row.id == fresh.id else row for row in self.rows)


def _typed(row: AddressRow) -> NodeAddress | None:
    return typed_address(row.text)


def _same_server(one: AddressRow, other: AddressRow) -> bool:
    return bool(one.ready and other.ready and one.address and other.address and one.address.pin == other.address.pin)
