"""Makes a ModuleConfig of a checked `<service>`; nothing is decided or refused here."""

from collections import Counter
from collections.abc import Iterator

from nodeagent.contract.config import (
    CheckerRule,
    Failover,
    FarmLans,
    Health,
    ModuleConfig,
    Monitoring,
    ProcRule,
    UserScripts,
    VirtualIp,
)
from nodeagent.contract.config_check import Checked
from nodeagent.contract.durations import Duration
from nodeagent.contract.rule_grammar import read_rules
from nodeagent.contract.states import Action, Boot, Mode
from nodeagent.contract.vip_build import own_checkers, virtual_ip
from nodeagent.contract.xml_reader import text_of

PROC_ACTIONS = {"restart": Action.RESTART, "stopstart": Action.STOPSTART, "stop": Action.STOP, "noaction": None}
DEFAULT_ACTIONS = {
    "tcp": Action.RESTART,
    "ping": Action.WAIT,
    "intf": Action.WAIT,
    "ip": Action.STOPSTART,
    "custom": None,
    "module": Action.WAIT,
    "http": Action.RESTART,
}


def module_config(
    name: str, service: Checked, nodes: tuple[str, ...], not_in_force: tuple[str, ...], signature: str
) -> ModuleConfig:
    """The configuration of a file without errors."""
    vip = virtual_ip(service.first("vip"), nodes)
    return ModuleConfig(
        name=name,
        mode=Mode(service.text("mode")),
        nodes=nodes,
        boot=Boot(service.text("boot")),
        boot_delay=service.seconds("boot_delay"),
        maxloop=service.number("maxloop"),
        loop_interval=service.seconds("loop_interval"),
        automatic_reboot=service.on("automatic_reboot"),
        restart_delay=service.seconds("restart_delay"),
        restart_delay_max=service.seconds("restart_delay_max"),
        farm=_farm(service.first("farm")),
        user=_user(service.first("user")),
        variables=tuple((var.text("name"), var.text("value")) for var in variables(service)),
        monitoring=_monitoring(service.first("errd")),
        checkers=_all_checkers(service, vip),
        failover=_failover(service.first("failover")),
        health=_health(service.first("health")),
        vip=vip,
        not_in_force=not_in_force,
        signature=signature,
    )


def variables(service: Checked) -> Iterator[Checked]:
    """All `<var>`: existing files have them in `<user>`, others in `<service>`."""
    yield from service.all("var")
    if user := service.first("user"):
        yield from user.all("var")


def _farm(farm: Checked | None) -> FarmLans:
    if farm is None:
        return FarmLans()
    lans = tuple(lan.text("name") for lan in farm.all("lan"))
    return FarmLans(lans, farm.seconds("pulse"), farm.number("slost_count"))


def _user(user: Checked | None) -> UserScripts | None:
    if user is None:
        return None
    return UserScripts(
        nicestoptimeout=user.seconds("nicestoptimeout"),
        forcestoptimeout=user.seconds("forcestoptimeout"),
        starttimeout=user.seconds("starttimeout"),
        logging=user.text("logging") == "userlog",
        userlogsize=user.number("userlogsize"),
        act_on_exitcode=user.text("exitcode") == "act",
    )


def _monitoring(errd: Checked | None) -> Monitoring | None:
    if errd is None:
        return None
    seen: Counter[str] = Counter()
    procs = []
    for proc in errd.all("proc"):
        seen[proc.text("name")] += 1
        procs.append(_proc(proc, seen[proc.text("name")]))
    return Monitoring(errd.seconds("polltimer"), tuple(procs))


def _proc(proc: Checked, number: int) -> ProcRule:
    action = proc.text("action")
    handler = "" if action in PROC_ACTIONS else action
    return ProcRule(
        name=proc.text("name"),
        proc_class=proc.text("class"),
        service=proc.on("service"),
        nameregex=proc.text("nameregex"),
        argregex=proc.text("argregex"),
        atleast=proc.number("atleast"),
        atmax=proc.number("atmax"),
        # What follows when a handler does not handle it.
        action=Action.STOPSTART if handler else PROC_ACTIONS[action],
        handler=handler,
        start_after=proc.number("start_after"),
        restart_services=proc.text("restart_services"),
        grace=proc.seconds("grace"),
        number=number,
    )


def _all_checkers(service: Checked, vip: VirtualIp | None) -> tuple[CheckerRule, ...]:
    """Those of `<check>`, and those of `<vip>` that no own one of the same name replaces."""
    own = tuple(checkers_of(service.first("check")))
    names = {rule.key for rule in own}
    return (*own, *(rule for rule in own_checkers(vip) if rule.key not in names))


def checkers_of(check: Checked | None) -> Iterator[CheckerRule]:
    """The checkers of `<check>`; what is wrong in them has its default."""
    for checker in check.children if check else ():
        kind, when, action = str(checker.element.tag), checker.text("when"), checker.text("action")
        default = Action.WAIT if when == "pre" else DEFAULT_ACTIONS[kind]
        to = checker.first("to")
        params: dict[str, object] = {
            name: checker.values[name] for name in ("exec", "arg", "name") if name in checker.values
        }
        params.update(to.values if to else {})
        yield CheckerRule(
            kind=kind,
            ident=checker.text("ident") or checker_module(checker),
            when=when,
            action=default if not action else None if action == "noaction" else Action(action),
            fall=checker.number("fall"),
            rise=checker.number("rise"),
            warmup=checker.seconds("warmup"),
            params=tuple((name, _param(value)) for name, value in params.items()),
        )


def checker_module(checker: Checked) -> str:
    """The module that a `<module>` checker watches, "" for the other kinds."""
    to = checker.first("to")
    return checker.text("name") or (to.text("name") if to else "")


def _param(value: object) -> str:
    if isinstance(value, Duration):
        return f"{value.seconds:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def _failover(failover: Checked | None) -> Failover:
    if failover is None:
        return Failover()
    text = text_of(failover.element)
    return Failover(
        extends=failover.on("extends"),
        period=failover.seconds("period"),
        handle_time=failover.seconds("handle_time"),
        rules=read_rules(text).rules,
        text=text.strip(),
    )


def _health(health: Checked | None) -> Health:
    return Health(health.seconds("drain"), health.number("rounds")) if health else Health()
