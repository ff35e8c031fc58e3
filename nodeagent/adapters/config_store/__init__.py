"""What was applied to this node: who it is, its cluster, its modules. Blocks: call it in a thread."""

import sys
from dataclasses import dataclass

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.adapters.config_store.cluster_record import CommittedCluster, OpenCommit
from nodeagent.adapters.config_store.damage import Damaged
from nodeagent.adapters.config_store.modules import ModuleStore, Trial
from nodeagent.adapters.config_store.unfinished import Unfinished, UnfinishedChanges
from nodeagent.adapters.config_store.vip_check import VipLook, no_look
from nodeagent.home import Home

__all__ = [
    "ClusterStore",
    "CommittedCluster",
    "ConfigStore",
    "Damaged",
    "ModuleStore",
    "OpenCommit",
    "Trial",
    "Unfinished",
    "UnfinishedChanges",
]


@dataclass(frozen=True, slots=True)
class ConfigStore:
    """The two stores of one home."""

    cluster: ClusterStore
    modules: ModuleStore

    @classmethod
    def open(cls, home: Home, vip_look: VipLook = no_look, *, may_reboot: bool = True) -> "ConfigStore":
        """Make what is missing, read what is there. Raises Damaged (one sentence) or OSError.

        `vip_look` tells checks why this node cannot serve a virtual IP, `may_reboot` whether modules may reboot it.
        """
        for path in (home.safe, home.var):
            if sys.platform != "win32" and any(c.isspace() for c in str(path)):
                raise Damaged(f"the path {str(path)!r} has a space in it, which scripts cannot bear: choose another")
        cluster = ClusterStore(home)
        return cls(cluster, ModuleStore(home, cluster, vip_look, may_reboot=may_reboot))
