"""A real agent on Windows (or Wine): its module, its application, its sudden and its orderly end."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.e2e.real_farm import until
from tests.windows.node import ENDED_BY_BREAK, WindowsNode

if sys.platform != "win32":
    pytest.skip("runs on Windows or in Wine: `python -m tests.windows.run_in_wine`", allow_module_level=True)

pytestmark = [pytest.mark.wine, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WindowsNode]:
    """One agent for all tests; each puts its own module in force."""
    node = WindowsNode(tmp_path_factory.mktemp("node"))
    try:
        node.start_agent()
        node.form_cluster()
        yield node
    finally:
        node.close()


@pytest.fixture
def node(agent: WindowsNode) -> Iterator[WindowsNode]:
    """The agent with the test module applied; stopped afterwards."""
    agent.apply()
    yield agent
    agent.stop()


def test_a_start_script_brings_ready_txt_to_200_and_a_stop_script_ends_the_application(node: WindowsNode) -> None:
    assert node.ready() == 404
    starts, stops = len(node.ran("started")), len(node.ran("stopped"))
    application = node.start()
    assert node.ran("started")[starts:] == ["WAIT UP start"]
    assert application.is_running()
    node.stop()
    assert node.ready() == 404
    assert not application.is_running()
    assert len(node.ran("stopped")) > stops


def test_a_killed_application_comes_back(node: WindowsNode) -> None:
    application, starts = node.start(), len(node.ran("started"))
    application.kill()
    until(lambda: len(node.ran("started")) > starts and node.green(), 60, "green again")
    assert node.application() != application
    assert any("kg_app" in text for text in node.log())
    assert len(node.ran("started")) == starts + 1


def test_the_application_outlives_a_killed_agent_and_is_adopted(node: WindowsNode) -> None:
    application, starts = node.start(), len(node.ran("started"))
    node.kill_agent()
    assert node.ready() == 0
    assert application.is_running()
    node.start_agent()
    until(node.green, 60, "green again")
    assert any("adopted" in text for text in node.log())
    assert application.is_running()
    assert len(node.ran("started")) == starts
    application.kill()
    until(lambda: len(node.ran("started")) > starts and node.green(), 60, "the adopted application is watched")


def test_ctrl_break_ends_the_agent_and_nothing_else(node: WindowsNode) -> None:
    node.kill_agent()
    node.start_agent("-c", ENDED_BY_BREAK)
    application, starts = node.start(), len(node.ran("started"))
    assert node.break_agent() == 0
    assert not (node.home / "var" / "run" / "local.json").exists()
    assert application.is_running()
    node.start_agent()
    until(node.green, 60, "green again")
    assert application.is_running()
    assert len(node.ran("started")) == starts


def test_a_start_script_that_reports_and_stops_its_own_module(node: WindowsNode) -> None:
    node.apply(
        start_both="@echo off\n"
        '"%SAFE%\\safekit.exe" printe "no licence found"\n'
        "if errorlevel 1 exit /b 1\n"
        '"%SAFE%\\safekit.exe" stop -i "start_both"\n'
        "exit /b %errorlevel%\n"
    )
    node.order("start")
    until(lambda: "no licence found" in node.log(), 60, "printe arrived")
    until(lambda: node.shown() == "STOP NotReady", 60, "stopped by its own script")
    assert "start_both" in node.why()
    assert "no licence found" in node.why()


def test_a_second_agent_in_the_same_home_is_refused(node: WindowsNode) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "nodeagent", "agent", "run"],
        env=node.environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode == 69
    assert "another agent (pid " in second.stderr
    assert psutil.pid_exists(int(second.stderr.partition("(pid ")[2].partition(")")[0]))


def test_the_commands_speak_to_a_console_without_unicode(node: WindowsNode) -> None:
    """keepgreen.exe takes no PYTHON* variables: what it writes into a pipe is in the system's own code page."""
    node.start()
    for words in (["state"], ["state", "-m", "farm", "-v"], ["log"], ["why"], ["fingerprint"], ["level"]):
        done = subprocess.run(
            [node.home / "keepgreen.exe", *words],
            env=node.environment,
            check=False,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip(), words
        assert b"Traceback" not in done.stderr
