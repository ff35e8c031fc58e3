"""What an agent costs while nothing happens. `idle [SECONDS]`, 60 by default.

Three real agents in one cluster at the default pulse, ten green modules, five checks in each: a process, tcp, http, ip
and intf, all at their defaults. Beside them, at the same time, three keepalived that keep an address each and run as
many check scripts as often.
"""

import http.server
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench._report import write_section
from tests.e2e.real_farm import APP, RealFarm, RealNode, running_farm, until
from tests.fakes.short_directory import short_directory

NODES, MODULES, CHECKS = 3, 10, 5
WARM_UP = 30.0
"""Seconds between green and the first look: more than two rounds of all checks."""
CPU_GOAL, STEADY_GOAL, PEAK_GOAL = 1.0, 90, 120
MB = 1024 * 1024
SUPERVISORS = ("corosync", "pacemakerd", "patroni")
"""What else one would like to see here, and would need a cluster of its own."""

USERCONFIG = """<safe>
  <service mode="farm" boot="off" loop_interval="0">
    <farm><lan name="default"/></farm>
    <errd>
      <proc name="kg_idle" nameregex="sleep" argregex="^{app}-{module}-%SAFENODE% " action="restart" class="both"/>
    </errd>
    <check>
      <tcp ident="web" action="restart"><to addr="127.0.0.1" port="{port}"/></tcp>
      <http ident="web" action="restart"><to url="http://127.0.0.1:{port}/"/></http>
      <ip ident="own" action="stopstart"><to addr="127.0.0.1"/></ip>
      <intf ident="own" action="wait"><to local_addr="127.0.0.1"/></intf>
    </check>
    <user nicestoptimeout="3" forcestoptimeout="3"/>
  </service>
</safe>
"""

START = """#!/bin/bash
setsid bash -c "exec -a {app}-{module}-$SAFENODE sleep 3600" >/dev/null 2>&1 </dev/null &
disown
"""

STOP = """#!/bin/bash
pkill -9 -f "^{app}-{module}-$SAFENODE "
exit 0
"""

KEEPALIVED = """global_defs {{
  router_id node{number}
  script_user root
  enable_script_security
}}
{scripts}
vrrp_instance idle {{
  state BACKUP
  version 3
  interface eth0
  virtual_router_id 77
  priority {priority}
  advert_int 0.1
  virtual_ipaddress {{
    10.99.0.100/32 dev eth0
  }}
  track_script {{
{tracked}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: percent of a core, its memory (RSS) in MB, steady and at its highest."""

    cpu: float
    steady: float
    peak: float


class Page(http.server.BaseHTTPRequestHandler):
    """What the checkers ask."""

    def do_GET(self) -> None:
        """A short answer."""
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"OK\n")

    def log_message(self, *said: object) -> None:
        """Nothing is said."""


@contextmanager
def web_server() -> Iterator[int]:
    """Its port on 127.0.0.1."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def start_modules(farm: RealFarm, port: int) -> None:
    """All modules on all nodes, green."""
    names = [f"m{number:02}" for number in range(MODULES)]
    for name in names:
        words = {"app": APP, "module": name, "port": port}
        files = {
            "conf/userconfig.xml": USERCONFIG.format(**words),
            "bin/start_both": START.format(**words),
            "bin/stop_both": STOP.format(**words),
        }
        farm.install(name, {path: text.encode() for path, text in files.items()})
    for name in names:
        for node in farm.nodes:
            node.order("start", name)
    until(lambda: all(greens(node) == MODULES for node in farm.nodes), 60, "all modules are green")


def greens(node: RealNode) -> int:
    """How many modules are green."""
    return sum(module["status"] == "Ready" for module in node.get("/status")["modules"])


@contextmanager
def keepaliveds(directory: Path) -> Iterator[list[int]]:
    """Process ids of three keepalived, each with its children; in namespaces of their own on one switch."""
    names = [f"kgidle{number}" for number in range(NODES + 1)]
    switch, hosts = names[0], names[1:]
    made: list[subprocess.Popen[bytes]] = []
    try:
        for name in names:
            ip("netns", "add", name)
        ip("-n", switch, "link", "add", "br0", "type", "bridge")
        ip("-n", switch, "link", "set", "br0", "up")
        for number, host in enumerate(hosts, 1):
            ip("-n", host, "link", "add", "eth0", "type", "veth", "peer", "name", f"p{number}", "netns", switch)
            ip("-n", switch, "link", "set", f"p{number}", "master", "br0", "up")
            ip("-n", host, "addr", "add", f"10.99.0.{number}/24", "dev", "eth0")
            ip("-n", host, "link", "set", "eth0", "up")
            ip("-n", host, "link", "set", "lo", "up")
            made.append(keepalived(directory, host, number))
        yield [process.pid for process in made]
    finally:
        for process in made:
            process.terminate()
        for process in made:
            process.wait(10)
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def ip(*words: str) -> None:
    """One `ip` command."""
    subprocess.run(["ip", *words], check=True)


def keepalived(directory: Path, host: str, number: int) -> subprocess.Popen[bytes]:
    """One of them: an advert each 0.1 s, and for each of our checks a script every 10 s."""
    checks = [f"check{check:02}" for check in range(MODULES * CHECKS)]
    script = 'vrrp_script {} {{\n  script "/bin/true"\n  interval 10\n}}'
    base = directory / f"keepalived{number}"
    text = KEEPALIVED.format(
        number=number,
        priority=200 - number,
        scripts="\n".join(script.format(check) for check in checks),
        tracked="\n".join(f"    {check}" for check in checks),
    )
    base.with_suffix(".conf").write_text(text)
    files = ("-f", base.with_suffix(".conf"), "-p", base.with_suffix(".pid"), "-r", base.with_suffix(".vrrp.pid"))
    command = ["ip", "netns", "exec", host, "keepalived", "--dont-fork", "--log-console", "--vrrp", *map(str, files)]
    with base.with_suffix(".out").open("ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)


def used(pid: int) -> float:
    """Seconds of CPU of a process, its children and those that have ended."""
    process = psutil.Process(pid)
    return sum(process.cpu_times()) + sum(sum(child.cpu_times()) for child in process.children(recursive=True))


def agent_used(pid: int) -> float:
    """Seconds of CPU of an agent; what it runs for a module is not the agent."""
    return sum(psutil.Process(pid).cpu_times()[:2])


def memory(pid: int) -> float:
    """MB of a process and its children."""
    process = psutil.Process(pid)
    return sum(one.memory_info().rss for one in (process, *process.children())) / MB


def agent_memory(pid: int) -> float:
    """MB of the agent alone."""
    return psutil.Process(pid).memory_info().rss / MB


def highest(pid: int) -> float:
    """MB the process has had at its highest."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def watched(agents: Sequence[int], others: Sequence[int], seconds: float) -> tuple[list[Cost], list[Cost]]:
    """What they all cost over the same time."""
    before = [agent_used(pid) for pid in agents], [used(pid) for pid in others]
    samples: list[list[float]] = []
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        samples.append([*map(agent_memory, agents), *map(memory, others)])
        time.sleep(1.0)
    took = time.monotonic() - began
    after = [agent_used(pid) for pid in agents], [used(pid) for pid in others]
    cpu = [100 * (new - old) / took for group in (0, 1) for new, old in zip(after[group], before[group], strict=True)]
    steady = [sorted(column)[len(column) // 2] for column in zip(*samples, strict=True)]
    peaks = [max(column) for column in zip(*samples, strict=True)]
    peaks[: len(agents)] = map(highest, agents)
    costs = [Cost(*figures) for figures in zip(cpu, steady, peaks, strict=True)]
    return costs[: len(agents)], costs[len(agents) :]


def row(name: str, costs: Sequence[Cost]) -> str:
    """Mean and highest of three."""
    cpu = [cost.cpu for cost in costs]
    steady, peak = max(cost.steady for cost in costs), max(cost.peak for cost in costs)
    return f"| {name} | {sum(cpu) / len(cpu):.2f} | {max(cpu):.2f} | {steady:.0f} | {peak:.0f} |"


def verdict(what: str, value: float, goal: float, unit: str) -> str:
    """One goal, in words."""
    return f"- {what}: {value:.2f} {unit}, goal ≤ {goal:g} {'reached' if value <= goal else 'missed'}."


def measure(directory: Path, seconds: float) -> tuple[list[Cost], list[Cost]]:
    """Three agents and, where it can be run, three keepalived beside them."""
    with web_server() as port, running_farm(directory, NODES) as farm:
        start_modules(farm, port)
        agents = [node.agent.pid for node in farm.nodes if node.agent]
        if shutil.which("keepalived") is None:
            time.sleep(WARM_UP)
            return watched(agents, (), seconds)
        with keepaliveds(directory) as others:
            time.sleep(WARM_UP)
            return watched(agents, others, seconds)


def main(seconds: float) -> None:
    """Measure, write the table."""
    with short_directory() as directory:
        agents, others = measure(directory, seconds)
    lines = [
        f"{NODES} nodes, default pulse, {MODULES} green modules on each with {CHECKS} checks at their defaults;",
        f"over {seconds:g} s, after {WARM_UP:g} s. CPU in % of a core, memory (RSS) in MB; of three each.",
        "",
        "| | CPU mean | CPU max | memory steady | memory peak |",
        "|-|-|-|-|-|",
        row("Keepgreen, one agent", agents),
    ]
    if others:
        lines.append(row(f"keepalived, advert 0.1 s, {MODULES * CHECKS} scripts every 10 s", others))
    mean = sum(cost.cpu for cost in agents) / len(agents)
    lines += [
        "",
        verdict("CPU of one agent", mean, CPU_GOAL, "%"),
        verdict("memory, steady", max(cost.steady for cost in agents), STEADY_GOAL, "MB"),
        verdict("memory, peak", max(cost.peak for cost in agents), PEAK_GOAL, "MB"),
    ]
    if others:
        lines += ["- keepalived with the scripts it runs, which are only `/bin/true`."]
    absent = [name for name in SUPERVISORS if shutil.which(name) is None]
    if absent:
        lines += [f"- Not installed here, so not shown: {', '.join(absent)}."]
    write_section("An agent at rest", lines)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
