"""A listening port of the agent outlives the clients that are gone before they were accepted."""

import asyncio
import errno
import gc
import socket
import struct
import sys

import pytest

from nodeagent.contract.states import LogType
from nodeagent.listening import Place, TcpPort
from tests.fakes.waiting import until
from tests.windows.node import ADDRESS, free_port

pytestmark = [
    pytest.mark.wine,
    pytest.mark.skipif(sys.platform != "win32", reason="asyncio closes listening sockets by itself on Windows only"),
]


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_a_port_that_asyncio_has_closed_is_opened_again() -> None:
    asyncio.run(closed_and_opened())
    gc.collect()  # asyncio forgets to close the connections it could not accept


async def closed_and_opened() -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)
    listening: list[socket.socket] = []

    async def serve(sock: socket.socket) -> asyncio.Server:
        listening.append(sock)
        return await loop.create_server(asyncio.Protocol, sock=sock)

    def say(type_: LogType, text: str) -> None:
        raise AssertionError(text)

    port = TcpPort("test port", ADDRESS, free_port(), serve, say)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(port.run())
        await until(lambda: port.listeners[0].open)

        def reset() -> None:
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh", 1, 0))
                client.connect((ADDRESS, port.listeners[0].port))

        for _ in range(200):  # the loop stands still: each client is gone before anybody looks
            if listening[0].fileno() == -1:
                break
            reset()
            await asyncio.sleep(0)
        else:
            listening[0].close()  # this system takes it well; asyncio may close it all the same
        await until(lambda: len(listening) == 2 and port.listeners[0].open)
        _, writer = await asyncio.open_connection(ADDRESS, port.listeners[0].port)
        writer.close()
        task.cancel()


def test_a_port_that_windows_keeps_says_how_to_look_for_it() -> None:
    """An excluded range, of Hyper-V say, answers like a port that may not be opened; no user may."""
    place, error = Place(socket.AF_INET, ADDRESS, 9010), PermissionError(errno.EACCES, "forbidden")
    assert "netsh interface ipv4 show excludedportrange protocol=tcp" in place.problem(error, "")
    assert place.problem(error, "nginx (pid 812)") == "9010 is used by nginx (pid 812)"
