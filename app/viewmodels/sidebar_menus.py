"""The context menus of the sidebar: what can be done to a line of the tree."""

from app.viewmodels.farm import FarmModel
from app.viewmodels.menus import MenuEntry, Question, module_menu, row_menu
from app.viewmodels.sidebar_model import Scope
from app.viewmodels.text import names, tr


def scope_menu(scope: Scope, farm: FarmModel) -> tuple[MenuEntry, ...]:
    """The menu of a module or a node; empty when it is gone."""
    if scope.module:
        card = farm.card(scope.module)
        return module_menu(card) if card is not None else ()
    row = farm.row(scope.node)
    return row_menu(farm, row) if row is not None else ()


def forget_question(title: str, unsaved: tuple[str, ...]) -> Question:
    """Asked before a cluster is forgotten; `unsaved` names what has changes that were not applied."""
    sentence = tr("This console forgets {cluster}. Nothing changes on its nodes.", cluster=title)
    if unsaved:
        lost = tr("Changes of {modules} that were not applied are lost.", modules=names(unsaved))
        sentence = f"{sentence} {lost}"
    return Question(sentence, tr("Forget it"))
