"""What a typed range means, and a scan that finds exactly the nodes in it."""

import asyncio
import socket
from pathlib import Path

import pytest

from app.services.discovery import MOST_ADDRESSES, BadRange, RangeProblem, addresses_of, scan
from app.services.nodes import CheckedAddress
from tests.app.services.agents import fake_agent


@pytest.mark.parametrize(
    ("text", "first", "last", "count"),
    [
        ("10.0.0.7", "10.0.0.7", "10.0.0.7", 1),
        ("10.0.0.1-50", "10.0.0.1", "10.0.0.50", 50),
        (" 10.0.0.1 - 50 ", "10.0.0.1", "10.0.0.50", 50),
        ("10.0.0.250-10.0.1.5", "10.0.0.250", "10.0.1.5", 12),
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.254", 254),
        ("10.0.0.77/24", "10.0.0.1", "10.0.0.254", 254),
        ("10.0.0.0/31", "10.0.0.0", "10.0.0.1", 2),
        ("10.0.0.5/32", "10.0.0.5", "10.0.0.5", 1),
        ("10.0.0.0/22", "10.0.0.1", "10.0.3.254", 1022),
        ("10.0.0.1-3, 10.0.0.2-4; 10.0.0.9", "10.0.0.1", "10.0.0.9", 5),
    ],
)
def test_ranges(text: str, first: str, last: str, count: int) -> None:
    found = addresses_of(text)
    assert not isinstance(found, BadRange)
    assert (found[0], found[-1], len(found)) == (first, last, count)
    assert len(set(found)) == count


@pytest.mark.parametrize(
    ("text", "problem", "part"),
    [
        ("", RangeProblem.EMPTY, ""),
        (" , ", RangeProblem.EMPTY, " , "),
        ("10.0.0.1-300", RangeProblem.NOT_A_RANGE, "10.0.0.1-300"),
        ("10.0.0.1, office", RangeProblem.NOT_A_RANGE, "office"),
        ("10.0.0.0/33", RangeProblem.NOT_A_RANGE, "10.0.0.0/33"),
        ("10.0.0.50-1", RangeProblem.BACKWARDS, "10.0.0.50-1"),
        ("10.0.0.0/21", RangeProblem.TOO_MANY, "10.0.0.0/21"),
        ("0.0.0.0/0", RangeProblem.TOO_MANY, "0.0.0.0/0"),
        ("fd00::/64", RangeProblem.ONLY_IPV4, "fd00::/64"),
    ],
)
def test_bad_ranges(text: str, problem: RangeProblem, part: str) -> None:
    found = addresses_of(text)
    assert isinstance(found, BadRange)
    assert (found.problem, found.part) == (problem, part)
    assert (found.count > MOST_ADDRESSES) == (problem is RangeProblem.TOO_MANY)


async def test_a_scan_finds_the_node_and_nobody_else(tmp_path: Path) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        with socket.socket() as silent:  # accepts, says nothing: not a node, and no other waits for it
            silent.bind(("127.0.0.3", address.port))
            silent.listen()
            addresses = addresses_of("127.0.0.1-80")
            assert not isinstance(addresses, BadRange)
            found: list[CheckedAddress] = []
            progress: list[tuple[int, int]] = []

            def at(done: int, of: int) -> None:
                progress.append((done, of))

            done = await scan(addresses, found.append, at, port=address.port, connect_timeout=1.0)
    assert [one.address for one in found] == [address]
    assert found[0].identity is not None
    assert found[0].identity.node == "node9"
    assert (done.asked, done.accepted, done.found) == (80, 2, tuple(found))
    assert progress == [(at, 80) for at in range(1, 81)]
    assert agent.logins == 0


async def test_a_scan_is_cancelled_at_once() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = asyncio.Event()
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            work = scan(
                ("127.0.0.2", "127.0.0.1"), lambda _: None, lambda *_: started.set(), port=silent.getsockname()[1]
            )
            scanning = group.create_task(work)
            await started.wait()
            scanning.cancel()
    assert scanning.cancelled()
