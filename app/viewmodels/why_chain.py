"""Why a module is what it is, step by step, and which line of a script's output says it. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.viewmodels.text import clock, said, tr
from nodeagent.contract.api import CauseLink, WhyAnswer

STEPS_SHOWN = 12


@dataclass(frozen=True)
class ChainStep:
    """One cause; `moment` is on this computer's clock."""

    id: str
    moment: str
    """`13:11:59`."""
    text: str
    by: str
    """`by errd`; empty when the text says it."""
    evidence: str
    """What was seen or said: `start_both said “port 80 in use”`; empty without any."""
    output: str
    """Name of the script output that holds the evidence, empty for none."""

    @property
    def words(self) -> str:
        """All of it in one line, for a screen reader and the clipboard."""
        return ", ".join(part for part in (self.moment, self.text, self.by, self.evidence) if part)


def chain(answer: WhyAnswer, shift: float) -> tuple[ChainStep, ...]:
    """The last steps, oldest first; `shift` seconds bring the node's times to this computer's clock."""
    return tuple(_step(link, shift) for link in answer.chain[-STEPS_SHOWN:])


def _step(link: CauseLink, shift: float) -> ChainStep:
    by = tr("by {author}", author=link.by) if link.by and link.by not in link.text else ""
    evidence = "" if link.evidence == link.text else said(link.evidence)
    return ChainStep(link.id, clock(link.time + shift), said(link.text), by, evidence, link.output)


def named_line(links: Sequence[CauseLink], output: str, text: str) -> int:
    """The line of this output that a cause names, counted from 1; 0 when none does.

    A cause that gives no number is found by its words, the last line that has them: scripts repeat themselves.
    """
    for link in reversed(links):
        if link.output != output:
            continue
        if link.line:
            return link.line
        if words := link.evidence.strip():
            for number, line in reversed(list(enumerate(text.splitlines(), 1))):
                if words in line:
                    return number
    return 0
