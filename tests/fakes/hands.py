"""FakeHands: every adapter of the engine in one; writes down what it is told to do."""

from collections.abc import Sequence
from pathlib import Path

from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.config import ClusterConfig, ProcRule
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.contract.status import NodeStatus
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.traffic_messages import ObserveTraffic, PrepareTraffic, SendProbe, SetSlots, WithdrawTraffic
from nodeagent.engine.ports import CheckerJob, Post, ScriptJob


class FakeHands:
    """Datagrams, ScriptRunner, Processes, Checkers, Rebooting, Traffic, Jobs, HealthBoard, StateStore and Journal."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.post: Post = lambda event: None
        self.run_name = ""
        self.job_error: OSError | None = None
        self.disk_error = ""

    def configure(self, config: ClusterConfig | None, me: str) -> None:
        self.done.append(f"configure {me}")

    def send(self, lan: str, peer: str, data: bytes) -> None:
        self.done.append(f"send {peer}")

    def drain(self) -> None:
        self.done.append("drain")

    def problems(self) -> tuple[str, ...]:
        return ()

    def script(self, effect: do.RunScript | do.RunHandler) -> ScriptJob:
        if self.job_error is not None:
            raise self.job_error
        here = Path()
        name = effect.script if isinstance(effect, do.RunScript) else effect.executable
        return ScriptJob(effect.module, effect.run, name, here, effect.args, here, {}, here, 0)

    def checkers(self, effect: do.RunCheckers) -> tuple[CheckerJob, ...]:
        return tuple(CheckerJob(rule) for rule in effect.checkers)

    def check(self, module: str, jobs: tuple[CheckerJob, ...]) -> None:
        self.done.append(f"check {[job.rule.key for job in jobs]}")

    def check_now(self, module: str, round: int) -> None:
        self.done.append(f"check now {round}")

    def reboot(self, module: str, why: str) -> None:
        self.done.append(f"reboot {why}")

    def prepare(self, effect: PrepareTraffic) -> None:
        self.done.append(f"prepare {effect.module}")

    def set_slots(self, effects: Sequence[SetSlots]) -> None:
        self.done.append(f"slots {[effect.module for effect in effects]}")

    def withdraw(self, effect: WithdrawTraffic) -> None:
        self.done.append(f"withdraw {effect.module}")

    def observe(self, effect: ObserveTraffic) -> None:
        self.done.append(f"observe {effect.module}")

    def probe(self, effect: SendProbe) -> None:
        self.done.append(f"probe {effect.interface}")

    def run(self, job: ScriptJob) -> None:
        self.run_name = job.run
        self.done.append(f"run {job.script}")

    def wait_for(self, module: str, run: str, process: ev.ProcessRef) -> None:
        self.done.append(f"wait for {run}")

    def kill(self, module: str, run: str) -> None:
        self.done.append(f"kill {run}")

    def scan(self, module: str, procs: tuple[ProcRule, ...]) -> None:
        self.done.append("scan")

    def watch(self, module: str, processes: frozenset[ev.ProcessRef]) -> None:
        self.done.append("watch")

    def exclude(self, processes: frozenset[ev.ProcessRef]) -> None:
        self.done.append(f"exclude {[process.pid for process in processes]}")

    def set_ready(self, module: str, ready: bool) -> None:
        self.done.append(f"health {ready}")

    def set_status(self, status: NodeStatus) -> None:
        self.done.append("status")

    def save(self, module: str, record: ev.ModuleRecord) -> None:
        self.done.append(f"save {record.phase}")
        if self.disk_error:
            raise OSError(28, self.disk_error)

    def load(self, module: str) -> ev.ModuleRecord | None:
        return None

    def append(
        self,
        type: LogType,
        text: str,
        *,
        module: str = "",
        origin: str = "agent",
        cause: str = "",
        output: str = "",
    ) -> LogLine:
        self.done.append(f"log {text}")
        return LogLine(1, 0.0, "n", module, origin, type, text, cause, output)

    def query(
        self,
        *,
        after: int = 0,
        module: str = "",
        types: str = "",
        text: str = "",
        since: float = 0.0,
        until: float = 0.0,
        limit: int = 500,
        newest: bool = False,
    ) -> LogPage:
        return LogPage((), 0)

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        self.done.append(f"audit {command}")

    def resource_changed(
        self, module: str, name: str, state: ResourceState, detail: str, took: float = 0.0, by: str = ""
    ) -> None:
        self.done.append(f"resource {name} {state}")

    async def flush(self) -> None:
        self.done.append("flush")

    async def close(self) -> None:
        self.done.append("close")
