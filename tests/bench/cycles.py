"""What an agent holds while its module starts and stops again and again. `cycles [CYCLES]`, 2,000 by default."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import psutil

from tests.bench._growth import OBJECT, ONE_MORE, line, memory_allowed
from tests.bench._report import FILE, write_section
from tests.e2e.real_farm import RealNode, running_farm
from tests.fakes.short_directory import short_directory

PICTURE = FILE.parent / "pictures" / "cycles.svg"
SAMPLES = 100
WARM = 5000
"""Cycles before those that count: they fill what has a bound of its own."""
REST = 0.1
"""Seconds after the end of a stop until a look, so that its last connections and threads are done."""
COUNTED = ("descriptors", "threads", "children", "files")

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


def cycled(node: RealNode, cycles: int, every: int) -> Iterator[Sample]:
    """Start and stop so often, with a look now and then."""
    for cycle in range(1, cycles + 1):
        assert node.order("start", wait=30)["status"] == "Ready"
        assert node.order("stop", wait=30)["done"]
        if cycle % every == 0:
            time.sleep(REST)
            yield sample(node, cycle)
            if sys.stdout.isatty():
                print(f"\r{cycle} of {cycles}", end="", flush=True)


def picture(samples: list[Sample]) -> str:
    """Four small curves, one below the other; memory from its least value on, the others from 0."""
    width, height, left = 640, 90, 150
    right = width - 20
    panels = (
        ("memory, MiB", [one.memory for one in samples]),
        ("descriptors", [float(one.descriptors) for one in samples]),
        ("threads", [float(one.threads) for one in samples]),
        ("files", [float(one.files) for one in samples]),
    )
    last = samples[-1].cycle
    end = len(panels) * (height + 20) + 15
    counted = left + WARM / last * (right - left)
    parts = [f'<path d="M{counted:.1f},15V{end - 20}" stroke="#999" stroke-dasharray="4"/>']
    for number, (name, values) in enumerate(panels):
        top = number * (height + 20) + 15
        least, most = (floor(min(values)), ceil(max(values))) if number == 0 else (0, ceil(max(values) * 1.1) or 1)
        points = " ".join(
            f"{left + one.cycle / last * (right - left):.1f},{top + height * (most - value) / (most - least):.1f}"
            for one, value in zip(samples, values, strict=True)
        )
        parts += [
            f'<rect x="{left}" y="{top}" width="{right - left}" height="{height}" fill="none" stroke="#999"/>',
            f'<text x="10" y="{top + height / 2:g}">{name}</text>',
            f'<text x="{left - 8}" y="{top + 10}" text-anchor="end">{most}</text>',
            f'<text x="{left - 8}" y="{top + height}" text-anchor="end">{least}</text>',
            f'<polyline points="{points}" fill="none" stroke="#0a6" stroke-width="1.5"/>',
        ]
    parts.append(f'<text x="{right}" y="{end}" text-anchor="end">{last} cycles, those right of the dashes count</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {end + 10}" font-family="sans-serif"'
    return (
        f'{head} font-size="12">\n<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def report(samples: list[Sample], seconds: float) -> bool:
    """Write the section and its picture; whether nothing has grown."""
    settled = [one for one in samples if one.cycle > WARM]
    cycles, counted = [one.cycle for one in settled], samples[-1].cycle - WARM
    allowed = {"memory": memory_allowed(counted)} | dict.fromkeys(COUNTED, ONE_MORE)
    rows, grown = [], []
    for name, bound in allowed.items():
        values = [float(getattr(one, name)) for one in settled]
        found = line(cycles, values)
        if found.grows(bound):
            grown.append(name)
        form = ".2f" if name == "memory" else ".0f"
        cells = " | ".join(f"{value:{form}}" for value in (min(values), max(values), values[0], values[-1]))
        rows.append(f"| {name} | {cells} | {found.rise:+.2f} | {found.noise:.2f} | {bound:.2f} |")
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(picture(samples), encoding="utf-8")
    write_section(
        "Start and stop, again and again",
        [
            f"One agent, {counted} start/stop cycles of a module with two trivial scripts, after {WARM} that do not",
            f"count ({seconds:.0f} s in all): these fill what has a bound, SQLite's cache of 2,000 KiB (full after",
            "some 1,200), Python's table of file names (it doubles after some 900), the 2,000 log lines at hand (some",
            "120) and the blocks that Python keeps until its first full look for garbage (after some 4,000). Memory is",
            "in MiB resident, files are those in SAFEVAR.",
            "",
            "Rise is what a straight line (least squares) through the samples rises from the first to the last; noise",
            "is their standard deviation from it. Grown is what rises by more than its noise and by more than is",
            f"allowed: {OBJECT} bytes of memory a cycle, less than one object that each leaves behind; of the rest one",
            "thing in all, which makes a line rise by 1.5 at most. Goal: nothing grows.",
            "",
            "| | least | most | first | last | rise | noise | allowed |",
            "|-|-|-|-|-|-|-|-|",
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
        samples = list(cycled(farm.nodes[0], WARM + cycles, max(1, cycles // SAMPLES)))
        return 0 if report(samples, time.monotonic() - began) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
