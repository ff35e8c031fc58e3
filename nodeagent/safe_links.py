"""Lays the commands `safekit`, `keepgreen` and `sleep` into SAFE, where the scripts of modules look for them.

On Linux they are small Python programs, on Windows real executables: a script that calls a `.cmd` without
`call` never comes back. Standard library only; blocks.
"""

import importlib.util
import io
import os
import shutil
import sys
import zipfile
from pathlib import Path

from nodeagent.durable import PROGRAM, write_durably

_ENTRIES = {"safekit": ("nodeagent.__main__", "safekit"), "keepgreen": ("nodeagent.__main__", "main")}
_SLEEP = ("nodeagent.cli.fast", "sleep_command")
_STUB = "t64.exe"
"""The launcher that pip gives to commands: it runs the Python of its `#!` line on the zip at its own end."""


def lay_commands(safe: Path) -> tuple[str, ...]:
    """Make SAFE/safekit, SAFE/keepgreen and SAFE/bin/sleep right; nothing is written that is right already.

    A KEEPGREEN_HOME of this process that is SAFE goes into the commands, so that they find this agent from
    anywhere. Returns a sentence for each command that could not be laid.
    """
    moved = os.environ.get("KEEPGREEN_HOME", "")
    home = str(safe) if moved and Path(moved) == safe else ""
    problems: list[str] = []
    if sys.platform == "win32":
        stub = _launcher_stub()
        if stub is None:
            return (f"{safe} gets no safekit.exe: this Python has no pip, which brings the launcher",)
        wanted = {safe / f"{name}.exe": launcher(stub, program(*entry, home)) for name, entry in _ENTRIES.items()}
        wanted[safe / "bin" / "sleep.exe"] = launcher(stub, program(*_SLEEP, home))
    else:
        wanted = {safe / name: script(program(*entry, home)) for name, entry in _ENTRIES.items()}
        problems += _link_sleep(safe / "bin" / "sleep")
    for path, content in wanted.items():
        try:
            if not (path.is_file() and path.read_bytes() == content and os.access(path, os.X_OK)):
                write_durably(path, content, PROGRAM)
        except OSError as error:
            problems.append(f"{path} cannot be written: {error.strerror or error}")
    return tuple(problems)


def program(module: str, function: str, home: str = "") -> str:
    """The Python program that calls this function of this very installation or source checkout."""
    above = str(Path(__file__).resolve().parents[1])
    lines = ["import os", "import sys", f"sys.path.insert(0, {above!r})"]
    if home:
        lines.append(f"os.environ.setdefault('KEEPGREEN_HOME', {home!r})")
    return "\n".join([*lines, f"from {module} import {function}", f"{function}()", ""])


def script(text: str, interpreter: str = sys.executable) -> bytes:
    """An executable file for Linux. `-I`: PYTHON* variables of the application mean nothing to us."""
    if " " in interpreter or len(interpreter) > 120:
        # The kernel splits a #! line at the first space and cuts it off at 127 bytes.
        quoted = interpreter.replace("'", "'\"'\"'")
        return f"#!/bin/sh\n'''exec' '{quoted}' -I \"$0\" \"$@\"\n' '''\n{text}".encode()
    return f"#!{interpreter} -I\n{text}".encode()


def launcher(stub: bytes, text: str, interpreter: str = sys.executable) -> bytes:
    """An executable for Windows: launcher, interpreter, zipped program; the same bytes for the same input."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", (1980, 1, 1, 0, 0, 0)), text)
    return stub + f'#!"{interpreter}" -I\r\n'.encode() + zipped.getvalue()


def _launcher_stub() -> bytes | None:
    """From an installed pip or distlib, else from the pip that every Python keeps to make environments."""
    for package in ("pip", "distlib", "ensurepip"):
        spec = importlib.util.find_spec(package)
        for place in map(Path, spec.submodule_search_locations or () if spec else ()):
            for stub in (place / _STUB, place / "_vendor" / "distlib" / _STUB):
                if stub.is_file():
                    return stub.read_bytes()
            for wheel in place.glob("_bundled/pip-*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    return archive.read(f"pip/_vendor/distlib/{_STUB}")
    return None


def _link_sleep(link: Path) -> list[str]:
    target = shutil.which("sleep")
    if target is None:
        return [f"{link} is not laid: this system has no sleep"]
    try:
        if not link.exists():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(target)
    except OSError as error:
        return [f"{link} cannot be linked: {error.strerror or error}"]
    return []
