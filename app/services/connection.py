"""The client of the agent's API as the console uses it. aiohttp is loaded at the first use, beside the loop."""

import asyncio
import importlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from app.services.nodes import CallFailed, Credentials, NodeAddress, Trouble
from nodeagent.contract.api import Session

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient
    from nodeagent.client.api_client import CallFailed as ClientFailed

TIMEOUT = 10.0
"""Seconds for a whole call."""


@asynccontextmanager
async def connection(address: NodeAddress, *, timeout: float = TIMEOUT) -> AsyncIterator["ApiClient"]:
    """A client of this node, closed at the end; nothing was sent yet. Put its calls inside `told()`."""
    await loaded()
    from nodeagent.client.api_client import ApiClient

    async with ApiClient(address.address, address.port, address.pin or None, timeout=timeout) as client:
        yield client


async def loaded() -> None:
    """Import the client, which takes a quarter of a second, without holding up the loop."""
    await asyncio.to_thread(importlib.import_module, "nodeagent.client.api_client")


async def logged_in(client: "ApiClient", credentials: Credentials) -> Session:
    """Meet the node, then log in. Raises CallFailed; NO_PASSWORD_SET before anything is sent."""
    with told():
        if not (await client.connect()).password_set:
            raise CallFailed(Trouble.NO_PASSWORD_SET, "the node has no password yet")
        return await client.login(credentials.user, credentials.password)


@contextmanager
def told() -> Iterator[None]:
    """The client's failures as those of the console. Needs `loaded()` before."""
    from nodeagent.client.api_client import CallFailed as ClientFailed

    try:
        yield
    except ClientFailed as failed:
        raise CallFailed(_trouble(failed), str(failed), failed.problem) from None


def _trouble(failed: "ClientFailed") -> Trouble:
    trouble, kind = Trouble(failed.trouble.value), failed.problem.type if failed.problem else ""
    if kind == "urn:keepgreen:login-required":
        return Trouble.LOGIN_REQUIRED
    if kind == "urn:keepgreen:other-cluster":
        return Trouble.OTHER_CLUSTER
    if trouble is Trouble.UNREACHABLE:
        # The client hides the original error from tracebacks, not from us.
        causes = (failed.__context__, getattr(failed.__context__, "os_error", None))
        if any(isinstance(cause, ssl.SSLError) for cause in causes):
            return Trouble.NOT_UNDERSTOOD
        if any(isinstance(cause, socket.gaierror) for cause in causes):
            return Trouble.NAME_UNKNOWN
    return trouble
