"""Passwords, penalties and sessions, with a clock and a sleep of the test's own."""

import asyncio
import threading

import msgspec
import pytest
from argon2 import extract_parameters

from nodeagent.adapters.http_api.logins import (
    FORGIVEN_AFTER,
    IDLE,
    SESSIONS_CAP,
    WAITING_PER_ADDRESS,
    Logins,
    network_of,
    penalty,
)
from nodeagent.adapters.http_api.users import HASHER, NOBODY, Users, UserTable, read_table
from nodeagent.contract.api import Login
from nodeagent.contract.states import Role
from nodeagent.engine.ports import Refused
from tests.fakes.api_server import PASSWORDS, TABLE, FakeKeeping
from tests.fakes.waiting import until

GOOD = Login("admin", PASSWORDS[Role.ADMIN])
WRONG = Login("admin", "a wrong password")
HERE = "192.0.2.1"


class FakeTime:
    """A clock that only sleeping moves; `held` makes sleepers wait for `let_go`."""

    def __init__(self) -> None:
        self.now, self.slept, self.held = 1000.0, list[float](), False
        self.let_go = asyncio.Event()

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.held:
            await self.let_go.wait()
        self.now += seconds


class House:
    """Logins with everything around them."""

    def __init__(self, table: bytes = TABLE) -> None:
        self.time, self.keeping = FakeTime(), FakeKeeping()
        self.users = Users(table, self.keeping.keep)
        self.logins = Logins(self.users, monotonic=self.time.monotonic, sleep=self.time.sleep)

    async def fail(self, source: str = HERE, login: Login = WRONG) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.logins.login(source, login)
        return refused.value


def test_penalties_double_up_to_a_minute() -> None:
    assert [penalty(n) for n in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert penalty(10**9) == 60


async def test_wrong_logins_slow_down_per_address_and_never_lock() -> None:
    house = House()
    for _ in range(8):
        assert (await house.fail()).status == 401
    assert house.time.slept == [1, 2, 4, 8, 16, 32, 60, 60]
    await house.fail("192.0.2.2")
    assert house.time.slept[-1] == 1
    assert (await house.logins.login(HERE, GOOD)).role is Role.ADMIN
    await house.fail()
    assert house.time.slept[-1] == 1, "a good login wipes the slate"


async def test_penalties_are_forgiven_after_a_while() -> None:
    house = House()
    await house.fail()
    await house.fail()
    house.time.now += FORGIVEN_AFTER + 1
    await house.fail()
    assert house.time.slept == [1, 2, 1]


async def test_an_unknown_user_looks_like_a_wrong_password() -> None:
    house = House()
    unknown = await house.fail(login=Login("nobody", "x"))
    wrong = await house.fail()
    assert (unknown.status, unknown.kind, unknown.detail) == (wrong.status, wrong.kind, wrong.detail)


def test_nobodys_hash_costs_what_a_users_hash_costs() -> None:
    nobody, fresh = extract_parameters(NOBODY), extract_parameters(HASHER.hash("x"))
    assert (nobody.type, nobody.memory_cost, nobody.time_cost, nobody.parallelism, nobody.hash_len) == (
        fresh.type,
        19456,
        2,
        1,
        fresh.hash_len,
    )
    assert (fresh.memory_cost, fresh.time_cost, fresh.parallelism) == (19456, 2, 1)


async def test_guessing_in_parallel_gains_nothing_and_holds_little() -> None:
    house = House()
    house.time.held = True
    async with asyncio.TaskGroup() as tasks:
        guesses = [tasks.create_task(house.fail()) for _ in range(50)]
        await until(lambda: bool(house.time.slept))
        rejected = [guess for guess in guesses if guess.done()]
        assert len(rejected) == 50 - WAITING_PER_ADDRESS
        assert {guess.result().status for guess in rejected} == {429}
        assert house.time.slept == [1], "the others wait for their turn"
        assert (await house.logins.login("192.0.2.9", GOOD)).user == "admin", "other addresses do not"
        house.time.let_go.set()
    assert house.time.slept == [1, 2, 4, 8]
    assert sum(guess.result().status == 401 for guess in guesses) == WAITING_PER_ADDRESS


def test_an_ipv6_network_counts_as_one_address() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1%eth0") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of(HERE) == HERE
    assert network_of("local") == "local"


async def test_hashing_is_one_at_a_time_and_off_the_loop() -> None:
    house = House()
    seen = set()

    class Watched(str):
        __slots__ = ()

        def encode(self, *args: str) -> bytes:  # type: ignore[override]
            seen.add(threading.current_thread().name)
            return super().encode(*args)

    await asyncio.gather(*(house.users.verify("admin", Watched(PASSWORDS[Role.ADMIN])) for _ in range(5)))
    assert seen == {"passwords_0"}


async def test_sessions_end_by_idleness_logout_and_a_changed_user() -> None:
    house = House()
    token = (await house.logins.login(HERE, GOOD)).token
    for _ in range(3):
        house.time.now += IDLE - 1
        assert house.logins.who(token) == ("admin", Role.ADMIN)
    house.time.now += IDLE + 1
    assert house.logins.who(token) is None
    token = (await house.logins.login(HERE, GOOD)).token
    house.logins.logout(token)
    assert house.logins.who(token) is None
    token = (await house.logins.login(HERE, GOOD)).token
    demoted = tuple(
        msgspec.structs.replace(user, role=Role.MONITOR) if user.name == "admin" else user
        for user in read_table(TABLE).users
    )
    house.users.replace(msgspec.json.encode(UserTable(demoted)))
    assert house.logins.who(token) is None
    assert (await house.logins.login(HERE, GOOD)).role is Role.MONITOR
    house.users.replace(b"")
    assert (await house.fail(login=GOOD)).status == 401
    assert house.logins.who("") is None


async def test_sessions_are_bounded() -> None:
    house = House()
    first = (await house.logins.login(HERE, GOOD)).token
    for _ in range(SESSIONS_CAP):
        await house.logins.login(HERE, GOOD)
    assert house.logins.who(first) is None


async def test_api_tokens_are_known_by_hash_and_can_be_revoked() -> None:
    house = House()
    token = await house.users.add_token("backup", Role.MONITOR)
    assert token.encode() not in house.keeping.kept
    assert house.logins.who(token) == ("backup", Role.MONITOR)
    again = Users(house.keeping.kept, house.keeping.keep)
    assert again.of_token(token) is not None
    with pytest.raises(Refused):
        await house.users.add_token("backup", Role.ADMIN)
    with pytest.raises(Refused):
        await house.users.add_token("no name", Role.ADMIN)
    await house.users.revoke_token("backup")
    assert house.logins.who(token) is None
    with pytest.raises(Refused):
        await house.users.revoke_token("backup")


async def test_passwords_are_argon2id_at_19_mib() -> None:
    house = House(b"")
    await house.users.set_password("admin", "correct horse")
    (user,) = read_table(house.keeping.kept).users
    assert user.hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert user.role is Role.ADMIN
    assert await house.users.verify("admin", "correct horse") is Role.ADMIN
    assert await house.users.verify("admin", "correct") is None
    assert await house.users.verify("nobody", "nobody-has-this-") is None


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"users":[{"name":"a","role":"king","hash":""}]}',
        b'{"users":[{"name":"a b","role":"admin","hash":""}]}',
        b'{"users":[{"name":"a","role":"admin","hash":""},{"name":"a","role":"admin","hash":""}]}',
    ],
)
def test_a_damaged_table_is_said_in_a_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match="the user table is damaged"):
        read_table(data)


async def test_a_damaged_hash_lets_nobody_in() -> None:
    house = House(b'{"users":[{"name":"admin","role":"admin","hash":"nonsense"}]}')
    assert (await house.fail(login=GOOD)).status == 401
