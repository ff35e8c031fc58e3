"""Run one probe in the namespace this process is in: `python -m tests.lab.probes NAME ORDER-AS-JSON`.

`started` is printed first, the result as one line of JSON last. A probe that runs until told ends when its standard
input is closed, so that none outlives the test that started it.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from tests.lab.probes import keep_alive, new_connections, outage, syn, udp_echo

AT_ONCE: dict[str, tuple[type, Callable[[Any], object]]] = {
    "syn": (syn.SynOrder, syn.run),
    "udp": (udp_echo.UdpOrder, udp_echo.run),
}
UNTIL_TOLD: dict[str, tuple[type, Callable[[Any, asyncio.Event], Coroutine[Any, Any, object]]]] = {
    "keep_alive": (keep_alive.KeepAliveOrder, keep_alive.run),
    "new_connections": (new_connections.NewConnectionsOrder, new_connections.run),
    "outage": (outage.OutageOrder, outage.run),
    "echo": (udp_echo.EchoOrder, udp_echo.serve),
}


async def until_told(name: str, order: bytes) -> object:
    """Run until standard input is closed."""
    kind, run = UNTIL_TOLD[name]
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    work = run(msgspec.json.decode(order, type=kind), ended)
    print("started", flush=True)
    result = await work
    asyncio.get_running_loop().remove_reader(sys.stdin)
    return result


def main(name: str, order: str) -> None:
    """Do it."""
    if name in UNTIL_TOLD:
        result = asyncio.run(until_told(name, order.encode()))
    else:
        kind, run = AT_ONCE[name]
        print("started", flush=True)
        result = run(msgspec.json.decode(order, type=kind))
    print(msgspec.json.encode(result).decode(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
