"""History of the cluster configuration: what a node keeps, and one of its revisions as the draft."""

from app.viewmodels.cluster_history import ClusterHistory
from app.viewmodels.text import tr
from app.views.configuration.revisions import Revisions
from app.views.widgets import Choice


class ClusterRevisions(Revisions):
    """Each node counts its revisions by itself, so a node is chosen."""

    def __init__(self, history: ClusterHistory) -> None:
        self.nodes = Choice(tr("Node"), dense=True)
        self.nodes.setMinimumWidth(140)
        super().__init__(history)
        self._of_cluster = history
        self.restore.setText(tr("Take as draft"))
        self.nodes.chosen.connect(history.look_at)
        self.list.add_to_head(self.nodes)

    def look(self) -> None:
        """Read what is kept now."""
        holders = self._of_cluster.holders
        self.nodes.set_entries([(node, node) for node in holders])
        self._of_cluster.look()
        self.nodes.choose(self._of_cluster.node)
