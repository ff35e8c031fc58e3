"""The widgets of one module being edited: form and XML side by side, scripts, diff, history."""

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from app.viewmodels.module_configuration import Draft
from app.views.configuration.module_form import ModuleForm
from app.views.configuration.module_history import ModuleDiff
from app.views.configuration.module_scripts import ModuleScripts
from app.views.configuration.module_xml import ModuleXml
from app.views.configuration.revisions import Revisions

FORM, SCRIPTS, DIFF, HISTORY = "form", "scripts", "diff", "history"
"""The views of a module."""
W = TypeVar("W", bound=QWidget)


class ModuleParts:
    """The widgets of one draft; kept while the draft is, so that scroll and focus are where they were left.

    What is not seen at first is made at its first use: all at once would be felt.
    """

    def __init__(self, draft: Draft, restore: Callable[[int], None]) -> None:
        self.draft, self._restore = draft, restore
        self.form = ModuleForm(draft.editor)
        self.xml = ModuleXml(draft.editor)
        self.xml.setMinimumWidth(264)
        self.both = QWidget()
        row = QHBoxLayout(self.both)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.form, 5)
        row.addWidget(self.xml, 3)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.both)

    @cached_property
    def scripts(self) -> ModuleScripts:
        """The scripts as text."""
        return self._added(ModuleScripts(self.draft.editor))

    @cached_property
    def diff(self) -> ModuleDiff:
        """The draft against what a node runs."""
        return self._added(ModuleDiff(self.draft.history, self.draft.editor))

    @cached_property
    def history(self) -> Revisions:
        """The revisions that the nodes keep."""
        made = self._added(Revisions(self.draft.history))
        made.restore_wanted.connect(self._restore)
        return made

    def view(self, key: str) -> QWidget:
        """What one of the segments shows."""
        if key == SCRIPTS:
            return self.scripts
        if key == DIFF:
            return self.diff
        return self.history if key == HISTORY else self.both

    def _added(self, part: W) -> W:
        self.stack.addWidget(part)
        return part
