import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from nodeagent.adapters.processes.outputs import file_name, last_words, rotate, sweep, trim


def test_the_name_is_iso_time_in_utc_and_sorts_by_time() -> None:
    noon = datetime(2026, 3, 1, 13, 0, 0, 5000, tzinfo=timezone(timedelta(hours=1)))
    assert file_name("start_both", noon) == "userlog_2026-03-01T12-00-00.005000Z_start_both.ulog"


def test_a_small_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "userlog_a.ulog"
    path.write_bytes(b"x" * 1000)
    trim(path, 1000)
    assert path.read_bytes() == b"x" * 1000


def lines(first: int, last: int) -> bytes:
    return b"".join(b"line %07d\n" % number for number in range(first, last))


def test_a_cut_keeps_beginning_and_end_and_says_how_much_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "userlog_a.ulog"
    path.write_bytes(lines(0, 10_000))
    trim(path, 4000)
    text = path.read_bytes()
    assert len(text) <= 4000
    assert text.startswith(lines(0, 70))
    assert text.endswith(lines(9_900, 10_000))
    marks = re.findall(rb"\[Keepgreen: (\d+) bytes were cut out here\]\n", text)
    mark_length = len(b"[Keepgreen:  bytes were cut out here]\n") + len(marks[0])
    assert int(marks[0]) + len(text) - mark_length == len(lines(0, 10_000))


def test_cutting_again_and_again_leaves_one_mark_with_the_whole_count(tmp_path: Path) -> None:
    path = tmp_path / "userlog_a.ulog"
    for part in range(20):
        with path.open("ab") as file:
            file.write(lines(part * 1000, part * 1000 + 1000))
        trim(path, 4000)
    text = path.read_bytes()
    assert len(text) <= 4000
    assert text.startswith(lines(0, 70))
    assert text.endswith(lines(19_900, 20_000))
    marks = re.findall(rb"\[Keepgreen: (\d+) bytes were cut out here\]\n", text)
    assert len(marks) == 1
    mark_length = len(b"[Keepgreen:  bytes were cut out here]\n") + len(marks[0])
    assert int(marks[0]) + len(text) - mark_length == len(lines(0, 20_000))


def test_a_file_without_line_ends_is_cut_too(tmp_path: Path) -> None:
    path = tmp_path / "userlog_a.ulog"
    path.write_bytes(b"a" * 50_000 + b"z" * 50_000)
    trim(path, 4000)
    text = path.read_bytes()
    assert len(text) <= 4000
    assert text.startswith(b"a" * 1000 + b"\n[Keepgreen: 97000 bytes")
    assert text.endswith(b"z" * 2000)


def test_an_open_writer_goes_on_at_the_new_end(tmp_path: Path) -> None:
    path = tmp_path / "userlog_a.ulog"
    with path.open("ab", buffering=0) as writer:
        writer.write(lines(0, 10_000))
        trim(path, 4000)
        writer.write(b"after\n")
    assert b"\0" not in path.read_bytes()
    assert path.read_bytes().endswith(lines(9_999, 10_000) + b"after\n")


def test_a_sweep_cuts_only_output_files_each_to_its_cap(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for name in ("a/userlog_x.ulog", "b/userlog_x.ulog", "a/other.txt"):
        (tmp_path / name).write_bytes(b"x" * 10_000)
    sweep({tmp_path / "a": 2000, tmp_path / "b": 20_000, tmp_path / "missing": 5})
    assert (tmp_path / "a/userlog_x.ulog").stat().st_size <= 2000
    assert (tmp_path / "b/userlog_x.ulog").stat().st_size == 10_000
    assert (tmp_path / "a/other.txt").stat().st_size == 10_000


def test_the_files_written_to_longest_ago_go(tmp_path: Path) -> None:
    for number in range(8):
        path = tmp_path / f"userlog_{number}.ulog"
        path.touch()
        os.utime(path, (1000 + (number * 3) % 8, 1000 + (number * 3) % 8))
    (tmp_path / "mine.txt").touch()
    rotate(tmp_path, keep=3)
    assert {p.name for p in tmp_path.iterdir()} == {"mine.txt", "userlog_2.ulog", "userlog_5.ulog", "userlog_7.ulog"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ""),
        (b"\n \n", ""),
        (b"first\nport 80 in use\n\n  \n", "port 80 in use"),
        (b"no line end", "no line end"),
        (b"dos\r\nline\r\n", "line"),
        (b"\x1b[31mred\x1b[0m\x07 word\n", "red word"),
        (b"caf\xe9\n", "caf\ufffd"),
        (b"caf\xc3\xa9\n", "caf\u00e9"),
        (b"said\n[Keepgreen: 12 bytes were cut out here]\n", "said"),
        (b"y" * 9000, "y" * 300),
    ],
)
def test_last_words(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "out"
    path.write_bytes(content)
    assert last_words(path) == words


def test_last_words_of_an_older_code_page(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes("Accès refusé\r\n".encode("cp850"))
    assert last_words(path, ("utf-8", "cp850")) == "Accès refusé"


def test_no_file_no_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "missing") == ""
