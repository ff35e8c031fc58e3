"""What earlier agents have put into the kernel for a virtual IP: kept while a module runs with it, else taken away."""

import shutil
from collections.abc import Iterator

import pytest

from nodeagent.core.vip_plan import table_of
from tests.e2e.real_farm import until
from tests.lab.application import MODULE
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode
from tests.lab.vip import VIRTUAL, VIRTUAL6, carried, rule, told, vip, wait_settled

pytestmark = pytest.mark.timeout(300)

VIP = vip(carried(VIRTUAL, VIRTUAL6), rule())
OTHER, ADDRESS = "other", "10.77.0.101"
"""Another module, and its virtual address."""


@pytest.fixture
def lab(possible: None) -> Iterator[Lab]:
    """One node that serves with its virtual IP."""
    with running_lab(nodes=1, clients=0) as lab:
        lab.start_farm(more=VIP)
        wait_settled(lab.nodes)
        yield lab


def found(node: LabNode, module: str, *addresses: str) -> list[bool]:
    """Whether the kernel has the module's table, and each of its addresses."""
    tables = node.host.run("nft", "list", "tables")
    shown = node.host.run("ip", "-o", "addr", "show")
    return [table_of(module) in tables, *(f" {address}/" in shown for address in addresses)]


def here(node: LabNode) -> list[bool]:
    return found(node, MODULE, VIRTUAL, VIRTUAL6)


def wait_said(node: LabNode, words: str) -> None:
    until(lambda: any(words in line["text"] for line in node.log()), 20, words)


def start_other(lab: Lab) -> None:
    """A module without a program, but with a virtual IP."""
    (node,) = lab.nodes
    config = (
        '<safe><service mode="farm" boot="off"><farm><lan name="default"/></farm>'
        f"{vip(carried(ADDRESS), rule())}</service></safe>"
    )
    lab.farm.install(OTHER, {"conf/userconfig.xml": config.encode()})
    node.order("start", OTHER, wait=30)
    until(lambda: found(node, OTHER, ADDRESS) == [True, True], 30, "its virtual IP is there")


def test_a_module_goes_on_with_the_virtual_ip_it_was_started_with(lab: Lab) -> None:
    (node,) = lab.nodes
    lab.farm.apply_nginx()
    node.kill_agent()
    node.start_agent()
    until(node.green, 60, "adopted")
    assert here(node) == [True, True, True]
    node.order("stopstart", wait=60)
    until(node.green, 60, "started anew")
    until(lambda: here(node) == [False, False, False], 30, "its virtual IP is gone")


def test_powers_that_were_taken_live_outlast_the_agent_when_the_revision_in_force_has_no_virtual_ip(lab: Lab) -> None:
    (node,) = lab.nodes

    def powers() -> object:
        return told(node)["groups"][0]["powers"]

    lab.farm.apply_nginx(more=vip(carried(VIRTUAL, VIRTUAL6), rule(), powers={node.name: 3}))
    until(lambda: powers() == {node.name: 3}, 10, "powers in force")
    lab.farm.apply_nginx()
    node.kill_agent()
    node.start_agent()
    until(node.green, 60, "adopted")
    until(lambda: powers() == {node.name: 3}, 10, "the same powers")
    assert here(node) == [True, True, True]


def test_a_module_whose_running_revision_is_lost_goes_on_without(lab: Lab) -> None:
    (node,) = lab.nodes
    lab.farm.apply_nginx()
    node.kill_agent()
    shutil.rmtree(node.home / "var" / "modules" / MODULE / "rev" / "1")
    node.start_agent()
    until(node.green, 60, "adopted")
    until(lambda: here(node) == [False, False, False], 30, "its virtual IP is gone")
    wait_said(node, f"{MODULE} has no virtual IP any more")


def test_what_is_uninstalled_goes_and_what_cannot_be_read_for_a_moment_stays(lab: Lab) -> None:
    (node,) = lab.nodes
    start_other(lab)
    node.kill_agent()
    shutil.rmtree(node.home / "var" / "modules" / OTHER)
    current = node.home / "var" / "modules" / MODULE / "current"
    right = current.read_bytes()
    current.write_bytes(b"?")
    node.start_agent()
    until(lambda: found(node, OTHER, ADDRESS) == [False, False], 30, "the virtual IP of no module is gone")
    wait_said(node, f"{OTHER} has no virtual IP any more")
    wait_said(node, f"module {MODULE} cannot be used")
    assert here(node) == [True, True, True]
    node.kill_agent()
    current.write_bytes(right)
    node.start_agent()
    until(node.green, 60, "adopted")
    assert here(node) == [True, True, True]
