"""What Monitoring says while there is no module to show. Pure functions."""

from dataclasses import dataclass

from app.viewmodels import menus
from app.viewmodels.farm import FarmModel
from app.viewmodels.menus import Command, Deed, MenuEntry
from app.viewmodels.text import joined, tr
from nodeagent.contract.states import Role

NODES_SHOWN = 3


@dataclass(frozen=True)
class NothingYet:
    """Why there is nothing, and what changes it: another try, or a new module when `retry` is None."""

    line: str
    sentence: str
    retry: MenuEntry | None
    reason: str = ""
    """Why a new module cannot be made now; empty when it can."""


def nothing_yet(farm: FarmModel, now: float) -> NothingYet:
    """A cluster without modules is one thing, one that was never heard another."""
    if any(row.view.status is not None for row in farm.nodes):
        roles = {row.view.role for row in farm.nodes if row.view.reached}
        return NothingYet(
            tr("No module yet"),
            tr("A module is one application that Keepgreen keeps running: its settings and its scripts."),
            None,
            "" if Role.ADMIN in roles else tr("only an administrator can make a module"),
        )
    told = [tr("{node}: {what}", node=row.name, what=row.detail(now)) for row in farm.nodes[:NODES_SHOWN]]
    silent = tuple(row.name for row in farm.nodes if menus.retry(row).enabled)
    if not silent:
        return NothingYet(tr("Connecting"), joined(told), None, tr("no node answers yet"))
    retry = MenuEntry(tr("Try again"), command=Command(Deed.RETRY, "", silent))
    return NothingYet(tr("No node answers this console"), joined(told), retry)
