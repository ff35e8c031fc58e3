"""What the stores do while another program holds a file that is to be replaced: Windows refuses, nothing is lost."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ModuleStore
from nodeagent.durable import FileContent, remove_tree, settle_tree, write_durably, write_tree_durably
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.configuration import apply, opened, stage_module

if sys.platform != "win32":
    pytest.skip("Linux replaces files that are in use", allow_module_level=True)

pytestmark = pytest.mark.wine

IN_USE = "being used by another process|[Ss]haring violation|[Aa]ccess (is )?denied|Permission denied"
"""In the words of Windows, and of Wine."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "var")


@pytest.fixture
def modules(home: Home) -> ModuleStore:
    """A store with revision 1 of the module m in force."""
    modules = opened(home).modules
    assert apply(modules, stage_module()) == 1
    return modules


def test_a_file_in_use_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_durably(file, b"old")
    with file.open("rb") as held:
        with pytest.raises(PermissionError, match="another program may have it open") as refused:
            write_durably(file, b"new")
        assert refused.value.filename == str(file)
        assert held.read() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    write_durably(file, b"new")
    assert file.read_bytes() == b"new"


def test_a_tree_in_use_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    """Windows does not rename a directory of which a file is open, Wine does."""
    tree = tmp_path / "1"
    old, new = ({name: FileContent(text) for name in "ab"} for text in (b"old", b"new"))
    write_tree_durably(tree, old)
    with (tree / "a").open("rb"):
        with suppress(PermissionError):
            write_tree_durably(tree, new)
        assert sorted(file.read_bytes() for file in tree.iterdir()) in ([b"old"] * 2, [b"new"] * 2)
    write_tree_durably(tree, new)
    assert [entry.name for entry in tmp_path.iterdir()] == ["1"]
    with (tree / "a").open("rb"):
        with suppress(PermissionError):
            remove_tree(tree)
        assert not tree.exists() or len(list(tree.iterdir())) == 2
    if tree.exists():
        remove_tree(tree)
    settle_tree(tree)
    assert list(tmp_path.iterdir()) == []


def test_a_leftover_in_use_is_left_for_the_next_time(tmp_path: Path) -> None:
    tree, leftover = tmp_path / "1", tmp_path / ".1.old"
    write_tree_durably(tree, {"a": FileContent(b"1")})
    leftover.mkdir()
    (leftover / "a").write_bytes(b"0")
    with (leftover / "a").open("rb"):
        settle_tree(tree)
        with pytest.raises(OSError, match=IN_USE):
            write_tree_durably(tree, {"a": FileContent(b"2")})
    assert (tree / "a").read_bytes() == b"1"
    settle_tree(tree)
    assert [entry.name for entry in tmp_path.iterdir()] == ["1"]


def test_an_apply_waits_for_who_reads_the_name_of_the_revision_in_force(modules: ModuleStore, home: Home) -> None:
    fresh = stage_module({"web/new": b"2"}, base=1)
    staged = modules.stage("m", fresh)
    current = home.module("m") / "current"
    with current.open("rb"), pytest.raises(Refused) as refused:
        modules.commit("m", staged.signature, "anna")
    assert f"it could not be written {current}: another program may have it open" in str(refused.value)
    assert modules.current("m") == 1
    assert modules.commit("m", staged.signature, "anna") == 2
    assert modules.file("m", "web/new") == b"2"


def test_a_module_in_use_is_uninstalled_wholly_or_not_at_all(modules: ModuleStore, home: Home) -> None:
    before = modules.info("m")
    with (home.revision("m", 1) / "conf" / "userconfig.xml").open("rb"):
        with suppress(Refused):
            modules.remove("m")
        assert modules.installed() in ((), (before,))
    if modules.installed():
        modules.remove("m")
    assert modules.installed() == ()
    assert apply(modules, stage_module()) == 1
