"""Zip files that somebody else has packed: what may go wrong with one, and an entry unpacked within its bounds."""

import lzma
import struct
import zipfile
import zlib
from typing import Final

UNREADABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    lzma.LZMAError,
    EOFError,
    IndexError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
)
"""What `zipfile` raises for wrong bytes; OSError is a matter of the disk."""


def unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """The content; no more than the archive's directory says, so that one that lies cannot fill the memory.

    Raises one of UNREADABLE, or OSError.
    """
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.orig_filename!r} has another size than the archive says")
    return content
