"""The client of the agent's API as the console uses it. aiohttp is loaded at the first use, beside the loop."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from app.services.nodes import Credentials, NodeAddress
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import Session

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient

T = TypeVar("T")
Work = Callable[["ApiClient"], Awaitable[T]]

TIMEOUT = 10.0
"""Seconds for a whole call."""


@asynccontextmanager
async def connection(address: NodeAddress, *, timeout: float = TIMEOUT) -> AsyncIterator["ApiClient"]:
    """A client of this node, closed at the end; nothing was sent yet."""
    await loaded()
    from nodeagent.client.api_client import ApiClient

    async with ApiClient(address.address, address.port, address.pin or None, timeout=timeout) as client:
        yield client


async def loaded() -> None:
    """Import the client, which takes a quarter of a second, without holding up the loop."""
    await asyncio.to_thread(importlib.import_module, "nodeagent.client.api_client")


async def with_login(client: "ApiClient", work: Work[T], log_in: Callable[[], Awaitable[object]]) -> T:
    """Do it; when the session has ended, log in and do it once more. Raises CallFailed."""
    try:
        return await work(client)
    except CallFailed as failed:
        if failed.trouble is not Trouble.LOGIN_REQUIRED:
            raise
    await log_in()
    return await work(client)


async def logged_in(client: "ApiClient", credentials: Credentials) -> Session:
    """Meet the node, then log in. Raises CallFailed; NO_PASSWORD_SET before anything is sent."""
    if not (await client.connect()).password_set:
        raise CallFailed(Trouble.NO_PASSWORD_SET, "the node has no password yet")
    return await client.login(credentials.user, credentials.password)
