"""The demo's application, as processes."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from nodeagent.demo import web_app

ADDRESS = "127.0.0.77"


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


def command(what: str, port: int, node: str = "node7") -> list[str]:
    return [sys.executable, web_app.__file__, what, "--node", node, "--address", ADDRESS, "--port", str(port)]


def get(port: int, path: str = "/") -> tuple[str, list[str]]:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.getheader("X-Node", ""), answer.read().decode().split()
    finally:
        connection.close()


@pytest.fixture
def started(port: int, tmp_path: Path) -> Iterator[tuple[int, psutil.Process]]:
    done = subprocess.run(command("start", port), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    process = psutil.Process(web_app.answering_pid(ADDRESS, port))
    yield port, process
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


def test_start_leaves_a_process_of_its_own_that_says_node_pid_and_count(started: tuple[int, psutil.Process]) -> None:
    port, process = started
    node, words = get(port)
    assert (node, words[:4]) == ("node7", ["node7", "pid", str(process.pid), "request"])
    assert int(get(port)[1][4]) == int(words[4]) + 1
    assert "web_app.py serve --node node7 " in " ".join(process.cmdline())
    if sys.platform != "win32":
        assert os.getsid(process.pid) == process.pid


def test_a_second_start_on_the_port_fails_and_says_where_to_look(
    started: tuple[int, psutil.Process], tmp_path: Path
) -> None:
    port, process = started
    holder = socket.socket()
    holder.bind((ADDRESS, 0))
    holder.listen(1)
    taken = holder.getsockname()[1]
    try:
        done = subprocess.run(
            command("start", taken), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )
    finally:
        holder.close()
    assert done.returncode == 1
    assert "web_app.log" in done.stdout
    assert f"cannot listen on {ADDRESS}:{taken}" in (tmp_path / "web_app.log").read_text()
    assert process.is_running()
    assert get(port)[0] == "node7"


def test_stop_finishes_the_request_in_progress(started: tuple[int, psutil.Process], tmp_path: Path) -> None:
    port, process = started
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(get, port, "/slow?s=1")
        deadline = time.monotonic() + 10
        while len(process.threads()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        done = subprocess.run(command("stop", port), cwd=tmp_path, check=False, timeout=60)
        assert slow.result()[0] == "node7"
    assert done.returncode == 0
    process.wait(10)


def test_it_can_be_started_again_at_once_after_a_kill(started: tuple[int, psutil.Process], tmp_path: Path) -> None:
    port, process = started
    get(port)
    process.kill()
    psutil.wait_procs([process], timeout=10)
    done = subprocess.run(command("start", port), cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
    assert web_app.stop(ADDRESS, port) == 0


def test_stop_of_what_does_not_run_is_good(port: int) -> None:
    assert web_app.stop(ADDRESS, port) == 0


@pytest.mark.parametrize(("text", "seconds"), [("2", 2.0), ("-1", 0.0), ("900", 10.0), ("x", 1.0), ("", 1.0)])
def test_slowness_is_bounded(text: str, seconds: float) -> None:
    assert web_app.slowness(text) == seconds


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM for others")
def test_serve_ends_by_sigterm_with_exit_code_0(port: int) -> None:
    with subprocess.Popen(command("serve", port), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert f"node7 answers on {ADDRESS}:{port}" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
