"""state.json: what a module must remember over a crash of the agent, and what its times mean after a reboot."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import msgspec

from nodeagent.core.events import ModuleRecord
from nodeagent.durable import set_aside, wall_time, write_durably
from nodeagent.home import Home


class _Stored(msgspec.Struct, frozen=True):
    """state.json. The record's times are on the clock of the boot `boot_id`, which said `monotonic` at `wall`."""

    boot_id: str
    monotonic: float
    wall: float
    record: ModuleRecord
    begun: str = ""
    """The youngest run that had begun, as `<agent>-<number>`; a later one of that agent is not in the record."""


class StateStore:
    """Durable records of the modules, on the core's clock (`time.monotonic`). Blocks: for the writer's thread.

    `on_problem` gets one sentence about a file that could not be read; it is called in the thread of `load`.
    """

    def __init__(
        self,
        home: Home,
        boot_id: str,
        on_problem: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = wall_time,
        *,
        agent: str = "",
    ) -> None:
        """`agent`: what the names of this agent's runs begin with, in front of `-<number>`."""
        self._home = home
        self._boot_id = boot_id
        self._on_problem = on_problem
        self._monotonic = monotonic
        self._wall = wall
        self._agent = agent
        self._begun: dict[str, int] = {}
        self._earlier: dict[str, _Stored] = {}
        """What an earlier agent of this boot wrote."""

    def save(self, module: str, record: ModuleRecord) -> None:
        """Write, fsync, rename. Raises OSError."""
        runs = [_parted(run) for run in (*(run.run for run in record.runs), *record.handlers)]
        own = [number for agent, number in runs if agent == self._agent]
        begun = self._begun[module] = max([*own, self._begun.get(module, 0)])
        stored = _Stored(self._boot_id, self._monotonic(), self._wall(), record, f"{self._agent}-{begun}")
        self._write(module, stored)

    def load(self, module: str) -> ModuleRecord | None:
        """The last record with its times moved to the present clock.

        None when there is none; an unreadable one is renamed and said.
        """
        file = self._home.module(module) / "state.json"
        try:
            stored = msgspec.json.decode(file.read_bytes(), type=_Stored)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            text = f"the state of module {module} could not be read ({error}): it begins anew"
            try:
                self._on_problem(f"{text}, the old file is {set_aside(file)}")
            except OSError as again:
                self._on_problem(f"{text}, and {file} could not be renamed ({again.strerror})")
            return None
        if stored.boot_id == self._boot_id:
            self._earlier[module] = stored
        return self._translated(stored)

    def is_lost(self, module: str, run: str) -> bool:
        """Whether an agent that wrote a loaded record began this run, and nobody knows what became of it."""
        if (earlier := self._earlier.get(module)) is None:
            return False
        record = earlier.record
        if run in record.handlers or any(known.run == run and known.process is None for known in record.runs):
            return True
        (agent, number), (its, last) = _parted(run), _parted(earlier.begun)
        return bool(its) and agent == its and number > last

    def take_over(self) -> None:
        """The lost runs are gone; from now on what is not in a record was begun by this agent."""
        for module, earlier in self._earlier.items():
            with suppress(OSError):  # the next save says so
                self._write(module, msgspec.structs.replace(earlier, begun=f"{self._agent}-0"))
        self._earlier.clear()

    def _write(self, module: str, stored: _Stored) -> None:
        write_durably(self._home.module(module) / "state.json", msgspec.json.encode(stored))

    def _translated(self, stored: _Stored) -> ModuleRecord:
        now = self._monotonic()
        record = stored.record
        same_boot = stored.boot_id == self._boot_id
        passed = 0.0 if same_boot else max(0.0, self._wall() - stored.wall)

        def moved(then: float) -> float:
            """A time in the past; one in the future counts as now."""
            if same_boot:
                return min(then, now)
            return now - max(0.0, stored.monotonic - then) - passed

        later = 0.0 if same_boot else now - stored.monotonic - passed
        return replace(
            record,
            counted=tuple(replace(counted, at=moved(counted.at)) for counted in record.counted),
            since=None if record.since is None else moved(record.since),
            pauses=tuple((name, end + later) for name, end in record.pauses),
            same_boot=same_boot,
        )


def _parted(run: str) -> tuple[str, int]:
    """Agent and number of a run's name."""
    agent, _, number = run.rpartition("-")
    return agent, int(number) if number.isdecimal() else 0
