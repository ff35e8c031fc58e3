import os
from pathlib import Path

import pytest

from nodeagent.adapters.output_files import outputs, piece, remove_old


def made(directory: Path, *named: tuple[str, float]) -> None:
    for name, time in named:
        (directory / name).write_bytes(name.encode())
        os.utime(directory / name, (time, time))


def names(directory: Path) -> list[str]:
    return [known.path for known in outputs(directory)]


def test_listed_newest_first(tmp_path: Path) -> None:
    assert outputs(tmp_path / "none") == ()
    made(tmp_path, ("userlog_1Z_a.ulog", 10), ("userlog_2Z_a.ulog", 30), ("userlog_3Z_b.ulog", 20), ("other", 5))
    assert names(tmp_path) == ["userlog_2Z_a.ulog", "userlog_3Z_b.ulog", "userlog_1Z_a.ulog"]
    assert outputs(tmp_path)[0].size == len("userlog_2Z_a.ulog")


def test_read_in_pieces(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(bytes(range(100)) * 30)
    got, offset = b"", 0
    while data := piece(file, offset, 999):
        got += data
        offset += len(data)
    assert got == file.read_bytes()


@pytest.mark.covers("records.output_days")
def test_old_ones_go_but_the_newest_of_each_script(tmp_path: Path) -> None:
    made(
        tmp_path,
        *((f"userlog_{day}Z_start_both.ulog", day * 10.0) for day in range(1, 6)),
        ("userlog_0Z_stop_both.ulog", 1.0),
        ("userlog_9Z_both.ulog", 2.0),
    )
    assert remove_old(tmp_path, 35.0) == 3
    assert sorted(names(tmp_path)) == [
        "userlog_0Z_stop_both.ulog",
        "userlog_4Z_start_both.ulog",
        "userlog_5Z_start_both.ulog",
        "userlog_9Z_both.ulog",
    ]
    assert remove_old(tmp_path, 1e12) == 1
    assert remove_old(tmp_path / "none", 1e12) == 0
