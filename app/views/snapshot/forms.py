"""The forms of a configuration of the past: those of the Configuration pages, to read and to copy from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.saved_cluster import SavedCluster
from app.viewmodels.text import tr
from app.views.configuration.cluster_panels import HeartbeatsCard
from app.views.configuration.cluster_table import ClusterTable
from app.views.configuration.module_form import ModuleForm
from app.views.configuration.module_xml import ModuleXml
from app.views.widgets import EmptyState

GAP = 16


class SavedModuleForm(QWidget):
    """Form and XML of a module side by side; `editor` must be read only."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self.form, self.xml = ModuleForm(editor), ModuleXml(editor)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        row.addWidget(self.form, 5)
        row.addWidget(self.xml, 3)
        editor.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Another tab or element is looked at."""
        self.form.refresh()
        self.xml.refresh()

    def fold(self, folded: bool) -> None:
        """In a narrow window there is no room for the XML; it is among the files."""
        self.xml.setVisible(not folded)


class SavedClusterForm(QScrollArea):
    """The table and the heartbeats of a cluster."""

    def __init__(self, cluster: SavedCluster) -> None:
        super().__init__()
        self.table, self.heartbeats = ClusterTable(cluster), HeartbeatsCard(cluster)
        self.unread = EmptyState("problem", tr("The form cannot show this file"), "")
        inner = QWidget()
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP)
        for part in (self.unread, self.table, self.heartbeats):
            column.addWidget(part)
            part.setVisible((part is self.unread) is cluster.broken)
        column.addStretch(1)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inner)
        self.table.refresh()
        self.heartbeats.refresh()
