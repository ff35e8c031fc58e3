"""Which end tag of a text that is no XML belongs to which start tag, and which are missing or too many."""

from collections import Counter
from collections.abc import Sequence
from itertools import islice

from nodeagent.contract.xml_mistakes import Lines, Mistakes
from nodeagent.contract.xml_scan import JUNK_BEHIND, NO_ELEMENT, ends_early, expected_end, short
from nodeagent.contract.xml_tags import Kind, Tag


class Nesting:
    """Looks at all tags of a text of this `length`; what is wrong goes to the mistakes."""

    def __init__(self, tags: Sequence[Tag], lines: Lines, length: int, mistakes: Mistakes) -> None:
        self._tags = tags
        self._lines = lines
        self._end = length
        self._mistakes = mistakes
        self._open: list[Tag] = []
        self._guessed = False
        """Whether the root element was closed by an end tag of another name."""
        self.root = (0, length)
        """From where to where the root element reaches; what is behind it is not looked at."""
        self.text_before = False
        """Whether text stands before the root element."""

    def look(self) -> None:
        """Looks at all. Raises xml_mistakes.FullError when there are too many mistakes."""
        elements = [(number, tag) for number, tag in enumerate(self._tags) if tag.name]
        if not elements:
            if not self._mistakes.found:
                self._mistakes.say(self._end, NO_ELEMENT)
            return
        first, root = elements[0]
        self.root = (root.offset, self._end)
        if first > 0 and self._tags[0].kind is Kind.TEXT:
            self.text_before = True
            self._mistakes.say(self._tags[0].offset, "text may not stand before the root element")
        if root.kind is Kind.CLOSE:
            self._mistakes.say(root.offset, f"</{short(root.name)}> ends nothing: no element is open")
        if root.kind is not Kind.EMPTY:
            self._open.append(root)
        for number, tag in enumerate(self._tags[first + 1 :], first + 1):
            if not self._open:
                self._behind(tag)
                return
            self._one(number, tag)
        if self._open:
            self._truncated()

    def _behind(self, tag: Tag) -> None:
        self.root = (self.root[0], tag.offset)
        if not self.text_before and not self._guessed:  # else it may be a piece of a tag of the root element
            self._mistakes.say(tag.offset, JUNK_BEHIND)

    def _one(self, number: int, tag: Tag) -> None:
        loose = tag.kind is Kind.LOOSE and self._next_unmatched(number + 1, tag.name) == tag.name
        if loose or tag.kind is Kind.OPEN:
            self._open.append(tag)
        elif tag.kind is Kind.CLOSE:
            self._close(number, tag)

    def _close(self, number: int, tag: Tag) -> None:
        top = self._open[-1]
        if tag.name == top.name:
            self._open.pop()
            return
        opened = any(element.name == tag.name for element in self._open)
        follows = self._next_unmatched(number + 1, tag.name)
        begins = follows == tag.name and not opened  # an end tag that was meant to be a start tag
        if begins or follows == top.name:
            said = f"</{short(tag.name)}> ends nothing: <{short(top.name)}> of line {self._line(top)} is open here"
            if tag.name:
                self._mistakes.say(tag.offset, said)
            if begins:
                self._open.append(tag)
        elif opened:
            while self._open[-1].name != tag.name:
                self._unclosed(self._open.pop(), tag.offset)
            self._open.pop()
        else:
            self._open.pop()
            self._guessed = not self._open
            if tag.name:
                self._mistakes.say(tag.offset, expected_end(top.name, self._line(top)))

    def _unclosed(self, element: Tag, where: int) -> None:
        parent = self._open[-1]
        if self._is_slip(element, parent):
            self._open.pop()
            name = short(element.name)
            said = f"<{name}> must be </{name}>, since <{name}> of line {self._line(parent)} is open"
            self._mistakes.say(element.offset, said)
        else:
            self._mistakes.say(where, expected_end(element.name, self._line(element)))

    @staticmethod
    def _is_slip(element: Tag, parent: Tag) -> bool:
        """An element inside another of its name, both not closed: its start was meant to be the end of that one."""
        return element.name == parent.name and element.bare

    def _truncated(self) -> None:
        inner = self._open[-1]
        if len(self._open) == 2 and self._is_slip(inner, self._open[0]):
            self._unclosed(self._open.pop(), self._end)
        else:
            self._mistakes.say(self._end, ends_early(inner.name, self._line(inner)))

    def _line(self, tag: Tag) -> int:
        return self._lines.line(tag.offset)

    def _ends_next(self, number: int) -> bool:
        """Whether the tag behind this one is the end tag of its name."""
        behind = next((tag for tag in islice(self._tags, number + 1, None) if tag.kind is not Kind.TEXT), None)
        return behind is not None and behind.kind is Kind.CLOSE and behind.name == self._tags[number].name

    def _next_unmatched(self, number: int, also: str = "") -> str | None:
        """The name of the first end tag from here on that ends what is open now, or an element named `also`."""
        names = {element.name for element in self._open}
        inner: list[str] = []
        count: Counter[str] = Counter()
        for place, tag in enumerate(self._tags[number:], number):
            if tag.kind is Kind.OPEN or (tag.kind is Kind.LOOSE and self._ends_next(place)):
                inner.append(tag.name)
                count[tag.name] += 1
            elif tag.kind is Kind.CLOSE and count[tag.name]:
                while (last := inner.pop()) != tag.name:
                    count[last] -= 1
                count[last] -= 1
            elif tag.kind is Kind.CLOSE and (tag.name in names or (tag.name == also and not inner)):
                return tag.name
        return None
