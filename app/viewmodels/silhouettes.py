"""The shapes of a state, their colour and their order when states bubble up."""

from collections.abc import Iterable
from enum import StrEnum

from app.viewmodels.text import tr
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus


class Silhouette(StrEnum):
    """What is painted beside a state word; the value is the icon's name."""

    READY = "ready"
    TRANSIENT = "transient"
    STOP = "stop"
    WAIT = "wait"
    UNREACHABLE = "unreachable"
    UNCONFIGURED = "unconfigured"
    PAUSED = "paused"

    @property
    def token(self) -> str:
        """The colour token: `green`, `orange`, `red` or `grey`."""
        return _TOKENS.get(self, "grey")

    @property
    def words(self) -> str:
        """The one word of narrow places: `Ready`, `NotReady`, `Unreachable`, …"""
        match self:
            case Silhouette.READY:
                return Status.READY.value
            case Silhouette.TRANSIENT:
                return Status.TRANSIENT.value
            case Silhouette.STOP | Silhouette.WAIT:
                return Status.NOT_READY.value
            case Silhouette.UNREACHABLE:
                return tr("Unreachable")
            case Silhouette.UNCONFIGURED:
                return tr("Not configured")
            case Silhouette.PAUSED:
                return tr("Paused")


_TOKENS = {
    Silhouette.READY: "green",
    Silhouette.TRANSIENT: "orange",
    Silhouette.STOP: "red",
    Silhouette.WAIT: "red",
}

WORST_FIRST = (
    Silhouette.STOP,
    Silhouette.WAIT,
    Silhouette.UNREACHABLE,
    Silhouette.TRANSIENT,
    Silhouette.READY,
    Silhouette.UNCONFIGURED,
)
"""NotReady, unreachable, Transient, Ready; what is not configured counts only when there is nothing else."""


def worst(several: Iterable[Silhouette]) -> Silhouette:
    """The state that bubbles up; UNCONFIGURED when there is none."""
    return min(several, key=WORST_FIRST.index, default=Silhouette.UNCONFIGURED)


def of_module(module: ModuleStatus) -> Silhouette:
    """The silhouette of a module on one node that answers."""
    return of_state(module.state, module.status) if module.configured else Silhouette.UNCONFIGURED


def of_state(state: State, status: Status) -> Silhouette:
    """The silhouette of a state and its status."""
    match status:
        case Status.READY:
            return Silhouette.READY
        case Status.TRANSIENT:
            return Silhouette.TRANSIENT
        case Status.NOT_READY:
            return Silhouette.STOP if state == State.STOP else Silhouette.WAIT


def pill_words(silhouette: Silhouette, module: ModuleStatus | None) -> str:
    """The words of a state pill: `UP Ready`, `STOP NotReady`, `UNREACHABLE`, `NOT CONFIGURED`."""
    match silhouette:
        case Silhouette.UNREACHABLE:
            return tr("UNREACHABLE")
        case Silhouette.UNCONFIGURED:
            return tr("NOT CONFIGURED")
        case _:
            return f"{module.state} {module.status}" if module else silhouette.words
