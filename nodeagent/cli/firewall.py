"""The firewall rules the agent needs, in the words of the tool that this system has."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nodeagent.cli.exits import CommandFailed, Exit

Command = tuple[str, ...]
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Opening:
    """One port that has to be reached from outside."""

    name: str
    protocol: str
    port: int
    why: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A firewall of a system; every list is run in order."""

    name: str
    add: tuple[Command, ...]
    remove: tuple[Command, ...]
    show: tuple[Command, ...]
    remark: str = ""
    """What a person should know of it."""


def openings(heartbeat: int, health: int, api: int, enrol: int) -> tuple[Opening, ...]:
    """What is needed; the port of enrolment is open only while somebody enrols, and refuses otherwise."""
    return (
        Opening("keepgreen-heartbeat", "udp", heartbeat, "heartbeats between the nodes"),
        Opening("keepgreen-health", "tcp", health, "probes of load balancers, mosaic"),
        Opening("keepgreen-api", "tcp", api, "console, other nodes"),
        Opening("keepgreen-enrol", "tcp", enrol, "enrolment of new nodes, minutes at a time"),
    )


def windows(ports: tuple[Opening, ...]) -> Tool:
    """Windows Defender Firewall, one rule per port."""
    rule = ("netsh", "advfirewall", "firewall")
    return Tool(
        "Windows Defender Firewall",
        tuple(
            (*rule, "add", "rule", f"name={p.name}", "dir=in", "action=allow", f"protocol={p.protocol}",
             f"localport={p.port}")
            for p in ports
        ),
        tuple((*rule, "delete", "rule", f"name={p.name}") for p in ports),
        tuple((*rule, "show", "rule", f"name={p.name}") for p in ports),
    )  # fmt: skip


def firewalld(ports: tuple[Opening, ...]) -> Tool:
    """firewalld, for good and at once."""
    words = [f"{p.port}/{p.protocol}" for p in ports]
    program = "firewall-cmd"
    return Tool(
        "firewalld",
        (*((program, "--permanent", f"--add-port={word}") for word in words), (program, "--reload")),
        (*((program, "--permanent", f"--remove-port={word}") for word in words), (program, "--reload")),
        ((program, "--list-ports"),),
        "the rules are in its default zone",
    )


def ufw(ports: tuple[Opening, ...]) -> Tool:
    """ufw, as Ubuntu has it."""
    return Tool(
        "ufw",
        tuple(("ufw", "allow", f"{p.port}/{p.protocol}", "comment", p.name) for p in ports),
        tuple(("ufw", "delete", "allow", f"{p.port}/{p.protocol}") for p in ports),
        (("ufw", "status"),),
    )


def nftables(ports: tuple[Opening, ...], ruleset: Mapping[str, Any]) -> Tool:
    """nftables alone, by what `nft --json list ruleset` says: rules in the chains that drop what nobody lets in.

    An accept in a table of our own would not help: a packet is dropped when any chain drops it.
    """
    said = ruleset.get("nftables", ())
    chains = [entry["chain"] for entry in said if "chain" in entry]
    closed = [chain for chain in chains if chain.get("hook") == "input" and chain.get("policy") == "drop"]
    places = [(chain["family"], chain["table"], chain["name"]) for chain in closed]
    ours = {port.name for port in ports}
    known = [entry["rule"] for entry in said if "rule" in entry and entry["rule"].get("comment") in ours]
    there = {(rule["family"], rule["table"], rule["chain"], rule["comment"]) for rule in known}
    return Tool(
        "nftables",
        tuple(
            ("nft", "insert", "rule", *place, p.protocol, "dport", str(p.port), "accept", "comment", f'"{p.name}"')
            for place in places
            for p in ports
            if (*place, p.name) not in there
        ),
        tuple(
            ("nft", "delete", "rule", rule["family"], rule["table"], rule["chain"], "handle", str(rule["handle"]))
            for rule in known
        ),
        tuple(("nft", "list", "chain", *place) for place in places),
        "a reboot forgets them: write them where the other rules are kept, /etc/nftables.conf say"
        if places
        else "no chain drops what nobody lets in, so every port is open",
    )


def tool_here(ports: tuple[Opening, ...]) -> Tool | None:
    """The firewall in charge on this computer; None where there is none to be changed."""
    if sys.platform == "win32":
        return windows(ports)
    if shutil.which("firewall-cmd") and _says(("firewall-cmd", "--state")) == "running":
        return firewalld(ports)
    if shutil.which("ufw") and _says(("ufw", "status")).startswith("Status: active"):
        return ufw(ports)
    if not shutil.which("nft"):
        return None
    try:
        return nftables(ports, json.loads(_says(("nft", "--json", "list", "ruleset")) or "{}"))
    except ValueError:
        return None


def run(commands: tuple[Command, ...]) -> str:
    """Run them in order; what they wrote. Raises CommandFailed with the words of the first that fails."""
    said = []
    for command in commands:
        try:
            done = _run(command)
        except OSError as error:
            raise CommandFailed(f"{command[0]} cannot be run: {error.strerror}", Exit.CANNOT_CREATE) from None
        except subprocess.TimeoutExpired:
            text = f"`{shown(command)}` has not ended within {_PATIENCE:g} s"
            raise CommandFailed(text, Exit.CANNOT_CREATE) from None
        if done.returncode:
            reason = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
            raise CommandFailed(f"`{shown(command)}`: {reason}", Exit.CANNOT_CREATE)
        said.append(done.stdout)
    return "".join(said)


def shown(command: Command) -> str:
    """The command as a person would type it."""
    return " ".join(f"'{word}'" if " " in word or '"' in word else word for word in command)


def _says(command: Command) -> str:
    try:
        return _run(command).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _run(command: Command) -> "subprocess.CompletedProcess[str]":
    """netsh writes in the code page of the console, in the language of the system."""
    encoding = "oem" if sys.platform == "win32" else "utf-8"
    return subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding=encoding,
        errors="replace",
        timeout=_PATIENCE,
    )
