"""The engine: events in, effects out in order, late wake-ups empty the sockets first."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from nodeagent.contract.config import ModuleConfig, UserScripts, VirtualIp
from nodeagent.contract.states import Action, Mode, Script
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from nodeagent.core.traffic_messages import ObserveTraffic, PrepareTraffic, SendProbe, SetSlots, WithdrawTraffic
from nodeagent.engine.loop import Adapters, Engine
from nodeagent.engine.writer import Writer
from tests.fakes.hands import FakeHands
from tests.fakes.sealer import FakeSealer

MODULE = ModuleConfig("farm", Mode.FARM, user=UserScripts())
SESSION = bytes(16)


@pytest.fixture
async def hands() -> FakeHands:
    return FakeHands()


@pytest.fixture
async def engine(hands: FakeHands) -> AsyncIterator[Engine]:
    writer = Writer(asyncio.get_running_loop())
    node = Node(Membership(SESSION, "uuid", FakeSealer(), "1.0", (9453, 9010)), SESSION)
    engine = Engine(node, writer)
    hands.post = engine.post
    engine.connect(Adapters(*[hands] * 10))
    engine.post(ev.ModuleConfigured(MODULE, 1, frozenset({Script.START_BOTH, Script.STOP_BOTH})))
    yield engine
    engine.close()
    await asyncio.to_thread(writer.close)


async def until(hands: FakeHands, word: str) -> None:
    async with asyncio.timeout(20):
        while not any(done.startswith(word) for done in hands.done):
            await asyncio.sleep(0.005)


async def test_a_start_saves_its_intent_then_runs_the_script_then_turns_green(engine: Engine, hands: FakeHands) -> None:
    answers: list[tuple[int, bool, str]] = []
    engine.on_answer = lambda ticket, accepted, text: answers.append((ticket, accepted, text))
    engine.post(ev.ActionOrdered("farm", Action.START, "admin", ticket=7))
    await until(hands, "run start_both")
    assert answers == [(7, True, "start accepted")]
    assert hands.done.index("save saving the order") < hands.done.index("run start_both")
    engine.post(ev.ScriptEnded("farm", hands.run_name, 0))
    await until(hands, "health True")


async def test_a_full_disk_is_told_once_and_once_when_it_has_room_again(engine: Engine, hands: FakeHands) -> None:
    hands.disk_error = "No space left on device"
    engine.post(ev.ActionOrdered("farm", Action.START, "admin"))
    await until(hands, "run start_both")
    engine.post(ev.ScriptEnded("farm", hands.run_name, 0))
    await until(hands, "health True")
    await until(hands, "save ready")
    hands.disk_error = ""
    engine.post(ev.ActionOrdered("farm", Action.STOP, "admin"))
    await until(hands, "log the state of the module is saved again")
    saved = [done for done in hands.done if done.startswith("log the state of the module")]
    assert saved == [
        "log the state of the module cannot be saved: No space left on device",
        "log the state of the module is saved again",
    ]


async def test_a_script_that_cannot_even_be_prepared_ends_with_the_reason(engine: Engine, hands: FakeHands) -> None:
    hands.job_error = OSError(28, "No space left on device")
    engine.post(ev.ActionOrdered("farm", Action.START, "admin"))
    await until(hands, "log start_both WAIT UP start: it could not be started")
    assert "No space left on device" in next(d for d in hands.done if "could not be started" in d)


class FakeNode(Node):
    """Answers an event with what the test gave it."""

    effects: tuple[do.Effect, ...] = ()

    def handle(self, event: ev.Event, now: float) -> list[do.Effect]:
        effects = super().handle(event, now)
        return list(self.effects) if isinstance(event, ev.Printed) else effects


async def test_the_slots_of_neighbouring_modules_go_in_one_transaction(hands: FakeHands) -> None:
    writer = Writer(asyncio.get_running_loop())
    node = FakeNode(Membership(SESSION, "uuid", FakeSealer(), "1.0", (9453, 9010)), SESSION)
    vip = VirtualIp(())
    node.effects = (
        SetSlots("a", 1, ()),
        SetSlots("b", 1, ()),
        do.SetHealth("a", False),
        SetSlots("a", 2, ()),
        PrepareTraffic(MODULE, vip, "n1"),
        WithdrawTraffic("a", True),
        ObserveTraffic("b"),
        SendProbe("b", "eth0", "5a:fe:00:00:00:01", b""),
    )
    engine = Engine(node, writer)
    engine.connect(Adapters(*[hands] * 10))
    engine.post(ev.Printed("a", "", False, ""))
    await engine.handled()
    told = ["slots ['a', 'b']", "health False", "slots ['a']", "prepare farm", "withdraw a", "observe b", "probe eth0"]
    assert hands.done == told
    engine.close()
    await asyncio.to_thread(writer.close)


async def test_running_scripts_are_left_out_of_scans(engine: Engine, hands: FakeHands) -> None:
    engine.post(ev.ActionOrdered("farm", Action.START, "admin"))
    await until(hands, "run start_both")
    process = ev.ProcessRef(4711, 1.0)
    engine.post(ev.ScriptStarted("farm", hands.run_name, process))
    await until(hands, "exclude [4711]")
    engine.post(ev.ScriptEnded("farm", hands.run_name, 0))
    await until(hands, "exclude []")


async def test_after_a_late_wake_up_the_sockets_are_emptied_and_nobody_is_accused(
    engine: Engine, hands: FakeHands
) -> None:
    engine.post(ev.ActionOrdered("farm", Action.START, "admin"))
    await until(hands, "run start_both")
    engine.post(ev.ScriptEnded("farm", hands.run_name, 0))
    await until(hands, "health True")
    hands.done.clear()
    time.sleep(1.2)  # noqa: ASYNC251 (this is the standstill)
    assert not engine.on_time()
    await until(hands, "health True")
    frozen = next(n for n, done in enumerate(hands.done) if "this node was frozen for" in done)
    assert hands.done.index("drain") < frozen
    assert frozen < hands.done.index("health False") < hands.done.index("health True")


async def test_what_is_taken_was_handled_when_take_returns(engine: Engine, hands: FakeHands) -> None:
    await engine.handled()
    engine.take([ev.Printed("farm", "one", True, "start_both"), ev.Printed("farm", "two", True, "start_both")])
    assert [done for done in hands.done if done in ("log one", "log two")] == ["log one", "log two"]


async def test_what_is_taken_comes_after_what_was_posted(engine: Engine, hands: FakeHands) -> None:
    await engine.handled()
    engine.post(ev.Printed("farm", "one", True, "start_both"))
    engine.take([ev.Printed("farm", "two", True, "start_both")])
    await engine.handled()
    assert [done for done in hands.done if done in ("log one", "log two")] == ["log one", "log two"]


async def test_leisurely_calls_come_with_an_event(engine: Engine, hands: FakeHands) -> None:
    engine.leisure.call_at(engine.now(), lambda: hands.done.append("leisurely"), 3600)
    engine.post(ev.Printed("farm", "port 80 in use", True, "start_both"))
    await engine.handled()
    assert hands.done.index("log port 80 in use") < hands.done.index("leisurely")


async def test_handled_waits_for_what_was_posted_before(engine: Engine, hands: FakeHands) -> None:
    engine.post(ev.Printed("farm", "port 80 in use", True, "start_both"))
    assert "log port 80 in use" not in hands.done
    await engine.handled()
    assert "log port 80 in use" in hands.done


async def test_an_engine_without_hands_keeps_its_events(hands: FakeHands) -> None:
    writer = Writer(asyncio.get_running_loop())
    engine = Engine(Node(Membership(SESSION, "uuid", FakeSealer(), "1.0", (1, 2)), SESSION), writer)
    engine.post(ev.ModuleConfigured(MODULE, 1))
    await asyncio.sleep(0.05)
    assert engine.node.modules(engine.now()) == ()
    engine.connect(Adapters(*[hands] * 10))
    async with asyncio.timeout(20):
        while not engine.node.modules(engine.now()):
            await asyncio.sleep(0.005)
    engine.close()
    await asyncio.to_thread(writer.close)
