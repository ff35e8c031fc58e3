"""Logins and the sessions they open. A wrong password costs time, never the account.

Logins of one address take turns; a wrong one holds the turn for its penalty (1 s, doubling to 60 s), so that
neither guessing in parallel nor hanging up gains anything. Waiting logins are few and counted: beyond that
the answer is 429 at once.
"""

import asyncio
import hashlib
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nodeagent.adapters.http_api.users import Users
from nodeagent.contract.api import Login, Session
from nodeagent.contract.states import Role
from nodeagent.engine.ports import Refused

PENALTY_MIN, PENALTY_MAX = 1.0, 60.0
FORGIVEN_AFTER = 600.0
"""Seconds without a wrong login after which an address starts anew."""
WAITING_PER_ADDRESS, WAITING_CAP = 4, 64
ADDRESSES_CAP = 1024
IDLE = 8 * 3600.0
"""Seconds a session lives without being used."""
SESSIONS_CAP = 1024


@dataclass(slots=True)
class Address:
    """What is remembered of where wrong logins came from."""

    failures: int = 0
    last: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def failed(self, now: float) -> float:
        """One more wrong login: the seconds its answer has to wait."""
        if now - self.last > FORGIVEN_AFTER:
            self.failures = 0
        self.failures, self.last = self.failures + 1, now
        return penalty(self.failures)


def penalty(failures: int) -> float:
    """Seconds before the answer to the n-th wrong login in a row, n from 1."""
    return min(PENALTY_MAX, PENALTY_MIN * 2.0 ** min(failures - 1, 10))


def network_of(source: str) -> str:
    """What counts as one address: of IPv6 the /64, since a single host has all of it."""
    try:
        address = ipaddress.ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return source


@dataclass(slots=True)
class Open:
    """A session in use, until `holds` says that what opened it is no longer so."""

    user: str
    role: Role
    used: float
    holds: Callable[[], bool]


class Logins:
    """Checks passwords, hands out and knows bearer tokens. Sessions live in memory only."""

    def __init__(
        self,
        users: Users,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._users, self._monotonic, self._sleep = users, monotonic, sleep
        self._addresses: dict[str, Address] = {}
        self._sessions: dict[bytes, Open] = {}

    async def login(self, source: str, login: Login) -> Session:
        """A new session. Raises Refused: 401 after the penalty, 429 at once when too many wait."""
        address = self._address(network_of(source))
        if address.waiting >= WAITING_PER_ADDRESS or self._waiting() >= WAITING_CAP:
            raise Refused(429, "too-many-logins", "too many logins are waiting for their answer, try again in a minute")
        address.waiting += 1
        try:
            async with address.turn:
                role = await self._users.verify(login.user, login.password)
                if role is None:
                    await self._sleep(address.failed(self._monotonic()))
                    raise Refused(401, "wrong-password", "the user name or the password is wrong")
                address.failures = 0
        finally:
            address.waiting -= 1
        stamp = self._users.stamp(login.user)
        if stamp is None:
            raise Refused(401, "wrong-password", "the user name or the password is wrong")
        return self.open(login.user, stamp[1], lambda: self._users.stamp(login.user) == stamp)

    def open(self, user: str, role: Role, holds: Callable[[], bool]) -> Session:
        """A session for somebody who has proved who he is; it ends when `holds` is no longer true."""
        if len(self._sessions) >= SESSIONS_CAP:
            del self._sessions[next(iter(self._sessions))]
        token = secrets.token_urlsafe(32)
        self._sessions[_key(token)] = Open(user, role, self._monotonic(), holds)
        return Session(token, user, role)

    def who(self, token: str) -> tuple[str, Role] | None:
        """(name, role) behind a bearer token: a session, which counts as used now, or an API token."""
        session = self._sessions.pop(_key(token), None)
        if session is None:
            api_token = self._users.of_token(token)
            return (api_token.name, api_token.role) if api_token else None
        now = self._monotonic()
        if now - session.used > IDLE or not session.holds():
            return None
        session.used = now
        self._sessions[_key(token)] = session
        return session.user, session.role

    def logout(self, token: str) -> None:
        """End a session; an unknown one is ended already."""
        self._sessions.pop(_key(token), None)

    def _waiting(self) -> int:
        return sum(address.waiting for address in self._addresses.values())

    def _address(self, name: str) -> Address:
        address = self._addresses.pop(name, None) or Address()
        if len(self._addresses) >= ADDRESSES_CAP:
            idle = next((key for key, known in self._addresses.items() if not known.waiting), None)
            if idle is not None:
                del self._addresses[idle]
        self._addresses[name] = address
        return address


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
