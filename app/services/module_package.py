"""Where the files of a new module come from: a template shipped with the console, or a `.safe` file here."""

import asyncio
import stat
import zipfile
from enum import StrEnum
from pathlib import Path

import msgspec

from app.resource_files import resource
from app.services.zip_entries import UNREADABLE, unpacked
from nodeagent.contract.module_files import MAX_BYTES, MAX_FILES, ROOTS, USERCONFIG, files_problems

MAX_RATIO = 200
RATIO_FROM = 1024 * 1024
"""Bytes; smaller files may be packed as tightly as they like."""
_ENCRYPTED = 0x1


class PackageTrouble(StrEnum):
    """Why a file gives no module."""

    NOT_READABLE = "not readable"
    """The computer does not let it be read."""
    NOT_A_PACKAGE = "not a package"
    """It is no zip archive, or a damaged one."""
    TOO_LARGE = "too large"
    NOT_ALLOWED = "not allowed"
    """An entry is a link, is encrypted, or has a path that a module cannot hold."""
    NO_CONFIGURATION = "no configuration"
    """There is no conf/userconfig.xml in it."""


class Package(msgspec.Struct, frozen=True):
    """What was read: the files by path, or what is wrong. `left_out` lies outside of conf, bin and web."""

    files: dict[str, bytes] = {}
    trouble: PackageTrouble | None = None
    detail: str = ""
    left_out: tuple[str, ...] = ()


async def template(name: str) -> dict[str, bytes]:
    """The files of a shipped template."""
    return await asyncio.to_thread(_files_below, resource(f"modules/{name}"))


async def read_package(path: Path) -> Package:
    """The module in a `.safe` file. Everything is judged before it is unpacked; the nodes judge it once more."""
    return await asyncio.to_thread(_read, path)


def _files_below(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _read(path: Path) -> Package:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [entry for entry in archive.infolist() if not entry.is_dir() and _root(entry) in ROOTS]
            outside = {_root(entry) for entry in archive.infolist()} - set(ROOTS)
            if refused := _refused(archive.infolist()):
                return refused
            files = {entry.orig_filename: unpacked(archive, entry) for entry in inside}
    except OSError as error:
        return Package(trouble=PackageTrouble.NOT_READABLE, detail=error.strerror or str(error))
    except UNREADABLE as error:
        return Package(trouble=PackageTrouble.NOT_A_PACKAGE, detail=str(error))
    if USERCONFIG not in files:
        return Package(trouble=PackageTrouble.NO_CONFIGURATION)
    if problems := files_problems(files):
        return Package(trouble=PackageTrouble.NOT_ALLOWED, detail=problems[0].text)
    return Package(files, left_out=tuple(sorted(outside)))


def _refused(entries: list[zipfile.ZipInfo]) -> Package | None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_FILES or total > MAX_BYTES:
        return Package(trouble=PackageTrouble.TOO_LARGE, detail=f"{len(entries)} files, {total} bytes")
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or entry.flag_bits & _ENCRYPTED:
            return Package(trouble=PackageTrouble.NOT_ALLOWED, detail=repr(entry.orig_filename))
        if entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            return Package(trouble=PackageTrouble.TOO_LARGE, detail=repr(entry.orig_filename))
    return None


def _root(entry: zipfile.ZipInfo) -> str:
    return entry.orig_filename.split("/", 1)[0]
