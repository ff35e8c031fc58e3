"""What an agent holds while its module starts and stops again and again. `cycles [CYCLES]`, 2,000 by default."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from tests.bench._report import FILE, write_section
from tests.e2e.real_farm import RealNode, running_farm
from tests.fakes.short_directory import short_directory

PICTURE = FILE.parent / "pictures" / "cycles.svg"
SAMPLES = 100
WARM = 1000
"""Cycles before those that count: they fill what has a bound of its own, above all SQLite's cache of pages."""
BOUNDS = {"memory": 0.25, "descriptors": 1.0, "threads": 1.0, "children": 1.0, "files": 1.0}
"""What may be more after 1,000 cycles, unless the samples themselves differ by more."""

SCRIPT = b"#!/bin/sh\necho $0 $*\n"
USERCONFIG = b"""<!DOCTYPE safe>
<safe>
  <service mode="farm" loop_interval="0">
    <farm><lan name="default"/></farm>
    <user nicestoptimeout="10" forcestoptimeout="10"/>
  </service>
</safe>
"""


@dataclass(frozen=True)
class Sample:
    """What the agent holds after so many cycles."""

    cycle: int
    memory: float
    """MiB resident."""
    descriptors: int
    threads: int
    children: int
    files: int
    """In SAFEVAR."""


def sample(node: RealNode, cycle: int) -> Sample:
    """Look."""
    assert node.agent is not None
    agent = psutil.Process(node.agent.pid)
    files = sum(1 for path in (node.home / "var").rglob("*") if path.is_file())
    memory = agent.memory_info().rss / 2**20
    return Sample(cycle, memory, agent.num_fds(), agent.num_threads(), len(agent.children()), files)


def cycled(node: RealNode, cycles: int) -> Iterator[Sample]:
    """Start and stop so often, with a look now and then."""
    for cycle in range(1, cycles + 1):
        assert node.order("start", wait=30)["status"] == "Ready"
        assert node.order("stop", wait=30)["done"]
        if cycle % max(1, cycles // SAMPLES) == 0:
            yield sample(node, cycle)
            if sys.stdout.isatty():
                print(f"\r{cycle} of {cycles}", end="", flush=True)


@dataclass(frozen=True)
class Line:
    """A straight line through samples: its slope per 1,000 cycles, and how far the samples lie from it."""

    slope: float
    noise: float


def line(samples: list[Sample], name: str) -> Line:
    """Least squares through one of the figures."""
    count = len(samples)
    x, y = [one.cycle / 1000 for one in samples], [float(getattr(one, name)) for one in samples]
    middle, height = sum(x) / count, sum(y) / count
    slope = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True)) / sum((a - middle) ** 2 for a in x)
    rest = [b - height - slope * (a - middle) for a, b in zip(x, y, strict=True)]
    return Line(slope, (sum(one * one for one in rest) / count) ** 0.5)


def picture(samples: list[Sample]) -> str:
    """Four small curves, one below the other."""
    width, height, left = 640, 90, 150
    panels = (
        ("memory, MiB", [one.memory for one in samples]),
        ("descriptors", [float(one.descriptors) for one in samples]),
        ("threads", [float(one.threads) for one in samples]),
        ("files", [float(one.files) for one in samples]),
    )
    last = samples[-1].cycle
    parts = []
    for number, (name, values) in enumerate(panels):
        top, most = number * (height + 20) + 15, max(values) * 1.1 or 1.0
        points = " ".join(
            f"{left + one.cycle / last * (width - left - 20):.1f},{top + height - value / most * height:.1f}"
            for one, value in zip(samples, values, strict=True)
        )
        parts += [
            f'<rect x="{left}" y="{top}" width="{width - left - 20}" height="{height}" fill="none" stroke="#999"/>',
            f'<text x="10" y="{top + height / 2:g}">{name}</text>',
            f'<text x="{left - 8}" y="{top + 10}" text-anchor="end">{most:.0f}</text>',
            f'<text x="{left - 8}" y="{top + height}" text-anchor="end">0</text>',
            f'<polyline points="{points}" fill="none" stroke="#0a6" stroke-width="1.5"/>',
        ]
    end = len(panels) * (height + 20) + 15
    parts.append(f'<text x="{width - 20}" y="{end}" text-anchor="end">{last} start/stop cycles</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {end + 10}" font-family="sans-serif"'
    return (
        f'{head} font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def report(samples: list[Sample], seconds: float) -> bool:
    """Write the section and its picture; whether nothing has grown."""
    settled = [one for one in samples if one.cycle > WARM]
    lines = {name: line(settled, name) for name in BOUNDS}
    grown = [name for name, bound in BOUNDS.items() if lines[name].slope > max(bound, 2 * lines[name].noise)]
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture(samples), encoding="utf-8")
    rows, counted = [], samples[-1].cycle - WARM
    for name in BOUNDS:
        values = [getattr(one, name) for one in settled]
        form = ".1f" if name == "memory" else ""
        cells = " | ".join(f"{value:{form}}" for value in (min(values), max(values), values[0], values[-1]))
        rows.append(f"| {name} | {cells} | {lines[name].slope:+.2f} | {lines[name].noise:.2f} |")
    write_section(
        "Start and stop, again and again",
        [
            f"One agent, {counted} start/stop cycles of a module with two trivial scripts, after {WARM}",
            f"that do not count ({seconds:.0f} s in all): memory in MiB resident, files in SAFEVAR. Slopes are by",
            "least squares; noise is the standard deviation of the samples from it. Goal: nothing grows.",
            "",
            "| | least | most | first | last | slope per 1,000 cycles | noise |",
            "|-|-|-|-|-|-|-|",
            *rows,
            "",
            f"Grown: {', '.join(grown) or 'nothing'}.",
            "",
            f"![curves](pictures/{PICTURE.name})",
        ],
    )
    return not grown


def main(cycles: int) -> int:
    """Cycle and report."""
    with short_directory() as directory, running_farm(directory, 1) as farm:
        farm.install("farm", {"bin/start_both": SCRIPT, "bin/stop_both": SCRIPT, "conf/userconfig.xml": USERCONFIG})
        began = time.monotonic()
        samples = list(cycled(farm.nodes[0], WARM + cycles))
        return 0 if report(samples, time.monotonic() - began) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
