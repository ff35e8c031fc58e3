import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.contract.module_files import (
    POSIX_SUFFIXES,
    WINDOWS_SUFFIXES,
    as_written,
    files_problems,
    is_posix_program,
    path_problem,
    paths_problems,
    script_candidates,
)
from nodeagent.contract.states import Script


@pytest.mark.parametrize(
    "path", ["bin/start_both", "conf/userconfig.xml", "web/a b/é.html", "bin/.hidden", "bin/a..b", "bin/console"]
)
def test_allowed_paths(path: str) -> None:
    assert path_problem(path) == ""


@pytest.mark.parametrize(
    "path",
    ["", "bin", "bin/", "/bin/a", "etc/a", "bin/../a", "bin/NUL.txt", "bin/com1", "bin/a\\b", "bin/a\0", "bin/a*"],
)
def test_refused_paths(path: str) -> None:
    assert path_problem(path)


@given(st.text(max_size=40))
def test_an_allowed_path_stays_inside(tail: str) -> None:
    path = f"bin/{tail}"
    if not path_problem(path):
        assert path.isprintable()
        assert not {"", ".", ".."} & set(path.split("/"))
        assert not set('<>:"|?*\\') & set(path)


def test_names_that_collide() -> None:
    assert [p.text.split(": ")[0] for p in paths_problems(["bin/a", "BIN/a", "bin/A", "bin/a/b"])] == [
        "'BIN/a'",
        "'bin/A' and 'bin/a' are the same file on Windows",
        "'bin/a' is a file and a directory (of 'bin/a/b')",
    ]


def test_a_set_of_files_needs_its_configuration() -> None:
    assert [p.text for p in files_problems({"bin/a": b""})] == ["conf/userconfig.xml is missing"]
    many = {f"web/{n}": b"" for n in range(2001)}
    assert [p.text for p in files_problems({"conf/userconfig.xml": b"", **many})] == [
        "2002 files, at most 2000 are allowed"
    ]


@pytest.mark.parametrize(
    ("path", "data", "written"),
    [
        ("bin/start_both", b"#!/bin/sh\r\na\r\n", b"#!/bin/sh\na\n"),
        ("bin/lib.sh", b"a\r\nb\n", b"a\nb\n"),
        ("bin/tool.py", b"#!/usr/bin/python3\r\n", b"#!/usr/bin/python3\n"),
        ("bin/tool.py", b"a\r\n", b"a\r\n"),
        ("bin/start_both.cmd", b"a\nb\r\n", b"a\r\nb\r\n"),
        ("bin/start_both.PS1", b"a\n", b"a\r\n"),
        ("bin/program", b"\x7fELF\0\r\n", b"\x7fELF\0\r\n"),
        ("conf/userconfig.xml", b"a\r\n", b"a\r\n"),
        ("web/page.cmd", b"a\n", b"a\n"),
    ],
)
def test_line_ends(path: str, data: bytes, written: bytes) -> None:
    assert as_written(path, data) == written
    assert as_written(path, written) == written


def test_programs_of_linux() -> None:
    assert is_posix_program("bin/start_both", b"")
    assert is_posix_program("bin/a.py", b"#!/usr/bin/python3")
    assert not is_posix_program("bin/a.py", b"import os")
    assert not is_posix_program("bin/a.cmd", b"")
    assert not is_posix_program("web/a", b"#!/bin/sh")


def test_which_file_is_the_script() -> None:
    paths = [
        "bin/start_both.bat",
        "bin/Start_Both.PS1",
        "bin/start_both.vbs",
        "bin/start_both.sh",
        "bin/sub/start_both",
    ]
    found = script_candidates(paths, Script.START_BOTH, WINDOWS_SUFFIXES)
    assert found == ["bin/Start_Both.PS1", "bin/start_both.bat", "bin/start_both.vbs"]
    assert script_candidates(paths, Script.START_BOTH, POSIX_SUFFIXES) == ["bin/start_both.sh"]
    assert script_candidates(["bin/Start_both"], Script.START_BOTH, POSIX_SUFFIXES) == []
