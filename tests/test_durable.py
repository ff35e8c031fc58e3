import os
import sys
from pathlib import Path

import pytest

from nodeagent.durable import (
    PRIVATE,
    PROGRAM,
    FileContent,
    make_private,
    remove_tree,
    set_aside,
    settle_tree,
    write_durably,
    write_tree_durably,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are of POSIX")


def content(directory: Path) -> dict[str, bytes]:
    return {f.relative_to(directory).as_posix(): f.read_bytes() for f in directory.rglob("*") if f.is_file()}


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    write_durably(file, b"one")
    write_durably(file, b"two")
    assert content(tmp_path) == {"deep/file": b"two"}


@pytest.mark.covers("storage secrets")
@posix
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_durably(tmp_path / "public", b"")
        write_durably(tmp_path / "program", b"", PROGRAM)
    finally:
        os.umask(before)
    write_durably(tmp_path / "private", b"", PRIVATE)
    modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {"public": 0o644, "program": 0o755, "private": 0o600}


@posix
def test_a_left_over_file_of_another_mode_does_not_open_a_secret(tmp_path: Path) -> None:
    (tmp_path / ".secret.new").write_bytes(b"left over")
    (tmp_path / ".secret.new").chmod(0o666)
    write_durably(tmp_path / "secret", b"x", PRIVATE)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == PRIVATE


@posix
def test_private_directories(tmp_path: Path) -> None:
    make_private(tmp_path)
    assert tmp_path.stat().st_mode & 0o777 == 0o700


@pytest.mark.covers("storage atomic")
def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError):
        write_durably(tmp_path / "file", b"x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_tree_is_replaced_whole(tmp_path: Path) -> None:
    tree = tmp_path / "rev" / "1"
    write_tree_durably(tree, {"a": FileContent(b"1"), "b/c": FileContent(b"2", PROGRAM)})
    assert content(tree) == {"a": b"1", "b/c": b"2"}
    write_tree_durably(tree, {"d": FileContent(b"3")})
    assert content(tmp_path) == {"rev/1/d": b"3"}
    remove_tree(tree)
    assert list((tmp_path / "rev").iterdir()) == []


def test_a_tree_that_was_away_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".0.old").mkdir()
    (tmp_path / ".0.old" / "file").write_bytes(b"old")
    (tmp_path / ".0.new").mkdir()
    (tmp_path / ".0.gone").mkdir()
    settle_tree(tmp_path / "0")
    assert content(tmp_path) == {"0/file": b"old"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["0"]


def test_a_failed_tree_leaves_the_old_one(tmp_path: Path) -> None:
    tree = tmp_path / "1"
    write_tree_durably(tree, {"a": FileContent(b"1")})
    with pytest.raises(OSError):
        write_tree_durably(tree, {"b": FileContent(b"2"), "b/c": FileContent(b"3")})
    assert content(tmp_path) == {"1/a": b"1"}


def test_unreadable_files_are_set_aside_one_by_one(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        (tmp_path / "file").write_bytes(b"x")
        names.append(set_aside(tmp_path / "file").name)
    assert len(set(names)) == 3
    assert all(name.startswith("file.corrupt-") and ":" not in name for name in names)
