"""Many real agents on this machine. `scale [SECONDS [KILLS]]`, 20 s and 20 kills by default.

2 to 16 agents at the default pulse: CPU of one agent and how soon all survivors agree that a killed one is dead. Then
64 agents at a pulse of one second. Each figure is that of the agents' own processes; who measures is not in it.
"""

import base64
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil

from nodeagent.adapters.udp import CROWD, REST
from nodeagent.durable import wall_time
from tests.bench._report import percentile, write_section
from tests.e2e.real_farm import RealFarm, RealNode, until
from tests.fakes.short_directory import short_directory

SIZES = (2, 4, 8, 12, 16)
KILLED_AT = (3, 8, 16)
MANY = 64
MB = 1024 * 1024


class Crowd:
    """Agents of which the first few are in one cluster."""

    def __init__(self, directory: Path, count: int) -> None:
        self.nodes = RealFarm(directory, count).nodes
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(RealNode.start_agent, self.nodes))
        self._key = self.nodes[0].ask("POST", "/cluster/key")["key"]

    def form(self, count: int, pulse: str = "100ms") -> list[RealNode]:
        """Make a cluster of the first nodes; they, when all hear each other."""
        nodes = self.nodes[:count]
        lines = "".join(f'<node name="{n.name}" addr="{n.address}"/>' for n in nodes)
        xml = f'<cluster><lans pulse="{pulse}"><lan name="default">{lines}</lan></lans></cluster>'
        for node in nodes:
            request = {"xml": base64.b64encode(xml.encode()).decode(), "name": node.name, "keys": [self._key]}
            node.ask("POST", "/cluster/commit", {"signature": node.ask("POST", "/cluster/stage", request)["signature"]})
        until(partial(all_hear, nodes, count - 1), 120, f"{count} agents hear each other")
        return nodes


def hears(node: RealNode) -> int:
    """How many peers a node hears."""
    return sum(peer["alive"] for peer in node.get("/status")["peers"])


def all_hear(nodes: Sequence[RealNode], peers: int) -> bool:
    """Whether each of these hears so many peers."""
    return all(hears(node) == peers for node in nodes)


@contextmanager
def crowd(count: int) -> Iterator[Crowd]:
    """So many agents, gone afterwards."""
    with short_directory() as directory:
        made: Crowd | None = None
        try:
            made = Crowd(directory, count)
            yield made
        finally:
            for process in psutil.process_iter():
                with_home(process, directory)


def with_home(process: psutil.Process, directory: Path) -> None:
    """Kill a process whose home is in the directory."""
    try:
        if process.environ().get("KEEPGREEN_HOME", "").startswith(f"{directory}/"):
            process.kill()
    except psutil.Error:
        pass


def cost(nodes: Sequence[RealNode], seconds: float) -> tuple[list[float], list[float]]:
    """Per agent: CPU in % of a core over this time, memory (RSS) in MB at its end."""
    processes = [psutil.Process(node.agent.pid) for node in nodes if node.agent]
    time.sleep(3)  # what joining cost is over
    began, before = time.monotonic(), [sum(p.cpu_times()[:2]) for p in processes]
    time.sleep(seconds)
    took = time.monotonic() - began
    used = [sum(p.cpu_times()[:2]) - cpu for p, cpu in zip(processes, before, strict=True)]
    return [100 * cpu / took for cpu in used], [p.memory_info().rss / MB for p in processes]


def agreed(nodes: Sequence[RealNode], kills: int) -> list[float]:
    """Seconds from each kill -9 until the last survivor has the node lost, by the times in the survivors' logs."""
    taken = []
    for number in range(kills):
        victim = nodes[number % len(nodes)]
        others = [node for node in nodes if node is not victim]
        killed = wall_time()
        victim.kill_agent()
        until(partial(all_hear, others, len(nodes) - 2), 10, "all survivors know")
        taken.append(max(noted(node, f"{victim.name} lost: ", killed) for node in others) - killed)
        victim.start_agent()
        until(partial(all_hear, nodes, len(nodes) - 1), 30, "all hear each other again")
        time.sleep(0.037 * (number % 7))  # kills fall evenly into the pulse
    return taken


def noted(node: RealNode, start: str, after: float) -> float:
    """When a node wrote a line that begins so into its log."""
    found: list[float] = []

    def there() -> bool:
        found[:] = [line["time"] for line in node.log(**{"from": after}) if line["text"].startswith(start)]
        return bool(found)

    until(there, 10, f"{node.name} writes: {start}")
    return found[0]


def line_through(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """(value at 0, slope) with the least squares."""
    count, sum_x, sum_y = len(points), sum(x for x, _ in points), sum(y for _, y in points)
    slope = (count * sum(x * y for x, y in points) - sum_x * sum_y) / (
        count * sum(x * x for x, _ in points) - sum_x * sum_x
    )
    return (sum_y - slope * sum_x) / count, slope


def main(seconds: float, kills: int) -> None:
    """Measure and write."""
    lines = ["CPU of one agent in % of a core, no modules, default pulse (100 ms), loopback. Memory is RSS.", ""]
    lines += ["| agents | datagrams/s per agent | CPU mean | CPU max | MB mean | MB max |", "|-|-|-|-|-|-|"]
    points, deaths = [], []
    with crowd(max(SIZES)) as agents:
        for size in sorted({*SIZES, *KILLED_AT}):
            nodes = agents.form(size)
            cpu, memory = cost(nodes, seconds)
            mean = sum(cpu) / size
            points.append((float(size), mean))
            lines.append(
                f"| {size} | {20 * (size - 1)} | {mean:.2f} | {max(cpu):.2f}"
                f" | {sum(memory) / size:.0f} | {max(memory):.0f} |"
            )
            print(lines[-1], flush=True)
            if size in KILLED_AT:
                taken = agreed(nodes, kills)
                figures = " | ".join(f"{percentile(taken, at) * 1000:.0f}" for at in (50, 99, 100))
                deaths.append(f"| {size} | {kills} | {figures} |")
                print(deaths[-1], flush=True)
    base, slope = line_through([(size, mean) for size, mean in points if 10 * (size - 1) < CROWD])
    lines += [
        "",
        f"Fitted: {base:.2f} % + {slope:.3f} % for each agent, until one gets {CROWD} datagrams/s; from there on it",
        f"looks at its socket every {REST * 1000:.0f} ms, for all that came.",
        "",
    ]
    lines += ["kill -9 of one agent → the last survivor has it lost, in ms. Goal: p99 ≤ 1100 ms.", ""]
    lines += ["| agents | kills | p50 | p99 | max |", "|-|-|-|-|-|", *deaths, ""]
    with crowd(MANY) as agents:
        began = time.monotonic()
        nodes = agents.form(MANY, "1s")
        joined = time.monotonic() - began
        cpu, memory = cost(nodes, seconds)
        whole = all_hear(nodes, MANY - 1)
        said = sum(" lost" in line["text"] for node in nodes for line in node.log(text="lost"))
    lines.append(
        f"{MANY} agents, pulse 1 s: {'all hear all' if whole else 'NOT all hear all'}, {said} false losses;"
        f" {sum(cpu):.0f} % of a core for all together, {sum(cpu) / MANY:.2f} % for one, {sum(memory) / MANY:.0f} MB"
        f" each; applied and all heard within {joined:.0f} s."
    )
    write_section("Scale", lines)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20, int(sys.argv[2]) if len(sys.argv) > 2 else 20)
