"""`keepgreen agent run`: the agent as a process in the foreground, until Ctrl-C or SIGTERM; systemd runs it so."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from nodeagent.adapters.config_store import Damaged
from nodeagent.adapters.settings import load_settings
from nodeagent.agent.agent import Agent
from nodeagent.agent.supervisor import Terminal
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from nodeagent.home import Home
from nodeagent.host.priority import rise

if sys.platform == "linux":
    from nodeagent.host.systemd import Systemd
if sys.platform != "win32":
    from nodeagent.host.mode_bits import let_pass

OK, BAD_DATA, UNAVAILABLE, CANNOT_CREATE = 0, 65, 69, 73

UMASK = 0o022

THREAD_TURN = 0.0005
"""Seconds a busy thread (a scan, the disk) may keep the loop waiting; each probe would feel Python's own 5 ms."""


class Occupied(Exception):
    """Another agent runs in this home."""


def run(home: Home) -> int:
    """Run an agent in this home; returns the exit code, every problem is one sentence on stderr."""
    return run_agent(home, _serve, lambda sentence: print(sentence, file=sys.stderr))


def run_agent(home: Home, serve: Callable[[Agent], Coroutine[None, None, None]], tell: Callable[[str], None]) -> int:
    """Build the only agent of this home and let `serve` run it; every problem goes to `tell` as one sentence.

    What it makes may be read by all unless it is a secret, and changed by nobody else, whatever the umask that it was
    started with; that one is for the scripts.
    """
    settings, problems = load_settings(home.settings)
    for problem in problems:
        tell(str(problem))
    if settings is None:
        return BAD_DATA
    try:
        umask = os.umask(UMASK)
        with only_one(home.run / "agent.lock"):
            _open_ways(home)
            rise()
            agent = Agent(home, settings, umask)
            _settle_memory()
            sys.setswitchinterval(THREAD_TURN)
            with asyncio.Runner() as runner:
                runner.run(serve(agent))
    except Occupied as occupied:
        tell(str(occupied))
        return UNAVAILABLE
    except (Damaged, ValueError) as damage:
        tell(str(damage))
        return BAD_DATA
    except OSError as error:
        tell(f"the agent cannot use {home.var}: {error}")
        return CANNOT_CREATE
    except KeyboardInterrupt:
        pass  # Windows: Ctrl-C arrives here; the finally blocks have run
    return OK


def _settle_memory() -> None:
    """Leave what lives as long as the agent, code for the most part, out of every later look for garbage.

    A full look at it holds the loop and comes so seldom that garbage and free lists pile up for hours in between.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # of nothing: the next one is due when a quarter of what this one has left has come anew


async def _serve(agent: Agent) -> None:
    _many_descriptors()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, lambda *_: loop.call_soon_threadsafe(stop.set))
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop.set))
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform == "linux" and (systemd := Systemd.from_environment(os.environ)):
        with closing(systemd):
            await agent.run(stop, show, systemd)
    else:
        await agent.run(stop, show, Terminal())


def show(line: LogLine) -> None:
    """A line on stdout, where systemd's journal or a person reads it; a closed stdout is nobody's problem.

    Unbuffered: what finds a full disk is gone, the record has it, and later lines are written again.
    """
    if line.type is LogType.DEBUG:
        return
    text = f"{line.type} {line.module or '-'} {line.origin}: {line.text}\n"
    with suppress(OSError), open(1, "wb", buffering=0, closefd=False) as stdout:
        stdout.write(text.encode(errors="replace"))


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock of a home. Raises Occupied when another agent does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(handle):
            os.lseek(handle, 1, os.SEEK_SET)
            other = os.read(handle, 20).decode("ascii", "replace").strip()
            raise Occupied(f"another agent (pid {other or 'unknown'}) runs in {path.parent.parent}")
        os.ftruncate(handle, 1)
        os.lseek(handle, 1, os.SEEK_SET)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _open_ways(home: Home) -> None:
        """Access lists decide."""

    def _many_descriptors() -> None:
        """Windows has no such limit."""

    def _locked(handle: int) -> bool:
        """Lock the first byte; the pid behind it stays readable."""
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl
    import resource

    def _open_ways(home: Home) -> None:
        """Whoever may use the local socket can come to it; nobody else puts another one in its place."""
        for folder in (home.var, home.run):
            let_pass(folder)

    def _many_descriptors() -> None:
        """Half-open connections of strangers must not use up the few descriptors of a default shell."""
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def _locked(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
