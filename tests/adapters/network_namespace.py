"""Network namespaces for tests: each lives in a thread of its own and is gone when that thread ends."""

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_CLONE_NEWNET = 0x40000000


def namespaces_problem() -> str:
    """Why this machine allows no namespaces here, "" when it does."""
    if sys.platform != "linux":
        return "network namespaces exist on Linux only"
    return "" if os.geteuid() == 0 else "a network namespace needs root"


class Namespace:
    """A network namespace; what `call` runs is in it, with the sockets, processes and threads it makes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._path = self.call(self._enter)
        self.ip("link set lo up")

    def call(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Run it inside and wait for it."""
        return self._thread.submit(work, *args, **named).result(timeout=60)

    def ip(self, *commands: str) -> None:
        """Each a command line of `ip`."""
        for command in commands:
            self.run(["ip", *command.split()])

    def run(self, command: list[str], given: str | None = None) -> str:
        """Run a program inside; what it printed. An exit code other than 0 is an AssertionError."""
        done = self.call(subprocess.run, command, input=given, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, (command, done.stderr)
        return str(done.stdout)

    def join(self, name: str, other: "Namespace", peer: str) -> None:
        """A cable: interface `name` here, `peer` in the other; both up."""
        self.ip(f"link add name {name} type veth peer name {peer} netns {other._path}", f"link set dev {name} up")
        other.ip(f"link set dev {peer} up")

    def close(self) -> None:
        """End it."""
        self._thread.shutdown()

    @staticmethod
    def _enter() -> str:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        return f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"


@contextlib.contextmanager
def namespaces(number: int) -> Iterator[list[Namespace]]:
    """Some of them, closed at the end."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(number):
            made.append(Namespace())
            stack.callback(made[-1].close)
        yield made
