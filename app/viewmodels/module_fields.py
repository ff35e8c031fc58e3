"""The fields of the module form: where each stands in userconfig.xml, what it is called, what it shows now.

Hints, defaults and limits are those of the rule table; only the labels are said here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.module_edits import ERRD, FAILOVER, FARM, HEALTH, SERVICE, USER, VIP, plain
from app.viewmodels.text import said, tr
from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.rule import AttributeRule
from nodeagent.contract.value_types import ActionOrHandler, Choice, Switch
from nodeagent.contract.xml_source import Document


class Tab(StrEnum):
    """The tabs of the form in their order."""

    GENERAL = "general"
    VIP = "vip"
    PROCESSES = "processes"
    CHECKERS = "check"
    RULES = "failover"
    SCRIPTS = "user"
    HEALTH = "health"


@dataclass(frozen=True)
class FieldSpec:
    """An attribute with its label. `width` in px: numbers are short, names are long."""

    attribute: str
    label: str
    width: int = 160


@dataclass(frozen=True)
class FieldState:
    """What a field shows. `path` is that of its element."""

    path: str
    spec: FieldSpec
    value: str
    """As it stands in the file, "" when absent."""
    placeholder: str
    """What holds while nothing is given."""
    hint: str
    allowed: str
    choices: tuple[tuple[str, str], ...] = ()
    """(value, words) of a field that offers values."""
    free: bool = False
    """With choices: another text may be typed."""
    error: str = ""
    warning: str = ""
    changed: bool = False


def tab_title(tab: Tab) -> str:
    """Its name."""
    return {
        Tab.GENERAL: tr("General"),
        Tab.VIP: tr("Virtual IP"),
        Tab.PROCESSES: tr("Processes"),
        Tab.CHECKERS: tr("Checkers"),
        Tab.RULES: tr("Rules"),
        Tab.SCRIPTS: tr("Start and stop"),
        Tab.HEALTH: tr("Health"),
    }[tab]


def general_fields() -> tuple[FieldSpec, ...]:
    """Of `<service>`; the mode and the lans are shown in ways of their own."""
    return (
        FieldSpec("boot", tr("When the node boots"), 280),
        FieldSpec("boot_delay", tr("Delay at boot")),
        FieldSpec("maxloop", tr("Allowed actions")),
        FieldSpec("loop_interval", tr("Within")),
        FieldSpec("restart_delay", tr("Wait before restart")),
        FieldSpec("restart_delay_max", tr("Wait at most")),
        FieldSpec("automatic_reboot", tr("Reboot instead")),
    )


def farm_fields() -> tuple[FieldSpec, ...]:
    """Of `<farm>`."""
    return FieldSpec("pulse", tr("Own pulse")), FieldSpec("slost_count", tr("Silent pulses"))


def vip_fields() -> tuple[FieldSpec, ...]:
    """Of `<vip>`."""
    return FieldSpec("tcpreset", tr("Reset what is left")), FieldSpec("scriptcontrol", tr("Scripts open it"))


def errd_fields() -> tuple[FieldSpec, ...]:
    """Of `<errd>`."""
    return (FieldSpec("polltimer", tr("Scan every")),)


def failover_fields() -> tuple[FieldSpec, ...]:
    """Of `<failover>`."""
    return FieldSpec("extends", tr("Generated rules")), FieldSpec("handle_time", tr("Must hold for"))


def script_fields() -> tuple[FieldSpec, ...]:
    """Of `<user>`."""
    return (
        FieldSpec("nicestoptimeout", tr("Stop time-out")),
        FieldSpec("forcestoptimeout", tr("Forced stop time-out")),
        FieldSpec("starttimeout", tr("Start time-out")),
        FieldSpec("exitcode", tr("start_both fails"), 280),
        FieldSpec("logging", tr("Script output"), 280),
        FieldSpec("userlogsize", tr("Largest output")),
    )


def health_fields() -> tuple[FieldSpec, ...]:
    """Of `<health>`."""
    return (FieldSpec("drain", tr("Drain")), FieldSpec("rounds", tr("Good rounds")))


def process_fields() -> tuple[FieldSpec, ...]:
    """Of `<proc>`."""
    return (
        FieldSpec("name", tr("Process name"), 280),
        FieldSpec("service", tr("Is a service")),
        FieldSpec("nameregex", tr("Name matches"), 280),
        FieldSpec("argregex", tr("Command line matches"), 280),
        FieldSpec("atleast", tr("At least")),
        FieldSpec("atmax", tr("At most")),
        FieldSpec("action", tr("When not so"), 280),
        FieldSpec("class", tr("Watched"), 280),
        FieldSpec("start_after", tr("Start grace")),
        FieldSpec("grace", tr("Look again after")),
        FieldSpec("restart_services", tr("Restart services"), 280),
    )


def page_fields(tab: Tab) -> tuple[tuple[str, FieldSpec], ...]:
    """The fields of a tab that stand for themselves, outside of its list, each with the path of its element."""
    places = {
        Tab.GENERAL: ((SERVICE, general_fields), (FARM, farm_fields)),
        Tab.VIP: ((VIP, vip_fields),),
        Tab.PROCESSES: ((ERRD, errd_fields),),
        Tab.RULES: ((FAILOVER, failover_fields),),
        Tab.SCRIPTS: ((USER, script_fields),),
        Tab.HEALTH: ((HEALTH, health_fields),),
    }
    return tuple((path, spec) for path, specs in places.get(tab, ()) for spec in specs())


def tab_of(path: str) -> Tab | None:
    """The tab that shows this element, None when no tab does."""
    parts = [part.partition("[")[0] for part in path.split("/")[2:]]
    if path.startswith("safe/macro"):
        return Tab.GENERAL
    if path.split("/", maxsplit=1)[0] != "safe" or not path.startswith(SERVICE):
        return None
    if not parts or parts[0] == "farm":
        return Tab.GENERAL
    if parts[0] == "errd":
        return Tab.PROCESSES
    if parts[0] == "var":
        return Tab.SCRIPTS
    return next((tab for tab in Tab if tab.value == parts[0]), None)


def field_state(
    document: Document,
    path: str,
    spec: FieldSpec,
    errors: Mapping[tuple[str, str], str],
    warnings: Mapping[tuple[str, str], str],
    changed: Iterable[tuple[str, str]],
) -> FieldState:
    """The state of one field; problems and changes come by (path, attribute)."""
    rule = rule_at(f"{path}/@{spec.attribute}")
    if not isinstance(rule, AttributeRule):
        raise LookupError(f"there is no attribute {spec.attribute} of {path}")
    value = document.attribute(path, spec.attribute)
    key = (plain(path), spec.attribute)
    choices = _choices(rule)
    if choices and value and not isinstance(rule.type, ActionOrHandler) and value not in dict(choices):
        choices = (*choices, (value, value))
    return FieldState(
        path=plain(path),
        spec=spec,
        value=value or "",
        placeholder=rule.default,
        hint=said(rule.help),
        allowed=said(rule.type.words),
        choices=choices,
        free=isinstance(rule.type, ActionOrHandler) or spec.attribute == "class",
        error=errors.get(key, ""),
        warning=warnings.get(key, ""),
        changed=key in changed,
    )


def _choices(rule: AttributeRule) -> tuple[tuple[str, str], ...]:
    values: tuple[str, ...] = ()
    if isinstance(rule.type, Choice):
        values = rule.type.values
    elif isinstance(rule.type, ActionOrHandler):
        values = rule.type.actions
    elif isinstance(rule.type, Switch):
        values = ("on", "off")
    elif rule.name == "class":
        values = ("both", "pre")
    offered = tuple((value, _choice_words(rule.name, value)) for value in values)
    optional = isinstance(rule.type, Choice) and not (rule.required or rule.default)
    return (("", tr("by default")), *offered) if optional else offered


def _choice_words(attribute: str, value: str) -> str:
    known = {
        ("boot", "on"): tr("on: start the module"),
        ("boot", "off"): tr("off: leave it stopped"),
        ("boot", "auto"): tr("auto: as it was last wanted"),
        ("boot", "ignore"): tr("ignore: the node's own setting"),
        ("exitcode", "log"): tr("log: one line in the log"),
        ("exitcode", "act"): tr("act: stop and start again"),
        ("logging", "userlog"): tr("userlog: a file for each run"),
        ("logging", "none"): tr("none: thrown away"),
        ("when", "both"): tr("both: while the module is UP"),
        ("when", "pre"): tr("pre: from after prestart on, while it waits too"),
        ("type", "vmac_invisible"): tr("vmac_invisible: every node sees every frame"),
        ("type", "vmac_directed"): tr("vmac_directed: one node forwards"),
        ("filter", "on_addr"): tr("on_addr: by the client's address"),
        ("filter", "on_port"): tr("on_port: by its address and port"),
        ("filter", "on_ipid"): tr("on_ipid: read as on_addr"),
        ("class", "both"): tr("both: while the application runs"),
        ("class", "pre"): tr("pre: from after prestart on"),
    }
    return known.get((attribute, value), value)
