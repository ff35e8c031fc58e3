"""Who answers at an address, asked without a login: what the Tab key does in the table of nodes."""

import time

from app.services.connection import connection
from app.services.nodes import CheckedAddress, NodeAddress
from nodeagent.client.failures import CallFailed

TIMEOUT = 5.0


async def check(address: NodeAddress, *, timeout: float = TIMEOUT) -> CheckedAddress:
    """Ask for the identity. With a pin another key is CERTIFICATE_CHANGED; without one the key met is in the answer.

    `timeout` in seconds for all of it. Never raises but when cancelled.
    """
    try:
        async with connection(address, timeout=timeout) as client:
            began = time.monotonic()
            identity = await client.connect()
            took = time.monotonic() - began
    except CallFailed as failed:
        return CheckedAddress(address, None, failed.trouble, str(failed))
    return CheckedAddress(NodeAddress(address.address, address.port, identity.pin), identity, round_trip=took)
