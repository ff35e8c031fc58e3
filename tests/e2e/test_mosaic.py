"""mosaic.html in a real browser, through the demo's load balancer."""

import asyncio
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from nodeagent.adapters.http_public import HealthServer
from nodeagent.demo.load_balancer import LoadBalancer, Node, Relay
from tests.e2e.real_farm import NETWORK
from tests.fakes.control import STATUS, FakeRecords
from tests.fakes.waiting import until

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PORT = 9010

pytestmark = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed (apt install chromium)")


class Farm:
    """Three health ports and a load balancer in front of them, no agents behind."""

    def __init__(self) -> None:
        self.nodes: dict[str, HealthServer] = {}
        for number in (1, 2, 3):
            server = HealthServer(f"{NETWORK}.{number}", PORT, FakeRecords().say, lambda: True)
            server.set_status(replace(STATUS, node=f"node{number}", node_id=number))
            server.set_ready("web", True)
            self.nodes[f"node{number}"] = server
        behind = [Node(f"node{number}", f"{NETWORK}.{number}") for number in (1, 2, 3)]
        self.balancer = LoadBalancer(behind, [Relay(f"{NETWORK}.10", 0, PORT)], "web", interval=0.2)

    def in_rotation(self) -> set[str]:
        return {node.name for node in self.balancer.nodes if node.healthy}

    async def seen(self, directory: Path, module: str = "web") -> str:
        """The page after one round of 30 cells, as the browser has it."""
        assert BROWSER is not None
        browser = await asyncio.create_subprocess_exec(
            *(BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *(f"--user-data-dir={directory}", "--virtual-time-budget=900", "--dump-dom"),
            f"http://{NETWORK}.10:{self.balancer.ports[0]}/mosaic?m={module}&cells=30&start",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(60):
                output, _ = await browser.communicate()
        finally:
            if browser.returncode is None:
                browser.kill()
                await browser.wait()
        return output.decode()


def cells(page: str) -> Counter[str]:
    """Colours of the cells."""
    found = re.search(r'<ol id="grid".*?</ol>', page, re.DOTALL)
    assert found is not None, page
    return Counter(re.findall(r'<li[^>]* class="(\w+)"', found[0]))


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    made = Farm()
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(node.run()) for node in made.nodes.values()]
        started.append(tasks.create_task(made.balancer.run()))
        await until(lambda: len(made.in_rotation()) == 3)
        yield made
        for task in started:
            task.cancel()


async def test_thirty_cells_ten_for_each_node_then_fifteen(farm: Farm, tmp_path: Path) -> None:
    found = cells(await farm.seen(tmp_path))
    assert set(found) == {"c1", "c2", "c3"}
    assert all(9 <= count <= 11 for count in found.values()), found

    farm.nodes["node2"].set_ready("web", False)
    await until(lambda: farm.in_rotation() == {"node1", "node3"})
    page = await farm.seen(tmp_path)
    found = cells(page)
    assert set(found) == {"c1", "c3"}
    assert all(14 <= count <= 16 for count in found.values()), found
    assert re.search(r"Round \d+: node1 1[4-6], node3 1[4-6]\.", page)
    assert re.search(r'aria-label="Cell 1: node[13], [\d.]+ ms, UP Ready"', page)


async def test_failures_are_black_with_the_error(farm: Farm, tmp_path: Path) -> None:
    page = await farm.seen(tmp_path, "webb")
    assert cells(page) == {"failed": 30}
    assert "this node has no module of this name" in page
