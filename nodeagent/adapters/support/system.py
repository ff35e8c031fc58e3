"""What the operating system says: processes, network, firewall, its own log. Every question is bounded in time."""

import os
import platform
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psutil

from nodeagent.adapters.support.bundle import Part

SECONDS = 12.0
"""For one command."""
CAP = 2 * 1024 * 1024
"""Bytes of its output."""

_POWERSHELL = ("powershell.exe", "-NoProfile", "-NonInteractive", "-Command")
_RULES = (
    "Get-NetFirewallRule -Enabled True | Select-Object DisplayName,Direction,Action,Profile | Format-Table -AutoSize"
    " | Out-String -Width 200"
)
COMMANDS: dict[str, tuple[str, ...]] = (
    {
        "network/addresses.txt": ("ipconfig.exe", "/all"),
        "network/routes.txt": ("route.exe", "print"),
        "network/interfaces.txt": ("netsh.exe", "interface", "show", "interface"),
        "network/firewall_profiles.txt": ("netsh.exe", "advfirewall", "show", "allprofiles"),
        "network/firewall_rules.txt": (*_POWERSHELL, _RULES),
        "network/port_proxies.txt": ("netsh.exe", "interface", "portproxy", "show", "all"),
        "system/log_application.txt": ("wevtutil.exe", "qe", "Application", "/c:1000", "/rd:true", "/f:text"),
        "system/log_system.txt": ("wevtutil.exe", "qe", "System", "/c:1000", "/rd:true", "/f:text"),
        "system/time.txt": ("w32tm.exe", "/query", "/status"),
    }
    if sys.platform == "win32"
    else {
        "network/addresses.txt": ("ip", "-details", "addr"),
        "network/routes.txt": ("ip", "route", "show", "table", "all"),
        "network/rules.txt": ("ip", "rule"),
        "network/neighbours.txt": ("ip", "neigh"),
        "network/firewall_nft.txt": ("nft", "list", "ruleset"),
        "network/firewall_iptables.txt": ("iptables-save",),
        "system/log.txt": ("journalctl", "--no-pager", "-o", "short-iso", "-n", "5000", "--since", "-7d"),
        "system/time.txt": ("timedatectl",),
        "system/disks.txt": ("df", "-h"),
        "system/service.txt": ("systemctl", "status", "--no-pager", "keepgreen"),
    }
)


def system_parts() -> tuple[Part, ...]:
    """The parts that are the same for every module."""
    return (
        Part("system/versions.txt", versions),
        Part("system/processes.txt", processes),
        Part("network/connections.txt", connections),
        *(Part(name, lambda command=command: output_of(command)) for name, command in COMMANDS.items()),  # type: ignore[misc]
    )


def output_of(command: tuple[str, ...], seconds: float = SECONDS) -> bytes:
    """What a command says; its exit code when it is not 0. Raises OSError in words."""
    program = shutil.which(command[0])
    if program is None:
        raise OSError(f"{command[0]} is not on this machine")
    with _started([program, *command[1:]]) as process:
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            data = process.stdout.read(CAP)
        finally:
            timer.cancel()
            _kill(process)
        code = process.wait()
    remarks = [f"[cut after {CAP} bytes]"] if len(data) >= CAP else []
    remarks += [f"[ended after {seconds:g} s]"] if late.is_set() else []
    remarks += [f"[exit code {code}]"] if code > 0 and not remarks else []
    return data + "".join(f"\n{remark}\n" for remark in remarks).encode()


def accounts() -> frozenset[str]:
    """The accounts of this machine that belong to people or run processes, without their domain."""
    told = (_told(process, "username") or "" for process in psutil.process_iter())
    names = {*_people(), *(name.rpartition("\\")[2] for name in told)}
    return frozenset(name for name in names if name and not name.isdigit())


def versions() -> bytes:
    """The system, Python and how long both run."""
    booted = datetime.fromtimestamp(psutil.boot_time(), UTC).isoformat(timespec="seconds")
    lines = [
        f"system: {platform.platform()}",
        f"machine: {platform.machine()}, {psutil.cpu_count()} processors",
        f"memory: {psutil.virtual_memory().total // 1048576} MB",
        f"booted: {booted}",
        f"python: {sys.version}",
        f"host: {platform.node()}",
    ]
    return "\n".join(lines).encode("utf-8", "replace")


def processes() -> bytes:
    """Every process: pid, parent, user, start, memory, command line."""
    lines = []
    for process in psutil.process_iter():
        with process.oneshot():
            began = datetime.fromtimestamp(_told(process, "create_time") or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            memory, user = _told(process, "memory_info"), _told(process, "username") or "-"
            size, parent = memory.rss // 1024 if memory else 0, _told(process, "ppid") or 0
            words = " ".join(_told(process, "cmdline") or [f"[{_told(process, 'name') or '?'}]"])
        lines.append(f"{process.pid:>8} {parent:>8} {user} {began} {size:>9} kB {words}")
    return "\n".join(lines).encode("utf-8", "replace")


def _told(process: psutil.Process, what: str) -> Any:
    """An attribute of a process; None when the system does not tell, or the process is gone."""
    with suppress(psutil.Error, OSError):
        return getattr(process, what)()
    return None


def connections() -> bytes:
    """Listening and connected sockets with their process."""
    return "\n".join(_connections()).encode()


def _connections() -> Iterator[str]:
    for one in psutil.net_connections("inet"):
        here = f"{one.laddr.ip} port {one.laddr.port}" if one.laddr else "-"
        there = f"{one.raddr.ip} port {one.raddr.port}" if one.raddr else "-"
        kind = "tcp" if one.type.name == "SOCK_STREAM" else "udp"
        yield f"{kind} {one.status} {here} <-> {there} pid {one.pid or '-'}"


if sys.platform == "win32":

    def _people() -> list[str]:
        return [user.name for user in psutil.users()]

    def _started(command: list[str]) -> "subprocess.Popen[bytes]":
        quiet, flags = subprocess.DEVNULL, subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(
            command, stdin=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, creationflags=flags
        )

    def _kill(process: "subprocess.Popen[bytes]") -> None:
        with suppress(OSError):
            process.kill()

else:
    import pwd
    import signal

    def _people() -> list[str]:
        return [entry.pw_name for entry in pwd.getpwall() if 1000 <= entry.pw_uid < 65000]

    def _started(command: list[str]) -> "subprocess.Popen[bytes]":
        quiet, environment = subprocess.DEVNULL, {**os.environ, "LC_ALL": "C"}
        return subprocess.Popen(
            command,
            stdin=quiet,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )

    def _kill(process: "subprocess.Popen[bytes]") -> None:
        """The whole group: a child of it that holds the pipe would keep its reader waiting."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
