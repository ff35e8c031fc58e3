"""Requests and answers of `/api/v1` for orders that scripts and administrators rarely give."""

from typing import Annotated

import msgspec

from nodeagent.contract.api import WallTime
from nodeagent.contract.states import Boot


class SetClass(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/classes`: enable or disable an own class of process rules."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    on: bool


class CountLoop(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /modules/<m>/loop`: count one action against maxloop; `identity` is who acted."""

    identity: Annotated[str, msgspec.Meta(max_length=64)] = ""
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""


class RunWithout(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/run-without`: start or stop the application while the module is in STOP."""

    start: bool


class BootSetting(msgspec.Struct, frozen=True):
    """`GET /modules/<m>/boot`: whether the module starts when the node boots."""

    on: bool
    """The node's own setting, which counts while `boot` of the configuration is `ignore`."""
    until: WallTime
    """When the node's own setting turns round by itself, 0 = never."""
    configured: Boot | None
    """`service@boot` of the module in force; None: never applied."""
