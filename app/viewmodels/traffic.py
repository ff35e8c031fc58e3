"""The virtual IP of one module, live: each node is asked by itself, so that a dead one delays nothing."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.viewmodels.session_model import SessionModel, Tasks, failure_words
from app.viewmodels.slot_map import SlotMap, slot_map
from app.viewmodels.text import said, span, tr, trn
from nodeagent.client.failures import CallFailed
from nodeagent.contract.vip_status import VipStatus, VipWhere

NO_VIP = "urn:keepgreen:no-vip"
STALE = 5.0
"""Seconds after which an answer is no longer laid into the map."""


@dataclass(frozen=True, slots=True)
class WhereLine:
    """Who serves a client by one rule: `node2, slot 17`, and the rule in words."""

    node: str
    words: str


class TrafficModel(QObject):
    """`changed` after each answer. `ask` is called once a second while somebody looks."""

    changed = Signal()

    def __init__(self, session: SessionModel, module: str, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self.module, self._tasks = session, module, tasks
        self._answers: dict[str, tuple[float, VipStatus]] = {}
        self._asking: set[str] = set()
        self.troubles: dict[str, str] = {}
        """Node → why it gave no answer."""
        self.without_vip = False
        """The nodes say that the module has no virtual IP."""
        self.map = SlotMap()
        self.group = ""
        self.address, self.port = "", ""
        self.where: tuple[WhereLine, ...] = ()
        self.where_trouble = ""

    @property
    def read_only(self) -> bool:
        """Whether it is a snapshot: its map is the last one, and no node reckons where a client is."""
        return bool(self.session.read_only)

    # --- the map ------------------------------------------------------------------------------

    def ask(self) -> None:
        """Ask every node of the module that is not being asked already."""
        card = self.session.farm.card(self.module)
        for tile in card.tiles if card else ():
            if tile.node not in self._asking:
                self._asking.add(tile.node)
                self._tasks.run_soon(self._ask(tile.node), f"slots of {self.module} on {tile.node}")

    async def _ask(self, node: str) -> None:
        try:
            answer = await self.session.session.vip(node, self.module)
        except CallFailed as failed:
            self._answers.pop(node, None)
            self.troubles[node] = failure_words(failed)
            if failed.problem is not None and failed.problem.type == NO_VIP:
                self.without_vip = not self._answers
        else:
            self._answers[node] = (self.session.now(), answer)
            self.troubles.pop(node, None)
            self.without_vip = False
        finally:
            self._asking.discard(node)
        self._lay()

    def _lay(self) -> None:
        now = self.session.now()
        fresh = {node: answer for node, (at, answer) in self._answers.items() if now - at <= STALE}
        order = [view.name for view in self.session.session.view()]
        self.map = slot_map({node: fresh[node] for node in order if node in fresh}, order)
        if self.group not in {group.name for group in self.map.groups}:
            self.group = self.map.groups[0].name if self.map.groups else ""
        self.changed.emit()

    def choose_group(self, name: str) -> None:
        """Show the slots of this group."""
        self.group = name
        self.changed.emit()

    def slow(self) -> Mapping[str, str]:
        """Node → since when its last answer stands, for nodes that give none now."""
        now = self.session.now()
        return {
            node: tr("last heard {span} ago", span=span(now - at))
            for node, (at, _) in self._answers.items()
            if now - at > STALE
        }

    # --- where is a client --------------------------------------------------------------------

    @property
    def address_error(self) -> str:
        """What is wrong with the address typed, "" while it is right or empty."""
        if not self.address:
            return ""
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            return tr("An IP address is wanted, like 192.0.2.17 or 2001:db8::5.")
        return ""

    @property
    def port_error(self) -> str:
        """What is wrong with the port typed."""
        right = not self.port or (self.port.isascii() and self.port.isdigit() and int(self.port) <= 65535)
        return "" if right else tr("A port is a number from 0 to 65535.")

    @property
    def where_reason(self) -> str:
        """Why the question cannot be asked now, "" when it can."""
        if not self.address:
            return tr("type the client's address first")
        if self.address_error or self.port_error:
            return self.address_error or self.port_error
        return "" if self._answers else tr("no node tells of its slots now")

    def set_client(self, address: str, port: str) -> None:
        """The client that is looked for."""
        self.address, self.port = address.strip(), port.strip()
        self.where, self.where_trouble = (), ""
        self.changed.emit()

    def find(self) -> None:
        """Ask a node which one serves this client; the kernel's own hash is reckoned there."""
        if not self.where_reason:
            node = max(self._answers, key=lambda name: self._answers[name][0])
            self._tasks.run_soon(self._find(node, self.address, self.port), f"where is {self.address}")

    async def _find(self, node: str, address: str, port: str) -> None:
        found: tuple[VipWhere, ...] = ()
        try:
            found = await self.session.session.vip_where(node, self.module, address, int(port or 0))
            trouble = "" if found else tr("No rule of this module has an address of that family.")
        except CallFailed as failed:
            trouble = failure_words(failed)
        if (address, port) != (self.address, self.port):
            return  # somebody looks for another client by now
        self.where_trouble = trouble
        self.where = tuple(
            WhereLine(
                one.node or tr("nobody"),
                tr("slot {slot} of {group}: {rule}", slot=one.slot, group=one.group, rule=said(one.rule)),
            )
            for one in found
        )
        self.changed.emit()

    @property
    def facts(self) -> str:
        """`3 of 3 nodes tell of their slots`."""
        card = self.session.farm.card(self.module)
        count = len(card.tiles) if card else 0
        return trn(
            "{told} of {count} node tells of its slots",
            "{told} of {count} nodes tell of their slots",
            count,
            told=sum(node.answers for node in self.map.nodes),
        )
