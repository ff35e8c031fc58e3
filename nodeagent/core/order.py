"""An order to a module, as it is carried out and remembered."""

from dataclasses import dataclass

from nodeagent.contract.states import Action


@dataclass(frozen=True, slots=True)
class Order:
    """An order: what, by whom; with an `identity` (`-i who`) it is automatic and counts."""

    action: Action
    author: str
    identity: str = ""
    services: str = ""
    """Of a restart: the services that the scripts are told to restart, `a, b`."""
    seen: str = ""
    """Of an automatic one: what it answers."""

    @property
    def planned(self) -> bool:
        """By a person or a shutdown: the node drains first."""
        return not self.identity

    @property
    def stays_down(self) -> bool:
        """It ends in STOP, and nothing begins again after it."""
        return self.action in (Action.STOP, Action.FORCESTOP)
