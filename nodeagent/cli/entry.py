"""Where a command line begins and ends: picks the fast or the full commands, and lets no traceback out."""

import errno
import os
import sys
from collections.abc import Callable, Sequence

from nodeagent.cli import fast
from nodeagent.cli.exits import CommandFailed, Exit


def keepgreen(args: Sequence[str]) -> int:
    """`keepgreen …`; the exit code."""
    _open_streams()
    return guarded(lambda: dispatch(args))


def safekit(args: Sequence[str]) -> int:
    """`safekit …`: the commands that existing scripts use; the exit code."""
    from nodeagent.cli import shim

    _open_streams()
    return guarded(lambda: shim.run(args, dispatch))


def dispatch(args: Sequence[str]) -> int:
    """Run one command. click is imported only when it is needed."""
    if args and args[0].startswith("-H"):
        from nodeagent.cli import several_nodes

        joined = args[0].removeprefix("-H").removeprefix("=")  # -Hnode2, -H=node2
        words = args[1:] if args[0] == "-H" else [joined, *args[1:]]
        return several_nodes.run(words, lambda command: guarded(lambda: dispatch(command)))
    if fast.answers(args):
        return fast.run(args)
    from nodeagent.cli.main import run

    return run(args)


def guarded(command: Callable[[], int]) -> int:
    """Run it; whatever happens becomes one sentence and an exit code."""
    try:
        code = command()
        sys.stdout.flush()
        return code
    except CommandFailed as failed:
        _tell(failed.sentence)
        return failed.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and _reader_is_gone(error):
            return _leave_quietly()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            _leave_quietly()
            _tell(f"the answer cannot be written: {error.strerror}")
            return Exit.CANNOT_CREATE
        return _report(error)


def _open_streams() -> None:
    """What the caller has closed is None in Python: then nobody hears, and nobody answers.

    What a stream cannot show (a letter that its encoding lacks, a byte that was no text) is shown as `?`.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _reader_is_gone(error: OSError) -> bool:
    """Windows says so with EINVAL, of the C runtime and of no file; the system's own numbers are other faults."""
    if sys.platform == "win32" and error.errno == errno.EINVAL:
        return error.winerror is None and error.filename is None
    return isinstance(error, BrokenPipeError)


def _tell(sentence: str) -> None:
    """To stderr; where that cannot be written the exit code has to say it alone."""
    try:
        sys.stderr.write(sentence + "\n")
        sys.stderr.flush()
    except OSError:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _leave_quietly() -> int:
    """Nobody reads stdout any more (`… | head`): not an error; the last flush of the interpreter must not say so."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123
    return Exit.OK


def _report(error: Exception) -> int:
    import tempfile
    import traceback

    what = f"{type(error).__name__}: {error}".replace("\n", " ")
    details = "".join(traceback.format_exception(error))
    if os.environ.get("KEEPGREEN_DEBUG") == "1":
        _tell(f"{details}this is a fault of Keepgreen ({what}); the details are above")
        return Exit.INTERNAL
    where = "could not be written; KEEPGREEN_DEBUG=1 shows them"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="keepgreen-fault-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(f"arguments: {sys.argv}\n{details}")
        where = f"are in {file.name}"
    except OSError:
        pass
    _tell(f"this is a fault of Keepgreen ({what}); the details {where}")
    return Exit.INTERNAL
