"""The rules for each kind of firewall; nftables for real, in a network namespace of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.cli import firewall
from nodeagent.cli.exits import CommandFailed
from nodeagent.cli.in_force import cluster_file
from nodeagent.home import Home
from tests.cli.conftest import Run

PORTS = firewall.openings(4800, 9010, 9453, 9001)


@pytest.mark.parametrize(
    ("make", "first", "undone"),
    [
        (
            firewall.windows,
            "netsh advfirewall firewall add rule name=keepgreen-heartbeat dir=in action=allow protocol=udp "
            "localport=4800",
            "netsh advfirewall firewall delete rule name=keepgreen-heartbeat",
        ),
        (
            firewall.firewalld,
            "firewall-cmd --permanent --add-port=4800/udp",
            "firewall-cmd --permanent --remove-port=4800/udp",
        ),
        (firewall.ufw, "ufw allow 4800/udp comment keepgreen-heartbeat", "ufw delete allow 4800/udp"),
    ],
)
def test_what_is_run_and_what_undoes_it(make: firewall.Tool, first: str, undone: str) -> None:
    tool = make(PORTS)  # type: ignore[operator]
    assert firewall.shown(tool.add[0]) == first
    assert firewall.shown(tool.remove[0]) == undone
    for port in PORTS:
        assert sum(str(port.port) in firewall.shown(command) for command in tool.add) == 1


def test_a_command_that_fails_is_named() -> None:
    failing = (sys.executable, "-c", "raise SystemExit(1)")
    with pytest.raises(CommandFailed, match=re.escape(f"`{firewall.shown(failing)}`: exit code 1")):
        firewall.run((failing,))
    with pytest.raises(CommandFailed, match="cannot be run"):
        firewall.run((("no-such-program-here",),))


@pytest.fixture
def namespace() -> Iterator[tuple[str, ...]]:
    if sys.platform == "win32" or os.geteuid() != 0 or not (shutil.which("nft") and shutil.which("ip")):
        pytest.skip("nftables and network namespaces need root, nft and ip")
    name = f"kgfw{uuid.uuid4().hex[:6]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield ("ip", "netns", "exec", name)
    subprocess.run(["ip", "netns", "del", name], check=True)


def ruleset(inside: tuple[str, ...]) -> dict[str, object]:
    done = subprocess.run([*inside, "nft", "--json", "list", "ruleset"], check=True, capture_output=True)
    return dict(json.loads(done.stdout))


def test_nftables_opens_the_chains_that_drop_and_closes_them_again(namespace: tuple[str, ...]) -> None:
    assert firewall.nftables(PORTS, ruleset(namespace)).add == (), "nothing drops, nothing is to be opened"
    made = "table inet filter { chain input { type filter hook input priority 0; policy drop; }; }"
    subprocess.run([*namespace, "nft", "-f", "-"], check=True, input=made.encode())
    firewall.run(tuple((*namespace, *command) for command in firewall.nftables(PORTS, ruleset(namespace)).add))
    there = firewall.nftables(PORTS, ruleset(namespace))
    assert there.add == (), "a second time changes nothing"
    assert len(there.remove) == len(PORTS)
    shown = firewall.run(tuple((*namespace, *command) for command in there.show))
    assert 'tcp dport 9453 accept comment "keepgreen-api"' in shown
    firewall.run(tuple((*namespace, *command) for command in there.remove))
    assert firewall.nftables(PORTS, ruleset(namespace)).remove == ()


@pytest.mark.covers("keepgreen firewall show", "keepgreen firewall add")
def test_print_changes_nothing_and_show_names_the_ports(run: Run) -> None:
    shown = run("firewall", "show")
    assert shown.code == 0
    assert "9453/tcp" in shown.out
    code, out, err = run("firewall", "add", "--print", "--json")
    assert code in (0, 75), err
    assert code == 75 or json.loads(out)["changed"] is False


def test_a_cluster_xml_that_cannot_be_read_is_named(run: Run, home: Path) -> None:
    file = cluster_file(Home.from_environment())
    file.mkdir(parents=True)
    reason = "Permission denied" if sys.platform == "win32" else "Is a directory"
    assert run("firewall", "show") == (65, "", f"{file} cannot be read: {reason}\n")


@pytest.mark.covers("keepgreen firewall show")
def test_the_ports_are_those_of_the_settings(run: Run, home: object) -> None:
    from nodeagent.home import Home

    var = Home.from_environment().var
    var.mkdir()
    (var / "agent.toml").write_text("[listen]\napi_port = 19453\n")
    assert "19453/tcp" in run("firewall", "show").out
    (var / "agent.toml").write_text("[listen]\napi_port = 0\n")
    assert run("firewall", "show").code == 65


@pytest.mark.covers("keepgreen firewall add", "keepgreen firewall del")
def test_the_ports_are_let_in_and_shut_out_again(home: object, namespace: tuple[str, ...]) -> None:
    made = "table inet filter { chain input { type filter hook input priority 0; policy drop; }; }"
    subprocess.run([*namespace, "nft", "-f", "-"], check=True, input=made.encode())

    def asked(*words: str) -> str:
        command = [*namespace, sys.executable, "-m", "nodeagent", "firewall", *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return subprocess.run([*namespace, "nft", "list", "ruleset"], check=True, capture_output=True, text=True).stdout

    added = asked("add")
    for port in ("udp dport 4800", "tcp dport 9010", "tcp dport 9453", "tcp dport 9001"):
        assert f"{port} accept" in added
    assert "accept" not in asked("del")
