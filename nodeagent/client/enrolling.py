"""The joining side of enrolment: meet a node that nothing is known of, and trust its key if it knows the code."""

import asyncio
import hmac
import ssl
from typing import Final, TypeVar

import aiohttp
import msgspec

from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_key import NodeKey
from nodeagent.client.pinned import pinned_context
from nodeagent.contract.enrolment import (
    Challenge,
    Denied,
    Enrolled,
    Hello,
    Proof,
    Side,
    Welcome,
    mac_of,
    said_by,
)
from nodeagent.contract.pins import pin_of_certificate

T = TypeVar("T")
PATIENCE: Final = 10.0
"""Seconds for the whole exchange."""
_LARGEST: Final = 16 * 1024


async def enrol(place: tuple[str, int], code: bytes, key: NodeKey, *, name: str, uuid: str, nonce: bytes) -> Enrolled:
    """Join at (address, port); `code` as key_of gives it, `nonce` random. Raises CallFailed in words."""
    where = f"{place[0]}:{place[1]}"
    try:
        async with asyncio.timeout(PATIENCE):
            pin = await _pin_at(*place)
            return await _exchange(place, code, key, pin, (name, uuid, nonce))
    except TimeoutError:
        raise CallFailed(Trouble.TIMED_OUT, f"{where} does not answer: a firewall, or a wrong address") from None
    except ConnectionRefusedError:
        text = f"{where} is not open: `keepgreen enrol open` there opens it for ten minutes"
        raise CallFailed(Trouble.REFUSED, text) from None
    except (ssl.SSLError, aiohttp.ClientSSLError):
        raise CallFailed(Trouble.NOT_UNDERSTOOD, f"what answers at {where} is no node that is open") from None
    except (OSError, aiohttp.ClientError, msgspec.DecodeError, ValueError) as error:
        raise CallFailed(Trouble.UNREACHABLE, f"{where} broke off or is no node that is open: {error}") from None


async def _pin_at(address: str, port: int) -> str:
    """The key that answers there. It is not trusted: the proofs are made over it."""
    _, writer = await asyncio.open_connection(address, port, ssl=pinned_context(None))
    try:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return pin_of_certificate(certificate or b"")
    finally:
        writer.transport.abort()


async def _exchange(
    place: tuple[str, int], code: bytes, key: NodeKey, pin: str, who: tuple[str, str, bytes]
) -> Enrolled:
    name, uuid, own_nonce = who
    host = f"[{place[0]}]" if ":" in place[0] else place[0]
    url = f"https://{host}:{place[1]}/enrol"
    connector = aiohttp.TCPConnector(ssl=pinned_context(pin), force_close=True)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
        nonce = (await _asked(session, url, Hello(), Challenge)).nonce
        said = said_by(Side.JOINS, key.pin, pin, (own_nonce, nonce), name, uuid)
        proof = Proof(nonce, own_nonce, name, uuid, key.public_key, mac_of(code, said), key.sign(said))
        welcome = await _asked(session, url, proof, Welcome)
    expected = mac_of(code, said_by(Side.IS_OPEN, pin, key.pin, (own_nonce, nonce), welcome.name))
    if not hmac.compare_digest(expected, welcome.mac):
        text = "what answers there does not know the code: somebody may be in between, so nothing is trusted"
        raise CallFailed(Trouble.CERTIFICATE_CHANGED, text)
    return Enrolled(welcome.name, pin, name)


async def _asked(session: aiohttp.ClientSession, url: str, request: Hello | Proof, type: type[T]) -> T:
    async with session.post(url, data=msgspec.json.encode(request), allow_redirects=False) as answer:
        body = await answer.content.read(_LARGEST)
        if answer.status == 200:
            return msgspec.json.decode(body, type=type)
        raise CallFailed(Trouble.DENIED, msgspec.json.decode(body, type=Denied).detail)
