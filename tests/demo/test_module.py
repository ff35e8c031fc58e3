"""The farm template and the demo's module made from it: both kinds of scripts, run for real where they can be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.errors import Severity
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.states import Mode
from nodeagent.demo.module import cluster_xml, farm_module, filled, template

CHANGED = {"conf/userconfig.xml", *(f"bin/{s}_both{x}" for s in ("start", "stop") for x in ("", ".cmd"))}
FILES = CHANGED | {f"bin/{s}config{x}" for s in ("post", "de") for x in ("", ".cmd")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """SAFE, and a PATH where systemctl and safekit only write down how they were called."""
    for name in ("systemctl", "safekit"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/calls"\n[ "$2" != bad ]\n')
        program.chmod(0o755)
    return tmp_path


def run(home: Path, script: str, *arguments: str, services: str = "") -> tuple[int, list[str], str]:
    """Exit code, the calls made, the output of one script of the template."""
    file = home / script
    file.write_bytes(template("farm")[f"bin/{script}"])
    environment = {**os.environ, "SAFE": str(home), "SERVICES": services, "PATH": f"{home}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", file, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.stderr == ""
    calls = home / "calls"
    return done.returncode, calls.read_text().splitlines() if calls.exists() else [], done.stdout


posix = pytest.mark.skipif(sys.platform == "win32", reason="scripts of Linux")


def test_the_template_has_scripts_of_both_systems() -> None:
    files = template("farm")
    assert set(files) == FILES
    for path, content in files.items():
        lines = content.count(b"\n")
        assert content.count(b"\r\n") == (lines if path.endswith(".cmd") else 0)


@posix
def test_services_start_in_order_and_stop_in_reverse(home: Path) -> None:
    code, calls, said = run(home, "start_both", "WAIT", "UP", "start", services="a,b")
    assert (code, calls) == (0, ["systemctl start a", "systemctl start b"])
    assert said.startswith("Running start_both WAIT UP start\n")
    (home / "calls").unlink()
    code, calls, _ = run(home, "stop_both", "UP", "WAIT", "stop", services="a,b")
    assert (code, calls) == (0, ["systemctl stop b", "systemctl stop a"])


@posix
def test_a_service_that_fails_is_reported_and_ends_the_start(home: Path) -> None:
    code, calls, _ = run(home, "start_both", "WAIT", "UP", "start", services="a,bad,c")
    assert code == 1
    assert calls == ["systemctl start a", "systemctl start bad", "safekit printe start_both failed"]


@posix
def test_a_stop_goes_on_after_a_failure_and_reports_it(home: Path) -> None:
    code, calls, _ = run(home, "stop_both", "UP", "WAIT", "stop", services="a,bad,c")
    assert code == 1
    assert calls == ["systemctl stop c", "systemctl stop bad", "systemctl stop a", "safekit printe stop_both failed"]


@posix
def test_only_the_services_named_in_the_arguments_are_restarted(home: Path) -> None:
    code, calls, _ = run(home, "start_both", "UP", "UP", "restart", "-Services", "b, c", services="a,b,c")
    assert (code, calls) == (0, ["systemctl start b", "systemctl start c"])


@posix
def test_a_forced_stop_ends_at_once(home: Path) -> None:
    assert run(home, "stop_both", "force", "UP", "WAIT", "stop", services="a")[:2] == (0, [])


def test_the_demo_fills_the_template_and_changes_nothing_else() -> None:
    plain, made = template("farm"), farm_module()
    assert set(made) == FILES
    for path in FILES:
        before, after = plain[path].splitlines(), made[path].splitlines()
        assert len(before) == len(after)
        assert (path in CHANGED) <= sum(a != b for a, b in zip(before, after, strict=True)) <= 2 * (path in CHANGED)
    assert b"%SAFENODE% " in made["conf/userconfig.xml"]
    assert b"PROCESS_NAME:" in made["conf/userconfig.xml"]


def test_the_only_finding_about_the_template_is_its_placeholder() -> None:
    config, (problem,) = read_module("farm", template("farm")["conf/userconfig.xml"], lan_names=["default"])
    assert config
    assert (config.mode, config.maxloop, config.loop_interval) == (Mode.FARM, 3, 86400.0)
    assert config.user
    assert (config.user.starttimeout, config.user.act_on_exitcode) == (300.0, True)
    assert problem.severity is Severity.WARNING
    assert "PROCESS_NAME" in problem.text


@pytest.mark.parametrize("node", ["node1", "node2"])
def test_each_node_of_the_demo_watches_only_its_own_copy(node: str) -> None:
    config, problems = read_module(
        "farm", farm_module()["conf/userconfig.xml"], environment={"SAFENODE": node}, lan_names=["default"]
    )
    assert problems == []
    assert config
    assert config.monitoring
    (proc,) = config.monitoring.procs
    assert re.search(proc.argregex, f"/usr/bin/python3 /a/web_app.py serve --node {node} --address 127.0.0.11")
    assert not re.search(proc.argregex, "/usr/bin/python3 /a/web_app.py serve --node node12 --address 127.0.0.22")
    assert not re.search(proc.argregex, f"/usr/bin/python3 /a/web_app.py start --node {node} --address 127.0.0.11")


def test_the_cluster_is_read_without_a_finding() -> None:
    config, problems = read_cluster(cluster_xml((("node1", "127.0.0.11"), ("node2", "127.0.0.12"))))
    assert problems == []
    assert config
    assert config.nodes == ("node1", "node2")
    assert config.window == 1.0


def test_a_template_without_the_place_is_refused() -> None:
    with pytest.raises(ValueError, match="lost its place"):
        filled(b"nothing", ("# OWN START CALLS", "x"))


@posix
def test_the_filled_scripts_are_valid_shell(tmp_path: Path) -> None:
    for name in ("start_both", "stop_both"):
        file = tmp_path / name
        file.write_bytes(farm_module()[f"bin/{name}"])
        assert subprocess.run(["/bin/sh", "-n", file], check=False).returncode == 0
