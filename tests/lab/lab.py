"""A whole lab: network, nodes, clients, faults.

    with running_lab(nodes=3, clients=1) as lab:
        lab.start_farm()                             # agents, cluster, nginx on every node, green
        lab.faults.one_way(a.host, b.host, udp=4800)
        answers = lab.clients[0].syn("10.77.0.100")  # see clients.py

`lab.nodes` are LabNode (nodes.py), `lab.clients` LabClient (clients.py), `lab.faults` Faults (faults.py). Nothing
leaves the namespaces, nothing is left afterwards; names and addresses: topology.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.clients import LabClient
from tests.lab.faults import Faults
from tests.lab.nodes import LabFarm, LabNode
from tests.lab.topology import Network


class Lab:
    """Built at once, without agents running; `owner` as in topology.py. Raises LabImpossible."""

    def __init__(
        self, nodes: int = 3, clients: int = 1, *, lans: int = 1, family: int = 4, owner: int | None = None
    ) -> None:
        self.network = Network(lans, owner)
        try:
            self.farm = LabFarm(self.network, nodes, family)
            self.clients = [LabClient(self.network.add_client(number)) for number in range(1, clients + 1)]
            self.faults = Faults(self.network.switch, lans)
        except BaseException:
            self.network.close()
            raise

    @property
    def nodes(self) -> list[LabNode]:
        """The nodes of the farm."""
        return self.farm.nodes

    def start_cluster(self) -> None:
        """Agents in one cluster; all hear each other."""
        self.farm.start_agents()
        self.farm.form_cluster()
        self.farm.all_hear(10)

    def start_farm(self, *, drain: str = "0", more: str = "") -> None:
        """A cluster with the nginx module green on every node; `more` stands in `<service>`, for a `<vip>`."""
        self.start_cluster()
        self.farm.apply_nginx(drain=drain, more=more)
        self.farm.start()

    def close(self) -> None:
        """End everything and remove it."""
        self.network.close()
        for node in self.nodes:
            if node.agent is not None:
                node.agent.wait()


@contextmanager
def running_lab(
    nodes: int = 3, clients: int = 1, *, lans: int = 1, family: int = 4, owner: int | None = None
) -> Iterator[Lab]:
    """A lab that is gone afterwards."""
    lab = Lab(nodes, clients, lans=lans, family=family, owner=owner)
    try:
        yield lab
    finally:
        lab.close()
