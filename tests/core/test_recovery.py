"""What a starting agent does with the record of the last one."""

import pytest

from nodeagent.contract.states import Boot, Intent, Script
from nodeagent.core.events import ModuleRecord, ScriptRun
from nodeagent.core.phases import Phase
from nodeagent.core.recovery import Recovery, decide

RUN = ScriptRun("r", Script.START_BOTH)


@pytest.mark.parametrize(
    ("record", "then"),
    [
        (ModuleRecord(phase=Phase.STOPPED), Recovery.REST),
        (ModuleRecord(phase="a word of a later version"), Recovery.REST),
        (ModuleRecord(phase=Phase.READY), Recovery.ADOPT),
        (ModuleRecord(phase=Phase.WARMING), Recovery.ADOPT),
        (ModuleRecord(phase=Phase.DOUBTING), Recovery.ADOPT),
        (ModuleRecord(phase=Phase.ADOPTING), Recovery.ADOPT),
        (ModuleRecord(phase=Phase.STARTING, runs=(RUN,)), Recovery.AWAIT_SCRIPT),
        (ModuleRecord(phase=Phase.STOPPING, runs=(RUN,)), Recovery.AWAIT_SCRIPT),
        (ModuleRecord(phase=Phase.PREPARING), Recovery.BEGIN),
        (ModuleRecord(phase=Phase.WAITING), Recovery.BEGIN),
        (ModuleRecord(phase=Phase.HELD), Recovery.BEGIN),
        (ModuleRecord(phase=Phase.DRAINING), Recovery.CRASHED),
        (ModuleRecord(phase=Phase.REBOOTING), Recovery.REBOOT),
        (ModuleRecord(phase=Phase.WITHOUT_STARTING, runs=(RUN,)), Recovery.AWAIT_SCRIPT),
        (ModuleRecord(phase=Phase.WITHOUT_STOPPING), Recovery.REST),
    ],
)
def test_the_same_boot_goes_on(record: ModuleRecord, then: Recovery) -> None:
    assert decide(record, Boot.ON, True) is then


@pytest.mark.parametrize("phase", [Phase.READY, Phase.STARTING, Phase.STOPPED])
@pytest.mark.parametrize(
    ("boot", "intent", "setting", "starts"),
    [
        (Boot.ON, Intent.STOP, False, True),
        (Boot.OFF, Intent.START, True, False),
        (Boot.AUTO, Intent.START, False, True),
        (Boot.AUTO, Intent.STOP, True, False),
        (Boot.IGNORE, Intent.START, False, False),
        (Boot.IGNORE, Intent.STOP, True, True),
    ],
)
def test_another_boot_never_adopts(phase: Phase, boot: Boot, intent: Intent, setting: bool, starts: bool) -> None:
    decision = decide(ModuleRecord(phase=phase, intent=intent, runs=(RUN,), same_boot=False), boot, setting)
    if starts:
        assert decision is Recovery.BOOT
    else:
        assert decision is (Recovery.REST if phase is Phase.STOPPED else Recovery.STAY_DOWN)


def test_a_machine_that_was_started_anew_for_a_module_starts_it() -> None:
    record = ModuleRecord(phase=Phase.REBOOTING, intent=Intent.STOP, same_boot=False)
    assert decide(record, Boot.OFF, False) is Recovery.BOOT


def test_the_words_of_a_phase_are_never_changed() -> None:
    assert {Phase.WAITING, Phase.HELD} == {"waiting for resources", "waiting for resources that are down"}
