"""The rule table of userconfig.xml: module, scripts, process monitoring, health."""

from nodeagent.contract.cluster_rules import NAME
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.traffic_rules import CHECK, FAILOVER, VIP
from nodeagent.contract.value_types import ActionOrHandler, Choice, Expression, Integer, SomeText, Span, Switch, Text

MACRO_NAME = r"[A-Za-z_][A-Za-z0-9_.()-]{0,254}"
CLASS_NAME = Text(r"[A-Za-z0-9_.-]{1,63}", "both, pre, or an own name of letters, digits, . - or _")
COUNT = 1_000_000

MACRO = ElementRule(
    "macro",
    "Gives %NAME% a value for the rest of the file.",
    (
        AttributeRule("name", Text(MACRO_NAME, "a name: letters, digits, _ . - ( )"), "NAME of %NAME%.", required=True),
        AttributeRule("value", Text(), "What stands for it; may use macros defined above it.", required=True),
    ),
    most=None,
)

FARM = ElementRule(
    "farm",
    "The networks that count for this module.",
    (
        AttributeRule(
            "port", Integer(1, 65535), "Of the older product.", unused="heartbeats use the port of cluster.xml"
        ),
        AttributeRule("pulse", Span("ms", zero=False), "This module's own pulse, not below the cluster's."),
        AttributeRule("slost_count", Integer(2, 1000), "This module's own count of silent pulses."),
    ),
    (
        ElementRule(
            "lan",
            "A lan of cluster.xml whose heartbeats count for this module.",
            (AttributeRule("name", NAME, "Its name in cluster.xml.", required=True, restart=True),),
            least=1,
            most=None,
        ),
    ),
)

VAR = ElementRule(
    "var",
    "An environment variable for the module's scripts, from their next run on; in <user> or in <service>.",
    (
        AttributeRule("name", Text(r"[^=\s]{1,255}", "a name without blanks and ="), "Its name.", required=True),
        AttributeRule("value", Text(), "Its value.", required=True),
    ),
    most=None,
)

USER = ElementRule(
    "user",
    "The module has scripts. Without this element no script runs.",
    (
        AttributeRule("nicestoptimeout", Span("s"), "How long stop_both may take.", "300"),
        AttributeRule(
            "forcestoptimeout",
            Span("s"),
            "How long stop_both force and the other scripts may take before their processes are killed.",
            "300",
        ),
        AttributeRule("starttimeout", Span("s"), "How long start_both may take; 0 = no limit.", "0"),
        AttributeRule(
            "logging", Choice(("userlog", "none")), "userlog keeps the output of each run in a file.", "userlog"
        ),
        AttributeRule("userlogsize", Integer(1, 1_048_576), "Largest output file of a run, in KB.", "2048"),
        AttributeRule(
            "exitcode",
            Choice(("log", "act")),
            "act: start_both other than 0 is a counted stopstart; log: it is one line in the log.",
            "log",
        ),
    ),
    (VAR,),
)

PROC = ElementRule(
    "proc",
    "A process (or service) that must run; its resource is proc.NAME.",
    (
        AttributeRule(
            "name",
            SomeText(),
            "Process name, with or without .exe, upper or lower case alike on Windows; the service's name with"
            " service.",
            required=True,
        ),
        AttributeRule("service", Switch(), "name is a Windows service or a systemd unit.", "no"),
        AttributeRule("nameregex", Expression(), "Must be found in the process name too."),
        AttributeRule("argregex", Expression(), "Must be found in the full command line too."),
        AttributeRule("atleast", Integer(-1, COUNT), "Act when fewer run; -1 = do not look at this.", "1"),
        AttributeRule("atmax", Integer(-1, COUNT), "Act when more run; -1 = do not look at this.", "-1"),
        AttributeRule("atmost", Integer(-1, COUNT), "The same as atmax.", same_as="atmax"),
        AttributeRule(
            "action",
            ActionOrHandler(("restart", "stopstart", "stop", "noaction")),
            "What to do; an executable is a handler: exit 0 = handled, else stopstart.",
            "stopstart",
        ),
        AttributeRule(
            "class",
            CLASS_NAME,
            "both: while the application runs; pre: from after prestart on; an own name: when enabled by command.",
            required=True,
        ),
        AttributeRule("start_after", Integer(0, COUNT), "n gives (n-1) poll periods of grace after start.", "0"),
        AttributeRule(
            "restart_services",
            SomeText(),
            "With service and restart: the services that the scripts are told to restart.",
        ),
        AttributeRule("grace", Span("s"), "Wait this long and scan again before acting (workers recycle).", "0"),
    ),
    most=None,
)

ERRD = ElementRule(
    "errd",
    "Process monitoring. Needs <user>.",
    (
        AttributeRule(
            "polltimer", Span("s", zero=False), "Time between two fallback scans; deaths are noticed at once.", "30"
        ),
    ),
    (PROC,),
)

HEALTH = ElementRule(
    "health",
    "How a load balancer is told.",
    (
        AttributeRule(
            "drain", Span("s"), "Time between ready.txt turning 404 and stop_both when an administrator stops.", "0"
        ),
        AttributeRule("rounds", Integer(0, 1000), "Good rounds of checks before the module is Ready.", "1"),
    ),
)

SERVICE = ElementRule(
    "service",
    "The module.",
    (
        AttributeRule(
            "mode",
            Choice(("farm", "light", "mirror")),
            "farm: all nodes run it; light: one node without peers; mirror: not in this version.",
            required=True,
            restart=True,
        ),
        AttributeRule(
            "boot",
            Choice(("on", "off", "auto", "ignore")),
            "When the node boots: start, do not, as the administrator last wanted, or by the node's own setting.",
            "ignore",
        ),
        AttributeRule("boot_delay", Span("s"), "Wait this long before the start at boot.", "0"),
        AttributeRule(
            "maxloop", Integer(0, COUNT), "Counted automatic actions allowed in the window; the next one stops.", "3"
        ),
        AttributeRule("loop_interval", Span("h"), "The sliding window; 0 switches counting off.", "24"),
        AttributeRule(
            "automatic_reboot",
            Switch(),
            "An automatic stopstart reboots the machine instead, where agent.toml allows it.",
            "off",
        ),
        AttributeRule(
            "restart_delay", Span("s"), "Wait before counted actions that follow each other, doubling; 0 = none.", "0"
        ),
        AttributeRule("restart_delay_max", Span("s"), "Where the doubling ends.", "60"),
    ),
    (FARM, VIP, USER, VAR, ERRD, CHECK, FAILOVER, HEALTH),
    least=1,
)

SAFE = ElementRule("safe", "One module.", children=(MACRO, SERVICE), least=1, ordered=True)
