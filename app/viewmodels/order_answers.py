"""What several nodes answer to one order, told together: a toast for each node would drive out the one that refused."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from app.viewmodels.text import names, tr, trn

TOGETHER = 300
"""Milliseconds from the first answer for the others; those of later nodes are told as they come, in the same way."""


class OrderAnswers(QObject):
    """The answers to one order about `module`. `told(text, accepted)` for each different one, refusals last."""

    told = Signal(str, bool)

    def __init__(self, module: str, nodes: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._module, self._nodes, self._awaited = module, tuple(nodes), set(nodes)
        self._answers: dict[tuple[str, bool], list[str]] = {}
        self._soon = QTimer(self, singleShot=True, interval=TOGETHER)
        self._soon.timeout.connect(self._tell)

    def take(self, node: str, text: str, accepted: bool) -> None:
        """This node has answered; each answers once."""
        self._awaited.discard(node)
        self._answers.setdefault((text, accepted), []).append(node)
        if not self._awaited:
            self._tell()
            self.deleteLater()
        elif not self._soon.isActive():
            self._soon.start()

    def _tell(self) -> None:
        answers, self._answers = self._answers, {}
        for (text, accepted), nodes in sorted(answers.items(), key=lambda one: not one[0][1]):
            who = self._who(nodes)
            self.told.emit(tr("{module} on {node}: {text}", module=self._module, node=who, text=text), accepted)

    def _who(self, nodes: list[str]) -> str:
        if 1 < len(nodes) == len(self._nodes):
            return trn("{count} node", "{count} nodes", len(nodes))
        return names(sorted(nodes, key=self._nodes.index))
