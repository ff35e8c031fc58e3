import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.adapters.state_store import StateStore
from nodeagent.contract.states import Action, Intent, Script
from nodeagent.core.events import Counted, ModuleRecord, ProcessRef, ScriptRun
from nodeagent.core.order import Order
from nodeagent.home import Home

RECORD = ModuleRecord(
    phase="up",
    order=Order(Action.STOP, "errd", "errd", "a, b", "app gone"),
    intent=Intent.START,
    author="admin",
    revision=3,
    runs=(ScriptRun("7", Script.START_BOTH, ProcessRef(12, 3.5)),),
    monitored=(("httpd", ProcessRef(13, 4.25)),),
    counted=(Counted(900.0, "errd", "gone"), Counted(990.0, "errd", "gone again")),
    errd=False,
    pauses=(("errd", 1600.0),),
    why="stopped by admin",
    said="start_both said “no”",
    since=950.0,
)


class FakeClocks:
    def __init__(self, monotonic: float, wall: float) -> None:
        self.now, self.wall_now = monotonic, wall

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> float:
        return self.wall_now


def store(home: Path, boot: str, monotonic: float, wall: float, problems: list[str] | None = None) -> StateStore:
    clocks = FakeClocks(monotonic, wall)
    said = [] if problems is None else problems
    return StateStore(Home(home, home / "var"), boot, said.append, clocks.monotonic, clocks.wall)


def test_the_same_boot(tmp_path: Path) -> None:
    store(tmp_path, "a", 1000.0, 5000.0).save("m", RECORD)
    assert store(tmp_path, "a", 1010.0, 1.0).load("m") == RECORD


def test_another_boot(tmp_path: Path) -> None:
    store(tmp_path, "a", 1000.0, 5000.0).save("m", RECORD)
    loaded = store(tmp_path, "b", 20.0, 5060.0).load("m")
    assert loaded is not None
    assert not loaded.same_boot
    assert [counted.at for counted in loaded.counted] == [20 - 160, 20 - 70]
    assert loaded.since == 20 - 110
    assert loaded.pauses == (("errd", 20 + 540),)
    assert loaded.runs == RECORD.runs


def test_a_wall_clock_that_was_set_back_does_not_make_times_younger_than_they_were(tmp_path: Path) -> None:
    store(tmp_path, "a", 1000.0, 5000.0).save("m", RECORD)
    loaded = store(tmp_path, "b", 20.0, -1e7).load("m")
    assert loaded is not None
    assert [counted.at for counted in loaded.counted] == [20 - 100, 20 - 10]
    assert loaded.pauses == (("errd", 20 + 600),)


def test_a_time_in_the_future_counts_as_now(tmp_path: Path) -> None:
    future = ModuleRecord(counted=(Counted(2000.0, "errd", ""),), since=2000.0)
    store(tmp_path, "a", 1000.0, 5000.0).save("m", future)
    for boot in ("a", "b"):
        loaded = store(tmp_path, boot, 1500.0, 5000.0).load("m")
        assert loaded is not None
        assert loaded.since == 1500.0
        assert loaded.counted[0].at == 1500.0


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9), st.floats(-1e10, 1e10))
def test_no_time_is_ever_in_the_future(then: float, now: float, wall: float) -> None:
    record = ModuleRecord(since=then)
    with tempfile.TemporaryDirectory() as directory:
        store(Path(directory), "a", 1000.0, 5000.0).save("m", record)
        for boot in ("a", "b"):
            loaded = store(Path(directory), boot, now, wall).load("m")
            assert loaded is not None
            assert loaded.since is not None
            assert loaded.since <= now


def test_nothing_was_saved(tmp_path: Path) -> None:
    problems: list[str] = []
    assert store(tmp_path, "a", 0, 0, problems).load("m") is None
    assert problems == []


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"boot_id": 1}', b"\xff\xfe", b'{"boot_id":"a"}'])
def test_an_unreadable_file_is_set_aside_and_said(tmp_path: Path, data: bytes) -> None:
    problems: list[str] = []
    one = store(tmp_path, "a", 1000.0, 5000.0, problems)
    one.save("m", RECORD)
    file = tmp_path / "var" / "modules" / "m" / "state.json"
    file.write_bytes(data)
    assert one.load("m") is None
    (sentence,) = problems
    assert "state of module m" in sentence
    assert "\n" not in sentence
    (aside,) = file.parent.iterdir()
    assert aside.name.startswith("state.json.corrupt-")
    assert aside.read_bytes() == data
    one.save("m", RECORD)
    assert one.load("m") == RECORD


def test_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    one = store(tmp_path, "a", 1000.0, 5000.0)
    one.save("m", RECORD)
    file = tmp_path / "var" / "modules" / "m" / "state.json"
    file.write_bytes(file.read_bytes().replace(b'"phase"', b'"later":1,"phase"'))
    assert one.load("m") == RECORD


LOST = replace(RECORD, runs=(ScriptRun("aa-6", Script.PRESTART, ProcessRef(12, 3.5)),), handlers=("aa-7",))


def agent(home: Path, name: str, boot: str = "a") -> StateStore:
    clocks = FakeClocks(1000.0, 5000.0)
    return StateStore(Home(home, home / "var"), boot, print, clocks.monotonic, clocks.wall, agent=name)


def test_what_an_agent_began_after_its_last_record_is_lost(tmp_path: Path) -> None:
    agent(tmp_path, "aa").save("m", LOST)
    later = agent(tmp_path, "bb")
    later.load("m")
    runs = ("aa-5", "aa-6", "aa-7", "aa-8", "cc-9", "config-1234abcd", "custom.x")
    assert [run for run in runs if later.is_lost("m", run)] == ["aa-7", "aa-8"]
    assert not later.is_lost("another", "aa-8")


def test_a_run_without_a_process_is_lost(tmp_path: Path) -> None:
    agent(tmp_path, "aa").save("m", replace(LOST, runs=(ScriptRun("aa-6", Script.PRESTART, None),)))
    later = agent(tmp_path, "bb")
    later.load("m")
    assert later.is_lost("m", "aa-6")


def test_a_run_that_has_ended_is_remembered(tmp_path: Path) -> None:
    first = agent(tmp_path, "aa")
    first.save("m", LOST)
    first.save("m", replace(LOST, runs=(), handlers=()))
    later = agent(tmp_path, "bb")
    later.load("m")
    assert [run for run in ("aa-6", "aa-7", "aa-8") if later.is_lost("m", run)] == ["aa-8"]


def test_an_agent_that_has_taken_over_loses_its_own_runs_only(tmp_path: Path) -> None:
    agent(tmp_path, "aa").save("m", LOST)
    second = agent(tmp_path, "bb")
    second.load("m")
    second.take_over()
    assert not second.is_lost("m", "aa-8")
    third = agent(tmp_path, "cc")
    assert third.load("m") == LOST
    assert [run for run in ("aa-8", "bb-1") if third.is_lost("m", run)] == ["bb-1"]


def test_another_boot_has_lost_nothing(tmp_path: Path) -> None:
    agent(tmp_path, "aa").save("m", LOST)
    later = agent(tmp_path, "bb", "b")
    later.load("m")
    assert not later.is_lost("m", "aa-8")
