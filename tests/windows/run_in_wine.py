"""The Windows checks on Linux: runs the tests that mean something on Windows with a Windows Python in Wine.

`python -m tests.windows.run_in_wine [SETUP_SCRIPT [ITS ARGUMENTS]]`. The runtime is a program that runs python.exe with
the arguments it is given; KEEPGREEN_WINPY names it. SETUP_SCRIPT, when given, is run first to make one. The packages
that the tests need are put into it in the versions of packaging/requirements-dev.lock.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "packaging" / "requirements-dev.lock"
VARIABLE = "KEEPGREEN_WINPY"
UNUSABLE = 69

NEEDED = (
    *("aiohttp", "argon2-cffi", "argon2-cffi-bindings", "cffi", "click", "colorama", "cryptography", "hypothesis"),
    *(
        "lxml",
        "msgspec",
        "psutil",
        "pytest",
        "pytest-asyncio",
        "pytest-randomly",
        "prometheus-client",
        "pytest-timeout",
        "pywin32",
        "rich",
        "trustme",
    ),
)
"""What the tests import; pip brings what these need in turn."""

LEFT_OUT = ("scripts", "processes", "kill", "udp")
"""Bash and /proc; 30 starts of Python, seconds each in Wine; Wine gives one port to one UDP address only."""

FOR_OTHERS = (
    # Windows' asyncio makes a noise of its own there; tests/windows/test_listening.py is the test of it.
    "test_http_public.py::test_clients_that_reset_leave_no_trace",
    # Wine 8 counts no handles.
    "test_metrics.py::test_open_descriptors_are_counted",
)

FOR_COMMANDS = (
    # Wine 8 gives nobody the names of all processes.
    "cli/test_shim.py::test_kill_of_nothing_is_one_sentence",
    # The libraries of the console are not in this runtime.
    "cli/test_console.py::test_the_missing_console_is_named_with_how_to_install_it",
)

GROUPS = (
    ("core and contract", ("tests/core", "tests/contract")),
    (
        "adapters",
        (
            *("tests/adapters", "tests/engine", "tests/test_durable.py", "tests/test_safe_links.py"),
            *(f"--ignore=tests/adapters/test_{name}.py" for name in LEFT_OUT),
            *(f"--deselect=tests/adapters/{name}" for name in FOR_OTHERS),
        ),
    ),
    (
        "commands and clients",
        ("tests/cli", "tests/client", "tests/agent", *(f"--deselect=tests/{name}" for name in FOR_COMMANDS)),
    ),
    ("agent", ("tests/windows", "tests/host/test_rights.py")),
)
"""Each group is one Windows process, so that the services of Wine live as long as its tests."""


class Missing(Exception):
    """Why there is no runtime, in one sentence."""


def runtime() -> Path:
    """The program that runs Windows' Python. Raises Missing."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        raise Missing(f"{VARIABLE} is not set: it names the program that runs a Windows Python in Wine")
    found = shutil.which(named)
    if found is None:
        raise Missing(f"{VARIABLE} names {named}, which is not a program that can be run")
    if shutil.which("wine") is None and shutil.which("wine64") is None:
        raise Missing("wine is not installed (Debian: apt-get install wine wine64)")
    return Path(found)


def asked(winpy: Path, program: str) -> str:
    """What a small Windows Python program writes. Raises Missing when it does not run."""
    done = subprocess.run(
        [winpy, "-c", program], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
    )
    if done.returncode:
        raise Missing(f"{winpy} does not run a Windows Python: {done.stdout.strip().splitlines()[-1:] or 'no answer'}")
    return done.stdout.strip()


def locked(names: Iterable[str], lock: str) -> list[str]:
    """The requirements of the lock file for these packages, without their markers: those are true on Windows."""
    versions = dict(re.findall(r"^([\w.-]+)(==[^\s;\\]+)", lock, re.MULTILINE))
    return [name + versions[name] for name in names]


def provide_packages(winpy: Path) -> None:
    """Put what is absent or of another version into the runtime's site-packages."""
    wanted = locked(NEEDED, LOCK.read_text())
    program = (
        "import sys, sysconfig, importlib.metadata as m\n"
        "have = {d.name.lower().replace('_', '-') + '==' + d.version for d in m.distributions()}\n"
        f"print('.'.join(map(str, sys.version_info[:2])), sysconfig.get_path('purelib'), "
        f"*[w for w in {wanted!r} if w not in have], sep=chr(10))"
    )
    version, place, *absent = asked(winpy, program).splitlines()
    if not absent:
        return
    print(f"Installing into {place}: {', '.join(absent)}", flush=True)
    winepath = f'winepath -u "{place}"'
    target = asked(winpy, f"import os; print(os.popen({winepath!r}).read().strip())")
    options = ("--only-binary=:all:", "--platform", "win_amd64", "--python-version", version, "--implementation", "cp")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--root-user-action=ignore"]
    if subprocess.run([*pip, "--no-compile", *options, "--target", target, *absent], check=False).returncode:
        raise Missing(f"the packages of {LOCK} could not be put into {target}")


def passed(pytest: Sequence[str | Path]) -> bool:
    """Run pytest and pass its lines on. A crash in Wine ends with exit code 0: only its own last word counts."""
    last = ""
    with subprocess.Popen(
        pytest, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line.strip() or last
    return process.returncode == 0 and re.search(r"\d passed.* in [\d.]+s", last) is not None


def main(arguments: list[str]) -> int:
    """Run all groups; 0 when all of them pass."""
    try:
        if arguments and subprocess.run(["bash", *arguments], check=False).returncode:
            raise Missing(f"{arguments[0]} made no Windows runtime")
        winpy = runtime()
        print(asked(winpy, "import sys; print('Windows Python', sys.version)"), flush=True)
        provide_packages(winpy)
    except (Missing, subprocess.TimeoutExpired) as missing:
        print(f"the Windows checks cannot run: {missing}", file=sys.stderr)
        return UNUSABLE
    failed = []
    for title, what in GROUPS:
        print(f"\n--- {title}, in Wine", flush=True)
        began = time.monotonic()
        if not passed([winpy, "-m", "pytest", "-q", "-p", "no:cacheprovider", *what]):
            failed.append(title)
        print(f"{title}: {time.monotonic() - began:.0f} s", flush=True)
    print(f"\nFailed: {', '.join(failed)}" if failed else "\nAll Windows checks passed.", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
