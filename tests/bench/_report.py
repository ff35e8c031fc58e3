"""Writes a benchmark's section into docs/benchmarks.md; every figure there comes from here."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

FILE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `python3 dev.py bench NAME`; nothing here is typed by hand. Figures of one section come from one run on
one machine: compare inside a section, not across sections.
"""


def percentile(values: list[float], percent: float) -> float:
    """The value that so many percent are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(percent / 100 * (len(ordered) - 1)))]


def machine() -> str:
    """What this ran on, in one line."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    version = ".".join(map(str, sys.version_info[:3]))
    system = f"{platform.system()} {platform.release()}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {system}, {os.cpu_count()} cores{load}, Python {version}"


def write_section(title: str, lines: list[str]) -> None:
    """Replace the section of this title (or append it) and print it."""
    text = FILE.read_text(encoding="utf-8") if FILE.exists() else HEAD
    body = "\n".join([f"## {title}", f"*{machine()}*", "", *lines, ""])
    before, found, rest = text.partition(f"## {title}\n")
    after = rest.partition("\n## ")
    text = before + body + (f"\n## {after[2]}" if after[1] else "") if found else f"{text.rstrip()}\n\n{body}"
    FILE.write_text(text, encoding="utf-8")
    print(body)
