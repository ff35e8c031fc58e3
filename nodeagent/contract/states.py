"""The vocabulary of the product. Wire words: a member is never renamed or given another meaning."""

from enum import StrEnum


class Mode(StrEnum):
    """How a module uses its nodes. `mirror` is recognised but not offered yet."""

    FARM = "farm"
    LIGHT = "light"
    MIRROR = "mirror"


class State(StrEnum):
    """What a module is doing on one node. ALONE, PRIM and SECOND are for the later mirror mode."""

    STOP = "STOP"
    WAIT = "WAIT"
    ALONE = "ALONE"
    PRIM = "PRIM"
    SECOND = "SECOND"
    UP = "UP"


class Status(StrEnum):
    """How a module is doing: the colour (red, orange, green)."""

    NOT_READY = "NotReady"
    TRANSIENT = "Transient"
    READY = "Ready"


class Action(StrEnum):
    """What can be ordered of a module, by a person, a checker or a rule."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    STOPSTART = "stopstart"
    WAIT = "wait"
    FORCESTOP = "forcestop"


class Script(StrEnum):
    """The scripts a module may bring; those it does not bring are passed over."""

    PRESTART = "prestart"
    POSTSTOP = "poststop"
    TRANSITION = "transition"
    START_BOTH = "start_both"
    STOP_BOTH = "stop_both"
    UPDATE = "update"
    CONFIG = "config"
    POSTCONFIG = "postconfig"
    DECONFIG = "deconfig"
    CONFCHECK = "confcheck"


class Boot(StrEnum):
    """What a module does when its node boots."""

    ON = "on"
    OFF = "off"
    AUTO = "auto"
    IGNORE = "ignore"


class Intent(StrEnum):
    """What the administrator last wanted of a module; only he, or maxloop, changes it."""

    START = "start"
    STOP = "stop"


class ResourceState(StrEnum):
    """What a checker says of its resource."""

    INIT = "init"
    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"


class Role(StrEnum):
    """What a user of the API may do: read / read and act / everything."""

    MONITOR = "monitor"
    CONTROL = "control"
    ADMIN = "admin"


class LogType(StrEnum):
    """The type letter of a log line."""

    CRITICAL = "C"
    ERROR = "E"
    USER = "U"
    SCRIPT = "S"
    INFO = "I"
    DEBUG = "D"
