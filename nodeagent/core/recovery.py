"""What a starting agent does with the life that a record tells of. A pure decision, no effects."""

from enum import StrEnum

from nodeagent.contract.states import Action, Boot, Intent
from nodeagent.core.events import ModuleRecord
from nodeagent.core.order import Order
from nodeagent.core.phases import BEFORE_APPLICATION, PHASES, Phase, Stage


class Recovery(StrEnum):
    """The ways on after a start of the agent."""

    REST = "stay stopped"
    STAY_DOWN = "stopped by the machine's end, boot does not start it"
    BOOT = "start by boot"
    AWAIT_SCRIPT = "a script of the last agent may still run"
    ADOPT = "the application runs on: adopt it"
    BEGIN = "nothing of the application was started: begin anew"
    REBOOT = "the machine is about to be started anew"
    CRASHED = "the last agent ended on the way: finish or repair"


def phase_of(record: ModuleRecord) -> Phase:
    """The phase that was written; one that this version does not know counts as stopped."""
    return Phase(record.phase) if record.phase in Phase.__members__.values() else Phase.STOPPED


def decide(record: ModuleRecord, boot: Boot, boot_on: bool) -> Recovery:
    """Another boot never adopts; the same boot goes on with the application."""
    phase = phase_of(record)
    if not record.same_boot:
        if phase is Phase.REBOOTING:
            return Recovery.BOOT
        wanted = {Boot.ON: True, Boot.OFF: False, Boot.AUTO: record.intent is Intent.START, Boot.IGNORE: boot_on}
        if wanted[boot]:
            return Recovery.BOOT
        return Recovery.REST if phase is Phase.STOPPED else Recovery.STAY_DOWN
    if phase is Phase.STOPPED:
        return Recovery.REST
    if phase is Phase.REBOOTING:
        return Recovery.REBOOT
    if record.runs:
        return Recovery.AWAIT_SCRIPT
    if PHASES[phase].stage is Stage.WITHOUT:
        return Recovery.REST
    if PHASES[phase].stage is Stage.UP or phase is Phase.ADOPTING:
        return Recovery.ADOPT
    return Recovery.BEGIN if phase in BEFORE_APPLICATION else Recovery.CRASHED


def order_of(record: ModuleRecord) -> Order:
    """What the last agent was doing. The intent tells it only where an earlier version wrote no order."""
    if record.order is not None:
        return record.order
    phase = phase_of(record)
    starts = record.intent is Intent.START and PHASES[phase].stage is not Stage.WITHOUT
    return Order(Action.START if starts or phase is Phase.WITHOUT_STARTING else Action.STOP, record.author)
