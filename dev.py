#!/usr/bin/env python3
"""The developer's door: sets up what a command needs, then does it. Standard library only, Linux and Windows.

`.venv` holds the locked packages and the project itself, editable; a stamp in it tells whether it is still
the one that the lock files, pyproject.toml and this Python ask for, so that a second start costs nothing.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import ctypes.util
import hashlib
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent
LOCKS = {"run": ("build", "app"), "dev": ("build", "dev")}
"""What each setup installs: names of packaging/requirements-*.lock. `dev` holds everything of `agent`."""
PEERS = {
    "haproxy": "haproxy",
    "chromium": "chromium",
    "nginx": "nginx-light",
    "apache2": "apache2-bin",
    "keepalived": "keepalived",
    "nft": "nftables",
    "ip": "iproute2",
}
"""Command → Debian package of the real peers in the tests; a test whose peer is absent says so and is skipped."""
SCREEN = [
    *("xvfb", "xauth", "libgl1", "libegl1", "libglib2.0-0", "libdbus-1-3", "libfontconfig1", "libxkbcommon0"),
    *("libbrotli1", "libxcb-cursor0", "libxcb-icccm4", "libxcb-keysyms1", "libxcb-shape0", "libxkbcommon-x11-0"),
]
"""Debian packages: a virtual screen, and what Qt needs to open a window on it."""
ALONE = ("tests/lab/test_vip_faults.py", "tests/lab/test_vip_changes.py", "tests/lab/test_peers.py")
"""They count milliseconds and resets, and want the computer for themselves: they run when the others have ended."""
TEMPLATES = "tests/e2e/test_templates.py"
FARMS = (
    ("tests/e2e", f"--ignore={TEMPLATES}"),
    # The first two run nginx, and processes are found by name on the whole computer.
    ("tests/lab", TEMPLATES, "tests/demo", "tests/app/e2e", *(f"--ignore={test}" for test in ALONE)),
)
"""Tests of several real agents: what each of two pytest gets."""
COMPUTING = ("tests/simulation", "tests/planted")
"""They keep every core busy by themselves and would only slow down the farms, which count seconds."""
SPINNER = "|/-\\"


class Failed(Exception):
    """Something could not be done; the text is for the user."""


class Progress:
    """The life of one long step: a line that moves on a terminal, a line now and then in a log."""

    def __init__(self, title: str) -> None:
        self.title, self.started, self.said = title, time.monotonic(), 0.0
        self.terminal = sys.stdout.isatty()
        if not self.terminal:
            print(f"{title} ...", flush=True)

    def tick(self, now: str) -> None:
        """Show that it goes on; `now` is the last thing the step said."""
        age = time.monotonic() - self.started
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            line = f"{SPINNER[int(age * 8) % 4]} {self.title} {age:3.0f} s  {now}"
            print("\r" + line[:width].ljust(width), end="", flush=True)
        elif age - self.said >= 10:
            self.said = age
            print(f"  {age:.0f} s  {now}"[:120], flush=True)

    def end(self, good: bool) -> None:
        """Leave one line: what it was, how it ended, how long it took."""
        if self.terminal:
            print("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r", end="")
        print(f"{'ok    ' if good else 'FAILED'} {self.title} ({time.monotonic() - self.started:.1f} s)", flush=True)


def step(title: str, argv: Sequence[str | Path], env: dict[str, str] | None = None) -> tuple[bool, str]:
    """Run a program under a Progress; whether it exited 0, and its last 400 lines."""
    lines: collections.deque[str] = collections.deque(maxlen=400)
    progress = Progress(title)
    with subprocess.Popen(
        [str(a) for a in argv],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        reader = threading.Thread(target=lines.extend, args=(process.stdout or (),), daemon=True)
        reader.start()
        while process.poll() is None:
            progress.tick(last_word(lines))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
        reader.join(5)
    progress.end(process.returncode == 0)
    return process.returncode == 0, "".join(lines)


def last_word(lines: collections.deque[str]) -> str:
    """The last line said so far; another thread is appending."""
    try:
        return lines[-1].strip()
    except IndexError:
        return ""


def must(title: str, argv: Sequence[str | Path], remedy: str, env: dict[str, str] | None = None) -> None:
    """A step that has to succeed, else Failed with the end of what it said and `remedy`."""
    good, output = step(title, argv, env)
    if not good:
        raise Failed("\n".join([*output.rstrip().splitlines()[-15:], f"{title}: failed. {remedy}"]))


def attached(argv: Sequence[str | Path]) -> int:
    """Run a program on this terminal to its end; Ctrl-C is its own business. Returns its exit code."""
    with subprocess.Popen([str(a) for a in argv], cwd=ROOT) as process:
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue


class Venv:
    """The virtual environment of one checkout."""

    def __init__(self, root: Path) -> None:
        self.root, self.path = root, root / ".venv"
        self.bin = self.path / ("Scripts" if sys.platform == "win32" else "bin")
        self.python = self.bin / ("python.exe" if sys.platform == "win32" else "python")
        self.stamp_file = self.path / "keepgreen-stamp.json"

    def lock_files(self, setup: str) -> list[Path]:
        """The lock files of a setup."""
        return [self.root / "packaging" / f"requirements-{name}.lock" for name in LOCKS[setup]]

    def stamp(self, setup: str) -> str:
        """What the environment has to be made from: this Python, pyproject.toml and the lock files, as a hash."""
        digest = hashlib.sha256(sys.version.encode())
        for file in (self.root / "pyproject.toml", *self.lock_files(setup)):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def stamps(self) -> dict[str, str]:
        """The setups that were completed here, with the stamp of their time; empty when there is none."""
        try:
            found = json.loads(self.stamp_file.read_text())
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def is_alive(self) -> bool:
        """Its interpreter starts and is of the version that runs this file."""
        try:
            answer = subprocess.run(
                [self.python, "-c", "import sys; print(sys.version)"], check=False, capture_output=True, text=True
            )
        except OSError:
            return False
        return answer.stdout.strip() == sys.version.strip()

    def is_ready(self, setup: str) -> bool:
        """Nothing has to be installed for this setup."""
        return self.stamps().get(setup) == self.stamp(setup) and self.is_alive()

    def has_pip(self) -> bool:
        """A half-made environment has an interpreter and no pip."""
        return subprocess.run([self.python, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0

    def make(self) -> None:
        """Make it, in the place of a dead or half-made one."""
        if self.is_alive() and self.has_pip():
            return
        if self.path.exists():
            print(".venv does not work with this Python and is made again", flush=True)
            shutil.rmtree(self.path)
        if problem := missing_venv(importlib.util.find_spec("ensurepip") is not None, can_apt()):
            raise Failed(problem)
        if importlib.util.find_spec("ensurepip") is None:
            must("Installing python3-venv", apt_install(["python3-venv"]), "Run: apt install python3-venv", APT_ENV)
        must("Making .venv", [sys.executable, "-m", "venv", self.path], "Look at the lines above.")

    def pip_install(self) -> list[str | Path]:
        """The command that installs what is named after it, and nothing that this asks for in turn."""
        return [self.python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]

    def locked_install(self, setup: str) -> list[str | Path]:
        """The command that installs the lock files of a setup: those versions, with those hashes.

        They name all there is to install, so pip has nothing to resolve. Left to resolve, pip before 23.3 takes the
        newest release for a requirement with an extra (`a[b]>=1`) though `a` is pinned, and then has no hash for it.
        """
        return [*self.pip_install(), "--require-hashes", *(f"--requirement={file}" for file in self.lock_files(setup))]

    def install(self, setup: str) -> None:
        """Bring it to the state of `setup`; instant when it is there already."""
        if self.is_ready(setup):
            return
        done = self.stamps()
        self.make()
        self.stamp_file.unlink(missing_ok=True)
        must(
            f"Installing packages ({setup})",
            self.locked_install(setup),
            "Is a package index reachable from here (pip's index-url, proxy)?",
        )
        must(
            "Installing keepgreen itself",
            [*self.pip_install(), "--no-build-isolation", "-e", self.root],
            "Look at the lines above.",
        )
        must(
            "Checking that nothing is missing",
            [self.python, "-m", "pip", "check", "--disable-pip-version-check"],
            "Installed by yourself: remove .venv. Not in the lock files: `python3 dev.py lock` makes them anew.",
        )
        done = {name: old for name, old in done.items() if old == self.stamp(name)}
        new = LOCKS if setup == "dev" else (setup,)
        self.stamp_file.write_text(json.dumps({**done, **{name: self.stamp(name) for name in new}}))


APT_ENV = {"DEBIAN_FRONTEND": "noninteractive"}


def can_apt() -> bool:
    """This is Debian or a relative, and we are root."""
    return sys.platform != "win32" and shutil.which("apt-get") is not None and os.geteuid() == 0


def apt_install(packages: Sequence[str]) -> list[str]:
    """One command that refreshes the package lists and installs."""
    names = " ".join(packages)
    return ["sh", "-c", f"apt-get update -qq && apt-get install -y -qq --no-install-recommends {names}"]


def missing_venv(has_ensurepip: bool, may_install: bool) -> str:
    """Why this Python cannot make a virtual environment and we may not change that; empty when it can or we may."""
    if has_ensurepip or may_install:
        return ""
    if shutil.which("apt-get"):
        return "This Python cannot make virtual environments; run: sudo apt install python3-venv"
    return f"The Python {sys.executable} comes without ensurepip; install a complete Python 3.11 to 3.13."


def wrong_python(version: tuple[int, ...]) -> str:
    """The sentence for a Python that the project does not run on, empty for a good one."""
    if (3, 11) <= version[:2] <= (3, 13):
        return ""
    return f"Keepgreen needs Python 3.11, 3.12 or 3.13; this is {version[0]}.{version[1]} ({sys.executable})."


def bring_peers() -> None:
    """Install the real peers of the tests where we may, else name them; never fatal."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    absent = [package for command, package in PEERS.items() if not shutil.which(command, path=path)]
    if not has_screen():
        absent += SCREEN
    if not absent or sys.platform == "win32":
        return
    names = " ".join(absent)
    if not can_apt() or not step(f"Installing {names}", apt_install(absent), APT_ENV)[0]:
        print(f"Tests that need {names} are skipped; to run them: sudo apt install {names}", flush=True)


def setup(_: list[str]) -> int:
    """Make or renew .venv with everything a developer needs."""
    Venv(ROOT).install("dev")
    return 0


def has_display() -> bool:
    """A window can be opened here."""
    return sys.platform in ("win32", "darwin") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def screen() -> list[str]:
    """What makes a virtual screen for the command behind it, installed where we may. Raises Failed without one."""
    if has_display():
        return []
    if can_apt() and not has_screen():
        must("Installing a virtual screen", apt_install(SCREEN), f"Run: apt install {' '.join(SCREEN)}", APT_ENV)
    if not shutil.which("xvfb-run"):
        raise Failed(f"There is no display here. Run: sudo apt install {' '.join(SCREEN)}")
    return ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24"]


def has_screen() -> bool:
    """A virtual screen can be made, and Qt open a window on it; the least common libraries stand for all."""
    commands = [shutil.which(command) for command in ("xvfb-run", "xauth")]
    return all([*commands, *map(ctypes.util.find_library, ("xcb-cursor", "EGL"))])


def run(rest: list[str]) -> int:
    """Open the console on a demo farm; without a display play the main journey, with pictures in demo-screens/."""
    venv = Venv(ROOT)
    venv.install("run")
    if has_display():
        return attached([venv.python, "-m", "app", *(rest or ["--demo", ROOT / "demo-farm"])])
    print("There is no display here: the main journey is played on a virtual screen.", flush=True)
    return attached([*screen(), venv.python, "-m", "tests.app.e2e.play", ROOT / "demo-screens"])


def screenshots(rest: list[str]) -> int:
    """Make docs/pictures for the README; with a directory: a picture of every page there, light, dark, two sizes."""
    venv = Venv(ROOT)
    venv.install("run")
    return attached([*screen(), venv.python, "-m", "tests.app.e2e.pictures", *rest])


class Aside:
    """A program that runs beside others and says what it has to say when it is over."""

    def __init__(self, argv: Sequence[str | Path], said: TextIO) -> None:
        self.said = said
        self.process = subprocess.Popen([str(a) for a in argv], cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)

    def end(self) -> int:
        """Wait for its end and show its report; its exit code."""
        code = self.process.wait()
        self.said.seek(0)
        print(self.said.read(), flush=True)
        return code


def test(rest: list[str]) -> int:
    """Run the tests; what follows goes to one pytest.

    Without anything three of them run beside each other: the farms of real agents mostly wait, the others compute.
    Then comes what needs every core, and at last what wants the computer for itself.
    """
    venv = Venv(ROOT)
    venv.install("dev")
    bring_peers()
    pytest: list[str | Path] = [venv.python, "-m", "pytest"]
    if rest:
        return attached([*pytest, *rest])
    own = [*COMPUTING, *(place for places in FARMS for place in places if not place.startswith("--"))]
    with contextlib.ExitStack() as stack:
        farms = []
        for places in FARMS:
            said = stack.enter_context(tempfile.TemporaryFile("w+", errors="replace"))
            farms.append(Aside([*pytest, *places], said))
            stack.callback(farms[-1].process.terminate)
        print("The farms of real agents are tested meanwhile; their reports follow.", flush=True)
        code = attached([*pytest, *(f"--ignore={place}" for place in own)])
        for farm in farms:
            code = farm.end() or code
    for places in (COMPUTING, ALONE):
        code = attached([*pytest, *places]) or code
    return code


def check(_: list[str]) -> int:
    """Formatting, lint, types (Linux and Windows), import layers, house rules."""
    venv = Venv(ROOT)
    venv.install("dev")
    mypy: list[str | Path] = [venv.python, "-m", "mypy"]
    steps: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [venv.python, "-m", "ruff", "check"]),
        ("ruff format --check", [venv.python, "-m", "ruff", "format", "--check"]),
        ("mypy for Linux", [*mypy, "--platform", "linux"]),
        ("mypy for Windows", [*mypy, "--platform", "win32", "--cache-dir", ".mypy_cache/win32"]),
        ("import layers", [venv.bin / "lint-imports"]),
        ("house rules", [venv.python, ROOT / "packaging" / "house_rules.py"]),
    ]
    failed = False
    for title, argv in steps:
        good, output = step(title, argv)
        if not good:
            failed = True
            print(output, flush=True)
    print("Something has to be put right." if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def benchmarks() -> list[str]:
    """The benchmarks there are."""
    return sorted(f.stem for f in (ROOT / "tests" / "bench").glob("*.py") if not f.stem.startswith("_"))


def bench(rest: list[str]) -> int:
    """Run one benchmark: bench NAME [its arguments]; without a name, list them."""
    there = benchmarks()
    if not rest or rest[0] not in there:
        known = f"Benchmarks: {', '.join(there)}." if there else "There is no benchmark yet."
        raise Failed(f"{rest[0]!r} is no benchmark. {known}" if rest else known)
    venv = Venv(ROOT)
    venv.install("dev")
    return attached([venv.python, "-m", f"tests.bench.{rest[0]}", *rest[1:]])


def lab(rest: list[str]) -> int:
    """A farm in network namespaces, with a switch and a client: lab up, lab down, lab shell NAME (Linux, root)."""
    venv = Venv(ROOT)
    venv.install("dev")
    return attached([venv.python, "-m", "tests.lab.door", *rest])


def build(_: list[str]) -> int:
    """Make the source archive and the wheel in dist/."""
    venv = Venv(ROOT)
    venv.install("dev")
    must("Building dist/", [venv.python, "-m", "hatchling", "build", "-d", "dist"], "Look at the lines above.")
    for file in sorted((ROOT / "dist").iterdir()):
        print(file.relative_to(ROOT).as_posix())
    return 0


def lock(_: list[str]) -> int:
    """Remake packaging/requirements-*.lock with `uv`, keeping versions that still fit."""
    if not (uv := shutil.which("uv")):
        raise Failed("This needs `uv` (https://docs.astral.sh/uv/) on the PATH; everything else works without it.")
    return attached([sys.executable, ROOT / "packaging" / "locks.py", uv])


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "setup": setup,
    "run": run,
    "screenshots": screenshots,
    "test": test,
    "check": check,
    "bench": bench,
    "lab": lab,
    "build": build,
    "lock": lock,
}


def main(argv: list[str]) -> int:
    """Do one command; the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a file on Windows takes less than what the tools write
            stream.reconfigure(errors="replace")
    if problem := wrong_python(sys.version_info[:2]):
        print(problem, file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog="dev.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="\n".join(f"  {name:11} {what.__doc__}" for name, what in COMMANDS.items()),
        usage="python3 dev.py COMMAND [arguments of the command]",
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...")
    arguments = parser.parse_args(argv)
    try:
        return COMMANDS[arguments.command](arguments.rest)
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
