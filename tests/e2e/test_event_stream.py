"""A console that loses its connection, and the agent its life: the log it has is whole and has nothing twice."""

import asyncio

import aiohttp
import msgspec

from nodeagent.contract.api import Event
from nodeagent.contract.status import NodeStatus
from tests.e2e.real_farm import RealFarm, RealNode, until


class Console:
    """Reads the event stream of one node; remembers the cursor over its connections."""

    def __init__(self, node: RealNode) -> None:
        self.node = node
        self.cursor = 0
        self.cursors: list[int] = []
        self.texts: list[str] = []

    async def begin(self) -> None:
        """The newest page of the log."""
        page = await asyncio.to_thread(self.node.get, "/log?newest=1&limit=20")
        self.cursor = page["next"]
        self.cursors = [line["cursor"] for line in page["lines"]]

    async def read_until(self, text: str) -> None:
        """Connect, read up to this line, and drop the connection."""
        connector = aiohttp.UnixConnector(str(self.node.home / "var" / "run" / "agent.sock"))
        async with asyncio.timeout(30), aiohttp.ClientSession(connector=connector) as session:
            url = f"http://local/api/v1/events?after={self.cursor}"
            async with session.ws_connect(url, max_msg_size=0) as socket:
                async for message in socket:
                    event = msgspec.json.decode(message.data, type=Event)
                    for line in event.lines:
                        self.cursors.append(line.cursor)
                        self.texts.append(line.text)
                        self.cursor = line.cursor
                    if text in self.texts:
                        return


def say(node: RealNode, *texts: str) -> None:
    for text in texts:
        node.ask("POST", "/modules/farm/print", {"text": text})


def written(node: RealNode) -> str:
    """The last line a script said that a kill of the agent cannot take back."""
    return str(node.log(types="S", newest=1, limit=1)[0]["text"])


async def test_reconnecting_over_a_kill_loses_and_doubles_nothing(farm: RealFarm) -> None:
    await asyncio.to_thread(farm.apply)
    node = farm.nodes[0]
    console = Console(node)
    await console.begin()
    said = [f"said {number}" for number in range(90)]

    await asyncio.to_thread(say, node, *said[:30])
    await console.read_until(said[29])
    await asyncio.to_thread(say, node, *said[30:60])
    await asyncio.to_thread(until, lambda: written(node) == said[59], 20, "the last line is on the disk")
    await asyncio.to_thread(node.kill_agent)
    await asyncio.to_thread(node.start_agent)
    await asyncio.to_thread(say, node, *said[60:])
    await console.read_until(said[-1])

    assert [text for text in console.texts if text.startswith("said ")] == said
    first, last = console.cursors[0], console.cursors[-1]
    assert console.cursors == list(range(first, last + 1))
    kept = await asyncio.to_thread(node.log, after=first - 1)
    assert [line["cursor"] for line in kept][: len(console.cursors)] == console.cursors


async def test_the_status_tells_the_place_and_the_load_of_the_node(farm: RealFarm) -> None:
    def seen(node: RealNode) -> bool:
        return bool(node.get("/status")["memory"] > 0.0)

    for number, node in enumerate(farm.nodes, 1):
        await asyncio.to_thread(until, lambda node=node: seen(node), 20, "the first sample")
        status = msgspec.convert(await asyncio.to_thread(node.get, "/status"), NodeStatus)
        assert status.node_id == number
        assert status.memory <= 100.0
        assert 0.0 <= status.cpu <= 100.0
