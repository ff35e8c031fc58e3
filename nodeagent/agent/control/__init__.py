"""What the API may ask of the agent: reads from the core, orders to the core, files from the stores."""

from collections.abc import AsyncIterator

from nodeagent import __version__
from nodeagent.agent.control.clusters import AgentClusters
from nodeagent.agent.control.enrolment import AgentEnrolment
from nodeagent.agent.control.modules import AgentModules
from nodeagent.agent.control.orders import AgentOrders
from nodeagent.agent.control.parts import Parts
from nodeagent.agent.control.peers import AgentPeers
from nodeagent.agent.control.records import AgentRecords
from nodeagent.agent.control.traffic import AgentTraffic
from nodeagent.contract.api import Event, Identity
from nodeagent.contract.status import NodeStatus

__all__ = ["AgentControl", "Parts"]


class AgentControl:
    """The port `Control`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.orders = AgentOrders(parts)
        self.modules = AgentModules(parts)
        self.clusters = AgentClusters(parts)
        self.records = AgentRecords(parts)
        self.peers = AgentPeers(parts)
        self.traffic = AgentTraffic(parts)
        self.enrolment = AgentEnrolment(parts)

    def identity(self) -> Identity:
        """Name, pin and words; said to anybody before a login."""
        cluster = self._parts.store.cluster
        committed = cluster.cluster()
        return Identity(
            node=cluster.name,
            uuid=cluster.uuid,
            version=__version__,
            pin=self._parts.keys.pin,
            words=self._parts.keys.words,
            cluster_signature=committed.signature if committed else "",
            password_set=self._parts.users.password_set,
        )

    def status(self) -> NodeStatus:
        """The present snapshot."""
        return self._parts.snapshot.now()

    def events(self, after: int) -> AsyncIterator[Event]:
        """The whole status first and whenever its revision changes (≤ 10/s), log lines from the cursor on."""
        return self._parts.feed.read(after)
