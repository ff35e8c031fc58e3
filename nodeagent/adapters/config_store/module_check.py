"""What this node can say of a module before it is applied: can its scripts run, can its checkers look."""

import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.module_files import (
    POSIX_SUFFIXES,
    USERCONFIG,
    WINDOWS_SUFFIXES,
    is_posix_program,
    script_candidates,
    suffix_of,
)
from nodeagent.contract.shared_processes import shared_processes
from nodeagent.contract.states import Script
from nodeagent.contract.value_types import is_ip
from nodeagent.icmp import NOT_ALLOWED, may_ping

ON_WINDOWS = sys.platform == "win32"
OWN_SUFFIXES = WINDOWS_SUFFIXES if ON_WINDOWS else POSIX_SUFFIXES
OTHER_SUFFIXES = POSIX_SUFFIXES if ON_WINDOWS else WINDOWS_SUFFIXES
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BATCH = (".cmd", ".bat")


def own_scripts(paths: Iterable[str]) -> dict[Script, str]:
    """The file that each script of a module is on this platform."""
    listed = list(paths)
    found = {script: script_candidates(listed, script, OWN_SUFFIXES) for script in Script}
    return {script: candidates[0] for script, candidates in found.items() if candidates}


def script_problems(files: Mapping[str, bytes], config: ModuleConfig) -> list[Problem]:
    """Missing, doubled, foreign and not executable scripts; all of them warnings."""
    problems: list[Problem] = []
    own = own_scripts(files)
    if config.user is None:
        if own:
            text = f"without <user> no script runs, but there are {', '.join(sorted(own.values()))}"
            problems.append(_warning(text))
        return problems
    for script in Script:
        foreign = script_candidates(files, script, OTHER_SUFFIXES)
        candidates = script_candidates(files, script, OWN_SUFFIXES)
        if len(candidates) > 1:
            text = f"{candidates[0]} runs; {', '.join(candidates[1:])} of the same name never does here"
            problems.append(_warning(text, candidates[0]))
        if not candidates and foreign:
            system, here = ("Linux", "Windows") if ON_WINDOWS else ("Windows", "Linux")
            text = f"this script is for {system} only, on this {here} node nothing runs as {script}"
            problems.append(_warning(text, foreign[0]))
        elif not candidates and script in (Script.START_BOTH, Script.STOP_BOTH):
            names = ", ".join(f"bin/{script}{suffix}" for suffix in OWN_SUFFIXES)
            problems.append(_warning(f"there is no {script} script: {names} are looked for", f"bin/{script}"))
    if not ON_WINDOWS:
        for path, data in files.items():
            if path in own.values() and is_posix_program(path, data) and (why := _interpreter_problem(data)):
                problems.append(_warning(why, path, line=1))
    else:
        for path, data in files.items():
            if suffix_of(path) in _BATCH and path.startswith("bin/") and (why := _batch_problem(data)):
                problems.append(_warning(why, path, line=1))
    return problems


def process_problems(config: ModuleConfig, others: Mapping[str, ModuleConfig]) -> list[Problem]:
    """What another module on this node monitors, too; warnings all of them."""
    texts = shared_processes(config, others, windows=ON_WINDOWS)
    return [Problem(Severity.WARNING, text, USERCONFIG, path="safe/service/errd") for text in texts]


def checker_problems(files: Mapping[str, bytes], config: ModuleConfig) -> list[Problem]:
    """Checkers that cannot do here what they are for; all of them warnings. Blocks shortly."""
    problems: list[Problem] = []
    checkers = config.checkers
    if any(rule.kind == "ping" for rule in checkers) and not may_ping():
        problems.append(_warning(NOT_ALLOWED, USERCONFIG))
    own = (
        {a.address.partition("%")[0] for found in psutil.net_if_addrs().values() for a in found} if checkers else set()
    )
    virtual = {address.addr for address in config.vip.addresses} if config.vip else set()
    for rule in checkers:
        address = rule.param("local_addr" if rule.kind == "intf" else "addr")
        if rule.kind in {"intf", "ip"} and is_ip(address) and address not in own | virtual:
            text = f"{rule.key} is down from the start: this node does not have {address}"
            problems.append(_warning(text, USERCONFIG))
        program = rule.param("exec")
        if rule.kind == "custom" and not _is_program(program, files):
            text = f"{rule.key} cannot run: {program} is neither in bin/ nor a program of this node"
            problems.append(_warning(text, USERCONFIG))
    return problems


def reboot_problems(config: ModuleConfig, *, may_reboot: bool) -> list[Problem]:
    """Whether this node's own settings leave `automatic_reboot` without effect; a warning."""
    if may_reboot or not config.automatic_reboot:
        return []
    text = "automatic_reboot has no effect on this node: reboot = true in [agent] of its agent.toml allows it"
    return [Problem(Severity.WARNING, text, USERCONFIG, path="safe/service")]


def _is_program(name: str, files: Mapping[str, bytes]) -> bool:
    suffixes = ("", *OWN_SUFFIXES)
    return any(f"bin/{name}{suffix}" in files for suffix in suffixes) or shutil.which(name) is not None


def _interpreter_problem(data: bytes) -> str:
    if data.startswith(b"\x7fELF"):
        return ""
    if data.startswith(_BYTE_ORDER_MARK):
        return "it begins with a byte order mark, so Linux cannot run it: save it as UTF-8 without one"
    first = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    words = first.removeprefix("#!").split()
    if not first.startswith("#!") or not words:
        return "its first line names no interpreter, so Linux cannot run it: begin with e.g. #!/bin/sh"
    if not Path(words[0]).is_absolute() or not Path(words[0]).is_file():
        return f"its interpreter {words[0]} is not on this node"
    if Path(words[0]).name == "env":
        program = next((word for word in words[1:] if not word.startswith("-") and "=" not in word), "")
        if shutil.which(program) is None:
            return f"its interpreter {program!r} is not in the PATH of this node"
    return ""


def _batch_problem(data: bytes) -> str:
    if b"\0" in data:
        return "it is in UTF-16, of which cmd can run nothing: save it as ANSI, or as UTF-8 without a byte order mark"
    if data.startswith(_BYTE_ORDER_MARK):
        return "it begins with a byte order mark, so its first line is no command for cmd: save it as UTF-8 without one"
    return ""


def _warning(text: str, file: str = "bin", line: int = 0) -> Problem:
    return Problem(Severity.WARNING, text, file, line)
