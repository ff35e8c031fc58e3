"""One way between two nodes in words: what was seen of it, and what opens it. Pure."""

from dataclasses import dataclass

from app.services.nodes import CheckedAddress
from app.viewmodels.port_matrix import Gate, Port, Way
from app.viewmodels.text import milliseconds, said, tr
from app.viewmodels.trouble_words import reason
from nodeagent.client.failures import Trouble
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.status import LanStatus, Listener

NOBODY = {Trouble.TIMED_OUT, Trouble.REFUSED, Trouble.UNREACHABLE, Trouble.NAME_UNKNOWN}


@dataclass(frozen=True)
class Ends:
    """A way: who asks, from which address; who is asked, at which address and port."""

    source: str
    source_address: str
    target: str
    address: str
    port: Port
    number: int


def tcp_way(ends: Ends, told: Reached | str, listener: Listener | None) -> Way:
    """What the asking node saw; `told` is a sentence where it could not be asked."""
    if listener is not None and listener.address not in {"", "0.0.0.0", "::", ends.address}:
        text = tr("{node} listens on {address} only", node=ends.target, address=listener.address)
        return Way(ends.port, ends.number, Gate.UNUSED, text)
    if listener is not None and not listener.open:
        remedy = tr(
            "On {node}, end the program that holds TCP {port}, or give the agent another port in agent.toml.",
            node=ends.target,
            port=ends.number,
        )
        return Way(ends.port, ends.number, Gate.CLOSED, said(listener.problem) or tr("not open"), remedy=remedy)
    if isinstance(told, str):
        return Way(ends.port, ends.number, Gate.UNTOLD, told)
    if told.ok:
        return Way(ends.port, ends.number, Gate.OPEN, milliseconds(told.took), told.took)
    match told.cause:
        case "silence":
            return Way(ends.port, ends.number, Gate.CLOSED, tr("no answer in time"), shut_for=_whom(ends))
        case "refused":
            text, remedy = tr("refused: nothing listens there"), _nothing_there(ends)
        case _:
            text, remedy = said(told.reason), _no_way(ends)
    return Way(ends.port, ends.number, Gate.CLOSED, text, remedy=remedy)


def way_from_here(ends: Ends, told: CheckedAddress) -> Way:
    """What this computer saw of the API."""
    if told.trouble not in NOBODY:
        return Way(ends.port, ends.number, Gate.OPEN, milliseconds(told.round_trip), told.round_trip)
    short = reason(told.trouble, told.address).short
    if told.trouble is Trouble.TIMED_OUT:
        return Way(ends.port, ends.number, Gate.CLOSED, short, shut_for=_whom(ends))
    remedy = _nothing_there(ends) if told.trouble is Trouble.REFUSED else _no_way(ends)
    return Way(ends.port, ends.number, Gate.CLOSED, short, remedy=remedy)


def heartbeat_way(ends: Ends, heard: LanStatus | None, source_answers: bool, untold: str) -> Way:
    """What the hearing node says of the other one; `untold` is why it says nothing."""
    if untold or heard is None:
        why = untold or tr("heartbeats use this lan once it is applied")
        return Way(ends.port, ends.number, Gate.UNTOLD, why)
    if heard.heard:
        return Way(ends.port, ends.number, Gate.OPEN, tr("{node} hears {other}", node=ends.target, other=ends.source))
    if not source_answers:
        text = tr("{node} does not hear {other}, which answers nobody", node=ends.target, other=ends.source)
        return Way(ends.port, ends.number, Gate.UNTOLD, text)
    text = tr("{node} does not hear {other}", node=ends.target, other=ends.source)
    return Way(ends.port, ends.number, Gate.CLOSED, text, shut_for=_whom(ends))


def _whom(ends: Ends) -> str:
    return ends.source_address or tr("this computer")


def _nothing_there(ends: Ends) -> str:
    return tr(
        "{node} is there, but refuses TCP {port}: its agent does not run, or a firewall refuses instead of it."
        " keepgreen service status on {node} says which.",
        port=ends.number,
        node=ends.target,
    )


def _no_way(ends: Ends) -> str:
    return tr(
        "The network brings nothing to {address}: compare address, network mask and route, and whether {node} runs.",
        address=ends.address,
        node=ends.target,
    )
