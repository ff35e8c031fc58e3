"""Completion as a real bash does it, and the tree it is made of."""

import re
import shutil
import subprocess

import pytest

from nodeagent.cli.command_tree import words
from nodeagent.cli.commands_completion import bash_script, powershell_script
from nodeagent.cli.main import keepgreen
from tests.cli.conftest import Run


def completed(line: str) -> list[str]:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    typed = line.split(" ")
    given = " ".join(f"'{word}'" for word in typed)
    script = f"COMP_WORDS=({given}); COMP_CWORD={len(typed) - 1}; _keepgreen; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    text = f"{bash_script(keepgreen)}\n{script}"
    done = subprocess.run([bash, "-u", "-c", text], check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("keepgreen cluster re", ["replace"]),
        ("keepgreen wait", ["waitstart", "waitstate", "waitstop"]),
        ("keepgreen errd en", ["enable"]),
        ("keepgreen state --js", ["--json"]),
        ("keepgreen -H node1 start --wa", ["--wait"]),
        ("keepgreen nonsense", []),
    ],
)
def test_bash_offers_what_fits(line: str, offered: list[str]) -> None:
    if offered == []:
        assert completed("keepgreen nonsense") == []
    else:
        assert completed(line) == offered


def test_modules_are_offered_by_name(home: object, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    from nodeagent.home import Home

    (Home.from_environment().var / "modules" / "webfarm").mkdir(parents=True)
    assert "webfarm" in completed("keepgreen start -m webf")
    assert [word for word in completed("keepgreen start -m /") if word.endswith(":")] == []


def test_every_command_is_in_both_and_hidden_ones_in_none() -> None:
    tree = dict(words(keepgreen))
    assert {"keepgreen", "keepgreen cluster replace", "keepgreen module install"} <= set(tree)
    assert "keepgreen service run" not in tree
    assert "run" not in tree["keepgreen service"]
    script = powershell_script(keepgreen)
    assert dict(re.findall(r"'(keepgreen[^']*)' = '([^']*)'", script)) == {
        path: " ".join(next_) for path, next_ in tree.items()
    }
    assert script.count("{") == script.count("}")


@pytest.mark.covers("keepgreen completion")
def test_the_command_writes_the_script(run: Run) -> None:
    assert run("completion", "bash").out == bash_script(keepgreen)
    assert run("completion", "powershell").out == powershell_script(keepgreen)
    assert run("completion", "fish").code == 64


def test_the_man_page_is_good_roff() -> None:
    from nodeagent.cli.reference import DIRECTORY

    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-P-cbou", "-ww", str(DIRECTORY / "man" / "keepgreen.1")],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert done.stderr == b""
    assert b"EXIT STATUS" in done.stdout
