"""The stand-in for a cloud load balancer, against real servers on loopback."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import pytest

from nodeagent.demo.load_balancer import LoadBalancer, Node, Relay

FRONT = "127.0.0.70"
HEALTH_PATH = "/var/modules/farm/ready.txt"


class Backend:
    """A node: a health port whose answer can be set, and an echo port that says its name first."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        self.answer = 200
        self.probed: list[bytes] = []
        self.health_port = self.port = 0

    async def open(self, stack: contextlib.AsyncExitStack, health_port: int = 0, port: int = 0) -> None:
        for attribute, handler, wanted in (("health_port", self.health, health_port), ("port", self.echo, port)):
            server = await asyncio.start_server(handler, self.address, wanted)
            stack.callback(server.close)
            setattr(self, attribute, server.sockets[0].getsockname()[1])

    async def health(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.probed.append(await reader.readuntil(b"\r\n\r\n"))
        if self.answer:
            writer.write(f"HTTP/1.1 {self.answer} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        else:
            with contextlib.suppress(OSError):
                await reader.read()
        writer.close()

    async def echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The name, then everything that came, once the client has ended its direction."""
        writer.write(self.name.encode() + b"\n")
        with contextlib.suppress(OSError):
            writer.write(await reader.read())
            await writer.drain()
        writer.close()


class Farm:
    """Two backends behind a load balancer."""

    def __init__(self, backends: list[Backend], balancer: LoadBalancer) -> None:
        self.backends, self.balancer = backends, balancer

    @property
    def front(self) -> int:
        return self.balancer.ports[0]

    async def ask(self, said: bytes = b"hello") -> tuple[str, bytes]:
        reader, writer = await asyncio.open_connection(FRONT, self.front)
        try:
            writer.write(said)
            writer.write_eof()
            name, _, echoed = (await reader.read()).partition(b"\n")
        finally:
            writer.close()
        return name.decode(), echoed

    async def settle(self, *healthy: bool) -> None:
        await until(lambda: tuple(n.healthy for n in self.balancer.nodes) == healthy)


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


@pytest.fixture
async def farm() -> AsyncIterator[Farm]:
    async with contextlib.AsyncExitStack() as stack:
        first, second = Backend("a", "127.0.0.71"), Backend("b", "127.0.0.72")
        await first.open(stack)
        await second.open(stack, first.health_port, first.port)
        balancer = LoadBalancer(
            [Node("a", first.address), Node("b", second.address)],
            [Relay(FRONT, 0, first.port)],
            "farm",
            interval=0.5,  # also what a probe may take: on a busy machine this process stands still for a while
            health_port=first.health_port,
            source=FRONT,
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(balancer.run())
            async with asyncio.timeout(20):
                await balancer.serving.wait()
            yield Farm([first, second], balancer)
            running.cancel()


async def test_new_connections_go_to_healthy_nodes_in_turn(farm: Farm) -> None:
    await farm.settle(True, True)
    names = [(await farm.ask())[0] for _ in range(4)]
    assert sorted(names) == ["a", "a", "b", "b"]
    assert names[0] != names[1]
    assert farm.backends[0].probed[0].startswith(f"GET {HEALTH_PATH} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("answer", [404, 503, 301, 0])
async def test_one_bad_probe_takes_a_node_out_and_one_good_one_brings_it_back(farm: Farm, answer: int) -> None:
    await farm.settle(True, True)
    farm.backends[0].answer = answer
    await farm.settle(False, True)
    assert {(await farm.ask())[0] for _ in range(3)} == {"b"}
    farm.backends[0].answer = 200
    await farm.settle(True, True)
    assert {(await farm.ask())[0] for _ in range(4)} == {"a", "b"}


async def test_without_a_healthy_node_a_client_is_reset(farm: Farm) -> None:
    for backend in farm.backends:
        backend.answer = 404
    await farm.settle(False, False)
    with pytest.raises(ConnectionResetError):
        await farm.ask()


async def test_a_node_taken_out_keeps_the_connections_it_has(farm: Farm) -> None:
    await farm.settle(True, True)
    reader, writer = await asyncio.open_connection(FRONT, farm.front)
    name = (await reader.readline()).decode().strip()
    for backend in farm.backends:
        backend.answer = 404
    await farm.settle(False, False)
    writer.write(b"still here")
    writer.write_eof()
    assert await reader.read() == b"still here"
    assert name in ("a", "b")
    writer.close()


async def test_much_data_and_a_half_closed_connection_arrive_whole(farm: Farm) -> None:
    await farm.settle(True, True)
    data = os.urandom(3_000_000)
    _, echoed = await farm.ask(data)
    assert echoed == data


async def test_a_client_that_has_said_all_gets_its_answer_however_late(farm: Farm) -> None:
    """Neither end has anything to send meanwhile: the collector of garbage must not take the relay for some."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read()
        asked.set()
        await answer.wait()
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(late, "127.0.0.75", farm.backends[0].port)
    farm.balancer.nodes = [Node("late", "127.0.0.75", healthy=True)]
    reader, writer = await asyncio.open_connection(FRONT, farm.front)
    writer.write(b"hello")
    writer.write_eof()
    async with asyncio.timeout(20):
        await asked.wait()
        gc.collect()
        answer.set()
        assert await reader.read() == b"hello"
    writer.close()
    server.close()


async def test_a_healthy_node_whose_application_refuses_gives_a_reset(farm: Farm) -> None:
    await farm.settle(True, True)
    farm.balancer.nodes = [Node("gone", "127.0.0.73", healthy=True)]
    with pytest.raises(ConnectionResetError):
        await farm.ask()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM for others")
def test_the_process_ends_by_sigterm() -> None:
    command = [sys.executable, "-m", "nodeagent.demo.load_balancer", "--module", "farm", "--node", "a=127.0.0.74"]
    with subprocess.Popen([*command, "--relay", f"{FRONT}:0:1"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert f"relaying {FRONT}:0" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_process_says_that_its_port_is_taken() -> None:
    with socket.socket() as holder:
        holder.bind((FRONT, 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        command = [sys.executable, "-m", "nodeagent.demo.load_balancer", "--module", "farm", "--node", "a=127.0.0.74"]
        done = subprocess.run(
            [*command, "--relay", f"{FRONT}:{port}:1"], capture_output=True, text=True, check=False, timeout=60
        )
    assert done.returncode == 69
    assert "cannot serve: " in done.stdout
    assert str(port) in done.stdout
    assert done.stderr == ""
