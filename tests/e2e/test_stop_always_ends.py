"""A stop always ends: start and stop scripts that do everything not to, on a real agent."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.e2e.real_farm import APP, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(180)

BASH = b"#!/bin/bash\n"
START, NICE, FORCE = 1, 1, 1
LIMIT = START + NICE + 4 * FORCE
"""Seconds: start_both, stop_both, stop_both force, poststop and two transitions, each to its time-out."""
MARGIN = 10
"""Seconds for killing and for a busy machine."""

USERCONFIG = f"""<!DOCTYPE safe>
<safe>
  <service mode="farm" loop_interval="0">
    <farm><lan name="default"/></farm>
    <user nicestoptimeout="{NICE}" forcestoptimeout="{FORCE}" starttimeout="{START}" userlogsize="64"/>
  </service>
</safe>
""".encode()

HANG = b"sleep 1000\n"
SCRIPTS = {
    "hangs": HANG,
    "ignores every signal that it may": b"trap '' TERM INT HUP QUIT USR1 USR2 PIPE ALRM\nwhile :; do sleep 1; done\n",
    "daemonises and hangs": b"(setsid bash -c '(sleep 1000 & sleep 1000) &' &)\nsetsid sleep 1000 &\n" + HANG,
    "forks again and again": b"""
if [ "$1" = again ]; then sleep 0.4; else for i in {1..30}; do setsid "$0" again & done; sleep 1000; fi
setsid "$0" again &
""",
    "forks children that come back": b"""
child() { while :; do (sleep 0.2 & wait); done; }
keep() { trap '' TERM HUP; while :; do child & wait $!; done; }
for i in {1..15}; do keep & done
wait
""",
    "closes its output": b"exec <&- >&- 2>&-\n" + HANG,
    "deletes itself": b'rm "$0"\n' + HANG,
    "deletes all scripts": b'rm -r "$SAFEUSERBIN"\n' + HANG,
    "stops itself": b"sleep 1000 &\nkill -STOP $!\nkill -STOP $$\n" + HANG,
    "stops its parent's group": b"set -m\nsleep 1000 &\nkill -STOP -- -$!\n" + HANG,
    "floods its output": b"yes flood\n",
    "floods with one endless line": b"cat /dev/zero\n",
    "changes its process group": b"set -m\nsleep 1000 & sleep 1000 &\nexec python3 -c '"
    b"import os, time; os.fork() or os.setpgid(0, 0); time.sleep(1000)'\n",
    "goes into another session": b"exec setsid -w bash -c 'setsid -w sleep 1000 & wait'\n",
    "removes its directory": b'cd /\nrm -r "$SAFEUSERVAR"\n' + HANG,
    "puts a file in the place of its directory": b'cd /\nrm -r "$SAFEUSERVAR"\n: > "$SAFEUSERVAR"\n' + HANG,
    "removes the directory of its outputs": b'rm -r "${SAFEUSERVAR%/var}/userlog"\n' + HANG,
    "cannot be run": b"\0",
}
"""What a script does. None of them ends by itself; the last cannot even begin."""


@pytest.fixture(scope="module")
def lone() -> Iterator[RealFarm]:
    """A farm of one agent that has started and stopped a module once."""
    with short_directory() as directory, running_farm(directory, 1) as farm:
        warm(farm)
        yield farm


def warm(farm: RealFarm) -> None:
    """Let the agent have all the threads and files that it ever needs."""
    for _ in range(3):
        works(farm)


def install(farm: RealFarm, scripts: dict[str, bytes]) -> None:
    """Put the module with these scripts in force."""
    farm.install("farm", {**scripts, "conf/userconfig.xml": USERCONFIG})


@dataclass(frozen=True)
class Held:
    """What an agent holds."""

    descriptors: int
    children: int

    def __le__(self, other: "Held") -> bool:
        return self.descriptors <= other.descriptors and self.children <= other.children


def held(node: RealNode) -> Held:
    """Zombies count as children."""
    assert node.agent is not None
    agent = psutil.Process(node.agent.pid)
    return Held(agent.num_fds(), len(agent.children()))


def left(node: RealNode) -> list[str]:
    """All processes of the node but the agent."""
    assert node.agent is not None
    words = []
    for process in node.processes():
        with suppress(psutil.Error):
            if process.pid != node.agent.pid:
                words.append(" ".join(process.cmdline()) or process.name())
    return words


class Prober:
    """Asks for ready.txt again and again, as a load balancer does; remembers what came back."""

    def __init__(self, node: RealNode) -> None:
        self._node, self._ended = node, threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.answers: list[int] = []

    def __enter__(self) -> "Prober":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while True:
            self.answers.append(self._node.ready())
            if self._ended.wait(0.05):
                return


def clear(node: RealNode) -> None:
    """End what a test has left, put its directory back."""
    assert node.agent is not None
    for process in node.processes():
        with suppress(psutil.NoSuchProcess):
            if process.pid != node.agent.pid:
                process.kill()
    place = node.home / "var" / "modules" / "farm" / "var"
    if place.is_file():
        place.unlink()


def works(farm: RealFarm) -> None:
    """A good module starts and stops."""
    (node,) = farm.nodes
    install(farm, {"bin/start_both": BASH, "bin/stop_both": BASH})
    assert node.order("start", wait=20)["status"] == "Ready"
    assert node.order("stop", wait=20)["state"] == "STOP"


def stop_ends(farm: RealFarm, script: bytes) -> None:
    """Stop while start_both with this text runs; all scripts of the stop do the same. Nothing is left."""
    (node,) = farm.nodes
    before = held(node)
    text = BASH + script if script.strip(b"\0") else script
    install(farm, {f"bin/{name}": text for name in ("start_both", "stop_both", "poststop")})
    with Prober(node) as prober:
        node.order("start")
        until(lambda: node.module()["phase"] not in ("stopped", "saving the order"), 10, "it starts")
        answer = node.order("stop", wait=LIMIT + MARGIN)
    assert (answer["done"], answer["state"]) == (True, "STOP"), node.module()
    until(lambda: not left(node), 5, "nothing is left behind")
    assert 0 not in prober.answers
    until(lambda: held(node) <= before, 10, f"the agent holds what it held: {before}")


@pytest.mark.parametrize("script", SCRIPTS.values(), ids=SCRIPTS.keys())
def test_a_stop_ends_and_leaves_nothing(lone: RealFarm, script: bytes) -> None:
    try:
        stop_ends(lone, script)
    finally:
        clear(lone.nodes[0])
    works(lone)


def test_what_start_both_leaves_behind_is_the_application_and_stays(lone: RealFarm) -> None:
    (node,) = lone.nodes
    begin = f'setsid bash -c "exec -a {APP}-left sleep 1000" >/dev/null 2>&1 </dev/null &\ndisown\n'.encode()
    install(lone, {"bin/start_both": BASH + begin, "bin/stop_both": BASH + HANG})
    before = held(node)
    node.order("start", wait=20)
    assert node.order("stop", wait=LIMIT + MARGIN)["done"]
    assert left(node) == [f"{APP}-left 1000"]
    clear(node)
    until(lambda: held(node) <= before, 10, f"the agent holds what it held: {before}")


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A directory on a disk of 16 MiB of its own."""
    with short_directory() as directory:
        disk = directory / "disk"
        disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(disk)], check=False, capture_output=True
        )
        try:
            if mounted.returncode:
                pytest.skip("a tmpfs may not be mounted here")
            yield disk
        finally:
            if not mounted.returncode:
                subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_stop_ends_while_scripts_fill_the_disk(small_disk: Path) -> None:
    fill = b'(cat /dev/zero > "$SAFEUSERVAR/full$$") 2>/dev/null\nyes "no room"\n' + HANG
    with running_farm(small_disk, 1) as farm:
        warm(farm)
        stop_ends(farm, fill)
        assert shutil.disk_usage(small_disk).free < 64 * 1024
        for file in (farm.nodes[0].home / "var" / "modules" / "farm" / "var").glob("full*"):
            file.unlink()
        shown = farm.nodes[0].home / "agent.out"
        size = shown.stat().st_size
        works(farm)
        until(lambda: shown.stat().st_size > size, 10, "what the agent prints finds room again")
