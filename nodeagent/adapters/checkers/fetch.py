"""Fetches a URL, each time on a connection of its own."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from nodeagent import __version__
from nodeagent.adapters.checkers.look import Seen, refused
from nodeagent.adapters.checkers.names import Names
from nodeagent.own_thread import in_thread

BODY_CAP = 1024 * 1024
"""Bytes of an answer that are read."""

_HEADERS = {"User-Agent": f"keepgreen/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}
_PIECE = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, what was read of the body, and whether that is all of it."""

    status: int
    body: bytes
    whole: bool


class _Resolver(AbstractResolver):
    """aiohttp's own one looks names up in the pool that the whole agent shares."""

    def __init__(self, names: Names, timeout: float) -> None:
        self._names, self._timeout = names, timeout

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name. Raises Unresolved."""
        return [
            ResolveResult(
                hostname=host,
                host=target.address,
                port=port,
                family=target.family,
                proto=0,
                flags=int(socket.AI_NUMERICHOST),
            )
            for target in await self._names.targets(host, self._timeout)
        ]

    async def close(self) -> None:
        """Nothing is held."""


class Trust:
    """The TLS settings of all checkers: the system's authorities, read once, in a thread."""

    def __init__(self) -> None:
        self._verified: ssl.SSLContext | None = None
        self._lock = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Verifies certificate and name."""
        async with self._lock:
            if self._verified is None:
                self._verified = await in_thread("authorities", partial(ssl.create_default_context))
            return self._verified


class Fetcher:
    """GET of one URL. No proxy, no cookies; a redirect is an answer like others and not followed."""

    def __init__(self, names: Names, trust: Trust, url: str, timeout: float, *, insecure: bool = False) -> None:
        self._names, self._trust = names, trust
        self._url, self._timeout, self._insecure = url, timeout, insecure

    async def fetch(self, *, body: bool) -> Answer | Seen:
        """The answer (with `body`, at most 1 MiB of it), or why there is none."""
        tls: ssl.SSLContext | bool = True
        if self._url.startswith("https:"):
            tls = False if self._insecure else await self._trust.context()
        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._names, self._timeout), use_dns_cache=False, force_close=True, ssl=tls
        )
        no_limit = aiohttp.ClientTimeout(total=None, sock_connect=None)
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector,
                    timeout=no_limit,
                    headers=_HEADERS,
                    cookie_jar=aiohttp.DummyCookieJar(),
                    auto_decompress=False,
                ) as session,
                session.get(self._url, allow_redirects=False) as response,
            ):
                content, whole = await _read(response) if body else (b"", False)
                return Answer(response.status, content, whole)
        except aiohttp.ClientConnectorCertificateError as error:
            return _not_trusted(error.certificate_error)
        except aiohttp.ClientOSError as error:
            inner = getattr(error, "os_error", error)
            return refused(inner.__cause__ if isinstance(inner.__cause__, OSError) else inner)
        except aiohttp.ServerDisconnectedError:
            return Seen(False, "the connection was closed without an answer")
        except aiohttp.ClientPayloadError:
            return Seen(False, "the answer broke off")
        except aiohttp.InvalidURL:
            return Seen(False, f"{self._url} is not a URL that can be asked")
        except (aiohttp.ClientError, ValueError):
            return Seen(False, "the answer is not HTTP")


def _not_trusted(error: Exception) -> Seen:
    return refused(error) if isinstance(error, OSError) else Seen(False, f"the certificate is not trusted: {error}")


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, bool]:
    content = bytearray()
    while len(content) < BODY_CAP:
        piece = await response.content.read(min(_PIECE, BODY_CAP - len(content)))
        if not piece:
            return bytes(content), True
        content += piece
        await asyncio.sleep(0)  # a server that floods is read in turns with everybody else's work
    return bytes(content), False


def url_host(host: str) -> str:
    """A host as it stands in a URL: an IPv6 address in brackets."""
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host
