"""The sheet of a new module: template or `.safe` file, and the name."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.new_module import NewModule, Source, templates
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, Choice, Field, FormRow, InlineError, PrimaryButton, RadioButton, Words


class NewModuleSheet(Card):
    """Fills the page until a module was created or the way back was taken (`NewModule.created`, `cancel`)."""

    def __init__(self, model: NewModule) -> None:
        super().__init__(tr("New module"), tr("nothing is sent to a node before you apply it"))
        self._model = model
        self.setFixedWidth(680)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        self.template = RadioButton(tr("From a template"), True)
        self.package = RadioButton(tr("From a .safe file of this computer"))
        group = QButtonGroup(self)
        group.addButton(self.template)
        group.addButton(self.package)
        self.template.clicked.connect(lambda: model.choose(Source.TEMPLATE))
        self.package.clicked.connect(lambda: model.choose(Source.PACKAGE))
        column.addWidget(self.template)
        entries = [(folder, title) for folder, (title, _) in templates().items()]
        self.templates = Choice(tr("Template"), entries)
        self.templates.chosen.connect(model.choose_template)
        row = QHBoxLayout()
        row.setContentsMargins(26, 0, 0, 0)
        row.addWidget(self.templates)
        row.addStretch(1)
        column.addLayout(row)
        self._remark = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self._remark.setContentsMargins(26, 0, 0, 4)
        column.addWidget(self._remark)
        column.addWidget(self.package)
        self.choose = Button(tr("Choose file…"), "folder")
        self.choose.clicked.connect(self._choose)
        self._file = Words("", fonts.BASE, Token.TEXT2, cut=True)
        row = QHBoxLayout()
        row.setContentsMargins(26, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.choose)
        row.addWidget(self._file, 1)
        column.addLayout(row)
        self._file_error = InlineError()
        self._file_error.setContentsMargins(26, 0, 0, 0)
        column.addWidget(self._file_error)
        column.addSpacing(8)
        self.name = Field(tr("Name"), model.name, "farm", width=280)
        self.name.edited.connect(model.set_name)
        self.name.line.returnPressed.connect(model.create)
        column.addWidget(FormRow(tr("Name"), self.name, tr("letters, digits, - and _")))
        self.create_button = PrimaryButton(tr("Create the module"), "add")
        self.cancel = Button(tr("Go back"))
        self.create_button.clicked.connect(model.create)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.create_button)
        column.addLayout(buttons)
        self.body.addWidget(inner)
        model.changed.connect(self.refresh)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.name.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """The choice now."""
        model = self._model
        self.template.setChecked(model.source is Source.TEMPLATE)
        self.package.setChecked(model.source is Source.PACKAGE)
        self.templates.set_possible(model.source is Source.TEMPLATE, tr("choose “From a template” first"))
        self.templates.choose(model.template)
        self._remark.setText(templates()[model.template][1])
        self.choose.set_possible(model.source is Source.PACKAGE, tr("choose “From a .safe file” first"))
        self._file.setText(model.package_words if model.source is Source.PACKAGE else "")
        self._file_error.set_text(model.package_error)
        self.name.set_text(model.name)
        self.name.set_error(model.name_error)

    def _choose(self) -> None:
        # Not the static call: that one would run a loop of its own inside ours.
        dialog = QFileDialog(self, tr("Choose a module"), "", tr("Modules (*.safe);;All files (*)"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._model.open_package(Path(path)))
        dialog.open()
