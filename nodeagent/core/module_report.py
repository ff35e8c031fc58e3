"""What is told of a module: its status snapshot, its sentence, its cause chain."""

from collections.abc import Sequence

from nodeagent.contract.api import CauseLink
from nodeagent.contract.states import Action
from nodeagent.contract.status import ModuleStatus, Refusal, ResourceStatus, RunningScript, Switches
from nodeagent.core.module_life import ModuleLife
from nodeagent.core.phases import Limit, Phase
from nodeagent.core.view import Member


def sentence(life: ModuleLife) -> str:
    """Why the module is not green, in one sentence without its time; empty while it is green."""
    why = life.memory.why
    match life.phase:
        case Phase.READY:
            return ""
        case Phase.STOPPED:
            return why
        case Phase.WARMING if life.monitor.rules:
            waiting = [f"{name[5:]}: {words}" for name, state, _, words in life.monitor.resources() if state != "up"]
            return f"warming up, waiting for {'; '.join(waiting) or 'a good round of checks'} ({why})"
        case Phase.WARMING:
            return f"warming up, listening to the other nodes first ({why})"
        case Phase.DOUBTING:
            return why
        case _:
            return f"{life.phase} ({why})"


def chain(life: ModuleLife, wall_offset: float) -> tuple[CauseLink, ...]:
    """The causes, oldest first, with wall-clock times."""
    return tuple(
        CauseLink(c.id, c.at + wall_offset, c.text, c.by, c.action, c.evidence, c.output)
        for c in life.memory.causes.links
    )


def module_status(life: ModuleLife, me: str, view: Sequence[Member], now: float, wall_offset: float) -> ModuleStatus:
    """The snapshot of one module on this node; times become wall-clock times."""
    config, memory = life.config, life.memory
    serving = [member.node for member in view]
    resources = [
        ResourceStatus(name, state, since + wall_offset, words)
        for name, state, since, words in life.monitor.resources()
    ]
    resources += [ResourceStatus(name, state, at + wall_offset) for name, (state, at) in memory.resources.items()]
    refusals = [Refusal(action, reason) for action in Action if (reason := life.refusal(action))]
    until = memory.switches.until
    return ModuleStatus(
        name=config.name,
        mode=config.mode,
        state=life.state,
        status=life.status,
        since=life.since + wall_offset,
        by=memory.by,
        why=sentence(life),
        phase=str(life.phase),
        share=round(100 / len(serving), 1) if me in serving else 0.0,
        intent=memory.intent,
        revision=life.revision,
        waiting_revision=life.waiting.revision if life.waiting else 0,
        signature=config.signature,
        nodes=config.nodes,
        counted=len(memory.count.within(config.loop_interval, now)),
        maxloop=config.maxloop,
        loop_interval=config.loop_interval,
        ready=life.ready,
        script=_running(life, wall_offset),
        resources=tuple(resources),
        switches=Switches(
            memory.switches.errd,
            memory.switches.checker,
            memory.switches.failover,
            0.0 if until is None else until + wall_offset,
        ),
        refusals=tuple(refusals),
    )


def _running(life: ModuleLife, wall_offset: float) -> RunningScript | None:
    run = life.runs.last
    if run is None:
        return None
    step = life.row.step
    limit = life.seconds(step.limit) if step else life.seconds(Limit.FORCE)
    return RunningScript(run.words, run.name, life.entered + wall_offset, limit, life.runs.last_duration(run))
