"""What a node says of checkers before they are applied."""

import subprocess
import sys
from pathlib import Path

import pytest

from nodeagent.adapters.config_store.module_check import checker_problems
from nodeagent.contract.config import CheckerRule, ModuleConfig, VirtualAddress, VirtualIp, VmacType
from nodeagent.contract.states import Mode
from nodeagent.icmp import may_ping

ROOT = Path(__file__).resolve().parents[2]


def rule(kind: str, **params: str) -> CheckerRule:
    return CheckerRule(kind, "x", params=tuple(params.items()))


def said(*rules: CheckerRule, files: tuple[str, ...] = (), vip: VirtualIp | None = None) -> list[str]:
    config = ModuleConfig("web", Mode.LIGHT, checkers=rules, vip=vip)
    return [problem.text for problem in checker_problems(dict.fromkeys(files, b""), config)]


def test_addresses_that_this_node_does_not_have() -> None:
    assert said(rule("ip", addr="127.0.0.1"), rule("intf", local_addr="127.0.0.1")) == []
    assert said(rule("ip", addr="192.0.2.7")) == ["ip.x is down from the start: this node does not have 192.0.2.7"]
    assert said(rule("intf", local_addr="192.0.2.7")) == [
        "intf.x is down from the start: this node does not have 192.0.2.7"
    ]
    assert said(rule("ip", addr="some-name"), rule("tcp", addr="192.0.2.7", port="80")) == []


def test_the_modules_own_virtual_address_comes_with_it() -> None:
    vip = VirtualIp((VirtualAddress("192.0.2.7", VmacType.INVISIBLE),))
    assert said(rule("ip", addr="192.0.2.7"), vip=vip) == []


def test_a_custom_program_that_is_not_there() -> None:
    program = rule("custom", exec="no-such-program")
    assert said(program) == ["custom.x cannot run: no-such-program is neither in bin/ nor a program of this node"]
    suffix = ".cmd" if sys.platform == "win32" else ".sh"
    assert said(program, files=(f"bin/no-such-program{suffix}",)) == []
    assert said(rule("custom", exec=sys.executable)) == []


def may_lose_rights() -> bool:
    return (
        sys.platform == "linux"
        and may_ping()
        and subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.skipif(not may_lose_rights(), reason="needs root on Linux, to give the right to ping away")
def test_the_right_to_ping() -> None:
    program = "from tests.adapters.test_checkers_check import said, rule; print(said(rule('ping', addr='::1')))"
    done = subprocess.run(
        ["unshare", "-n", "setpriv", "--bounding-set=-net_raw", sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("['this node may not ping: the agent needs CAP_NET_RAW")
    assert said(rule("ping", addr="::1")) == []
