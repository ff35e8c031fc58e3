"""A port that is taken is named with its holder, before anything is started."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.demo import farm
from nodeagent.demo.ports import DemoPortTaken, Port, Protocol, demand_free

ADDRESS = "127.0.0.78"


@pytest.fixture(params=["tcp", "udp"])
def taken(request: pytest.FixtureRequest) -> Iterator[Port]:
    protocol: Protocol = request.param
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as holder:
        holder.bind((ADDRESS, 0))
        if protocol == "tcp":
            holder.listen(1)
        yield Port(ADDRESS, holder.getsockname()[1], protocol)


def test_the_holder_is_named(taken: Port) -> None:
    with pytest.raises(DemoPortTaken) as refusal:
        demand_free([taken])
    assert str(refusal.value).startswith(f"{ADDRESS}:{taken.number} is used by ")
    assert str(refusal.value).endswith(f"(pid {os.getpid()})")


def test_all_taken_ports_are_named_at_once_and_free_ones_are_not(taken: Port) -> None:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        free = Port(ADDRESS, probe.getsockname()[1])
    with pytest.raises(DemoPortTaken) as refusal:
        demand_free([taken, free, taken])
    assert str(refusal.value).count("is used by") == 2
    demand_free([free])


def test_an_address_that_is_not_there_is_no_taken_port() -> None:
    with pytest.raises(DemoPortTaken, match=r"192\.0\.2\.1:8081 cannot be used: "):
        demand_free([Port("192.0.2.1", 8081)])


def test_a_demo_needs_the_standard_ports() -> None:
    ports = {str(port) for port in farm.ports_of(2)}
    assert ports == {
        "127.0.0.10:8080",
        "127.0.0.10:9010",
        *(f"127.0.0.{host}:{port}" for host in (11, 12) for port in (4800, 8081, 9010, 9453)),
    }


@pytest.mark.parametrize("nodes", [0, 17])
def test_a_demo_has_1_to_16_nodes(tmp_path: Path, nodes: int) -> None:
    with pytest.raises(farm.DemoFailed, match="1 to 16 nodes"):
        farm.up(tmp_path / "d", nodes)
    assert not (tmp_path / "d").exists()


def test_a_path_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    with pytest.raises(farm.DemoFailed, match="space"):
        farm.up(tmp_path / "a b")
    with pytest.raises(farm.DemoFailed, match="too long"):
        farm.up(tmp_path / ("x" * 100))


def test_what_is_not_of_a_demo_is_never_removed(tmp_path: Path) -> None:
    precious = tmp_path / "node2" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")
    with pytest.raises(farm.DemoFailed, match="node2 is not of a demo"):
        farm.clear(tmp_path)
    assert precious.read_text() == "mine"


def test_down_of_nothing_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    farm.down(tmp_path, said.append)
    assert said == [f"no demo is up in {tmp_path}"]
    assert not farm.status(tmp_path).up
