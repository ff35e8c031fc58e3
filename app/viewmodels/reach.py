"""Nodes that do not answer, in words; and node times on this computer's clock."""

from app.services.nodes import NodeView, Reach
from app.viewmodels.text import DAY, ago, clock, moment, tr
from app.viewmodels.trouble_words import reason


def silent(view: NodeView) -> bool:
    """Whether what is known of this node is old."""
    return view.reach == Reach.UNREACHABLE


def saved(view: NodeView) -> bool:
    """Whether it is a snapshot: nothing can be ordered."""
    return view.reach == Reach.SAVED


def read_only() -> str:
    """Why nothing can be ordered of a snapshot."""
    return tr("a snapshot is read only")


def shift(view: NodeView) -> float:
    """Seconds to add to a time this node tells to have it on this computer's clock."""
    return view.as_of - view.status.time if view.status else 0.0


def trouble_words(view: NodeView) -> str:
    """Why the node is not reached, in a few words: `timed out`, `wrong password`."""
    return reason(view.trouble, view.address).short if view.trouble else tr("no answer")


def silence_sentence(view: NodeView, now: float) -> str:
    """`timed out 38 s ago`, `wrong password 2 min ago`."""
    return tr("{trouble} {ago}", trouble=trouble_words(view), ago=ago(view.since, now))


def stale_text(view: NodeView, now: float) -> str:
    """`as of 13:51:20` for a node that fell silent; empty while it answers or when it never spoke."""
    if not silent(view) or view.status is None:
        return ""
    when = clock(view.as_of) if now - view.as_of < DAY else moment(view.as_of, now)
    return tr("as of {time}", time=when)


def reach_words(view: NodeView) -> str:
    """How the node is heard: `connected`, `polled every 2 s`, …"""
    match view.reach:
        case Reach.CONNECTED:
            return tr("connected")
        case Reach.POLLING:
            return tr("asked every 2 s")
        case Reach.UNREACHABLE:
            return trouble_words(view)
        case Reach.SAVED:
            return tr("read from a snapshot")
        case _:
            return tr("connecting…")
