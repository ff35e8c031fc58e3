"""What was found in the kernel: what a restarted agent goes on from, and what the self-checks look at."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The slots of one group as the kernel holds them now; expired ones are not there."""

    mine: frozenset[int]
    datagrams: frozenset[int]
    est: frozenset[int]
    quiet: frozenset[int]
    owner: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table of ours."""

    module: str
    fingerprint: str
    """Of the plan it was made from, see `vip_rules.fingerprint`."""
    intact: bool
    """Its rules are those that were written; False also when nobody remembers them."""
    counters: Mapping[str, int]
    """Packets: `taken_<g>`, `left_<g>`, `quiet_<g>` per group; `unmatched`; `forged_<n>` (came in on the
    n-th interface of the plan with the virtual MAC as their source), `forged_out`; with vmac_directed `sent`
    and `received`."""
    groups: tuple[GroupFacts, ...]
    """Empty when nobody asked for the slots."""
    lasting: bool
    """Some of its slots have no time-out; False also when nobody asked for them."""


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """One look at the kernel."""

    tables: Mapping[str, TableFacts]
    """By module."""
    addresses: Mapping[str, frozenset[str]]
    """All addresses of this machine by interface."""
    macs: Mapping[str, str]
    """By interface."""
    problem: str = ""
    """Why nothing could be seen, one sentence."""
