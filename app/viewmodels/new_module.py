"""A new module: where its files come from, and its name."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.services.module_package import Package, PackageTrouble, read_package, template
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import names, tr, trn
from nodeagent.contract.module_xml import module_name_problem


class Source(StrEnum):
    """Where the files come from."""

    TEMPLATE = "template"
    PACKAGE = "package"


def templates() -> dict[str, tuple[str, str]]:
    """The shipped templates by the name of their folder: what each is for, and what it does."""
    return {
        "farm": (
            tr("Any application"),
            tr("Starts and stops services or programs of your own, watches a process, on every node at once."),
        ),
        "nginx_farm": (
            tr("nginx on every node"),
            tr("Starts and watches nginx, asks it for a page, and checks its configuration before each change."),
        ),
        "apache_farm": (
            tr("Apache on every node"),
            tr("Starts and watches Apache, asks it for a page, and checks its configuration before each change."),
        ),
        "iis_farm": (
            tr("IIS on every node"),
            tr("Windows only: starts and watches the services of IIS, and asks it for a page."),
        ),
        "light": (
            tr("A service on one node"),
            tr("Starts, watches and restarts one service, without other nodes."),
        ),
    }


class NewModule(QObject):
    """The question sheet of a new module. `created(name, files)` when it can begin."""

    changed = Signal()
    created = Signal(str, object)

    def __init__(self, taken: Collection[str], tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._taken, self._tasks = tuple(taken), tasks
        self.source = Source.TEMPLATE
        self.template = "farm"
        self.name = ""
        self._touched = False
        self.path: Path | None = None
        self._package: Package | None = None

    def choose(self, source: Source) -> None:
        """Where the files come from."""
        self.source = source
        self.changed.emit()

    def choose_template(self, folder: str) -> None:
        """Begin with this template, under its own name as long as no other was typed."""
        self.source, self.template = Source.TEMPLATE, folder
        if not self._touched:
            self.name = folder
        self.changed.emit()

    def set_name(self, name: str) -> None:
        """What it is to be called."""
        self.name, self._touched = name.strip(), True
        self.changed.emit()

    def open_package(self, path: Path) -> None:
        """Read this `.safe` file."""
        self.source, self.path, self._package = Source.PACKAGE, path, None
        if not self._touched and not module_name_problem(path.stem):
            self.name = path.stem
        self._tasks.start(self._open(path), f"read {path.name}")
        self.changed.emit()

    @property
    def name_error(self) -> str:
        """What is wrong with the name, "" before it is typed."""
        if not self.name:
            return tr("Give the module a name.") if self._touched else ""
        if problem := module_name_problem(self.name):
            return problem
        if self.name in self._taken:
            return tr("There is a module {name} already: choose another name.", name=self.name)
        return ""

    @property
    def package_error(self) -> str:
        """Why the chosen file gives no module."""
        trouble = self._package.trouble if self._package else None
        if trouble is None or self._package is None:
            return ""
        words = {
            PackageTrouble.NOT_READABLE: tr("The file cannot be read: {detail}.", detail=self._package.detail),
            PackageTrouble.NOT_A_PACKAGE: tr("This is no .safe file: it is not a zip archive, or it is damaged."),
            PackageTrouble.TOO_LARGE: tr(
                "The file holds more than a module may: {detail}.", detail=self._package.detail
            ),
            PackageTrouble.NOT_ALLOWED: tr(
                "The file holds something that a module may not: {detail}.", detail=self._package.detail
            ),
            PackageTrouble.NO_CONFIGURATION: tr("There is no conf/userconfig.xml in this file: it is no module."),
        }
        return words[trouble]

    @property
    def package_words(self) -> str:
        """What was read: `6 files; left out: doc`."""
        if self.path is None:
            return tr("no file chosen")
        if self._package is None:
            return tr("reading {file}…", file=self.path.name)
        if self._package.trouble:
            return self.path.name
        many = trn("{file}: {count} file", "{file}: {count} files", len(self._package.files), file=self.path.name)
        if self._package.left_out:
            return tr("{files}; left out: {left}", files=many, left=names(self._package.left_out))
        return many

    @property
    def reason(self) -> str:
        """Why it cannot be created yet, "" when it can."""
        if self.source is Source.PACKAGE:
            if self.path is None:
                return tr("Choose a .safe file first.")
            if self._package is None or self._package.trouble:
                return self.package_error or self.package_words
        return self.name_error or ("" if self.name else tr("Give the module a name."))

    def create(self) -> None:
        """Begin with it."""
        self._touched = True
        if self.reason:
            self.changed.emit()
        elif self.source is Source.PACKAGE and self._package is not None:
            self.created.emit(self.name, self._package.files)
        else:
            self._tasks.start(self._from_template(), "read the template")

    async def _from_template(self) -> None:
        files: Mapping[str, bytes] = await template(self.template)
        self.created.emit(self.name, files)

    async def _open(self, path: Path) -> None:
        package = await read_package(path)
        if path == self.path:
            self._package = package
            self.changed.emit()
