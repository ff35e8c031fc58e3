"""Calls about the configuration of the cluster, its key, its users and their tokens."""

from urllib.parse import quote

from nodeagent.client.calls import Calls, asked
from nodeagent.contract import api, revisions, token_api


class ClusterCalls(Calls):
    """What can be asked of a node about its cluster."""

    async def deconfigure_cluster(self) -> api.ClusterInfo:
        """Take the node out of its cluster; refused while a module runs."""
        return await self.call("POST", "/cluster/deconfig", api.ClusterInfo)

    async def cluster_history(self) -> tuple[revisions.Revision, ...]:
        """The kept revisions of the cluster configuration, newest first."""
        return await self.call("GET", "/cluster/history", tuple[revisions.Revision, ...])

    async def cluster_revision(self, revision: int) -> bytes:
        """The cluster.xml of one of them."""
        return await self.call("GET", f"/cluster/history/{revision}", bytes)

    async def cluster_difference(self, query: revisions.DiffQuery) -> revisions.Difference:
        """What two of them differ in."""
        return await self.call("GET", "/cluster/diff", revisions.Difference, query=asked(query))

    async def restore_cluster(self, request: revisions.Restore) -> api.ClusterInfo:
        """Put an older cluster.xml in force as a new revision, on this node alone."""
        return await self.call("POST", "/cluster/restore", api.ClusterInfo, request)

    async def present_cluster_key(self) -> bytes:
        """The active cluster key; refused when there is none."""
        return (await self.call("GET", "/cluster/key", api.ClusterKey)).key

    async def stage_cluster(self, request: api.StageCluster) -> api.Staged:
        """Keep a cluster configuration beside the current one."""
        return await self.call("POST", "/cluster/stage", api.Staged, request)

    async def commit_cluster(self, request: api.Commit) -> api.ClusterInfo:
        """Make the staged one current."""
        return await self.call("POST", "/cluster/commit", api.ClusterInfo, request)

    async def cluster(self) -> api.ClusterInfo:
        """The committed cluster, and whether its commit waits for a confirmation."""
        return await self.call("GET", "/cluster", api.ClusterInfo)

    async def check_cluster(self, request: api.StageCluster) -> api.Staged:
        """What `stage_cluster` would answer; nothing is changed."""
        return await self.call("POST", "/cluster/check", api.Staged, request)

    async def confirm_cluster(self, signature: str) -> api.ClusterInfo:
        """The commit with this signature stays; confirming what is final already changes nothing."""
        return await self.call("POST", "/cluster/confirm", api.ClusterInfo, api.Confirm(signature))

    async def rollback_cluster(self, signature: str) -> api.ClusterInfo:
        """Take the commit with this signature back at once; refused when it was confirmed."""
        return await self.call("POST", "/cluster/rollback", api.ClusterInfo, api.Confirm(signature))

    async def cluster_key(self) -> bytes:
        """Make the cluster key."""
        return (await self.call("POST", "/cluster/key", api.ClusterKey)).key

    async def cluster_users(self) -> bytes:
        """The user table, for StageCluster.users."""
        return await self.call("GET", "/cluster/users", bytes)

    async def tokens(self) -> tuple[token_api.TokenInfo, ...]:
        """The API tokens that this node knows."""
        return await self.call("GET", "/tokens", tuple[token_api.TokenInfo, ...])

    async def make_token(self, request: token_api.NewToken) -> token_api.MadeToken:
        """Make an API token on this node alone; see client.api_tokens, which asks all."""
        return await self.call("POST", "/tokens", token_api.MadeToken, request)

    async def revoke_token(self, name: str) -> None:
        """End an API token on this node alone."""
        await self.call("DELETE", f"/tokens/{quote(name, safe='')}", type(None))
