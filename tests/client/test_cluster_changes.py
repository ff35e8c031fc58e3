"""What a change of the cluster sends to the nodes; the whole way is in tests/e2e."""

import msgspec

from nodeagent.client.cluster_changes import change_cluster
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract.api import ClusterInfo, StageCluster, Staged

XML = b'<cluster><lans><lan name="default"><node name="node1" addr="127.0.0.1"/></lan></lans></cluster>'


class FakeNode(NodeCalls):
    """Takes every cluster.xml, and remembers what was staged."""

    def __init__(self, info: ClusterInfo) -> None:
        self.info = info
        self.staged: list[StageCluster] = []

    @property
    def place(self) -> str:
        return "a fake"

    async def carried(self, method: str, target: str, body: bytes | None, *, raw: bool, timeout: float | None) -> bytes:
        if target != "/cluster/stage":
            return msgspec.json.encode(self.info)
        self.staged.append(msgspec.json.decode(body or b"", type=StageCluster))
        return msgspec.json.encode(Staged(True, "s1"))


async def test_pins_of_nodes_that_have_enrolled_go_to_all() -> None:
    """Where they have enrolled does not matter; what the cluster says of a node counts more."""
    one = FakeNode(ClusterInfo(True, "node1", signature="s1", pins={"node1": "a1", "node2": "b1"}))
    two = FakeNode(
        ClusterInfo(True, "node2", signature="s1", pins={"node1": "a1"}, known={"node3": "c1", "node2": "x"})
    )
    assert await change_cluster({"node1": one, "node2": two}, XML, {"node4": "d1"}) == "s1"
    wanted = {"node1": "a1", "node2": "b1", "node3": "c1", "node4": "d1"}
    assert [request.pins for request in (*one.staged, *two.staged)] == [wanted, wanted]
