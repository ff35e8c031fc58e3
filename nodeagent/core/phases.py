"""The phases of a module's life, as data: what each shows, which script it runs, and what follows.

A phase is finer than a state: `UP Transient` is shown while start_both runs, while draining and
while warming up. `module_life` moves through this table; nothing else knows the order.
"""

from dataclasses import dataclass
from enum import StrEnum

from nodeagent.contract.states import Action, Script, State, Status


class Phase(StrEnum):
    """Where a module is in its life. Written into state.json: once released, a value stays as it is."""

    STOPPED = "stopped"
    BOOT_DELAY = "waiting before the start"
    PREPARING = "saving the order"
    LEAVING_STOP = "transition to WAIT"
    PRESTART = "prestart"
    WAITING = "waiting for resources"
    HELD = "waiting for resources that are down"
    ENTERING_UP = "transition to UP"
    TAKING_ADDRESS = "adding the virtual address"
    STARTING = "start_both"
    WARMING = "warming up"
    READY = "ready"
    DOUBTING = "checking after a freeze"
    DRAINING = "draining"
    STOPPING = "stop_both"
    FORCING = "stop_both force"
    POSTSTOP = "poststop"
    ENTERING_STOP = "transition to STOP"
    RESTART_DRAINING = "draining before restart"
    RESTART_STOPPING = "stop_both of restart"
    RESTART_FORCING = "stop_both force of restart"
    PAUSE = "waiting for restart_delay"
    RECOVERING = "awaiting a script of the last agent"
    ADOPTING = "adopting the application"
    REBOOTING = "starting the machine anew"
    WITHOUT_STARTING = "start_both without Keepgreen"
    WITHOUT_STOPPING = "stop_both without Keepgreen"
    WITHOUT_FORCING = "stop_both force without Keepgreen"


class Stage(StrEnum):
    """Which orders make sense: every phase belongs to one stage."""

    REST = "stopped"
    COMING = "starting"
    UP = "up"
    RESTARTING = "restarting"
    GOING = "stopping"
    RECOVERING = "recovering"
    WITHOUT = "run without Keepgreen"


class Limit(StrEnum):
    """Which time-out of `<user>` bounds a phase's script."""

    START = "starttimeout"
    NICE = "nicestoptimeout"
    FORCE = "forcestoptimeout"


@dataclass(frozen=True, slots=True)
class Step:
    """The script of a phase: `frm` and `to` are its first two arguments."""

    script: Script
    frm: State
    to: State
    limit: Limit
    then: Phase
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """What a phase shows and belongs to."""

    stage: Stage
    state: State
    status: Status
    step: Step | None = None


_STOP, _WAIT, _UP = State.STOP, State.WAIT, State.UP
_RED, _ORANGE, _GREEN = Status.NOT_READY, Status.TRANSIENT, Status.READY
_NICE, _FORCE = Limit.NICE, Limit.FORCE

PHASES: dict[Phase, Row] = {
    Phase.STOPPED: Row(Stage.REST, _STOP, _RED),
    Phase.BOOT_DELAY: Row(Stage.COMING, _WAIT, _ORANGE),
    Phase.PREPARING: Row(Stage.COMING, _WAIT, _ORANGE),
    Phase.LEAVING_STOP: Row(
        Stage.COMING, _WAIT, _ORANGE, Step(Script.TRANSITION, _STOP, _WAIT, _FORCE, Phase.PRESTART)
    ),
    Phase.PRESTART: Row(Stage.COMING, _WAIT, _ORANGE, Step(Script.PRESTART, _STOP, _WAIT, _FORCE, Phase.WAITING)),
    Phase.WAITING: Row(Stage.COMING, _WAIT, _ORANGE),
    Phase.HELD: Row(Stage.COMING, _WAIT, _RED),
    Phase.ENTERING_UP: Row(
        Stage.COMING, _UP, _ORANGE, Step(Script.TRANSITION, _WAIT, _UP, _FORCE, Phase.TAKING_ADDRESS)
    ),
    Phase.TAKING_ADDRESS: Row(Stage.COMING, _UP, _ORANGE),
    Phase.STARTING: Row(Stage.COMING, _UP, _ORANGE, Step(Script.START_BOTH, _WAIT, _UP, Limit.START, Phase.WARMING)),
    Phase.WARMING: Row(Stage.UP, _UP, _ORANGE),
    Phase.READY: Row(Stage.UP, _UP, _GREEN),
    Phase.DOUBTING: Row(Stage.UP, _UP, _ORANGE),
    Phase.DRAINING: Row(Stage.GOING, _UP, _ORANGE),
    Phase.STOPPING: Row(Stage.GOING, _UP, _ORANGE, Step(Script.STOP_BOTH, _UP, _WAIT, _NICE, Phase.FORCING)),
    Phase.FORCING: Row(
        Stage.GOING, _WAIT, _ORANGE, Step(Script.STOP_BOTH, _WAIT, _STOP, _FORCE, Phase.POSTSTOP, forced=True)
    ),
    Phase.POSTSTOP: Row(Stage.GOING, _WAIT, _ORANGE, Step(Script.POSTSTOP, _WAIT, _STOP, _FORCE, Phase.ENTERING_STOP)),
    Phase.ENTERING_STOP: Row(Stage.GOING, _WAIT, _ORANGE, Step(Script.TRANSITION, _WAIT, _STOP, _FORCE, Phase.STOPPED)),
    Phase.RESTART_DRAINING: Row(Stage.RESTARTING, _UP, _ORANGE),
    Phase.RESTART_STOPPING: Row(
        Stage.RESTARTING, _UP, _ORANGE, Step(Script.STOP_BOTH, _UP, _UP, _NICE, Phase.RESTART_FORCING)
    ),
    Phase.RESTART_FORCING: Row(
        Stage.RESTARTING, _UP, _ORANGE, Step(Script.STOP_BOTH, _UP, _UP, _FORCE, Phase.PAUSE, forced=True)
    ),
    Phase.PAUSE: Row(Stage.RESTARTING, _UP, _ORANGE),
    Phase.RECOVERING: Row(Stage.RECOVERING, _UP, _ORANGE),
    Phase.ADOPTING: Row(Stage.RECOVERING, _UP, _ORANGE),
    Phase.REBOOTING: Row(Stage.GOING, _STOP, _RED),
    Phase.WITHOUT_STARTING: Row(
        Stage.WITHOUT, _STOP, _RED, Step(Script.START_BOTH, _STOP, _UP, Limit.START, Phase.STOPPED)
    ),
    Phase.WITHOUT_STOPPING: Row(
        Stage.WITHOUT, _STOP, _RED, Step(Script.STOP_BOTH, _UP, _STOP, _NICE, Phase.WITHOUT_FORCING)
    ),
    Phase.WITHOUT_FORCING: Row(
        Stage.WITHOUT, _STOP, _RED, Step(Script.STOP_BOTH, _UP, _STOP, _FORCE, Phase.STOPPED, forced=True)
    ),
}

RESTART_TO_STOP = {
    Phase.RESTART_DRAINING: Phase.DRAINING,
    Phase.RESTART_STOPPING: Phase.STOPPING,
    Phase.RESTART_FORCING: Phase.FORCING,
    Phase.PAUSE: Phase.POSTSTOP,
}
"""A stop that meets a restart turns it into a stop at the same place; a running script runs on."""

WAITS = frozenset({Phase.WAITING, Phase.HELD})
"""Left by a rule only: when no wait-resource is down or unknown any more."""

BEFORE_WAIT = frozenset({Phase.BOOT_DELAY, Phase.PREPARING, Phase.LEAVING_STOP, Phase.PRESTART})
"""On the way to WAIT."""

BEFORE_APPLICATION = BEFORE_WAIT | WAITS | {Phase.ENTERING_UP, Phase.TAKING_ADDRESS}
"""Nothing of the application has been started: a stop goes straight to poststop."""

REFUSED: dict[tuple[Stage, Action], str] = {
    (Stage.REST, Action.RESTART): "the module is stopped: start it",
    (Stage.REST, Action.WAIT): "the module is stopped: start it",
    (Stage.GOING, Action.RESTART): "the module is stopping",
    (Stage.GOING, Action.WAIT): "the module is stopping",
    **{
        (Stage.WITHOUT, action): "a script runs without Keepgreen: forcestop ends it"
        for action in Action
        if action is not Action.FORCESTOP
    },
}
"""Orders that are refused, with the reason a user reads."""

RUNS_WITHOUT = "its application was started without Keepgreen: stop it with run-without first"
"""Why a stopped module that is marked so refuses every start."""

IDLE: dict[tuple[Stage, Action], str] = {
    (Stage.REST, Action.STOP): "already stopped",
    (Stage.COMING, Action.START): "already starting",
    (Stage.UP, Action.START): "already started",
    (Stage.RESTARTING, Action.START): "already starting",
    (Stage.RESTARTING, Action.RESTART): "already restarting",
    (Stage.RECOVERING, Action.START): "already starting",
}
"""Orders that ask for what is so already: accepted, nothing is done."""

REFUSED_AUTOMATIC: dict[tuple[Stage, Action], str] = {
    (Stage.GOING, Action.START): "the module is stopping",
    (Stage.GOING, Action.STOPSTART): "the module is stopping",
}
"""What only a person may still order: from the stop order on nothing automatic acts."""

STRENGTH = (Action.START, Action.RESTART, Action.STOPSTART, Action.WAIT, Action.STOP, Action.FORCESTOP)
"""Of two orders kept until a script ends, the later in this row is obeyed."""

TIME_LEADS_TO: dict[Phase, Phase] = {
    Phase.BOOT_DELAY: Phase.PREPARING,
    Phase.PREPARING: Phase.LEAVING_STOP,
    Phase.TAKING_ADDRESS: Phase.STARTING,
    Phase.DRAINING: Phase.STOPPING,
    Phase.RESTART_DRAINING: Phase.RESTART_STOPPING,
    Phase.PAUSE: Phase.STARTING,
    Phase.STOPPING: Phase.FORCING,
    Phase.RESTART_STOPPING: Phase.RESTART_FORCING,
}
"""Phases that their deadline ends; a deadline in any other phase with a script kills the script."""

_NOTHING: frozenset[str] = frozenset()
_PRE = frozenset({"pre"})
_ALL = frozenset({"pre", "both"})

LOOKING_AGAIN = frozenset({Phase.DOUBTING, Phase.ADOPTING})
"""The application runs on as before, only its agent, which was frozen or is new, makes sure of it."""

CHECKED = LOOKING_AGAIN | {Phase.WARMING, Phase.READY}
"""The application runs: everything is checked."""

ACTING = WAITS | {Phase.ENTERING_UP, Phase.TAKING_ADDRESS, Phase.STARTING, Phase.WARMING, Phase.READY, Phase.DOUBTING}
"""What is detected acts; from a stop order on it is only logged."""

SERVING = frozenset({Phase.READY, Phase.DRAINING, Phase.RESTART_DRAINING})
"""The application answers for certain: a slot may be kept until another node has taken it."""

WITH_ADDRESS = CHECKED | {
    Phase.DRAINING,
    Phase.RESTART_DRAINING,
    Phase.TAKING_ADDRESS,
    Phase.STARTING,
    Phase.STOPPING,
    Phase.RESTART_STOPPING,
    Phase.RESTART_FORCING,
    Phase.PAUSE,
    Phase.RECOVERING,
}
"""The virtual addresses are on this node."""

_PRE_CHECKED = WAITS | {
    Phase.ENTERING_UP,
    Phase.TAKING_ADDRESS,
    Phase.STARTING,
    Phase.STOPPING,
    Phase.FORCING,
    Phase.RESTART_STOPPING,
    Phase.RESTART_FORCING,
    Phase.PAUSE,
}
_ALL_CHECKED = CHECKED | {Phase.DRAINING, Phase.RESTART_DRAINING}


def checked_in(phase: Phase) -> frozenset[str]:
    """The classes of checkers and processes that are looked at: `pre` from after prestart to before poststop."""
    return _ALL if phase in _ALL_CHECKED else _PRE if phase in _PRE_CHECKED else _NOTHING
