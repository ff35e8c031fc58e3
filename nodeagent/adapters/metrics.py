"""The node in figures, as the text that Prometheus reads."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import psutil

from nodeagent.contract.states import ResourceState, State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus, PeerStatus, ProbeSource

STATES = (State.STOP, State.WAIT, State.UP)


@dataclass(frozen=True, slots=True)
class ScriptTime:
    """How long a script of a module ran since the agent started; seconds."""

    runs: int
    total: float
    last: float


@dataclass(frozen=True, slots=True)
class Own:
    """What the agent knows of itself besides its status."""

    loop_late: float = 0.0
    """The latest wake-up of the loop in the last minute, in seconds."""
    writer_waiting: int = 0
    lines: Mapping[str, int] = field(default_factory=dict)
    """Log lines by type since the agent started."""
    scripts: Mapping[tuple[str, str], ScriptTime] = field(default_factory=dict)
    """By module and script."""


def metrics_text(status: NodeStatus, own: Own) -> bytes:
    """All figures in the text format 0.0.4. Blocks a moment: it asks the system for the process's own."""
    # Its import takes 60 ms, which a start of the agent does not need.
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        InfoMetricFamily,
        Metric,
        SummaryMetricFamily,
    )
    from prometheus_client.registry import Collector

    def gauge(name: str, says: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
        family = GaugeMetricFamily(name, says, labels=labels)
        for labelled, value in values.items():
            family.add_metric(labelled, value)
        return family

    def counter(name: str, says: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
        family = CounterMetricFamily(name, says, labels=labels)
        for labelled, value in values.items():
            family.add_metric(labelled, value)
        return family

    class Node(Collector):
        def collect(self) -> Iterator[Metric]:
            yield InfoMetricFamily(
                "keepgreen", "The agent", value={"node": status.node, "version": status.version, "uuid": status.uuid}
            )
            for name, says, labels, values in (*_modules(status.modules), *_peers(status.peers), *_node(status, own)):
                yield gauge(f"keepgreen_{name}", says, labels, values)
            yield counter(
                "keepgreen_datagrams_rejected",
                "Datagrams not believed",
                ("reason",),
                {(reason,): float(count) for reason, count in status.rejected.items()},
            )
            yield counter("keepgreen_frozen", "Times this node was found frozen", (), {(): status.frozen})
            lines: dict[tuple[str, ...], float] = {(letter,): float(count) for letter, count in own.lines.items()}
            yield counter("keepgreen_log_lines", "Lines of the log by type", ("type",), lines)
            times = SummaryMetricFamily(
                "keepgreen_script_duration_seconds", "How long scripts ran", labels=("module", "script")
            )
            for (module, script), time in own.scripts.items():
                times.add_metric((module, script), time.runs, time.total)
            yield times
            memory, seconds, handles = _process()
            yield gauge("process_resident_memory_bytes", "Memory of the agent", (), {(): memory})
            yield counter("process_cpu_seconds", "Processor time of the agent", (), {(): seconds})
            yield gauge("process_open_fds", "Open descriptors or handles of the agent", (), {(): handles})

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Node())
    return generate_latest(registry)


_Gauge = tuple[str, str, tuple[str, ...], dict[tuple[str, ...], float]]
"""Name, what it says, names of its labels, values by labels."""


def _modules(modules: tuple[ModuleStatus, ...]) -> Iterator[_Gauge]:
    applied = [module for module in modules if module.configured]
    yield (
        "module_state",
        "1 for the state a module is in",
        ("module", "state"),
        {(module.name, state): float(module.state is state) for module in applied for state in STATES},
    )
    yield (
        "module_status",
        "1 for the status a module has",
        ("module", "status"),
        {(module.name, status): float(module.status is status) for module in applied for status in Status},
    )
    by_name = ("module",)
    yield "module_ready", "What ready.txt answers", by_name, {(m.name,): float(m.ready) for m in applied}
    yield (
        "module_since_timestamp_seconds",
        "When the present state began",
        by_name,
        {(m.name,): m.since for m in applied},
    )
    yield (
        "module_share_ratio",
        "Part of the new connections this node takes",
        by_name,
        {(m.name,): m.share / 100 for m in applied},
    )
    yield (
        "module_counted_actions",
        "Automatic actions inside loop_interval",
        by_name,
        {(m.name,): float(m.counted) for m in applied},
    )
    yield "module_maxloop", "How many of them are allowed", by_name, {(m.name,): float(m.maxloop) for m in applied}
    yield (
        "resource_state",
        "1 for the state a resource is in",
        ("module", "resource", "state"),
        {
            (module.name, resource.name, state): float(resource.state is state)
            for module in applied
            for resource in module.resources
            for state in ResourceState
        },
    )


def _peers(peers: tuple[PeerStatus, ...]) -> Iterator[_Gauge]:
    for name, says, value in (
        ("peer_alive", "Whether a peer is heard", lambda p: float(p.alive)),
        ("peer_heartbeat_gap_max_seconds", "Longest silence of a peer while alive", lambda p: p.worst_gap),
        ("peer_heartbeat_window_seconds", "Silence after which a peer counts as gone", lambda p: p.window),
        ("peer_round_trip_seconds", "Time a datagram takes there and back", lambda p: p.round_trip),
        ("peer_clock_offset_seconds", "What a peer's clock is ahead", lambda p: p.clock_offset),
    ):
        yield name, says, ("peer",), {(peer.name,): value(peer) for peer in peers}


def _node(status: NodeStatus, own: Own) -> Iterator[_Gauge]:
    asked = ("module", "source")
    probes: dict[tuple[str, ...], ProbeSource] = {(probe.module, probe.source): probe for probe in status.probes}
    yield (
        "probe_last_timestamp_seconds",
        "When ready.txt was asked for last",
        asked,
        {labels: probe.last for labels, probe in probes.items()},
    )
    yield (
        "probe_interval_seconds",
        "How often ready.txt is asked for",
        asked,
        {labels: probe.every for labels, probe in probes.items()},
    )
    yield (
        "probe_answer",
        "HTTP status of the last answer",
        asked,
        {labels: float(probe.answered) for labels, probe in probes.items()},
    )
    last: dict[tuple[str, ...], float] = {labels: time.last for labels, time in own.scripts.items()}
    yield "script_last_duration_seconds", "How long the last run took", ("module", "script"), last
    for name, says, value in (
        ("start_timestamp_seconds", "When the agent started", status.started),
        ("alarms", "Things an administrator must know of", float(len(status.alarms))),
        ("loop_late_seconds", "Latest wake-up of the agent in the last minute", own.loop_late),
        ("writer_waiting_jobs", "Writes that wait for the disk", float(own.writer_waiting)),
        ("machine_cpu_ratio", "Part of the machine's processors in use", status.cpu / 100),
        ("machine_memory_ratio", "Part of the machine's memory in use", status.memory / 100),
    ):
        yield name, says, (), {(): value}


def _process() -> tuple[float, float, float]:
    """Resident bytes, processor seconds, open descriptors (on Windows handles)."""
    process = psutil.Process()
    with process.oneshot():
        times = process.cpu_times()
        return float(process.memory_info().rss), times.user + times.system, float(_handles(process))


if sys.platform == "win32":

    def _handles(process: psutil.Process) -> int:
        return process.num_handles()

else:

    def _handles(process: psutil.Process) -> int:
        return process.num_fds()
