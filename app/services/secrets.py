"""Passwords of nodes: in the operating system's keyring, else in memory until the console ends. Never in a file."""

import asyncio
from contextlib import suppress
from typing import Protocol

from app.services.nodes import Credentials

SERVICE = "Keepgreen console"


class Vault(Protocol):
    """Where passwords are kept beyond the end of the console. Its methods block."""

    def get_password(self, service: str, username: str) -> str | None: ...  # noqa: D102

    def set_password(self, service: str, username: str, password: str) -> None: ...  # noqa: D102

    def delete_password(self, service: str, username: str) -> None: ...  # noqa: D102


class SystemVault:
    """The operating system's keyring; loaded at the first use, since finding its backend takes long."""

    def get_password(self, service: str, username: str) -> str | None:
        """None when there is none. Raises when there is no keyring."""
        import keyring

        return keyring.get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it. Raises when there is no keyring."""
        import keyring

        keyring.set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        """Forget it. Raises when there is none."""
        import keyring

        keyring.delete_password(service, username)


class Secrets:
    """Passwords by user and pin: a password belongs to a key, not to an address that another machine may take."""

    def __init__(self, vault: Vault | None = None) -> None:
        self._vault = vault or SystemVault()
        self._known: dict[str, str] = {}
        self._turn = asyncio.Lock()  # keyring backends are not made for several threads
        self.persistent = True
        """False once the keyring refused: passwords are asked for again after a restart."""

    async def find(self, user: str, *pins: str) -> Credentials | None:
        """The password of the first of these pins that has one."""
        for pin in pins:
            account = _account(user, pin)
            if account not in self._known and (kept := await self._ask(account)) is not None:
                self._known[account] = kept
            if account in self._known:
                return Credentials(user, self._known[account])
        return None

    async def keep(self, credentials: Credentials, *pins: str, remember: bool = True) -> None:
        """Know it from now on; with `remember` also after a restart, where the system has a keyring."""
        for pin in pins:
            account = _account(credentials.user, pin)
            self._known[account] = credentials.password
            if remember:
                await self._put(account, credentials.password)

    async def forget(self, user: str, *pins: str) -> None:
        """Neither here nor in the keyring any more."""
        for pin in pins:
            account = _account(user, pin)
            self._known.pop(account, None)
            async with self._turn:
                with suppress(Exception):  # nothing was kept, or there is no keyring: gone either way
                    await asyncio.to_thread(self._vault.delete_password, SERVICE, account)

    async def _ask(self, account: str) -> str | None:
        if not self.persistent:
            return None
        async with self._turn:
            try:
                return await asyncio.to_thread(self._vault.get_password, SERVICE, account)
            except Exception:  # backends raise whatever their system does; all of it means: ask the person
                self.persistent = False
                return None

    async def _put(self, account: str, password: str) -> None:
        async with self._turn:
            try:
                await asyncio.to_thread(self._vault.set_password, SERVICE, account, password)
            except Exception:
                self.persistent = False


def _account(user: str, pin: str) -> str:
    return f"{user}@{pin}"
