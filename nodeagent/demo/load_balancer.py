"""A stand-in for a cloud load balancer: probes each node's ready.txt and relays TCP to those that answer 200.

Probing follows Azure's rules: one result decides (threshold 1), only 200 counts, a node that is taken out keeps
the connections it has, new connections go to healthy nodes only, and when there is none they are reset.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

CHUNK = 65536
RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""SO_LINGER on, 0 seconds: a close that the client sees as a reset."""


@dataclass
class Node:
    """One backend; healthy from its first 200 on."""

    name: str
    address: str
    healthy: bool = False


@dataclass(frozen=True, slots=True)
class Relay:
    """One served port: what arrives at `address:port` goes to `target_port` of a healthy node."""

    address: str
    port: int
    target_port: int


class LoadBalancer:
    """Probes and relays from `run` on, until it is cancelled."""

    def __init__(
        self,
        nodes: Sequence[Node],
        relays: Sequence[Relay],
        module: str,
        *,
        interval: float = 5.0,
        health_port: int = 9010,
        source: str = "",
    ) -> None:
        """`interval` in seconds, also the time a probe may take; `source` is the address probes come from."""
        self.nodes, self.relays, self.module = nodes, relays, module
        self.interval, self.health_port, self.source = interval, health_port, source
        self.turn = 0
        self.ports: list[int] = []
        """The ports really served, in the order of `relays`; useful when port 0 was asked for."""
        self.serving = asyncio.Event()
        self._relaying: set[asyncio.Task[None] | None] = set()
        """The loop itself keeps nobody who waits for the answer to a half-closed connection."""

    async def run(self) -> None:
        """Serve until cancelled. Raises OSError when a port is taken."""
        async with contextlib.AsyncExitStack() as stack:
            for relay in self.relays:
                server = await asyncio.start_server(
                    lambda r, w, relay=relay: self.relay(relay, r, w),  # type: ignore[misc]
                    relay.address,
                    relay.port,
                    backlog=512,
                )
                stack.callback(server.close)
                self.ports.append(server.sockets[0].getsockname()[1])
            self.serving.set()
            async with asyncio.TaskGroup() as group:
                for node in self.nodes:
                    group.create_task(self.probe_for_ever(node), name=f"probe {node.name}")

    async def probe_for_ever(self, node: Node) -> None:
        """Ask at each tick; a change takes effect for the next new connection."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            healthy, reason = await self.probe(node)
            if healthy != node.healthy:
                node.healthy = healthy
                say(f"{node.name} {'in rotation' if healthy else f'out of rotation: {reason}'}")
            due = max(due + self.interval, loop.time())
            await asyncio.sleep(due - loop.time())

    async def probe(self, node: Node) -> tuple[bool, str]:
        """One request for ready.txt: healthy, else why not."""
        request = (
            f"GET /var/modules/{self.module}/ready.txt HTTP/1.1\r\nHost: {node.address}\r\nConnection: close\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self.interval):
                reader, writer = await asyncio.open_connection(
                    node.address, self.health_port, local_addr=(self.source, 0) if self.source else None
                )
                try:
                    writer.write(request.encode())
                    status = (await reader.readline()).split(maxsplit=2)[1:2]
                finally:
                    writer.close()
        except TimeoutError:
            return False, f"no answer in {self.interval:g} s"
        except OSError as error:
            return False, error.strerror or str(error)
        return status == [b"200"], f"answered {status[0].decode('ascii', 'replace')}" if status else "no HTTP answer"

    def choose(self) -> Node | None:
        """The next healthy node in turn, None when there is none."""
        for _ in self.nodes:
            node = self.nodes[self.turn % len(self.nodes)]
            self.turn += 1
            if node.healthy:
                return node
        return None

    async def relay(self, relay: Relay, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client connection, from accept to the end of both directions."""
        task = asyncio.current_task()
        self._relaying.add(task)
        try:
            node = self.choose()
            if node is None:
                return reset(writer)
            try:
                back_reader, back_writer = await asyncio.open_connection(node.address, relay.target_port)
            except OSError:
                return reset(writer)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(pump(reader, back_writer), name="to node")
                    group.create_task(pump(back_reader, writer), name="to client")
            except* OSError:
                reset(back_writer)
                reset(writer)
            finally:
                back_writer.close()
        finally:
            writer.close()
            self._relaying.discard(task)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction to its end and pass the end on; the other direction may go on for long."""
    while data := await reader.read(CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection so that its other end cannot take it for a complete one."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


def say(text: str) -> None:
    """One line of the load balancer's own log."""
    print(f"{datetime.now().astimezone():%H:%M:%S.%f}"[:12], text, flush=True)


async def serve(balancer: LoadBalancer) -> None:
    """Run until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    me = asyncio.current_task()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows has no signal handlers on its loop
            loop.add_signal_handler(name, lambda: me and me.cancel())
    say(f"relaying {', '.join(f'{r.address}:{r.port}' for r in balancer.relays)}")
    await balancer.run()


def main() -> int:
    """The process that the demo starts."""
    parser = argparse.ArgumentParser(description="The demo's load balancer.")
    parser.add_argument("--module", required=True)
    parser.add_argument("--interval", type=float, default=5.0, help="seconds between two probes of a node")
    parser.add_argument("--health-port", type=int, default=9010)
    parser.add_argument("--source", default="", help="address the probes come from")
    parser.add_argument("--node", action="append", required=True, metavar="NAME=ADDRESS")
    parser.add_argument("--relay", action="append", required=True, metavar="ADDRESS:PORT:TARGETPORT")
    a = parser.parse_args()
    nodes = [Node(*text.split("=", 1)) for text in a.node]
    relays = []
    for text in a.relay:
        address, port, target = text.rsplit(":", 2)
        relays.append(Relay(address, int(port), int(target)))
    balancer = LoadBalancer(nodes, relays, a.module, interval=a.interval, health_port=a.health_port, source=a.source)
    try:
        asyncio.run(serve(balancer))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 0
    except OSError as error:
        say(f"cannot serve: {error}")
        return 69
    return 0


if __name__ == "__main__":
    sys.exit(main())
