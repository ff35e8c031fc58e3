"""The output of a script that was run: its text, the line that a cause names, and the run before it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.viewmodels.script_files import unified
from app.viewmodels.session_model import SessionModel, Tasks, failure_words
from app.viewmodels.text import file_size, tr, trn
from app.viewmodels.why_chain import named_line
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import CauseLink, FileInfo

_NAME = re.compile(r"userlog_.*?Z_(?P<script>.+)\.ulog$")


@dataclass(frozen=True)
class Output:
    """What is shown. While it is read, or when it cannot be, `text` is empty and `problem` says why."""

    module: str
    node: str
    name: str
    title: str
    """The script: `start_both`."""
    facts: str = ""
    """What the log says of the run: `exit code 0 after 1.4 s`."""
    text: str = ""
    problem: str = ""
    line: int = 0
    """The line a cause names, counted from 1; 0 = none."""
    size: int = 0
    place: tuple[int, int] = (0, 0)
    """Which run of how many that are kept."""

    @property
    def size_text(self) -> str:
        """`12 lines, 611 bytes, run 44 of 44`."""
        if self.problem:
            return ""
        lines = trn(
            "{count} line", "{count} lines", self.text.count("\n") + (not self.text.endswith("\n") if self.text else 0)
        )
        parts = [lines, file_size(self.size)]
        if self.place[1]:
            parts.append(tr("run {number} of {count}", number=self.place[0], count=self.place[1]))
        return ", ".join(parts)


class OutputModel(QObject):
    """The output beside the log; `changed` when another one, or more of it, is there. `now` None = closed."""

    changed = Signal()

    def __init__(self, session: SessionModel, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks = session, tasks
        self._causes: Sequence[CauseLink] = ()
        self._runs: tuple[str, ...] = ()
        self.now: Output | None = None

    def open(self, module: str, node: str, name: str, facts: str = "") -> None:
        """Show this file; reads it anew when it is the one shown already, for a script may still write."""
        title = script_of(name)
        if self.now is None or self.now.name != name:
            self.now = Output(module, node, name, title, facts, problem=tr("Reading…"))
            self.changed.emit()
        self.read_again()

    def read_again(self) -> None:
        """The script has written more, or somebody wants to be sure."""
        if self.now is not None:
            self._tasks.run_soon(self._read(self.now), f"output {self.now.name} of {self.now.node}")

    def open_earlier(self) -> None:
        """Show the run before this one."""
        if self.now is not None and (name := self._earlier()):
            self.open(self.now.module, self.now.node, name)

    def close(self) -> None:
        """Show none."""
        if self.now is not None:
            self.now = None
            self.changed.emit()

    def set_causes(self, causes: Sequence[CauseLink]) -> None:
        """The chain that may name a line of it."""
        self._causes = causes
        if self.now is not None and not self.now.problem:
            self._show(self.now, self.now.text, self.now.size)

    @property
    def has_earlier(self) -> bool:
        """Whether an earlier run is kept."""
        return bool(self._earlier())

    def _earlier(self) -> str:
        if self.now is None or self.now.name not in self._runs:
            return ""
        place = self._runs.index(self.now.name)
        return self._runs[place - 1] if place else ""

    async def _read(self, wanted: Output) -> None:
        session = self._session.session
        try:
            data = await session.output(wanted.node, wanted.module, wanted.name)
            kept = await session.outputs(wanted.node, wanted.module)
        except CallFailed as failed:
            self._fail(wanted, failure_words(failed))
            return
        if self.now is None or self.now.name != wanted.name:
            return
        self._runs = _runs(kept, wanted.title)
        self._show(wanted, _text(data), len(data))

    def _show(self, wanted: Output, text: str, size: int) -> None:
        line = named_line(self._causes, wanted.name, text)
        place = (self._runs.index(wanted.name) + 1, len(self._runs)) if wanted.name in self._runs else (0, 0)
        shown = Output(wanted.module, wanted.node, wanted.name, wanted.title, wanted.facts, text, "", line, size, place)
        if not text:
            shown = Output(
                wanted.module,
                wanted.node,
                wanted.name,
                wanted.title,
                wanted.facts,
                problem=tr("The script wrote nothing."),
            )
        if shown != self.now:
            self.now = shown
            self.changed.emit()

    def _fail(self, wanted: Output, words: str) -> None:
        if self.now is not None and self.now.name == wanted.name:
            self.now = Output(
                wanted.module,
                wanted.node,
                wanted.name,
                wanted.title,
                wanted.facts,
                problem=tr("The output cannot be read: {reason}", reason=words),
            )
            self.changed.emit()


def script_of(name: str) -> str:
    """`start_both` from the name of its output file."""
    found = _NAME.match(name)
    return found["script"] if found else name


def _runs(kept: Sequence[FileInfo], script: str) -> tuple[str, ...]:
    """The outputs of this script, oldest first: their names begin with their time."""
    return tuple(sorted(file.path for file in kept if script_of(file.path) == script))


def _text(data: bytes) -> str:
    """As the script wrote it; what is no UTF-8 is taken for the old Western code page, as Windows tools write it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return unified(text)
