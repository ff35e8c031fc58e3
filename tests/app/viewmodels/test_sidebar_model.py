from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarFilter, SidebarModel, SidebarRole
from app.viewmodels.silhouettes import Silhouette
from tests.app.viewmodels.farms import FakeSession, FakeTasks, paused, ready, stopped, view


def tree(model: SidebarModel | SidebarFilter, parent: QModelIndex | None = None) -> list[object]:
    found: list[object] = []
    above = parent or QModelIndex()
    for row in range(model.rowCount(above)):
        index = model.index(row, 0, above)
        below = tree(model, index)
        found.append((index.data(), below) if below else index.data())
    return found


def shown(*views: object, **more: str) -> tuple[SidebarModel, SessionModel, FakeSession]:
    session = FakeSession(*views, **more)  # type: ignore[arg-type]
    model, sidebar = SessionModel(session, FakeTasks()), SidebarModel()
    QAbstractItemModelTester(sidebar, QAbstractItemModelTester.FailureReportingMode.Fatal, sidebar)
    sidebar.add(model)
    return sidebar, model, session


def move(session: FakeSession, model: SessionModel, *views: object) -> None:
    session.show(*views)  # type: ignore[arg-type]
    model.refresh()


def test_clusters_hold_modules_and_nodes(qtbot: QtBot) -> None:
    sidebar, _, _ = shown(view("node1", ready("web"), ready("api")), view("node2", ready("web")))
    assert tree(sidebar) == [
        ("Contoso web", [("Modules", ["api", "web"]), ("Nodes", ["node1", "node2"])]),
    ]


def test_the_worst_state_bubbles_up(qtbot: QtBot) -> None:
    sidebar, _, _ = shown(view("node1", ready()), view("node2", stopped()))
    cluster = sidebar.index_of(Scope("c1"))
    assert (cluster.data(SidebarRole.SILHOUETTE), cluster.data(SidebarRole.WORDS)) == (Silhouette.STOP, "NotReady")
    node = sidebar.index_of(Scope("c1", node="node1"))
    assert node.data(SidebarRole.SILHOUETTE) == Silhouette.READY
    assert node.data(Qt.ItemDataRole.AccessibleTextRole) == "node node1, Ready"


def test_a_change_touches_only_its_lines(qtbot: QtBot) -> None:
    sidebar, model, session = shown(view("node1", ready()), view("node2", ready()))
    touched: list[str] = []
    sidebar.dataChanged.connect(lambda first, _last: touched.append(first.data()))
    move(session, model, view("node1", ready()), view("node2", paused(ready())))
    assert touched == ["farm"]
    assert sidebar.index_of(Scope("c1", module="farm")).data(SidebarRole.PAUSED) is True


def test_the_choice_stays_while_lines_come_go_and_move(qtbot: QtBot) -> None:
    sidebar, model, session = shown(view("node1", ready()), view("node2", ready()))
    chosen = QPersistentModelIndex(sidebar.index_of(Scope("c1", node="node2")))
    move(session, model, view("node3", ready()), view("node2", ready()), view("node1", ready(), ready("api")))
    assert tree(sidebar) == [("Contoso web", [("Modules", ["api", "farm"]), ("Nodes", ["node3", "node2", "node1"])])]
    assert chosen.data() == "node2"
    move(session, model, view("node1", ready()))
    assert not chosen.isValid()


def test_scopes(qtbot: QtBot) -> None:
    sidebar, _, _ = shown(view("node1", ready()))
    cluster = sidebar.index_of(Scope("c1"))
    heading = sidebar.index(0, 0, cluster)
    assert sidebar.scope(cluster) == Scope("c1")
    assert sidebar.scope(heading) is None
    assert not heading.flags() & Qt.ItemFlag.ItemIsSelectable
    assert sidebar.scope(sidebar.index(0, 0, heading)) == Scope("c1", module="farm")
    assert sidebar.scope(QModelIndex()) is None
    assert not sidebar.index_of(Scope("other")).isValid()


def test_a_cluster_can_leave(qtbot: QtBot) -> None:
    sidebar, model, session = shown(view("node1", ready()))
    sidebar.add(SessionModel(FakeSession(view("p7", ready()), title="Plant 7", id="c2"), FakeTasks()))
    sidebar.remove(model)
    move(session, model, view("node1", stopped()))
    assert tree(sidebar) == [("Plant 7", [("Modules", ["farm"]), ("Nodes", ["p7"])])]


def test_the_filter_keeps_what_matches_and_what_stands_above(qtbot: QtBot) -> None:
    sidebar, _, _ = shown(view("node1", ready("web"), ready("api")), view("node2", ready("web")))
    kept = SidebarFilter(sidebar)
    kept.set_text("NODE2 ")
    assert tree(kept) == [("Contoso web", [("Nodes", ["node2"])])]
    kept.set_text("modules")
    assert tree(kept) == []
    kept.set_text("contoso")
    assert tree(kept) == tree(sidebar)
    kept.set_text("")
    assert tree(kept) == tree(sidebar)


def test_a_cluster_without_a_title_has_a_short_name_beside_the_whole_one(qtbot: QtBot) -> None:
    sidebar, _, _ = shown(view("node1", ready()), view("node2", ready()), view("node3", ready()), title="")
    line = sidebar.index_of(Scope("c1"))
    assert (line.data(), line.data(SidebarRole.SHORT)) == ("Cluster of node1", "node1 +2")
    assert line.data(Qt.ItemDataRole.ToolTipRole) == "Cluster of node1, Ready"
    alone, _, _ = shown(view("node1", ready()), title="")
    assert alone.index_of(Scope("c1")).data(SidebarRole.SHORT) == "node1"
    titled, _, _ = shown(view("node1", ready()))
    assert titled.index_of(Scope("c1")).data(SidebarRole.SHORT) == ""
