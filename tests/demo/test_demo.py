"""The demo as a newcomer meets it: real agents on the standard ports, real accidents."""

import json
import os
import socket
import stat
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from nodeagent.contract.states import State, Status
from nodeagent.demo import farm
from nodeagent.demo.processes import is_agent, of_demo, of_home
from nodeagent.demo.record import APP_PORT, HEALTH_PORT, DemoInfo
from nodeagent.demo.view import NodeView
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def directory() -> Iterator[Path]:
    """Where a demo may be; whatever a failed test leaves there is ended."""
    with short_directory() as made:
        yield made
        for process in of_demo(made):
            process.kill()


def get(address: str, port: int, path: str = "/") -> tuple[int, str]:
    """Status and body, 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{address}:{port}{path}", timeout=3) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""
    except OSError:
        return 0, ""


def ready(number: int) -> int:
    return get(farm.address_of(number), HEALTH_PORT, "/var/modules/farm/ready.txt")[0]


def application_pid(number: int) -> int:
    words = get(farm.address_of(number), APP_PORT)[1].split()
    return int(words[2]) if words else 0


def until(claim: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def green(node: NodeView) -> bool:
    return node.state is State.UP and node.status is Status.READY and node.ready == 200


def all_green(directory: Path) -> bool:
    view = farm.status(directory)
    return view.up and all(green(node) for node in view.nodes)


def test_a_farm_from_up_to_down(directory: Path) -> None:
    said: list[str] = []
    info = farm.up(directory, 3, said.append)

    assert [node.address for node in info.nodes] == ["127.0.0.11", "127.0.0.12", "127.0.0.13"]
    assert all_green(directory)
    assert len({node.pin for node in info.nodes}) == 3
    assert all(len(node.words.split()) == 6 for node in info.nodes)
    file = directory / "demo.json"
    assert DemoInfo.load(directory) == info
    assert json.loads(file.read_bytes())["user"] == "admin"
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    # Through the load balancer, all nodes answer.
    names: set[str] = set()
    assert until(lambda: not names.update(get("127.0.0.10", 8080)[1].split()[:1]) and len(names) == 3)
    assert names == {"node1", "node2", "node3"}

    # The application dies: out, and back by itself as another process.
    first = application_pid(1)
    psutil.Process(first).kill()
    assert until(lambda: ready(1) == 404, 10)
    assert until(lambda: ready(1) == 200)
    assert application_pid(1) not in (0, first)
    assert ready(2) == ready(3) == 200

    # The agent dies: its application goes on and is adopted when the agent is back.
    second = application_pid(2)
    farm.kill_agent(directory, 2)
    assert ready(2) == farm.status(directory).nodes[1].ready == 0
    assert application_pid(2) == second
    assert farm.up(directory, 3, said.append).nodes[1].agent != info.nodes[1].agent
    assert f"the demo is already up in {directory}" in said
    assert until(lambda: ready(2) == 200)
    assert application_pid(2) == second

    # The power fails: everything of the node is gone, and started anew by the next boot.
    third = application_pid(3)
    farm.power_off(directory, 3)
    assert of_home(farm.home_of(directory, 3)) == []
    assert application_pid(3) == 0
    farm.start_agent(directory, 3, boot_id="another")
    assert until(lambda: ready(3) == 200, 60)
    assert application_pid(3) not in (0, third)

    farm.down(directory, said.append)
    assert said[-1] == "nothing of the demo is left running"
    assert of_demo(directory) == []
    assert not file.exists()
    assert [farm.address_of(n) for n in (1, 2, 3) if application_pid(n)] == []
    assert not farm.status(directory).up


def test_down_ends_what_killed_agents_left_behind(directory: Path) -> None:
    farm.up(directory, 2)
    for number in (1, 2):
        farm.kill_agent(directory, number)
    left = of_demo(directory)
    assert left
    assert not any(map(is_agent, left))
    (directory / "demo.json").write_text("broken")
    farm.down(directory)
    assert of_demo(directory) == []


def test_a_taken_port_is_named_and_nothing_is_started(directory: Path) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((farm.address_of(2), APP_PORT))
        holder.listen(1)
        with pytest.raises(farm.DemoPortTaken) as refusal:
            farm.up(directory, 2)
    assert str(refusal.value).startswith(f"127.0.0.12:{APP_PORT} is used by ")
    assert str(refusal.value).endswith(f"(pid {os.getpid()})")
    assert of_demo(directory) == []
    assert not (directory / "demo.json").exists()
