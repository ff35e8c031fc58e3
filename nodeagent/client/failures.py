"""Why a call failed."""

from enum import StrEnum

from nodeagent.contract.api import ProblemDetail


class Trouble(StrEnum):
    """Why a call failed, as a person would say it."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    CERTIFICATE_CHANGED = "certificate changed"
    WRONG_PASSWORD = "wrong password"  # noqa: S105  (words for a person)
    DENIED = "denied"
    """The agent said no: see the problem."""
    NOT_UNDERSTOOD = "not understood"
    """What answers there is no agent of a known version."""
    UNREACHABLE = "unreachable"


class CallFailed(Exception):
    """The one error of a call. `problem` is the agent's own word when it gave one."""

    def __init__(self, trouble: Trouble, text: str, problem: ProblemDetail | None = None) -> None:
        super().__init__(text)
        self.trouble, self.problem = trouble, problem
