"""When checkers look, and that none of them delays another or the loop."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from nodeagent.adapters.checkers.checker import Checker, phase
from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.processes.programs import ProgramProcesses
from nodeagent.adapters.processes.scripts import ScriptProcesses
from nodeagent.core.events import CheckerResult
from nodeagent.engine.leisure import LATE, Leisure, LeisurelyCall
from nodeagent.engine.ports import CheckerJob, ScriptJob
from tests.fakes.checking import checking, job
from tests.fakes.posted import Posted
from tests.fakes.standstills import standstills
from tests.fakes.waiting import until


class FakeLook:
    """Looks as long as it is told to."""

    def __init__(self, takes: float = 0.0) -> None:
        self.takes = takes
        self.began: list[float] = []

    async def look(self) -> Seen:
        self.began.append(monotonic())
        await asyncio.sleep(self.takes)
        return Seen(True, "fine")


@asynccontextmanager
async def running(look: FakeLook, interval: float, timeout: float, posted: Posted) -> AsyncIterator[Checker]:
    checker = Checker("web", "tcp.x", look, interval, timeout, posted, Leisure())
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(checker.run())
        yield checker
        task.cancel()


async def test_at_once_then_every_interval() -> None:
    look, posted = FakeLook(), Posted()
    begun = monotonic()
    async with running(look, 0.2, 1, posted):
        await posted.wait(CheckerResult, 4)
    assert all(began - begun >= due for began, due in zip(look.began, (0, 0.1, 0.3, 0.5), strict=True))


async def test_a_look_longer_than_the_interval_is_never_doubled() -> None:
    look, posted = FakeLook(0.15), Posted()
    async with running(look, 0.1, 1, posted):
        await posted.wait(CheckerResult, 3)
    assert all(later - earlier >= 0.15 for earlier, later in pairwise(look.began))


async def test_now_begins_anew_and_later_results_carry_the_round() -> None:
    look, posted = FakeLook(3600), Posted()
    async with running(look, 3600, 3600, posted) as checker:
        await until(lambda: len(look.began) == 1)
        look.takes = 0
        checker.now(5)
        assert (await posted.one(CheckerResult)).round == 5
        checker.now()
        checker.now(6)
        results = await posted.wait(CheckerResult, 2)
        assert [r.round for r in results] == [5, 6]
        assert len(look.began) == 3


async def test_timeout_and_what_it_takes() -> None:
    look, posted = FakeLook(3600), Posted()
    async with running(look, 3600, 0.2, posted):
        seen = await posted.one(CheckerResult)
    assert (seen.good, seen.text) == (False, "no answer within 0.2 s")
    assert seen.took >= 0.2


def test_phases_are_spread() -> None:
    phases = sorted(phase(f"module{n}/tcp.web") for n in range(32))
    assert phases == sorted(phase(f"module{n}/tcp.web") for n in range(32))
    assert 0 <= phases[0] < 0.2
    assert 0.8 < phases[-1] < 1


class FakeLeisure(Leisure):
    """Remembers what it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[float] = []

    def call_at(self, when: float, callback: Callable[[], object], late: float = LATE) -> LeisurelyCall:
        self.asked.append(when)
        return super().call_at(when, callback, late)


async def test_the_checkers_of_one_module_look_together_and_those_of_others_at_another_time() -> None:
    leisure, posted = FakeLeisure(), Posted()
    named = [("web", "tcp.x"), ("web", "http.y"), ("mail", "tcp.x")]
    made = [Checker(module, key, FakeLook(), 3600, 1, posted, leisure) for module, key in named]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(checker.run()) for checker in made]
        await until(lambda: len(leisure.asked) == 3)
        for task in running:
            task.cancel()
    one, two, other = leisure.asked
    assert abs(one - two) < 60 < abs(one - other)


async def test_replacing_the_set() -> None:
    posted = Posted()
    stay = job("tcp", "stay", addr="127.0.0.1", port="9", interval="3600")
    async with checking(posted) as checkers:
        checkers.check("web", (stay, job("tcp", "go", addr="127.0.0.1", port="9", interval="3600")))
        checkers.check("other", (job("tcp", "mine", addr="127.0.0.1", port="9", interval="3600"),))
        await posted.wait(CheckerResult, 3)
        # fall and rise are the core's: this is the same look
        lenient = replace(stay, rule=type(stay.rule)("tcp", "stay", fall=3, params=stay.rule.params))
        checkers.check("web", (lenient, job("tcp", "come", addr="127.0.0.1", port="9", interval="3600")))
        assert (await posted.wait(CheckerResult, 4))[3].checker == "tcp.come"
        checkers.check_now("web", 2)
        later = (await posted.wait(CheckerResult, 6))[4:]
        assert {(r.checker, r.round) for r in later} == {("tcp.stay", 2), ("tcp.come", 2)}
        moved = job("tcp", "stay", addr="127.0.0.1", port="10", interval="3600")
        checkers.check("web", (moved,))
        assert (await posted.wait(CheckerResult, 7))[6].checker == "tcp.stay"
        checkers.check_now("gone", 1)


async def test_nothing_is_told_of_a_checker_that_was_taken_away() -> None:
    posted = Posted()
    async with checking(posted) as checkers:
        checkers.check("web", (job("tcp", addr="127.0.0.1", port="9"),))
        checkers.check("web", ())
    assert not posted.events


@pytest.mark.skipif(sys.platform != "linux", reason="the programs are shell scripts, the scheduler's figures Linux's")
async def test_a_hanging_a_flooding_and_a_forking_checker_delay_nobody(tmp_path: Path) -> None:
    """Beside them a good checker looks on and the loop never stands still for half a detection window."""
    posted, scripts = Posted(), ScriptProcesses(Posted())
    programs = ProgramProcesses(scripts.tend)

    def program(ident: str, text: str) -> CheckerJob:
        path = tmp_path / ident
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        env = {"PATH": os.environ["PATH"], "KEEPGREEN_HOME": str(tmp_path)}
        wanted = ScriptJob("bad", f"custom.{ident}", ident, path, (), tmp_path, env, tmp_path / "log", 100_000)
        return job("custom", ident, wanted)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read()
        writer.close()

    flooding = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FLOOD, stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    assert flooding.stdout
    flood_port = (await flooding.stdout.readline()).decode().strip()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = str(server.sockets[0].getsockname()[1])
    hangs = [job("http", f"hang{n}", url=f"http://127.0.0.1:{port}/", interval="1", timeout="60") for n in range(50)]
    floods = [
        job("http", f"flood{n}", url=f"http://127.0.0.1:{flood_port}/", contains="y", interval="0.05") for n in range(3)
    ]
    forks = program("forks", "while :; do sleep 0.3 & setsid sleep 0.2 & sleep 0.02; done")
    prints = program("prints", "while :; do head -c 2000000 /dev/zero; sleep 0.02; done")
    try:
        async with checking(posted, programs) as checkers, standstills() as stood:
            checkers.check("bad", (*hangs, *floods, forks, prints))
            checkers.check("good", (job("tcp", "good", addr="127.0.0.1", port=port, interval="0.1", timeout="2"),))
            good: list[CheckerResult] = []
            async with asyncio.timeout(60):
                while len(good) < 25:
                    await asyncio.sleep(0.05)
                    good = [r for r in posted.all(CheckerResult) if r.module == "good"]
    finally:
        flooding.kill()
        await flooding.wait()
        server.close()
        programs.close()
        await scripts.close()
    assert all(r.good for r in good)
    assert [r for r in posted.all(CheckerResult) if r.checker.startswith("http.flood")]
    assert not [r for r in posted.all(CheckerResult) if r.checker.startswith("http.hang")]
    assert len(stood) > 25
    assert max(stood) < 0.5  # half a detection window


FLOOD = """
import socket, threading
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(64)
print(server.getsockname()[1], flush=True)
def flood(sock):
    try:
        sock.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n")
        while True:
            sock.sendall(b"x" * 65536)
    except OSError:
        sock.close()
while True:
    threading.Thread(target=flood, args=(server.accept()[0],), daemon=True).start()
"""
