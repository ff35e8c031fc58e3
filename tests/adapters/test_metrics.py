"""The figures, read by Prometheus' own parser."""

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from nodeagent.adapters.metrics import Own, ScriptTime, metrics_text
from nodeagent.contract.states import ResourceState, State, Status
from nodeagent.contract.status import ModuleStatus, PeerStatus, ProbeSource, ResourceStatus
from tests.fakes.control import STATUS

HOSTILE = 'na"me\\\n{}'


def figures(text: bytes) -> dict[tuple[str, tuple[str, ...]], float]:
    """Samples by name and the values of their labels."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def test_what_prometheus_reads() -> None:
    status = replace(
        STATUS,
        modules=(
            ModuleStatus(
                "web",
                state=State.UP,
                status=Status.READY,
                ready=True,
                share=50.0,
                counted=2,
                maxloop=3,
                resources=(ResourceStatus(HOSTILE, ResourceState.DOWN, 1.0),),
            ),
            ModuleStatus("draft", configured=False),
        ),
        peers=(PeerStatus("node2", True, 1.0, worst_gap=0.4, window=1.0, clock_offset=-0.5),),
        rejected={"node1 rejects node2: replay": 7},
        probes=(ProbeSource("web", "10.0.0.1", 99.0, 5.0, 200),),
        alarms=("the disk is full",),
        frozen=1,
        cpu=25.0,
    )
    own = Own(0.25, 4, {"C": 3, "I": 10}, {("web", "start_both"): ScriptTime(2, 3.5, 1.5)})
    known = figures(metrics_text(status, own))
    expected = {
        ("keepgreen_module_state", ("web", "UP")): 1,
        ("keepgreen_module_state", ("web", "STOP")): 0,
        ("keepgreen_module_status", ("web", "Ready")): 1,
        ("keepgreen_module_ready", ("web",)): 1,
        ("keepgreen_module_share_ratio", ("web",)): 0.5,
        ("keepgreen_module_counted_actions", ("web",)): 2,
        ("keepgreen_module_maxloop", ("web",)): 3,
        ("keepgreen_resource_state", ("web", HOSTILE, "down")): 1,
        ("keepgreen_resource_state", ("web", HOSTILE, "up")): 0,
        ("keepgreen_peer_alive", ("node2",)): 1,
        ("keepgreen_peer_heartbeat_gap_max_seconds", ("node2",)): 0.4,
        ("keepgreen_peer_heartbeat_window_seconds", ("node2",)): 1,
        ("keepgreen_peer_clock_offset_seconds", ("node2",)): -0.5,
        ("keepgreen_datagrams_rejected_total", ("node1 rejects node2: replay",)): 7,
        ("keepgreen_probe_last_timestamp_seconds", ("web", "10.0.0.1")): 99,
        ("keepgreen_probe_answer", ("web", "10.0.0.1")): 200,
        ("keepgreen_loop_late_seconds", ()): 0.25,
        ("keepgreen_writer_waiting_jobs", ()): 4,
        ("keepgreen_log_lines_total", ("C",)): 3,
        ("keepgreen_script_duration_seconds_sum", ("web", "start_both")): 3.5,
        ("keepgreen_script_duration_seconds_count", ("web", "start_both")): 2,
        ("keepgreen_script_last_duration_seconds", ("web", "start_both")): 1.5,
        ("keepgreen_alarms", ()): 1,
        ("keepgreen_frozen_total", ()): 1,
        ("keepgreen_machine_cpu_ratio", ()): 0.25,
        ("keepgreen_info", ("node1", "u-1", "0.1.0")): 1,
    }
    assert {name: known.get(name) for name in expected} == expected
    assert known["process_resident_memory_bytes", ()] > 1e6
    assert known["process_cpu_seconds_total", ()] > 0
    assert not any("draft" in labels for _, labels in known)


def test_open_descriptors_are_counted() -> None:
    assert figures(metrics_text(STATUS, Own()))["process_open_fds", ()] > 2
