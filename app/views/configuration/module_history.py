"""Diff of a module: the draft against what runs on a node."""

from collections.abc import Sequence

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_history import ModuleHistory
from app.viewmodels.text import tr
from app.views.configuration.revisions import ShownDiff
from app.views.widgets import Choice


class ModuleDiff(ShownDiff):
    """The draft against what runs on one node."""

    def __init__(self, history: ModuleHistory, editor: ModuleEditor) -> None:
        super().__init__(tr("Diff"))
        self._history, self._editor = history, editor
        self.nodes = Choice(tr("Node"), dense=True)
        self.nodes.setMinimumWidth(140)
        self.nodes.chosen.connect(history.look_at)
        self.add_to_head(self.nodes)
        history.changed.connect(self.refresh)

    def show_nodes(self, nodes: Sequence[str]) -> None:
        """The nodes that have the module; the first one is read."""
        self.nodes.set_entries([(node, node) for node in nodes])
        if self._history.node not in nodes:
            self._history.look_at(next(iter(nodes), ""))
        self.nodes.choose(self._history.node)
        self.refresh()

    def refresh(self) -> None:
        """The models now."""
        history = self._history
        text = history.difference(self._editor.files)
        self.facts.setText(tr("from what {node} runs to your draft", node=history.node or "–"))
        if history.trouble:
            self.show_diff("", tr("{node} does not tell", node=history.node), history.trouble)
        elif history.running is None:
            self.show_diff("", tr("Reading…"), tr("The files come from {node}.", node=history.node or "–"))
        else:
            self.show_diff(text, tr("No difference"), tr("{node} runs exactly this.", node=history.node))
