"""How many modules fit into small datagrams: a fixed list of pages, a changed page first.

32 modules fit into one page. With more, every page is sent at least once a second, and a page whose
content changed goes out with the next three heartbeats.
"""

from collections.abc import Mapping
from math import ceil
from typing import Final

import msgspec

from nodeagent.core.heartbeat import ModuleBeat, ModuleEntry, Page, module_entry

REPEATS: Final = 3
_REFRESH: Final = 1.0


class Outbox:
    """This node's modules, cut into pages of at most `room` bytes each."""

    def __init__(self) -> None:
        self._pages: list[list[ModuleEntry]] = [[]]
        self._urgent: dict[int, int] = {}
        self._next = 0
        self._names: frozenset[str] = frozenset()
        self.module_set = 0

    @property
    def count(self) -> int:
        """Number of pages, at least one."""
        return len(self._pages)

    def put(self, modules: Mapping[str, ModuleBeat], room: int) -> None:
        """Replace the modules. What changed is urgent."""
        if (names := frozenset(modules)) != self._names:
            self._names = names
            self.module_set += 1
        pages: list[list[ModuleEntry]] = [[]]
        left = room
        for name in sorted(modules):
            entry = module_entry(name, modules[name])
            size = len(msgspec.msgpack.encode(entry))
            if size > left and pages[-1]:
                pages.append([])
                left = room
            pages[-1].append(entry)
            left -= size
        for index, page in enumerate(pages):
            if index >= len(self._pages) or self._pages[index] != page:
                self._urgent[index] = REPEATS
        self._urgent = {index: times for index, times in self._urgent.items() if index < len(pages)}
        self._pages = pages
        self._next %= len(pages)

    def take(self, pulse: float) -> list[int]:
        """The pages for this heartbeat: those that changed lately, and the next ones in turn."""
        turn = min(self.count, ceil(self.count * pulse / _REFRESH))
        chosen = {(self._next + i) % self.count for i in range(turn)} | self._urgent.keys()
        self._next = (self._next + turn) % self.count
        self._urgent = {index: times - 1 for index, times in self._urgent.items() if times > 1}
        return sorted(chosen)

    def entries(self, index: int) -> list[ModuleEntry]:
        """The modules of a page."""
        return self._pages[index]


class Inbox:
    """A peer's modules, put together from its pages; a module goes only when all pages left it out."""

    def __init__(self) -> None:
        self.modules: dict[int, ModuleBeat] = {}
        self.changes = 0
        """Grows when anything in `modules` changes."""
        self._module_set = -1
        self._seen: dict[int, frozenset[int]] = {}

    def take(self, page: Page) -> None:
        """Read a page; the caller gives no page older than one it gave before."""
        if page.module_set != self._module_set:
            self._module_set = page.module_set
            self._seen = {}
        for entry in page.modules:
            if (beat := entry.beat()) and beat != self.modules.get(entry.module):
                self.modules[entry.module] = beat
                self.changes += 1
        self._seen[page.index] = frozenset(entry.module for entry in page.modules)
        if len(self._seen) >= page.pages:
            named = frozenset().union(*self._seen.values())
            if gone := self.modules.keys() - named:
                self.modules = {module: beat for module, beat in self.modules.items() if module not in gone}
                self.changes += 1
