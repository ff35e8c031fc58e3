"""Users, roles and API tokens: cluster data that every node holds alike; only hashes are in it."""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from nodeagent.contract.states import Role
from nodeagent.contract.token_api import NAME, TokenInfo, name_problem
from nodeagent.engine.ports import Refused

T = TypeVar("T")

ADMIN = "admin"
"""The first user, made when it gets its password."""
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$a2VlcGdyZWVuLW5vYm9keQ$tpsbERAUzfwESglWMLzhhKpw5bTKQPwf7+Q4/MIjoPY"
"""Verified in place of the hash of a user who does not exist, so that both answers take the same time."""

Hash = Annotated[str, msgspec.Meta(max_length=256)]


class User(msgspec.Struct, frozen=True):
    """A person; `hash` is argon2id in its own notation."""

    name: str
    role: Role
    hash: Hash


class Token(msgspec.Struct, frozen=True):
    """A program's access; `hash` is SHA-256 in hex of 256 random bits, which no guessing finds."""

    name: str
    role: Role
    hash: Hash


class UserTable(msgspec.Struct, frozen=True):
    """All that is kept."""

    users: tuple[User, ...] = ()
    tokens: tuple[Token, ...] = ()


class Users:
    """The table in force. One password is hashed at a time, in a thread of its own: 19 MiB and 20 ms each.

    `keep` makes the table durable (the cluster's store does). Loop's thread only.
    """

    def __init__(self, data: bytes, keep: Callable[[bytes], Awaitable[None]]) -> None:
        self._table, self._keep = read_table(data), keep
        self._hashing = ThreadPoolExecutor(1, "passwords")
        self._changing = asyncio.Lock()

    @property
    def data(self) -> bytes:
        """The table as StageCluster.users carries it; empty while there is nobody."""
        return msgspec.json.encode(self._table) if self._table != UserTable() else b""

    @property
    def password_set(self) -> bool:
        """False until the first user has a password: only the local transport works till then."""
        return bool(self._table.users)

    def replace(self, data: bytes) -> None:
        """Take a table that was committed and kept elsewhere. Raises ValueError in words."""
        self._table = read_table(data)

    def stamp(self, name: str) -> tuple[str, Role] | None:
        """Changes with a user's password or role and goes with him: what a session holds on to."""
        return next(((user.hash, user.role) for user in self._table.users if user.name == name), None)

    async def verify(self, name: str, password: str) -> Role | None:
        """The user's role when the password is his; takes as long when there is no such user."""
        user = next((user for user in self._table.users if user.name == name), None)
        good = await self._in_thread(_matches, user.hash if user else NOBODY, password)
        return user.role if user and good else None

    def of_token(self, token: str) -> Token | None:
        """Whose API token this is."""
        digest = _digest(token)
        return next((known for known in self._table.tokens if hmac.compare_digest(known.hash, digest)), None)

    @property
    def tokens(self) -> tuple[TokenInfo, ...]:
        """The API tokens, by name."""
        return tuple(TokenInfo(token.name, token.role) for token in sorted(self._table.tokens, key=lambda t: t.name))

    async def set_password(self, name: str, password: str) -> None:
        """Give a user a new password; `admin` is made when there is none. Raises Refused."""
        async with self._changing:
            user = next((user for user in self._table.users if user.name == name), None)
            if user is None and name != ADMIN:
                raise Refused(404, "no-such-user", f"there is no user {name!r}")
            fresh = User(name, user.role if user else Role.ADMIN, await self._in_thread(HASHER.hash, password))
            others = tuple(other for other in self._table.users if other.name != name)
            await self._commit(msgspec.structs.replace(self._table, users=(*others, fresh)))

    async def add_token(self, name: str, role: Role, token: str = "") -> str:
        """A new API token under a name of its own; it is shown once and not kept. Raises Refused.

        `token` is one that another node of the cluster has made, to be known here too.
        """
        if problem := name_problem(name):
            raise Refused(400, "bad-request", problem)
        async with self._changing:
            if any(known.name == name for known in self._table.tokens):
                raise Refused(409, "token-exists", f"there is a token {name!r} already")
            made = token or secrets.token_urlsafe(32)
            fresh = Token(name, role, _digest(made))
            await self._commit(msgspec.structs.replace(self._table, tokens=(*self._table.tokens, fresh)))
            return made

    async def revoke_token(self, name: str) -> None:
        """End a token. Raises Refused when there is none of that name."""
        async with self._changing:
            left = tuple(token for token in self._table.tokens if token.name != name)
            if len(left) == len(self._table.tokens):
                raise Refused(404, "no-such-token", f"there is no token {name!r}")
            await self._commit(msgspec.structs.replace(self._table, tokens=left))

    def close(self) -> None:
        """End the hashing thread."""
        self._hashing.shutdown(wait=False, cancel_futures=True)

    async def _commit(self, table: UserTable) -> None:
        await self._keep(msgspec.json.encode(table))
        self._table = table

    async def _in_thread(self, work: Callable[..., T], *args: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._hashing, work, *args)


def read_table(data: bytes) -> UserTable:
    """The table in these bytes, empty for none. Raises ValueError in words."""
    try:
        table = msgspec.json.decode(data, type=UserTable) if data else UserTable()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"the user table is damaged: {error}") from None
    for names in ([user.name for user in table.users], [token.name for token in table.tokens]):
        wrong = [name for name in names if not NAME.fullmatch(name)]
        if wrong or len(set(names)) < len(names):
            raise ValueError(
                f"the user table is damaged: {f'{wrong[0]!r} is no name' if wrong else 'a name is twice in it'}"
            )
    return table


def _matches(hashed: str, password: str) -> bool:
    try:
        return HASHER.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
