"""What is remembered of peers over restarts of the agent."""

import asyncio
import json
from pathlib import Path

from nodeagent.agent.peer_memory import PeerMemory
from nodeagent.contract.status import PeerStatus
from nodeagent.durable import wall_time
from tests.fakes.waiting import until

DAY = 86400.0


def peers(**gaps: float) -> tuple[PeerStatus, ...]:
    return tuple(PeerStatus(name, True, 0.0, worst_gap=gap) for name, gap in gaps.items())


def shown(memory: PeerMemory, **gaps: float) -> dict[str, float]:
    return {peer.name: peer.worst_gap for peer in memory.over(peers(**gaps))}


async def test_what_was_longest_is_shown_by_the_next_agent_until_it_sees_a_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "var" / "peers.json"
    await PeerMemory(file, lambda: peers(node2=0.64, node3=0.1)).keep()
    later = PeerMemory(file, lambda: peers(node2=0.2, node3=0.3))
    assert shown(later, node2=0.2, node3=0.3, node4=0.05) == {"node2": 0.64, "node3": 0.3, "node4": 0.05}
    await later.keep()
    assert shown(PeerMemory(file, peers), node2=0.0, node3=0.0) == {"node2": 0.64, "node3": 0.3}


async def test_it_is_written_when_there_is_something_new_and_only_then(tmp_path: Path) -> None:
    file, now = tmp_path / "peers.json", {"node2": 0.64}
    memory = PeerMemory(file, lambda: peers(**now), look=0.01)
    looking = asyncio.get_running_loop().create_task(memory.run())
    await until(file.exists)
    first = file.stat().st_ino
    looks = 0

    def counted() -> tuple[PeerStatus, ...]:
        nonlocal looks
        looks += 1
        return peers(node2=0.63)

    quiet = PeerMemory(file, counted, look=0.01)
    looking_too = asyncio.get_running_loop().create_task(quiet.run())
    await until(lambda: looks > 5)
    assert file.stat().st_ino == first
    now["node2"] = 0.65
    await until(lambda: file.stat().st_ino != first)
    for task in (looking, looking_too):
        task.cancel()
    await asyncio.gather(looking, looking_too, return_exceptions=True)
    assert json.loads(file.read_bytes())["node2"]["gap"] == 0.65


async def test_after_a_week_it_is_forgotten(tmp_path: Path) -> None:
    file, now = tmp_path / "peers.json", wall_time()
    kept = {"node2": {"gap": 0.9, "gap_at": now - 8 * DAY}, "node3": {"gap": 0.9, "gap_at": now - 6 * DAY}}
    file.write_text(json.dumps(kept))
    memory = PeerMemory(file, lambda: peers(node2=0.1, node3=0.1))
    assert shown(memory, node2=0.1, node3=0.1) == {"node2": 0.1, "node3": 0.9}
    await memory.keep()
    assert {name: gap["gap"] for name, gap in json.loads(file.read_bytes()).items()} == {"node2": 0.1, "node3": 0.9}


async def test_where_a_peer_listens_is_remembered_until_it_tells_another_place_or_leaves(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"
    told = PeerStatus("node2", True, 0.0, api_port=9553, health_port=9110)
    silent = PeerStatus("node2", False, 0.0)
    await PeerMemory(file, lambda: (told,)).keep()
    later = PeerMemory(file, lambda: (silent,))
    await later.keep()
    [seen] = later.over((silent,))
    assert (seen.alive, seen.api_port, seen.health_port) == (False, 9553, 9110)
    moved = PeerStatus("node2", True, 0.0, api_port=9654, health_port=9110)
    assert later.over((moved,)) == (moved,)
    await PeerMemory(file, tuple).keep()
    assert PeerMemory(file, tuple).over((silent,)) == (silent,)


async def test_a_file_that_cannot_be_read_or_written_costs_only_the_figure(tmp_path: Path) -> None:
    file = tmp_path / "peers.json"
    file.write_bytes(b"\xff{")
    memory = PeerMemory(file, lambda: peers(node2=0.1))
    assert shown(memory, node2=0.1) == {"node2": 0.1}
    (tmp_path / "file").touch()
    nowhere = PeerMemory(tmp_path / "file" / "peers.json", lambda: peers(node2=0.1))
    await nowhere.keep()
    assert shown(nowhere, node2=0.1) == {"node2": 0.1}
