"""Interfaces of this machine: addresses, hardware filter, kernel settings. Blocks for some milliseconds."""

import shutil
import subprocess
from collections.abc import Collection, Mapping
from ipaddress import ip_address, ip_interface
from pathlib import Path

import psutil

from nodeagent.core.vip_plan import home_of

_LIMIT = 10.0
_MAC = len("00:00:00:00:00:00")
_SINGLE6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
_SETTINGS = Path("/proc/sys/net/ipv4/conf")
_PATH = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin"


class LinkError(Exception):
    """An interface could not be changed; the text says what and why."""


def addresses() -> dict[str, frozenset[str]]:
    """All addresses by interface."""
    return {
        name: frozenset(entry.address.partition("%")[0] for entry in entries if entry.family != psutil.AF_LINK)
        for name, entries in psutil.net_if_addrs().items()
    }


def macs() -> dict[str, str]:
    """The hardware address of each Ethernet interface."""
    return {
        name: entry.address.lower()
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family == psutil.AF_LINK and len(entry.address) == _MAC and entry.address.strip("0:")
    }


def holders() -> dict[str, str]:
    """The interface of each address that is the machine's own: not one that could be a virtual one put here."""
    return {
        plain: name
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if entry.family != psutil.AF_LINK
        for plain in (entry.address.partition("%")[0],)
        if (name != "lo" if ":" not in plain else entry.netmask != _SINGLE6)
    }


def interface_towards(address: str) -> str:
    """The interface whose network holds the address (the narrowest one), "" when there is none."""
    wanted = ip_address(address)
    found: list[tuple[int, str]] = []
    for name, entries in psutil.net_if_addrs().items():
        for entry in entries:
            if entry.family == psutil.AF_LINK or not entry.netmask or name == "lo":
                continue
            plain = entry.address.partition("%")[0]
            length = ip_address(entry.netmask).packed.hex()
            prefix = bin(int(length, 16)).count("1")
            network = ip_interface(f"{plain}/{prefix}").network
            if wanted.version == network.version and wanted in network and prefix < wanted.max_prefixlen:
                found.append((prefix, name))
    return max(found)[1] if found else ""


def add_address(address: str, interface: str) -> None:
    """Put a virtual address where it belongs; it never becomes a source by itself. Raises LinkError."""
    if ":" in address:
        # Every node has it: duplicate detection would refuse it.
        _run(["ip", "-6", "addr", "replace", f"{address}/128", "dev", interface, "nodad",
              "valid_lft", "forever", "preferred_lft", "0"])  # fmt: skip
    else:
        _run(["ip", "-4", "addr", "replace", f"{address}/32", "dev", "lo"])


def remove_address(address: str, interface: str) -> None:
    """Take it away; one that is not there is fine. Raises LinkError."""
    home = home_of(address, interface)
    prefix = 128 if ":" in address else 32
    _run(["ip", "addr", "del", f"{address}/{prefix}", "dev", home], "Cannot assign", "Cannot find device")


def receive_mac(mac: str, interface: str) -> None:
    """Let the hardware filter pass frames to this MAC too. Raises LinkError."""
    _run(["bridge", "fdb", "add", mac, "dev", interface, "self", "permanent"], "File exists")


def refuse_mac(mac: str, interface: str) -> None:
    """The opposite. Raises LinkError."""
    _run(["bridge", "fdb", "del", mac, "dev", interface, "self", "permanent"], "No such", "Cannot find device")


def end_connections(address: str, port: int, but: Collection[int]) -> None:
    """Reset the TCP connections to an address and port; port 0: to all ports `but` these. Raises LinkError."""
    those = ["src", f"[{address}]" if ":" in address else address]
    for operator, number in [("=", port)] if port else [("!=", other) for other in but]:
        those += ["and", "sport", operator, f":{number}"]
    _run(["ss", "-H", "-n", "-t", "-K", *those])
    # What the kernel cannot end is left out in silence.
    if _run(["ss", "-H", "-n", "-t", "state", "established", *those]):
        raise LinkError(f"connections to {address} stay: this kernel cannot end them (CONFIG_INET_DIAG_DESTROY)")


def settings_for(interface: str) -> dict[str, str]:
    """What the kernel's ARP must be like: a request never carries the virtual address, an answer is given for it."""
    return {f"{interface}/arp_announce": "2", f"{interface}/arp_ignore": "0", "all/arp_ignore": "0"}


def other_settings(wanted: Mapping[str, str]) -> dict[str, str]:
    """The present values of those settings that are otherwise. Raises OSError."""
    present = {name: (_SETTINGS / name).read_text().strip() for name in wanted}
    return {name: value for name, value in present.items() if value != wanted[name]}


def set_settings(wanted: Mapping[str, str]) -> None:
    """Make the settings so. Raises LinkError."""
    for name, value in wanted.items():
        try:
            (_SETTINGS / name).write_text(value)
        except OSError as error:
            raise LinkError(f"net.ipv4.conf.{name.replace('/', '.')} cannot be set to {value}: {error}") from error


def _run(command: list[str], *harmless: str) -> str:
    program = shutil.which(command[0], path=_PATH)
    if program is None:
        raise LinkError(f"the program {command[0]} is not installed (package iproute2)")
    try:
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            errors="replace",
            timeout=_LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LinkError(f"{' '.join(command)}: {error}") from error
    said = done.stderr.strip()
    if done.returncode and not any(word in said for word in harmless):
        raise LinkError(f"{' '.join(command)}: {said or f'exit code {done.returncode}'}")
    return done.stdout
