"""What the specification promises, line by line, under short ids: what the tests must cover.

Wherever the product has a table of its own (rules, phases, commands, routes, settings), the ids are made from
it; what stands only in the pages of the specification is listed here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

import click

from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.adapters.settings.reader import TABLES
from nodeagent.cli.exits import MEANINGS, STATE_EXITS
from nodeagent.cli.main import keepgreen
from nodeagent.contract.config_rules import FILES, walk
from nodeagent.contract.module_build import DEFAULT_ACTIONS
from nodeagent.contract.rule import AttributeRule
from nodeagent.contract.shim_table import TABLE
from nodeagent.contract.states import Action, Script
from nodeagent.core.phases import PHASES, Stage


@dataclass(frozen=True, slots=True)
class Promise:
    """One line that must have a test. `kept`: it is read and kept only, there is nothing more to test."""

    id: str
    says: str
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """The promises of one table or list of the specification."""

    title: str
    promises: tuple[Promise, ...]


def sections() -> tuple[Section, ...]:
    """Everything, in the order of the specification."""
    return (
        Section("Configuration: cluster.xml", tuple(_attributes("cluster.xml"))),
        Section("Configuration: userconfig.xml", tuple(_attributes("userconfig.xml"))),
        Section("Configuration: checkers", tuple(_checkers())),
        Section("Configuration: failover rules", _listed(_RULES)),
        Section("Life of a module: orders in every stage", tuple(_orders())),
        Section("Life of a module: scripts and their arguments", tuple(_scripts())),
        Section("Membership: invariants", _listed(_INVARIANTS)),
        Section("Traffic: health URL", _listed(_HEALTH)),
        Section("Agent: agent.toml", tuple(_settings())),
        Section("Agent: API", tuple(Promise(f"{route.method} {route.path}", route.says) for route in ROUTES)),
        Section("Agent: commands", _all_commands()),
        Section("Agent: exit codes", tuple(_exits())),
        Section("Agent: `safekit` in scripts", tuple(_shim())),
        Section("Agent: storage", _listed(_STORAGE)),
    )


_RULES = {
    "rule label": "a label, with which messages and counts name the rule",
    "rule not": "`!`",
    "rule and": "`&&`, which binds more tightly than `||`",
    "rule or": "`||`",
    "rule equal": "`==`",
    "rule unequal": "`!=`",
    "rule parentheses": "`( )`",
    "rule any-one": "`?` in place of a class or an id",
    "rule all": "an asterisk in place of a class or an id",
    "rule comment": "`//` and `/* */`",
    "rule state init": "a resource nobody has looked at, or that is not there",
    "rule state up": "",
    "rule state down": "",
    "rule state unknown": "",
    "rule action stop()": "",
    "rule action stopstart()": "",
    "rule action wait()": "",
    "rule action restart()": "",
    "rule generated t_ID": "of a `tcp` checker",
    "rule generated p_ID": "of a `ping` checker",
    "rule generated c_ID": "of a `custom` checker",
    "rule generated h_ID": "of an `http` checker",
    "rule generated interface_failure": "of all `intf` checkers",
    "rule generated ip_failure": "of all `ip` checkers",
    "rule generated module_failure": "of all `module` checkers",
    "rule wake-up": "a module in WAIT goes on by itself when nothing is in the way any more",
    "rule mistakes": "all mistakes of a text are named, with line and column",
}

_INVARIANTS = {
    "invariant 1": "in each settled partition every slot has one owner; never none for long while a node is UP Ready",
    "invariant 2": "a slot whose owner stays in the view never moves",
    "invariant 3": "a frozen node causes no lost verdict about others",
    "invariant 4": "forged, replayed, foreign or malformed datagrams change nothing but a counter",
    "invariant 5": "after healing: one view, one table, within one window; no application restart",
    "invariant 6": "moving the wall clock by a year changes nothing",
}

_HEALTH = {
    "health 200": "`OK` exactly while the module is UP Ready",
    "health 404 not ready": "every other state, unknown and stopped modules",
    "health 404 late": "while the agent's loop is not on time",
    "health 404 stop": "from a stop order on, before anything else",
    "health noaction": "a checker with `noaction` never changes it",
    "health paused": "a paused checker never changes it",
    "health head options": "HEAD and OPTIONS answer like GET",
    "health 405": "other methods, with `Allow`",
    "health headers": "`Connection: close`, `Content-Length`, `Cache-Control: no-store`",
    "health query": "Host and query are ignored",
    "health FIN": "the connection ends with FIN, never RST",
    "health header cap": "a header of more than 2 KB is refused",
    "health idle cut": "an idle connection is cut",
    "health 200 connections": "slow clients by the hundred delay nobody",
    "health families": "an IPv4 and an IPv6 socket",
    "health probes": "counted per source, with the last answer and the interval",
    "health busy port": "retried, and named with its holder",
    "health live.txt": "agent alive, loop on time",
    "health status.json": "state, status, since, share; no causes",
}

_STORAGE = {
    "storage home": "KEEPGREEN_HOME moves SAFE and SAFEVAR; a path with spaces is refused",
    "storage secrets": "0600, whatever the umask",
    "storage writer": "one writer thread; the loop never waits for the disk",
    "storage atomic": "configuration and state files: the old or the new one, whatever happens",
    "storage kill": "kill -9 loses no acknowledged log line",
    "storage corrupt": "a corrupt database is renamed, a new one begun, and it is said",
    "storage age": "bounded by age",
    "storage size": "bounded by size",
    "storage disk full": "supervision goes on and says so",
    "storage verbose first": "verbose lines are dropped first",
    "storage log line": "time, node, module, origin, type, text, cause id",
    "storage system log": "main events also to journald",
    "storage event log": "main events also to the Windows Event Log",
    "storage mail": "main events by e-mail",
    "storage webhook": "main events as JSON to a URL",
    "storage batched": "e-mail and webhook are batched and rate-limited",
    "storage snapshot": "one zip with everything support needs",
    "storage snapshot secrets": "never a secret in it",
    "storage anonymise": "addresses and names replaced, the same everywhere",
}


_COMMANDS = (
    *("agent run", "passwd", "fingerprint", "enrol open", "enrol join", "demo", "console", "level", "doctor", "why"),
    *(f"cluster {word}" for word in ("check", "config", "info", "state", "genkey", "rotate", "deconfig", "replace")),
    *(f"module {word}" for word in ("install", "package", "uninstall", "list")),
    *("config", "deconfig", "check", "start", "stop", "restart", "stopstart", "forcestop"),
    *("waitstart", "waitstop", "waitstate", "run-without", "state", "get", "set", "errd", "checker", "failover"),
    *("boot", "incloop", "resetloop", "checkloop", "log", "logview", "printi", "printe", "cmdlog", "snapshot"),
    *(f"vip {word}" for word in ("show", "where", "check", "probe", "open", "close")),
    *(f"firewall {word}" for word in ("add", "del", "show")),
    *(f"service {word}" for word in ("install", "remove", "status")),
    *(f"demo {word}" for word in ("up", "status", "down")),
)
"""Those the specification names: one that does not exist is seen too."""


def _listed(lines: dict[str, str]) -> tuple[Promise, ...]:
    return tuple(Promise(id, says) for id, says in lines.items())


def attributes(file: str) -> Iterator[tuple[str, AttributeRule]]:
    """Every attribute with the path of its element."""
    for path, rule in walk(FILES[file]):
        yield from ((path, attribute) for attribute in rule.attributes)


@cache
def attribute_id(path: str, attribute: str) -> str:
    """`element@attribute`, with as much of the path as tells the element from others of its name."""
    paths = [path for root in FILES.values() for path, rule in walk(root) if rule.attributes]
    parts = path.split("/")
    endings = ("/".join(parts[-count:]) for count in range(1, len(parts) + 1))
    short = next(end for end in endings if sum(f"/{other}".endswith(f"/{end}") for other in paths) == 1)
    return f"{short}@{attribute}"


def _attributes(file: str) -> Iterator[Promise]:
    for path, rule in attributes(file):
        yield Promise(attribute_id(path, rule.name), rule.help, bool(rule.unused) or not rule.in_force)


def _checkers() -> Iterator[Promise]:
    for kind, action in DEFAULT_ACTIONS.items():
        yield Promise(f"checker {kind}", "sets its resource by what it finds")
        yield Promise(f"checker {kind}: default action", action or "noaction")
    yield Promise("checker pre: default action", Action.WAIT)
    yield Promise("checker module: restarted", "stopstart when the other module was started anew")


def _orders() -> Iterator[Promise]:
    for stage, action in product(Stage, Action):
        yield Promise(f"{action} while {stage}", "")
    for start in ("start", "stop"):
        yield Promise(f"run-without {start}", "the application without the product, the module in STOP")


def _scripts() -> Iterator[Promise]:
    seen = set()
    for phase, row in PHASES.items():
        if step := row.step:
            words = (step.script, *(["force"] if step.forced else []), step.frm, step.to)
            seen.add(step.script)
            yield Promise(f"script {' '.join(words)}", phase)
    for script in Script:
        if script not in seen:
            yield Promise(f"script {script}", "runs around a change of the configuration")
    for word in ("start", "stop", "restart", "stopstart", "stopwait"):
        yield Promise(f"script action {word}", "the last argument")
    yield Promise("script -Services", "the services to restart, by `restart_services`")
    for limit in ("starttimeout", "nicestoptimeout", "forcestoptimeout"):
        yield Promise(f"script {limit} passed", "its whole process tree is killed")


def _settings() -> Iterator[Promise]:
    for name, table in TABLES.items():
        yield from (Promise(f"{name}.{key}", "") for key in table.checks)


def _all_commands() -> tuple[Promise, ...]:
    there = tuple(_commands(keepgreen, "keepgreen"))
    known = {promise.id for promise in there}
    named = (f"keepgreen {name}" for name in _COMMANDS)
    return (*there, *(Promise(name, "there is no such command") for name in named if name not in known))


def _commands(command: click.Command, path: str) -> Iterator[Promise]:
    if isinstance(command, click.Group):
        options = (option for option in command.params if isinstance(option, click.Option) and not option.hidden)
        yield from (Promise(f"{path} {option.opts[0]}", option.help or "") for option in options if path == "keepgreen")
        for name in sorted(command.commands):
            yield from _commands(command.commands[name], f"{path} {name}")
    if not command.hidden and (not isinstance(command, click.Group) or command.invoke_without_command):
        yield Promise(path, command.get_short_help_str(120))


def _shim() -> Iterator[Promise]:
    for row in TABLE:
        yield Promise(f"safekit {row.command}: {row.how.name.lower().replace('_', ' ')}", row.note)


def _exits() -> Iterator[Promise]:
    yield from (Promise(f"exit {int(code)}", meaning) for code, meaning in MEANINGS.items())
    yield from (Promise(f"exit {code} of state -q", f"the module is in {state}") for state, code in STATE_EXITS.items())


def all_promises() -> dict[str, Promise]:
    """By id. Raises ValueError for an id that comes twice or cannot be told from a pattern."""
    promises = [promise for section in sections() for promise in section.promises]
    twice = [id for id, count in Counter(promise.id for promise in promises).items() if count > 1 or "*" in id]
    if twice:
        raise ValueError(f"these cannot be ids: {', '.join(twice)}")
    return {promise.id: promise for promise in promises}
