"""The templates' scripts by themselves: what they ask of systemd or Windows, what they say, how they end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nodeagent.demo.module import template

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="scripts of Linux")

SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> "{calls}"
case "$*" in
    *is-enabled*off) exit 1 ;;
    *is-enabled*) ;;
    *bad) echo "the unit bad has its reasons"; exit 5 ;;
esac
"""
OF_SERVICES = ["nginx_farm", "apache_farm", "light"]
WITH_SERVICES = [*OF_SERVICES, "farm"]


class Node:
    """SAFE, and a PATH where systemctl and safekit only write down how they were called."""

    def __init__(self, directory: Path) -> None:
        self.directory, self._calls = directory, directory / "calls"
        self._program("systemctl", SYSTEMCTL.format(calls=self._calls))
        self._program("safekit", f'#!/bin/sh\necho "safekit $*" >> "{self._calls}"\n')

    def _program(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)
        (self.directory / name).chmod(0o755)

    def run(self, module: str, script: str, *arguments: str, services: str, booted: bool = True) -> tuple[int, str]:
        """Exit code and output. The directory stands for the mark that systemd has booted this node."""
        mark = self.directory if booted else self.directory / "nothing"
        for path, data in template(module).items():
            file = self.directory / module / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data.replace(b"/run/systemd/system", bytes(mark)))
        own = self.directory / module / "bin"
        environment = os.environ | {
            "SAFE": str(self.directory),
            "SAFEUSERBIN": str(own),
            "SERVICES": services,
            "PATH": f"{self.directory}:{os.environ['PATH']}",
        }
        done = subprocess.run(
            ["/bin/sh", own / script, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=30,
        )
        assert "not found" not in done.stdout
        return done.returncode, done.stdout

    def calls(self) -> list[str]:
        """Since the last time."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return lines


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """One node."""
    return Node(tmp_path)


@pytest.mark.parametrize("module", OF_SERVICES)
def test_services_start_in_order_and_stop_in_reverse(node: Node, module: str) -> None:
    code, said = node.run(module, "start_both", "WAIT", "UP", "start", services="a,b")
    assert (code, node.calls()) == (0, ["systemctl start a", "systemctl start b"])
    assert said.startswith("Running start_both WAIT UP start\n")
    code, _ = node.run(module, "stop_both", "UP", "WAIT", "stop", services="a,b")
    assert (code, node.calls()) == (0, ["systemctl stop b", "systemctl stop a"])


@pytest.mark.parametrize("module", OF_SERVICES)
def test_a_service_that_does_not_start_ends_the_start_and_is_named(node: Node, module: str) -> None:
    code, said = node.run(module, "start_both", "WAIT", "UP", "start", services="a,bad,c")
    sentence = "service bad did not start"
    assert (code, node.calls()) == (
        1,
        ["systemctl start a", "systemctl start bad", f"safekit printe start_both: {sentence}"],
    )
    assert said.endswith(f"the unit bad has its reasons\n{sentence}\n")


@pytest.mark.parametrize("module", OF_SERVICES)
def test_a_stop_goes_on_after_a_failure_and_reports_it(node: Node, module: str) -> None:
    code, _ = node.run(module, "stop_both", "UP", "WAIT", "stop", services="a,bad")
    calls = ["systemctl stop bad", "safekit printe stop_both: service bad did not stop", "systemctl stop a"]
    assert (code, node.calls()) == (1, calls)


@pytest.mark.parametrize("module", OF_SERVICES)
def test_a_forced_stop_kills(node: Node, module: str) -> None:
    code, _ = node.run(module, "stop_both", "force", "UP", "WAIT", "stop", services="a,b")
    assert (code, node.calls()) == (0, ["systemctl kill --signal=KILL b", "systemctl kill --signal=KILL a"])


@pytest.mark.parametrize("module", OF_SERVICES)
def test_only_the_services_named_in_the_arguments_are_restarted(node: Node, module: str) -> None:
    failed = ("UP", "UP", "restart", "-Services", "b, c")
    assert node.run(module, "stop_both", *failed, services="a,b,c")[0] == 0
    assert node.run(module, "start_both", *failed, services="a,b,c")[0] == 0
    assert node.calls() == ["systemctl stop c", "systemctl stop b", "systemctl start b", "systemctl start c"]


@pytest.mark.parametrize("module", WITH_SERVICES)
def test_postconfig_sets_to_manual_start_what_starts_at_boot_and_says_so(node: Node, module: str) -> None:
    code, said = node.run(module, "postconfig", "STOP", "STOP", "postconfig", services="a,off,bad")
    assert (code, node.calls()) == (
        1,
        [
            "systemctl is-enabled --quiet a",
            "systemctl disable a",
            "safekit printi service a is set to manual start: this module starts and stops it",
            "systemctl is-enabled --quiet off",
            "systemctl is-enabled --quiet bad",
            "systemctl disable bad",
        ],
    )
    assert said.endswith("service bad could not be set to manual start\n")


@pytest.mark.parametrize("module", WITH_SERVICES)
def test_deconfig_changes_nothing_and_says_what_is_left_to_do(node: Node, module: str) -> None:
    code, _ = node.run(module, "deconfig", "STOP", "STOP", "deconfig", services="a,off")
    said = "safekit printi service off stays at manual start; for a start at boot: systemctl enable off"
    assert (code, node.calls()) == (
        0,
        ["systemctl is-enabled --quiet a", "systemctl is-enabled --quiet off", said],
    )


@pytest.mark.parametrize("module", WITH_SERVICES)
@pytest.mark.parametrize("script", ["postconfig", "deconfig"])
def test_without_systemd_there_is_nothing_to_set(node: Node, module: str, script: str) -> None:
    assert node.run(module, script, "STOP", "STOP", script, services="a", booted=False)[0] == 0
    assert node.calls() == []


Batch = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Batch]:
    """Runs a `.cmd` of a template in Wine: its exit code, and what it said itself. There is no safekit.exe."""
    wine, server = shutil.which("wine"), shutil.which("wineserver") or "/usr/lib/wine/wineserver64"
    if wine is None:
        pytest.skip("wine is not installed (Debian: wine wine64)")
    home = tmp_path_factory.mktemp("wine")
    basis = os.environ | {"WINEPREFIX": str(home / "prefix"), "WINEDEBUG": "-all", "SAFE": "C:\\none", "DISPLAY": ""}

    def run(module: str, script: str, *arguments: str, services: str) -> tuple[int, list[str]]:
        (home / script).write_bytes(template(module)[f"bin/{script}"])
        done = subprocess.run(
            [str(wine), "cmd", "/c", f".\\{script}", *arguments],
            cwd=home,
            env=basis | {"SERVICES": services},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=100,
        )
        words = ("Running", "Starting service", "Stopping service", "Killing service", "service ", "there is no ")
        lines = done.stdout.decode("ascii", "replace").splitlines()
        return done.returncode, [line for line in lines if line.startswith(words)]

    try:
        yield run
    finally:
        subprocess.run([server, "-k"], env=basis, check=False, timeout=30)


@pytest.mark.timeout(300)
def test_batch_files_start_in_order_until_one_fails(batch: Batch) -> None:
    """PlugPlay is a service that always runs in Wine."""
    running, start = "Running start_both WAIT UP start", ("start_both.cmd", "WAIT", "UP", "start")
    good = batch("light", *start, services="PlugPlay")
    assert good == (0, [running, "Starting service PlugPlay"])
    bad = batch("light", *start, services='PlugPlay,"no such",PlugPlay')
    said = ["Starting service PlugPlay", "Starting service no such", "service no such did not start"]
    assert bad == (1, [running, *said])
    assert batch("farm", *start, services="") == (0, [running])
    assert batch("farm", *start, services="none,PlugPlay") == (1, [running, "Starting service none"])
    code, said = batch("light", "start_both.cmd", "UP", "UP", "restart", "-Services", "PlugPlay", services="none")
    assert (code, said[1:]) == (0, ["Starting service PlugPlay"])


@pytest.mark.timeout(300)
def test_batch_files_stop_in_reverse_and_go_on_after_a_failure(batch: Batch) -> None:
    stop = ("stop_both.cmd", "UP", "WAIT", "stop")
    order = ["Stopping service no such", "Stopping service b"]
    assert batch("farm", *stop, services='b,"no such"') == (1, ["Running stop_both UP WAIT stop", *order])
    code, said = batch("light", *stop, services='b,"no such"')
    failed = ["service no such did not stop", "service b did not stop"]
    assert (code, said[1:]) == (1, [order[0], failed[0], order[1], failed[1]])
    code, said = batch("light", "stop_both.cmd", "force", "UP", "WAIT", "stop", services="a,b")
    assert (code, said[1:]) == (0, ["Killing service b", "Killing service a"])
    assert batch("farm", "stop_both.cmd", "force", "UP", "WAIT", "stop", services="a,b")[1:] == (
        ["Running stop_both force UP WAIT stop"],
    )


@pytest.mark.timeout(300)
def test_batch_confcheck_names_the_service_that_is_not_there(batch: Batch) -> None:
    code, (_, *said) = batch("iis_farm", "confcheck.cmd", "STOP", "STOP", "confcheck", services="PlugPlay")
    assert (code, said) == (0, [])
    code, (_, line) = batch("iis_farm", "confcheck.cmd", "STOP", "STOP", "confcheck", services="PlugPlay,none")
    assert (code, line.startswith("there is no service none on this node: ")) == (1, True)
