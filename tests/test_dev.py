"""The developer's door, without network and without making environments."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

import dev

HOUSE_RULES = Path(dev.__file__).parent / "packaging" / "house_rules.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with as much in it as the door looks at."""
    (tmp_path / "packaging").mkdir()
    for names in dev.LOCKS.values():
        for name in names:
            (tmp_path / "packaging" / f"requirements-{name}.lock").write_text(f"{name}==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "README.md").write_text("`python3 dev.py run` and `python3 dev.py test`\n")
    for part in ("nodeagent", "app"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "__init__.py").write_text('"""X."""\n')
    return tmp_path


def bare_venv(project: Path) -> dev.Venv:
    """An environment that works but holds no pip: a half-made one."""
    venv.create(project / ".venv", with_pip=False, symlinks=sys.platform != "win32")
    return dev.Venv(project)


@pytest.mark.parametrize("changed", ["pyproject.toml", "packaging/requirements-app.lock"])
def test_the_stamp_follows_what_the_environment_is_made_from(project: Path, changed: str) -> None:
    environment = dev.Venv(project)
    run, whole = environment.stamp("run"), environment.stamp("dev")
    assert run == environment.stamp("run") != whole
    (project / changed).write_text("something else\n")
    assert environment.stamp("run") != run
    assert (environment.stamp("dev") != whole) == (changed == "pyproject.toml")


def test_a_stamped_environment_that_works_is_ready(project: Path) -> None:
    environment = bare_venv(project)
    assert not environment.is_ready("run")
    environment.stamp_file.write_text(json.dumps({"run": environment.stamp("run")}))
    assert environment.is_ready("run")
    assert not environment.is_ready("dev")
    (project / "packaging" / "requirements-app.lock").write_text("agent==2\n")
    assert not environment.is_ready("run")


def test_a_dead_environment_is_not_ready_whatever_its_stamp_says(project: Path) -> None:
    environment = bare_venv(project)
    environment.stamp_file.write_text(json.dumps({"run": environment.stamp("run")}))
    environment.python.unlink()
    assert not environment.is_ready("run")
    environment.python.symlink_to(project / "gone")
    assert not environment.is_alive()


def test_a_half_made_environment_has_no_pip(project: Path) -> None:
    environment = bare_venv(project)
    assert environment.is_alive()
    assert not environment.has_pip()


def wheel(folder: Path, name: str, version: str, *headers: str) -> str:
    """A package without code, put into `folder`; the line that a lock file has for it."""
    metadata = f"{name}-{version}.dist-info"
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        text = "\n".join([f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}", *headers])
        archive.writestr(f"{metadata}/METADATA", f"{text}\n")
        archive.writestr(f"{metadata}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{metadata}/RECORD", "")
    return f"{name}=={version} --hash=sha256:{sha256(file.read_bytes()).hexdigest()}\n"


def test_a_release_after_the_lock_changes_nothing(project: Path) -> None:
    wheels = project / "wheels"
    wheels.mkdir()
    inner = wheel(wheels, "inner", "1.0", "Provides-Extra: more")
    outer = wheel(wheels, "outer", "1.0", "Requires-Dist: inner[more]>=1")
    wheel(wheels, "inner", "2.0", "Provides-Extra: more")
    (project / "packaging" / "requirements-build.lock").write_text(outer)
    (project / "packaging" / "requirements-app.lock").write_text(inner)
    venv.create(project / ".venv", with_pip=True, symlinks=sys.platform != "win32")
    environment = dev.Venv(project)
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_CONFIG_FILE": os.devnull}
    install = [str(part) for part in environment.locked_install("run")]
    done = subprocess.run(install, check=False, capture_output=True, text=True, env=os.environ | index)
    assert done.returncode == 0, done.stdout + done.stderr
    listed = subprocess.run([environment.python, "-m", "pip", "freeze"], check=True, capture_output=True, text=True)
    assert sorted(listed.stdout.split()) == ["inner==1.0", "outer==1.0"]


@pytest.mark.parametrize("text", ["", "{", "[]", "7"])
def test_an_unreadable_stamp_counts_as_none(project: Path, text: str) -> None:
    environment = dev.Venv(project)
    environment.path.mkdir()
    environment.stamp_file.write_text(text)
    assert environment.stamps() == {}


def test_without_ensurepip_the_missing_package_is_named() -> None:
    assert dev.missing_venv(has_ensurepip=True, may_install=False) == ""
    assert dev.missing_venv(has_ensurepip=False, may_install=True) == ""
    sentence = dev.missing_venv(has_ensurepip=False, may_install=False)
    assert ("apt install python3-venv" in sentence) == bool(shutil.which("apt-get"))
    assert "\n" not in sentence


@pytest.mark.parametrize(("version", "good"), [((3, 10), False), ((3, 11), True), ((3, 13), True), ((3, 14), False)])
def test_the_python_that_is_needed_is_named(version: tuple[int, int], good: bool) -> None:
    sentence = dev.wrong_python(version)
    assert (sentence == "") == good
    assert good or ("3.11" in sentence and f"{version[0]}.{version[1]}" in sentence)


def test_house_rules_are_checked(project: Path) -> None:
    spec = importlib.util.spec_from_file_location("house_rules", HOUSE_RULES)
    assert spec is not None
    assert spec.loader is not None
    rules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rules)
    assert rules.project_problems(project) == []
    (project / "nodeagent" / "long.py").write_text("\n" * 401)
    (project / "packaging" / "__init__.py").write_text("")
    (project / "README.md").write_text("nothing\n")
    problems = "\n".join(rules.project_problems(project))
    assert len(problems.splitlines()) == 4
    assert "nodeagent/long.py has 401 lines" in problems
    assert "packaging/__init__.py" in problems
    assert "python3 dev.py run" in problems


def door(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, dev.__file__, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "COLUMNS": "120"},
    )


def test_an_unknown_benchmark_is_refused_with_those_there_are() -> None:
    answer = door("bench", "nosuch")
    assert answer.returncode == 1
    assert "'nosuch' is no benchmark" in answer.stderr
    assert all(name in answer.stderr for name in dev.benchmarks())
    assert "Traceback" not in answer.stderr


def test_help_names_every_command() -> None:
    answer = door("--help")
    assert answer.returncode == 0
    assert all(
        f"  {name}" in answer.stdout
        for name in ("setup", "run", "screenshots", "test", "check", "bench", "lab", "build", "lock")
    )


def test_a_step_tells_how_it_ended_and_what_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    good, said = dev.step("Trying", [sys.executable, "-c", "print('fine')"])
    assert (good, said.strip()) == (True, "fine")
    bad, said = dev.step("Failing", [sys.executable, "-c", "import sys; sys.exit('no luck')"])
    assert (bad, said.strip()) == (False, "no luck")
    shown = capsys.readouterr().out
    assert "ok     Trying" in shown
    assert "FAILED Failing" in shown
    with pytest.raises(dev.Failed, match=r"no luck\nFailing: failed. Do that."):
        dev.must("Failing", [sys.executable, "-c", "import sys; sys.exit('no luck')"], "Do that.")
