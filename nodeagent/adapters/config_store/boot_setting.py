"""The node's own start-at-boot setting of a module, as it lies beside its revisions: one line of text."""

from pathlib import Path

from nodeagent.durable import wall_time, write_durably


def read_boot(directory: Path) -> tuple[bool, float]:
    """Whether the module starts at boot now, and when that turns round by itself (seconds since 1970, 0 = never)."""
    try:
        words = (directory / "boot").read_text(encoding="ascii", errors="replace").split()
    except FileNotFoundError:
        return False, 0.0
    on = words[:1] == ["on"]
    try:
        until = float(words[1]) if len(words) > 1 else 0.0
    except ValueError:
        until = 0.0
    return (not on, 0.0) if 0 < until <= wall_time() else (on, until)


def write_boot(directory: Path, on: bool, until: float) -> None:
    """Keep it durably."""
    word = "on" if on else "off"
    write_durably(directory / "boot", f"{word} {until}\n".encode() if until else f"{word}\n".encode())
