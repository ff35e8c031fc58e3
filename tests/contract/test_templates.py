"""The shipped module templates: no finding but their placeholders, scripts that are sound on both systems."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodeagent.contract.errors import Problem
from nodeagent.contract.module_files import (
    POSIX_SUFFIXES,
    WINDOWS_SUFFIXES,
    as_written,
    files_problems,
    script_candidates,
)
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.shim_calls import shim_call_problems
from nodeagent.contract.states import Action, Mode, Script

TEMPLATES = Path(__file__).resolve().parents[2] / "resources" / "modules"
FARMS = ("farm", "nginx_farm", "apache_farm", "iis_farm")
NAMES = (*FARMS, "light")
EXPECTED = {
    "farm": ['name="PROCESS_NAME" looks like a placeholder: put your own value there'],
    "light": [
        'name="SERVICE_NAME" looks like a placeholder: put your own value there',
        'value="SERVICE_NAME" looks like a placeholder: put your own value there',
    ],
}
"""What there is to say about a template as it is shipped: what the administrator has to fill in."""


def files_of(name: str) -> dict[str, bytes]:
    root = TEMPLATES / name
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def scripts(suffix: str) -> list[str]:
    """`farm/bin/start_both.cmd`, …: the files in bin/ with this suffix."""
    paths = sorted(path for path in TEMPLATES.glob("*/bin/*") if path.suffix == suffix)
    return [path.relative_to(TEMPLATES).as_posix() for path in paths]


def test_these_are_the_templates() -> None:
    assert {path.name for path in TEMPLATES.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_only_placeholders_are_found(name: str) -> None:
    files = files_of(name)
    config, problems = read_module(name, files["conf/userconfig.xml"], lan_names=["default"])
    assert config
    assert not config.not_in_force
    assert [p.text for p in problems] == EXPECTED.get(name, [])
    assert files_problems(files) + shim_call_problems(files) == list[Problem]()


@pytest.mark.parametrize("name", NAMES)
def test_the_values_of_our_own_templates(name: str) -> None:
    config, _ = read_module(name, files_of(name)["conf/userconfig.xml"], lan_names=["default"])
    assert config
    assert config.user
    assert config.monitoring
    assert (config.mode, config.farm.lans) == ((Mode.FARM, ("default",)) if name in FARMS else (Mode.LIGHT, ()))
    assert (config.user.starttimeout, config.user.act_on_exitcode, config.user.logging) == (300.0, True, True)
    assert (config.maxloop, config.loop_interval, config.monitoring.polltimer) == (3, 86400.0, 10.0)
    assert config.health.drain == (7.0 if name in FARMS else 0.0)
    assert {proc.action for proc in config.monitoring.procs} == {Action.RESTART}
    assert [checker.kind for checker in config.checkers] == (["http"] if name in FARMS[1:] else [])
    assert "SERVICES" in dict(config.variables)


@pytest.mark.parametrize("name", NAMES)
def test_each_script_is_there_for_both_systems(name: str) -> None:
    """IIS is for Windows: there Linux has one script, which says so."""
    paths = files_of(name)
    life = [Script.START_BOTH, Script.STOP_BOTH, Script.POSTCONFIG, Script.DECONFIG]
    for script in life:
        assert script_candidates(paths, script, WINDOWS_SUFFIXES) == [f"bin/{script}.cmd"]
        assert script_candidates(paths, script, POSIX_SUFFIXES) == ([] if name == "iis_farm" else [f"bin/{script}"])
    assert bool(script_candidates(paths, Script.CONFCHECK, POSIX_SUFFIXES)) == (name not in ("farm", "light"))


@pytest.mark.parametrize("name", NAMES)
def test_the_files_are_as_a_node_writes_them(name: str) -> None:
    for path, data in files_of(name).items():
        assert as_written(path, data) == data, path
        assert data.isascii(), f"{path}: the code page of a Windows script is not known"
        assert data.endswith(b"\n")


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("postconfig", ("farm", "nginx_farm", "apache_farm", "light")),
        ("deconfig", ("farm", "nginx_farm", "apache_farm", "light")),
        ("daemon.sh", ("nginx_farm", "apache_farm")),
        ("postconfig.cmd", NAMES),
        ("deconfig.cmd", NAMES),
        ("start_both.cmd", ("nginx_farm", "apache_farm", "iis_farm", "light")),
        ("stop_both.cmd", ("nginx_farm", "apache_farm", "iis_farm", "light")),
    ],
)
def test_what_templates_share_is_mended_in_all_of_them(script: str, names: tuple[str, ...]) -> None:
    """But for the second line, which says what is started."""
    texts = [files_of(name)[f"bin/{script}"].splitlines() for name in names]
    assert all(text[2:] == texts[0][2:] for text in texts)


@pytest.mark.skipif(sys.platform == "win32", reason="needs sh")
@pytest.mark.parametrize("path", scripts("") + scripts(".sh"))
def test_the_shell_reads_it(path: str) -> None:
    file = TEMPLATES / path
    assert file.stat().st_mode & 0o111 == 0o111
    assert path.endswith(".sh") or file.read_bytes().startswith(b"#!/bin/sh\n")
    done = subprocess.run(["/bin/sh", "-n", file], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("path", scripts("") + scripts(".sh"))
def test_no_bash_is_needed(path: str) -> None:
    text = (TEMPLATES / path).read_text()
    assert not re.search(r"\[\[|\]\]|<<<|\bfunction\b|\blocal\b|\bsource\b|&>|\$'|==|\bpkill\b|\bpgrep\b", text)


@pytest.mark.parametrize("path", scripts(".cmd"))
def test_the_batch_file_is_sound(path: str) -> None:
    assert list(batch_mistakes((TEMPLATES / path).read_text())) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("echo on\n", "line 1: @echo off is missing"),
        ('@echo off\necho "x\n', "line 2: a quote is not closed"),
        ("@echo off\nother.cmd\n", "line 2: other.cmd without call never comes back"),
        ('@echo off\nif a==b "%X%\\other.bat" y\n', "line 2: other.bat without call never comes back"),
        ("@echo off\ngoto nowhere\n", "line 2: there is no label :nowhere"),
        ("@echo off\ncall :nowhere x\n", "line 2: there is no label :nowhere"),
        ("@echo off\ncall :a\n\nrem x\n:a\n", "line 5: the script runs into :a"),
        ("@echo off\nif a==b (\n", "line 2: a parenthesis, whose block is expanded before it runs"),
    ],
)
def test_the_check_of_batch_files_finds(text: str, mistake: str) -> None:
    assert list(batch_mistakes(text)) == [mistake]


def batch_mistakes(text: str) -> Iterator[str]:
    """What commonly breaks a batch file. It knows the templates' style, labels and no blocks, not all of cmd.exe."""
    lines = [line.strip() for line in text.splitlines()]
    labels = {line[1:] for line in lines if line.startswith(":")} | {"eof", "%way%"}
    called = set(re.findall(r"\bcall :(\w+)", text))
    before = ""
    if lines[0] != "@echo off":
        yield "line 1: @echo off is missing"
    for number, code in enumerate(lines, 1):
        if not code or code.startswith("rem "):
            continue
        bare = re.sub(r'"[^"]*"', '""', code)
        if bare.count('"') % 2:
            yield f"line {number}: a quote is not closed"
        for label in re.findall(r"\b(?:goto|call) :?([\w%]+)", bare):
            if label not in labels:
                yield f"line {number}: there is no label :{label}"
        for program in re.findall(r"[\w.]+\.(?:cmd|bat)\b", code):
            if "call " not in bare:
                yield f"line {number}: {program} without call never comes back"
        if re.search(r"[()]", re.sub(r"\bin \([^()]*\)", "", bare)):
            yield f"line {number}: a parenthesis, whose block is expanded before it runs"
        if code[1:] in called and not re.match(r"(goto|exit) ", before):
            yield f"line {number}: the script runs into {code}"
        before = code
