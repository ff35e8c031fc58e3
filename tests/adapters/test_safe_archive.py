import io
import stat
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.adapters.safe_archive import MAX_RATIO, read_archive, write_archive
from nodeagent.contract.errors import errors_of
from nodeagent.contract.module_files import MAX_BYTES, MAX_FILES
from tests.fakes.configuration import USERCONFIG, archive, module_files

Pack = Callable[[zipfile.ZipFile], None]


def packed(*packs: Pack) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr("conf/userconfig.xml", USERCONFIG)
        for pack in packs:
            pack(into)
    return whole.getvalue()


def entry(name: str, data: bytes = b"x", mode: int = 0) -> Pack:
    def pack(into: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("placeholder")
        info.filename = info.orig_filename = name
        info.external_attr = mode << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        into.writestr(info, data)

    return pack


def with_flag(data: bytes, bit: int) -> bytes:
    """Set a general purpose flag in every central directory header."""
    changed = bytearray(data)
    at = changed.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 8] |= bit
        at = changed.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def lying_size(data: bytes, size: int) -> bytes:
    """Say another uncompressed size in the last central directory header."""
    at = data.rfind(b"PK\x01\x02")
    return data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def lzma(into: zipfile.ZipFile) -> None:
    into.writestr("bin/a", b"a" * 100, compress_type=zipfile.ZIP_LZMA)


def twice(into: zipfile.ZipFile) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        into.writestr("conf/userconfig.xml", b"other")


HOSTILE = {
    "parent": (packed(entry("bin/../../etc/passwd")), "'..'"),
    "parent at the root": (packed(entry("../evil")), "'..'"),
    "parent of a directory": (packed(entry("bin/../../x/")), "'..'"),
    "absolute": (packed(entry("/etc/passwd")), "relative"),
    "double slash": (packed(entry("bin//a")), "relative"),
    "dot": (packed(entry("bin/./a")), "relative"),
    "drive": (packed(entry("C:/windows/a")), "':'"),
    "stream": (packed(entry("bin/a:stream")), "':'"),
    "backslash": (packed(entry("bin\\..\\..\\a")), "is not allowed in a path"),
    "device": (packed(entry("bin/con.cmd")), "device"),
    "trailing dot": (packed(entry("bin/a.")), "ends with a dot"),
    "trailing space": (packed(entry("bin/a ")), "space"),
    "control character": (packed(entry("bin/a\nb")), "unprintable"),
    "right to left": (packed(entry("bin/exe\u202ecmd")), "unprintable"),
    "long name": (packed(entry("bin/" + "a" * 130)), "at most"),
    "long path": (packed(entry("bin/" + "abc/" * 60 + "a")), "bytes"),
    "link": (packed(entry("bin/link", b"/etc/passwd", stat.S_IFLNK | 0o777)), "links"),
    "device node": (packed(entry("bin/node", b"", stat.S_IFCHR | 0o600)), "special files"),
    "twice": (packed(twice), "twice"),
    "same on Windows": (packed(entry("bin/A"), entry("bin/a")), "same file on Windows"),
    "file and directory": (packed(entry("bin/a"), entry("bin/a/b")), "file and a directory"),
    "encrypted": (with_flag(packed(), 1), "encrypted"),
    "lzma": (packed(lzma), "deflate"),
    "bomb": (packed(entry("bin/bomb", bytes(20 * 1024 * 1024))), "grows more than 200 times"),
    "lying size": (lying_size(packed(entry("web/a", b"abc" * 9)), 5), "not a readable zip"),
    "huge": (lying_size(packed(entry("web/a", b"abc" * 9)), 400 * 1024 * 1024), "at most 268435456"),
    "too many": (packed(*(entry(f"web/{n}") for n in range(2000))), "at most 2000"),
    "truncated": (packed()[:-30], "not a readable zip"),
    "not a zip": (b"MZ" + b"\0" * 100, "not a readable zip"),
    "empty": (b"", "not a readable zip"),
    "no configuration": (archive({"bin/start_both": b"x"}), "conf/userconfig.xml is missing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_archives_are_refused(name: str) -> None:
    data, expected = HOSTILE[name]
    files, problems = read_archive(data, "evil.safe")
    assert files is None
    assert any(expected in problem.text for problem in errors_of(problems)), problems
    assert all(problem.file == "evil.safe" for problem in problems)


def test_damaged_content_is_refused() -> None:
    data = bytearray(archive({**module_files(), "web/page": bytes(range(256)) * 8}))
    compressed = zlib.compress(bytes(range(256)) * 8)[2:20]
    data[data.find(compressed[:12]) + 8] ^= 0xFF
    files, problems = read_archive(bytes(data))
    assert files is None
    assert "not a readable zip" in problems[0].text


def test_all_problems_at_once() -> None:
    files, problems = read_archive(packed(entry("/abs"), entry("bin/a:b"), entry("bin/nul"), entry("bin/ok")))
    assert files is None
    assert len(errors_of(problems)) == 3


def test_a_good_archive() -> None:
    wanted = module_files({"web/index.html": b"<p>", "bin/empty": b""})
    data = archive({"bin/": b"", "conf/": b"", **wanted})
    files, problems = read_archive(data)
    assert files == wanted
    assert problems == []


def test_other_places_are_left_out_with_a_warning() -> None:
    files, problems = read_archive(packed(entry("META-INF/manifest"), entry("readme.txt"), entry("bin/a")))
    assert files is not None
    assert sorted(files) == ["bin/a", "conf/userconfig.xml"]
    (warning,) = problems
    assert "'META-INF', 'readme.txt' left out" in warning.text


@given(st.binary(max_size=400), st.integers(0, 600), st.integers(0, 255))
def test_any_bytes(tail: bytes, at: int, value: int) -> None:
    good = bytearray(archive(module_files()))
    good[at % len(good)] = value
    for data in (bytes(good), bytes(good) + tail, tail):
        files, problems = read_archive(data)
        assert (files is None) == bool(errors_of(problems))


@given(st.lists(st.text(alphabet="ab./\\:Cé \x00\u202e", max_size=12), max_size=6))
def test_any_names(names: list[str]) -> None:
    unique = list(dict.fromkeys(f"bin/{name}" for name in names))
    files, problems = read_archive(packed(*(entry(name) for name in unique if "\0" not in name)))
    assert (files is None) == bool(errors_of(problems))
    for path in files or ():
        parts = path.split("/")
        assert parts[0] in ("bin", "conf")
        assert ".." not in parts
        assert "" not in parts
        assert not set(path) & set('\\:\x00"')


def test_what_is_written_is_read_again_byte_for_byte() -> None:
    files = {
        "conf/userconfig.xml": b"<safe/>",
        "bin/start_both": b"#!/bin/sh\n",
        "bin/start_both.cmd": b"exit /b 0\r\n",
        "web/caf\u00e9": bytes(range(256)),
        "web/empty": b"",
        "web/zeros": bytes(3_000_000),
    }
    once = write_archive(files)
    assert write_archive(dict(reversed(files.items()))) == once
    assert read_archive(once) == (files, [])
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
    assert (modes["bin/start_both"], modes["bin/start_both.cmd"]) == (0o755, 0o644)


def test_caps_are_what_the_specification_says() -> None:
    assert (MAX_FILES, MAX_BYTES, MAX_RATIO) == (2000, 256 * 1024 * 1024, 200)
