"""What the settings of a module mean, in a sentence and on a ruler drawn to scale."""

from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.module_fields import Tab
from app.viewmodels.text import joined, names, number, percent, tr, trn
from nodeagent.contract.config import CheckerRule, ClusterConfig, ModuleConfig, ProcRule, UserScripts
from nodeagent.contract.states import Action, Boot


class Ink(StrEnum):
    """How a stretch of the ruler is painted: as a measure, or in the colour of the state it ends in."""

    PLAIN = "plain"
    WORKING = "working"
    GOOD = "good"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Stretch:
    """A stretch of time: `seconds` long, 0 for a moment. `words` say what happens in it."""

    seconds: float
    words: str
    ink: Ink


@dataclass(frozen=True)
class Meaning:
    """One or two sentences, and the ruler from 0 s on (empty when no time is told)."""

    sentence: str
    ruler: tuple[Stretch, ...] = ()


def meaning(config: ModuleConfig, cluster: ClusterConfig | None, tab: Tab, chosen: int) -> Meaning:
    """What the settings of this tab mean; `chosen` is the process or the checker looked at, from 1."""
    if tab is Tab.PROCESSES:
        rules = config.monitoring.procs if config.monitoring else ()
        if 1 <= chosen <= len(rules):
            return _process(config, rules[chosen - 1])
        return Meaning(tr("No process is watched: only a checker or an administrator acts."))
    if tab is Tab.CHECKERS:
        if 1 <= chosen <= len(config.checkers):
            return _checker(config, config.checkers[chosen - 1])
        return Meaning(tr("Nothing is checked: only a process that dies or an administrator acts."))
    if tab is Tab.VIP:
        return _vip(config, cluster)
    if tab is Tab.RULES:
        return _rules(config)
    if tab is Tab.SCRIPTS:
        return _stop(config)
    if tab is Tab.HEALTH:
        return _health(config)
    return _general(config, cluster)


def length(seconds: float) -> str:
    """Exact: `0 s`, `1.5 s`, `5 min`, `1 h 30 min`."""
    if seconds < 60:
        whole = round(seconds, 3)
        return tr(
            "{seconds} s", seconds=number(whole, 0 if whole == int(whole) else 1 if round(whole, 1) == whole else 3)
        )
    parts = []
    rest = round(seconds)
    for size, words in (
        (86400, tr("{count} d")),
        (3600, tr("{count} h")),
        (60, tr("{count} min")),
        (1, tr("{count} s")),
    ):
        count, rest = divmod(rest, size)
        if count:
            parts.append(words.format(count=count))
    return " ".join(parts)


def _general(config: ModuleConfig, cluster: ClusterConfig | None) -> Meaning:
    boot = {
        Boot.ON: tr("The module starts when its node boots."),
        Boot.OFF: tr("The module stays stopped when its node boots."),
        Boot.AUTO: tr("After a boot the module is as an administrator last wanted it."),
        Boot.IGNORE: tr("Whether the module starts at boot is a setting of each node."),
    }[config.boot]
    ruler: tuple[Stretch, ...] = ()
    window = _window(config, cluster)
    if window:
        ruler = (
            Stretch(window, tr("a node is silent"), Ink.PLAIN),
            Stretch(0, tr("lost: the others take its part"), Ink.GOOD),
        )
    return Meaning(f"{boot} {_counting(config)}", ruler)


def _window(config: ModuleConfig, cluster: ClusterConfig | None) -> float:
    """Seconds until a silent node is lost, 0 when that is not known here."""
    pulse = config.farm.pulse or (cluster.pulse if cluster else 0.0)
    return pulse * (config.farm.slost_count or (cluster.slost_count if cluster else 0))


def _counting(config: ModuleConfig) -> str:
    if not config.loop_interval:
        return tr("Automatic actions are not counted.")
    return trn(
        "{count} automatic action in {window} is allowed; the next one stops the module on that node.",
        "{count} automatic actions in {window} are allowed; the next one stops the module on that node.",
        config.maxloop,
        window=length(config.loop_interval),
    )


def _process(config: ModuleConfig, rule: ProcRule) -> Meaning:
    user = config.user or UserScripts()
    seen = Stretch(rule.grace, tr("{name} is gone", name=rule.name), Ink.PLAIN)
    wait = tr("looked at again after {grace}", grace=length(rule.grace)) if rule.grace else tr("noticed at once")
    few = (
        tr("Fewer than {least} {name} is {wait}", least=rule.atleast, name=rule.name, wait=wait)
        if rule.atleast >= 1
        else tr("More than {most} {name} is {wait}", most=rule.atmax, name=rule.name, wait=wait)
    )
    if rule.action is None:
        return Meaning(tr("{seen} and shown; nothing is done.", seen=few), ())
    if rule.action is Action.STOP:
        sentence = tr("{seen}; the module then stops on that node.", seen=few)
        return Meaning(sentence, (seen, *_ended(user), Stretch(0, tr("stopped"), Ink.STOPPED)))
    verb = (
        tr("{seen}; the application then restarts on that node alone.", seen=few)
        if rule.action is Action.RESTART
        else tr("{seen}; the module then stops and starts again on that node alone.", seen=few)
    )
    return Meaning(f"{verb} {_counting(config)}", (seen, *_ended(user), *_begun(user)))


def _checker(config: ModuleConfig, rule: CheckerRule) -> Meaning:
    every, limit = _seconds(rule.param("interval")), _seconds(rule.param("timeout"))
    if not every:
        noticed = Stretch(0, tr("{name} is down", name=rule.key), Ink.PLAIN)
        seen = tr("A change of {name} is noticed at once", name=rule.key)
    else:
        fast, slow = every * rule.fall, every * rule.fall + limit
        noticed = Stretch(slow, tr("{name} does not answer", name=rule.key), Ink.PLAIN)
        seen = (
            trn(
                "{count} failure of {name} is noticed within {fast} when it is refused, within {slow} when it is"
                " silent",
                "{count} failures in a row of {name} are noticed within {fast} when they are refused, within {slow}"
                " when they are silent",
                rule.fall,
                name=rule.key,
                fast=length(fast),
                slow=length(slow),
            )
            if limit
            else tr("A failure of {name} is noticed within {fast}", name=rule.key, fast=length(fast))
        )
    match rule.action:
        case Action.RESTART | Action.STOPSTART:
            acts, rest = _restarted(config, rule.action)
        case Action.STOP:
            acts = tr("the module then stops on that node")
            rest = (*_ended(config.user or UserScripts()), Stretch(0, tr("stopped"), Ink.STOPPED))
        case Action.WAIT:
            acts = tr("the module then waits on that node, and starts by itself when it is up again")
            rest = (Stretch(0, tr("waits"), Ink.STOPPED),)
        case _:
            acts, rest = tr("nothing is done, it is only shown"), ()
    back = trn(
        "It is up again after {count} good result.", "It is up again after {count} good results in a row.", rule.rise
    )
    warm = (
        tr("After a start nothing is done before its first good result, or for {warmup}.", warmup=length(rule.warmup))
        if rule.warmup and rule.action
        else ""
    )
    said = tr("{seen}; {acts}.", seen=seen, acts=acts)
    return Meaning(" ".join(part for part in (said, back, warm) if part), (noticed, *rest) if rest else ())


def _restarted(config: ModuleConfig, action: Action) -> tuple[str, tuple[Stretch, ...]]:
    """What follows in words, and how long at most."""
    user = config.user or UserScripts()
    acts = (
        tr("the application then restarts on that node alone")
        if action is Action.RESTART
        else tr("the machine then starts anew, if its own setting allows it")
        if config.automatic_reboot
        else tr("the module then stops and starts again on that node alone")
    )
    return acts, (*_ended(user), *_begun(user))


def _seconds(text: str) -> float:
    """A duration of a checker, which the configuration keeps as a number in seconds; 0 when it has none."""
    return float(text) if text else 0.0


def _vip(config: ModuleConfig, cluster: ClusterConfig | None) -> Meaning:
    vip = config.vip
    if vip is None:
        return Meaning(tr("Without a virtual IP a load balancer in front decides who serves."))
    addresses = names(address.addr for address in vip.addresses)
    parts = []
    for group in vip.groups:
        total = sum(power for _, power in group.powers)
        shares = (
            tr("{node} {share}", node=node, share=percent(100 * power / total)) for node, power in group.powers if total
        )
        parts.append(tr("{group}: {shares}", group=group.name, shares=", ".join(shares)))
    sentence = tr("Clients of {addresses} are shared out; {groups}.", addresses=addresses, groups=joined(parts))
    if not vip.groups:
        sentence = tr(
            "{addresses} is on every node, and no group takes its traffic: it is dropped.", addresses=addresses
        )
    lost = tr("When a node is lost only its clients move.")
    window = _window(config, cluster)
    ruler = (
        (Stretch(window, tr("a node is silent"), Ink.PLAIN), Stretch(0, tr("its clients move"), Ink.GOOD))
        if window
        else ()
    )
    return Meaning(f"{sentence} {lost}", ruler)


def _rules(config: ModuleConfig) -> Meaning:
    failover = config.failover
    if not failover.rules:
        own = tr("There is no own rule: the action of each checker is all that follows a failure.")
    else:
        own = trn(
            "{count} own rule acts when its condition has held for {time}; generated rules act at once.",
            "{count} own rules act when their condition has held for {time}; generated rules act at once.",
            len(failover.rules),
            time=length(failover.handle_time),
        )
    if failover.extends:
        return Meaning(own)
    return Meaning(f"{own} {tr('The generated rules are off: no checker acts by itself.')}")


def _stop(config: ModuleConfig) -> Meaning:
    user = config.user
    if user is None:
        return Meaning(tr("Without these settings no script runs."))
    longest = config.health.drain + user.nicestoptimeout + user.forcestoptimeout
    start = (
        tr(
            "start_both may take {limit}; after that its processes are ended and it counts as failed.",
            limit=length(user.starttimeout),
        )
        if user.starttimeout
        else tr("start_both may take as long as it likes: a hung start is never noticed.")
    )
    stop = tr("A stop ordered by an administrator ends within {limit}.", limit=length(longest))
    return Meaning(f"{stop} {start}", _stopping(config, user))


def _health(config: ModuleConfig) -> Meaning:
    drain = config.health.drain
    told = (
        tr(
            "A stop ordered by an administrator first tells the load balancer, and waits {drain} before stop_both:"
            " enough for a probe every {probe}.",
            drain=length(drain),
            probe=length(max(drain - 2, 1)),
        )
        if drain >= 3
        else tr(
            "A stop ordered by an administrator goes on to stop_both after {drain}: clients that the load balancer"
            " still sends here meanwhile are lost.",
            drain=length(drain),
        )
    )
    rounds = trn(
        "After a start the node is Ready with {count} good round of checks.",
        "After a start the node is Ready with {count} good rounds of checks.",
        config.health.rounds,
    )
    return Meaning(f"{told} {rounds}", _stopping(config, config.user or UserScripts()))


def _stopping(config: ModuleConfig, user: UserScripts) -> tuple[Stretch, ...]:
    drain = (Stretch(config.health.drain, tr("no new clients"), Ink.PLAIN),) if config.health.drain else ()
    return (*drain, *_ended(user), Stretch(0, tr("stopped"), Ink.STOPPED))


def _ended(user: UserScripts) -> tuple[Stretch, ...]:
    """The end of the application, in a stop and in a restart."""
    return (
        Stretch(user.nicestoptimeout, tr("stop_both, at most"), Ink.WORKING),
        Stretch(user.forcestoptimeout, tr("forced stop, at most"), Ink.WORKING),
    )


def _begun(user: UserScripts) -> tuple[Stretch, ...]:
    """Its new beginning."""
    if not user.starttimeout:
        return (Stretch(0, tr("start_both, without a limit"), Ink.WORKING),)
    return (
        Stretch(user.starttimeout, tr("start_both, at most"), Ink.WORKING),
        Stretch(0, tr("Ready again"), Ink.GOOD),
    )
