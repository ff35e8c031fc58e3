"""The first login at a node: what the first run and a new node of a cluster need, before anything watches it."""

import msgspec

from app.services.connection import connection, logged_in
from app.services.nodes import Credentials, NodeAddress
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.states import Role


class SignedIn(msgspec.Struct, frozen=True):
    """A login that was taken: what it may do, and the cluster as the node has it."""

    role: Role
    cluster: ClusterInfo


async def sign_in(address: NodeAddress, credentials: Credentials) -> SignedIn:
    """Log in once and out again. Needs the pin. Raises CallFailed."""
    async with connection(address) as client:
        session = await logged_in(client, credentials)
        cluster = await client.cluster()
        await client.logout()
    return SignedIn(session.role, cluster)
