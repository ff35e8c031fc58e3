"""What process monitoring costs: the CPU of a real agent beside 500 processes. `monitoring [SECONDS]`, 120 by default.

Agents one after the other, each alone with its module green and nothing happening: the first one's module monitors
nothing, the others' have 20 `proc` rules each.
"""

import base64
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench._report import write_section
from tests.e2e.real_farm import RealNode, running_farm
from tests.fakes.short_directory import short_directory

PROCESSES = 500
RULES = 20
GOAL = 0.5
USERCONFIG = """<!DOCTYPE safe>
<safe>
  <service mode="farm" boot="on" loop_interval="0">
    <farm><lan name="default"/></farm>
    {errd}
    <user nicestoptimeout="3" forcestoptimeout="3"/>
  </service>
</safe>
"""


@contextmanager
def crowd(directory: Path) -> Iterator[None]:
    """So many sleeping processes; as many as there are rules have names of their own."""
    sleep = shutil.which("sleep") or "sleep"
    programs = []
    for number in range(RULES):
        programs.append(directory / f"kgb{number:02}")
        shutil.copy(sleep, programs[-1])
    commands = [[programs[n] if n < RULES else sleep] for n in range(PROCESSES)]
    children = [subprocess.Popen([*words, "36000", "0"]) for words in commands]
    try:
        yield
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()


def errd(attributes: str) -> str:
    """The `<errd>` of 20 rules, default polltimer."""
    rules = "".join(f'<proc name="kgb{n:02}" action="restart" class="both" {attributes}/>\n' for n in range(RULES))
    return f"<errd>{rules}</errd>"


def apply(node: RealNode, errd: str) -> None:
    """Put the module in force and start it."""
    files = {"conf/userconfig.xml": USERCONFIG.format(errd=errd).encode()}
    body = {"files": {path: base64.b64encode(data).decode() for path, data in files.items()}, "nodes": [node.name]}
    staged = node.ask("POST", "/modules/farm/stage", body)
    assert staged["ok"], staged
    node.ask("POST", "/modules/farm/commit", {"signature": staged["signature"]})


def busy(pid: int) -> float:
    """Seconds of CPU that all threads of the process have used."""
    used = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        used += int((task / "schedstat").read_text().split()[0])
    return used / 1e9


def share(directory: Path, errd: str, seconds: float) -> float:
    """Percent of one core that an agent with this module uses."""
    with running_farm(directory, 1) as farm:
        (node,) = farm.nodes
        assert node.agent is not None
        apply(node, errd)
        farm.start()
        time.sleep(2.0)
        before, began = busy(node.agent.pid), time.monotonic()
        time.sleep(seconds)
        return (busy(node.agent.pid) - before) / (time.monotonic() - began) * 100


def main(seconds: float) -> None:
    """Measure all three, write the table."""
    with short_directory() as directory:
        rows, idle = [], 0.0
        with crowd(directory):
            for number, (name, attributes) in enumerate(
                (
                    ("nothing monitored", None),
                    ("20 by name", ""),
                    ("20 by name and command line", 'argregex=" 36000 "'),
                    ("20 by patterns for both", 'nameregex="^kgb" argregex=" 36000 "'),
                )
            ):
                rules = "" if attributes is None else errd(attributes)
                used = share(directory / str(number), rules, seconds)
                idle = idle if number else used
                rows.append(f"| {name} | {used:.2f} | {max(0.0, used - idle):.2f} |")
    write_section(
        "Cost of process monitoring",
        [
            f"CPU of one idle agent in % of a core over {seconds:g} s, {PROCESSES} processes more on the machine,",
            f"default polltimer (30 s). Goal: {GOAL} % for the monitoring.",
            "",
            "| monitored | agent | of it monitoring |",
            "|-|-|-|",
            *rows,
        ],
    )


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 120.0)
