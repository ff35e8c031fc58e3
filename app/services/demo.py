"""The demo farm, as a process of its own: it belongs to its directory and outlives the console."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.services.nodes import Credentials, NodeAddress

FILE = "demo.json"


class DemoNode(msgspec.Struct, frozen=True):
    """What the console needs of a node in demo.json."""

    address: str
    pin: str
    api_port: int


class DemoRecord(msgspec.Struct, frozen=True):
    """What it needs of demo.json of a demo that is up."""

    user: str
    password: str
    nodes: tuple[DemoNode, ...]
    mosaic_url: str = ""

    @property
    def addresses(self) -> tuple[NodeAddress, ...]:
        """The nodes with their pins: the file is private, so no person has to confirm them."""
        return tuple(NodeAddress(node.address, node.api_port, node.pin) for node in self.nodes)

    @property
    def credentials(self) -> Credentials:
        """How to log in."""
        return Credentials(self.user, self.password)


class DemoTrouble(Exception):
    """The demo did not do what was asked; the text is what it said, one or more sentences."""


class Demo:
    """The demo in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()

    async def record(self) -> DemoRecord | None:
        """What demo.json says; None without one. Raises DemoTrouble when it cannot be read."""
        return await asyncio.to_thread(self._read)

    async def up(self, on_line: Callable[[str], None], nodes: int = 3) -> DemoRecord:
        """Start it, or what is missing of it; `on_line` gets its progress. Raises DemoTrouble.

        Takes some ten seconds. Cancelled, what was begun is taken down again.
        """
        try:
            await asyncio.to_thread(self.directory.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise DemoTrouble(f"{self.directory} cannot be made: {error.strerror or error}") from None
        try:
            await self._run(on_line, "up", "--nodes", str(nodes))
        except asyncio.CancelledError:
            await self._run(lambda _: None, "down")
            raise
        record = await self.record()
        if record is None:
            raise DemoTrouble(f"the demo left no {FILE} in {self.directory}")
        return record

    async def down(self, on_line: Callable[[str], None]) -> None:
        """End it: nothing of it is left running. Raises DemoTrouble."""
        await self._run(on_line, "down")

    def _read(self) -> DemoRecord | None:
        file = self.directory / FILE
        try:
            return msgspec.json.decode(file.read_bytes(), type=DemoRecord)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DemoTrouble(f"{file} cannot be used: {error}") from None

    async def _run(self, on_line: Callable[[str], None], *arguments: str) -> None:
        """One command to its end. A thread reads it: the window's loop has no subprocesses on every system."""
        loop = asyncio.get_running_loop()
        said: list[str] = []

        def heard(line: str) -> None:
            said.append(line)
            on_line(line)

        command = [sys.executable, "-m", "nodeagent", "demo", *arguments, "--dir", str(self.directory), "--json"]
        # Its own session: a Ctrl-C at the console is not meant for it.
        process = await asyncio.to_thread(
            subprocess.Popen,
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        ended: asyncio.Future[int] = loop.create_future()
        threading.Thread(target=_follow, args=(process, loop, heard, ended), name="demo", daemon=True).start()
        try:
            code = await ended
        except asyncio.CancelledError:
            process.terminate()
            raise
        if code:
            raise DemoTrouble("\n".join(said[-5:]) or f"the demo ended with exit code {code}")


def _follow(
    process: "subprocess.Popen[str]",
    loop: asyncio.AbstractEventLoop,
    heard: Callable[[str], None],
    ended: "asyncio.Future[int]",
) -> None:
    """Pass on its lines and its end."""

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    assert process.stderr is not None
    with process.stderr:
        for line in process.stderr:
            if text := line.strip():
                loop.call_soon_threadsafe(heard, text)
    loop.call_soon_threadsafe(end, process.wait())
