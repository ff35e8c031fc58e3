"""How soon the first script of the action begins after the application was killed. `kill [KILLS]`, 300 by default.

Beside it, in the same run: runit's runsv (a parent that restarts its child) and monit (polls every second), each
where it is installed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.bench._report import percentile, write_section
from tests.e2e.real_farm import APP, FILES, running_farm, until
from tests.fakes.short_directory import short_directory

MARK = b'#!/bin/bash\necho $EPOCHREALTIME >> "%s"\n'


def killed(pid_of: Callable[[], int | None], marks: Path, kills: int, pause: float) -> list[float]:
    """Seconds from each kill to the next time stamp in `marks`."""
    taken = []
    for number in range(kills):
        until(lambda: pid_of() is not None, 60, "the application runs")
        time.sleep(pause)
        pid, known = pid_of(), len(stamps(marks))
        assert pid is not None
        began = time.time()  # noqa: TID251 (the same clock as bash's EPOCHREALTIME)
        os.kill(pid, signal.SIGKILL)
        until(lambda known=known: len(stamps(marks)) > known, 60, "the first script begins")
        taken.append(stamps(marks)[known] - began)
        if sys.stdout.isatty():
            print(f"\r{number + 1} of {kills}", end="", flush=True)
    return taken


def stamps(marks: Path) -> list[float]:
    """All time stamps so far."""
    return [float(line.replace(",", ".")) for line in marks.read_text().split()] if marks.exists() else []


def named(name: str) -> int | None:
    """The pid of the process that calls itself so."""
    for process in psutil.process_iter(["cmdline", "status"]):
        if (process.info["cmdline"] or [""])[0] == name and process.info["status"] != psutil.STATUS_ZOMBIE:
            return process.pid
    return None


def keepgreen(directory: Path, kills: int) -> list[float]:
    """One agent, `loop_interval="0"`: kill → stop_both begins; the next kill comes when it is green again."""
    with running_farm(directory, 1) as farm:
        node = farm.nodes[0]
        marks = directory / "marks"
        farm.apply(scripts={"bin/stop_both": MARK % bytes(marks) + FILES["bin/stop_both"].partition(b"\n")[2]})
        farm.start()
        return killed(lambda: named(f"{APP}-{node.name}") if node.green() else None, marks, kills, 0.05)


def runit(directory: Path, kills: int) -> list[float]:
    """runsv: kill → its run script begins."""
    service, marks = directory / "service", directory / "marks"
    service.mkdir()
    run = service / "run"
    run.write_bytes(MARK % bytes(marks) + b"exec -a kg_runit sleep 3600\n")
    run.chmod(0o755)
    supervisor = subprocess.Popen(["runsv", str(service)])
    try:
        return killed(lambda: named("kg_runit"), marks, kills, 1.1)  # runsv waits a second between two starts
    finally:
        supervisor.terminate()
        supervisor.wait()


def monit(directory: Path, kills: int) -> list[float]:
    """monit with a cycle of one second: kill → its start program begins."""
    marks, pidfile, start = directory / "marks", directory / "pid", directory / "start"
    start.write_bytes(
        MARK % bytes(marks)
        + b"setsid bash -c 'echo $$ > \"%s\"; exec -a kg_monit sleep 3600' </dev/null >/dev/null 2>&1 &\n"
        % bytes(pidfile)
    )
    start.chmod(0o755)
    config = directory / "monitrc"
    config.write_text(
        f"set daemon 1\nset pidfile {directory}/monit.pid\nset idfile {directory}/id\nset statefile {directory}/state\n"
        f'check process app with pidfile {pidfile}\n  start program = "{start}"\n  stop program = "/bin/true"\n'
    )
    config.chmod(0o600)
    subprocess.run([str(start)], check=True)
    watcher = subprocess.Popen(["monit", "-I", "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)
        return killed(lambda: named("kg_monit"), marks, kills, 2.2)
    finally:
        watcher.terminate()
        watcher.wait()
        if pid := named("kg_monit"):
            os.kill(pid, signal.SIGKILL)


def main(kills: int) -> None:
    """Measure all that is here, write the table."""
    rows, absent, ours = [], [], 0.0
    for name, program, measure, count in (
        ("Keepgreen", "bash", keepgreen, kills),
        ("runit (runsv)", "runsv", runit, min(kills, 30)),
        ("monit, cycle 1 s", "monit", monit, min(kills, 15)),
    ):
        if shutil.which(program) is None:
            absent.append(name)
            continue
        with short_directory() as directory:
            taken = measure(directory, count)
        p50, p99, most = (percentile(taken, at) * 1000 for at in (50, 99, 100))
        ours = ours or p50
        rows.append(f"| {name} | {count} | {p50:.1f} | {p99:.1f} | {most:.1f} | {p50 / ours:.1f} |")
    lines = ["Process kill → the first script of the action begins, in ms. Goal: p99 ≤ 100 ms.", ""]
    lines += ["| | kills | p50 | p99 | max | p50 as a ratio |", "|-|-|-|-|-|-|", *rows]
    lines += ["", "runit only starts again; Keepgreen confirms the loss by a scan, counts it and records it first."]
    if absent:
        lines += [f"Not installed here, so not shown: {', '.join(absent)}."]
    lines += ["systemd's `Restart=always` is not shown: systemd does not run where this was measured."]
    write_section("Reaction to a dead process", lines)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
