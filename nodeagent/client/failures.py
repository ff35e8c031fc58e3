"""Why a call failed."""

from enum import StrEnum
from typing import Final

from nodeagent.contract.api import ProblemDetail


class Trouble(StrEnum):
    """Why a call failed, as a person would say it."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    CERTIFICATE_CHANGED = "certificate changed"
    WRONG_PASSWORD = "wrong password"  # noqa: S105  (words for a person)
    PASSWORD_NEEDED = "password needed"  # noqa: S105
    """No password is known for this node: ask for one."""
    NO_PASSWORD_SET = "no password set"  # noqa: S105
    """`keepgreen passwd` was never run on this node."""
    LOGIN_REQUIRED = "login required"
    """The session has ended."""
    OTHER_CLUSTER = "other cluster"
    """It is in another cluster and changes over only when told to take over."""
    DENIED = "denied"
    """The agent said no for another reason: see the problem."""
    NOT_UNDERSTOOD = "not understood"
    """What answers there is no agent of a known version."""
    NAME_UNKNOWN = "name unknown"
    """The host name stands for no address."""
    UNREACHABLE = "unreachable"


UNREACHED: Final = frozenset({Trouble.REFUSED, Trouble.TIMED_OUT, Trouble.NAME_UNKNOWN, Trouble.UNREACHABLE})
"""Nobody answered there; another address of the same node may."""


class CallFailed(Exception):
    """The one error of a call. `problem` is the agent's own word when it gave one."""

    def __init__(self, trouble: Trouble, text: str, problem: ProblemDetail | None = None) -> None:
        super().__init__(text)
        self.trouble, self.problem = trouble, problem
