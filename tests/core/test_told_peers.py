"""When what peers are told of this node's modules is made anew."""

from collections.abc import Mapping

from msgspec import structs

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import Mode
from nodeagent.core import events as ev
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from tests.fakes.sealer import FakeSealer

SESSION = bytes(16)
MODULE = ModuleConfig("farm", Mode.FARM, nodes=("node1",))


class FakeMembership(Membership):
    """Remembers what it was told of the modules."""

    def __init__(self) -> None:
        super().__init__(SESSION, "uuid", FakeSealer(), "1.0", (9453, 9010))
        self.told: list[dict[str, ModuleBeat]] = []

    def set_modules(self, modules: Mapping[str, ModuleBeat]) -> None:
        self.told.append(dict(modules))
        super().set_modules(modules)


def configured_node() -> tuple[Node, FakeMembership]:
    membership = FakeMembership()
    node = Node(membership, SESSION)
    node.handle(ev.ModuleConfigured(MODULE, 1), 0.0)
    node.tick(0.1)
    return node, membership


def test_what_changes_nothing_for_them_is_not_told_again() -> None:
    node, membership = configured_node()
    membership.told.clear()
    node.handle(ev.Printed("farm", "hello", False, "start_both"), 0.2)
    node.tick(0.3)
    assert membership.told == []


def test_a_configuration_with_other_nodes_gives_another_epoch_in_the_same_state() -> None:
    node, membership = configured_node()
    before = membership.told[-1]["farm"]
    node.handle(ev.ModuleConfigured(structs.replace(MODULE, nodes=("node1", "node2")), 2), 0.2)
    node.tick(0.3)
    after = membership.told[-1]["farm"]
    assert (after.state, after.status) == (before.state, before.status)
    assert after.epoch != before.epoch


def test_a_module_that_is_gone_is_told() -> None:
    node, membership = configured_node()
    node.handle(ev.ModuleRemoved("farm"), 0.2)
    node.tick(0.3)
    assert membership.told[-1] == {}
