"""Who comes back resets nobody: it may remember connections whose clients have long opened them again elsewhere."""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPException

import pytest

from tests.e2e.real_farm import until
from tests.lab.lab import Lab, running_lab
from tests.lab.topology import Host
from tests.lab.vip import VIRTUAL, VIRTUAL6, carried, rule, settled, vip, wait_settled, where

DIRECTED = "10.77.0.101"
"""Forwarded by node 1, and by node 2 while that is away."""
ADDRESSES = (VIRTUAL, VIRTUAL6, DIRECTED)
PORTS = range(21000, 21010)
"""Below the ephemeral range, so that nobody else has them."""


@pytest.fixture(scope="module")
def lab(possible: None) -> Iterator[Lab]:
    with running_lab() as lab:
        both = carried(VIRTUAL, VIRTUAL6) + carried(DIRECTED, type="vmac_directed")
        lab.start_farm(more=vip(both, *(rule(address) for address in ADDRESSES), link_check="off"))
        yield lab


class Talk:
    """A client's connection from a port of its choice, that asks who serves it."""

    def __init__(self, client: Host, source: str, port: int, address: str) -> None:
        with client.entered():
            self._sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._sock.settimeout(5)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the same port to two addresses
        self._sock.bind((source, port))
        self._sock.connect((address, 80))
        self._http = HTTPConnection(address)
        self._http.sock, self._http.auto_open = self._sock, 0

    def ask(self) -> str:
        """The name of the node. Raises OSError, HTTPException."""
        self._http.request("GET", "/")
        return self._http.getresponse().read().decode().strip()

    def close(self) -> None:
        """End it with a reset: the port is free at once."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()


@contextmanager
def no_cable(lab: Lab) -> Iterator[None]:
    """Node 1 knows that nothing reaches it."""
    lab.nodes[0].cable(plugged=False)
    try:
        yield
    finally:
        lab.nodes[0].cable(plugged=True)


@contextmanager
def behind_a_dead_switch(lab: Lab) -> Iterator[None]:
    """Node 1 has its link, and nobody beyond it: until it hears the others again it takes them for dead, and resets
    what it does not know of their clients."""
    one, two, three = [node.host for node in lab.nodes]
    for other in [two, three, lab.clients[0].host]:
        lab.faults.cut(one, other)
    try:
        yield
    finally:
        lab.faults.heal()
        lab.farm.all_hear(10)


@contextmanager
def frozen(lab: Lab) -> Iterator[None]:
    """The agent of node 1 stands still; its kernel sees everything."""
    lab.nodes[0].pause_agent()
    try:
        yield
    finally:
        lab.nodes[0].resume_agent()


@pytest.mark.parametrize("away", [no_cable, behind_a_dead_switch, frozen])
def test_connections_opened_elsewhere_meanwhile_stay_there(
    lab: Lab, away: Callable[[Lab], AbstractContextManager[None]]
) -> None:
    one, two, three = lab.nodes
    wait_settled(lab.nodes)
    client = lab.clients[0]
    sources = {
        address: next(s for s in client.sources(address) if where(one, s)[f"tcp 80 of {address}"] == one.name)
        for address in ADDRESSES
    }
    wanted = [(client.host, source, port, address) for address, source in sources.items() for port in PORTS]
    for each in wanted:
        with closing(Talk(*each)) as talk:
            assert talk.ask() == one.name
    with ExitStack() as open_ones:
        with away(lab):
            wait_settled([two, three])
            talks = [open_ones.enter_context(closing(Talk(*each))) for each in wanted]
            served = [talk.ask() for talk in talks]
            assert one.name not in served
        broken: dict[int, str] = {}
        back = time.monotonic()

        def ask_all() -> bool:
            for number, talk in enumerate(talks):
                try:
                    assert number in broken or talk.ask() == served[number]
                except (OSError, HTTPException) as error:
                    broken[number] = f"{time.monotonic() - back:.2f} s after the return: {error!r}"
            return settled(lab.nodes)

        until(ask_all, 20, "all serve by one table")
        time.sleep(1)
        ask_all()  # nothing is quiet any more
        assert broken == {}
