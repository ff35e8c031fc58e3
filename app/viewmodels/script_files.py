"""The scripts of a module as text: which there are, for which platform, and edits that keep what was not touched."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.text import tr
from nodeagent.contract.module_files import POSIX_SUFFIXES, USERCONFIG, WINDOWS_SUFFIXES, suffix_of
from nodeagent.contract.states import Script

LARGEST = 1024 * 1024
"""Bytes of a file that is shown as text."""
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+")


class Platform(StrEnum):
    """Where a file is a script."""

    LINUX = "linux"
    WINDOWS = "windows"
    ANY = "any"


@dataclass(frozen=True)
class ScriptFile:
    """A file of the module beside its configuration. `script` is None for files that the agent never runs itself."""

    path: str
    script: Script | None
    platform: Platform
    size: int


@dataclass(frozen=True)
class ScriptText:
    """A file as text with line feeds only; `codec` and `newline` bring it back to bytes."""

    text: str
    codec: str
    newline: str


def script_files(files: Mapping[str, bytes]) -> tuple[ScriptFile, ...]:
    """All files but userconfig.xml: scripts in the order of a module's life, then the others by path."""
    found = [_file(path, data) for path, data in files.items() if path != USERCONFIG]
    order = list(Script)
    return tuple(
        sorted(found, key=lambda one: (order.index(one.script) if one.script else len(order), one.platform, one.path))
    )


def new_path(script: Script, platform: Platform) -> str:
    """Where a new script of this name goes."""
    return f"bin/{script}" + (".cmd" if platform is Platform.WINDOWS else "")


def new_content(script: Script, platform: Platform) -> bytes:
    """A script that does nothing yet but says its arguments."""
    if platform is Platform.WINDOWS:
        return f"@echo off\r\necho Running {script} %*\r\n\r\nexit /b 0\r\n".encode()
    return f'#!/bin/sh\necho "Running {script} $*"\n\nexit 0\n'.encode()


def addable(files: Mapping[str, bytes]) -> tuple[tuple[Script, Platform], ...]:
    """Scripts that the module does not bring, by platform."""
    there = {(one.script, one.platform) for one in script_files(files)}
    return tuple(
        (script, platform)
        for script in Script
        for platform in (Platform.LINUX, Platform.WINDOWS)
        if (script, platform) not in there
    )


def platform_words(platform: Platform) -> str:
    """Its name."""
    return {Platform.LINUX: "Linux", Platform.WINDOWS: "Windows", Platform.ANY: tr("all systems")}[platform]


def script_words(script: Script | None) -> str:
    """What a script is for, in a line."""
    return {
        Script.PRESTART: tr("before the module waits for its resources"),
        Script.START_BOTH: tr("starts the application"),
        Script.STOP_BOTH: tr("stops the application; once more with force when it did not end"),
        Script.POSTSTOP: tr("after everything has stopped"),
        Script.TRANSITION: tr("at every change of state"),
        Script.UPDATE: tr("when a new revision is in force"),
        Script.CONFIG: tr("when the module is applied"),
        Script.POSTCONFIG: tr("after the module was applied"),
        Script.DECONFIG: tr("when the module is taken away"),
        Script.CONFCHECK: tr("when the configuration is checked"),
        None: tr("a file of the module; the agent does not run it by itself"),
    }[script]


def as_text(data: bytes) -> ScriptText | None:
    """The file as text, None when it is a program or too large."""
    if len(data) > LARGEST or b"\0" in data:
        return None
    codec = "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8"
    try:
        text = data.decode(codec)
    except UnicodeDecodeError:
        codec = "latin-1"
        text = data.decode(codec)
    newline = "\r\n" if data.count(b"\r\n") * 2 > data.count(b"\n") else "\n"
    return ScriptText(unified(text), codec, newline)


def as_bytes(before: bytes, text: str) -> bytes:
    """The file with this text. Lines at its beginning and end that did not change keep their bytes.

    What the file's encoding lacks turns it into UTF-8.
    """
    shown = as_text(before)
    if shown is None:
        return before
    if shown.text == text:
        return before
    try:
        text.encode(shown.codec)
    except UnicodeEncodeError:
        return text.replace("\n", shown.newline).encode()
    return with_lines(before.decode(shown.codec), text, shown.newline).encode(shown.codec)


def with_lines(before: str, text: str, newline: str) -> str:
    """The text with `newline` at the ends of its lines, but those at its beginning and end that did not change."""
    old, new = _LINE.findall(before), _LINE.findall(text)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = [line.replace("\n", newline) for line in new[head : len(new) - tail]]
    kept = "".join([*old[:head], *middle, *(old[len(old) - tail :] if tail else [])])
    # A lone carriage return that comes to stand before a line feed would make one line of two.
    return kept if unified(kept) == text else text.replace("\n", newline)


def _common(old: list[str], new: list[str]) -> int:
    return next(
        (at for at, (mine, theirs) in enumerate(zip(old, new, strict=False)) if unified(mine) != theirs),
        min(len(old), len(new)),
    )


def unified(text: str) -> str:
    """The text with line feeds only."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _file(path: str, data: bytes) -> ScriptFile:
    suffix = suffix_of(path)
    folder, _, name = path.rpartition("/")
    stem = name[: len(name) - len(suffix)] if suffix else name
    platform = Platform.ANY
    script = None
    if folder == "bin" and (suffix in POSIX_SUFFIXES or suffix in WINDOWS_SUFFIXES):
        platform = Platform.WINDOWS if suffix in WINDOWS_SUFFIXES else Platform.LINUX
        word = stem.lower() if platform is Platform.WINDOWS else stem
        script = Script(word) if word in set(Script) else None
    return ScriptFile(path, script, platform, len(data))
