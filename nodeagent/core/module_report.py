"""What is told of a module: its status snapshot, its sentence, its cause chain."""

from collections.abc import Sequence

from nodeagent.contract.api import CauseLink
from nodeagent.contract.states import Action
from nodeagent.contract.status import (
    ModuleStatus,
    Refusal,
    ResourceChange,
    ResourceHistory,
    ResourceStatus,
    RunningScript,
    Switches,
)
from nodeagent.core.module_life import ModuleLife
from nodeagent.core.phases import Limit, Phase
from nodeagent.core.senses import PROCESSES
from nodeagent.core.switches import NAMES, SwitchBoard
from nodeagent.core.view import Member


def sentence(life: ModuleLife) -> str:
    """Why the module is not green, in one sentence without its time; empty while it is green."""
    why = life.memory.why
    match life.phase:
        case Phase.READY:
            return ""
        case Phase.STOPPED | Phase.DOUBTING:
            return why
        case Phase.WAITING | Phase.HELD:
            return f"waiting for {_waited_for(life)} ({why})"
        case Phase.WARMING if life.senses.needed:
            return f"warming up, waiting for {_not_good(life)} ({why})"
        case Phase.WARMING:
            return f"warming up, listening to the other nodes first ({why})"
        case _:
            return f"{life.phase} ({why})"


def _waited_for(life: ModuleLife) -> str:
    """`ping.gw: no answer within 5 s`; what is down first, else what nobody has looked at yet."""
    waiting = life.senses.waiting()
    return "; ".join(_resource(life, name) for name in waiting.down or waiting.init) or "its resources"


def _not_good(life: ModuleLife) -> str:
    """The processes and checkers that have not been good yet."""
    needed = life.senses.needed
    names = [known.name for known in life.senses.shown() if known.state != "up"]
    bad = [name for name in names if name in needed or (name.startswith("proc.") and PROCESSES in needed)]
    return "; ".join(_resource(life, name) for name in bad) or "a good round of checks"


def _resource(life: ModuleLife, name: str) -> str:
    known = life.senses.table.get(name)
    words = known.detail if known and known.detail else "not looked at yet"
    return f"{name.removeprefix('proc.')}: {words}"


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
        ResourceStatus(r.name, r.state, r.since + wall_offset, r.detail, r.by, r.took) for r in life.senses.shown()
    ]
    refusals = [Refusal(action, reason) for action in Action if (reason := life.refusal(action))]
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
        switches=_switches(memory.switches, wall_offset),
        refusals=tuple(refusals),
        classes=tuple(sorted(memory.classes)),
        run_without=memory.run_without,
    )


def resource_history(life: ModuleLife, wall_offset: float) -> tuple[ResourceHistory, ...]:
    """What the resources were, oldest change first, with wall-clock times."""
    return tuple(
        ResourceHistory(
            known.name,
            tuple(ResourceChange(c.at + wall_offset, c.state, c.detail, c.by) for c in known.history),
        )
        for known in life.senses.table.all()
    )


def _switches(board: SwitchBoard, wall_offset: float) -> Switches:
    def wall(moment: float | None) -> float:
        return 0.0 if moment is None else moment + wall_offset

    ends = (wall(board.ends_at(name)) for name in NAMES)
    return Switches(board.errd, board.checker, board.failover, wall(board.until), *ends)


def _running(life: ModuleLife, wall_offset: float) -> RunningScript | None:
    run = life.runs.last
    if run is None:
        return None
    step = life.row.step
    limit = life.seconds(step.limit if step else Limit.FORCE)
    return RunningScript(run.words, run.name, life.entered + wall_offset, limit or 0.0, life.runs.last_duration(run))
