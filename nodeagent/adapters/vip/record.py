"""What this agent changed in the machine's network, kept in a file: a later agent can take it back."""

from pathlib import Path

import msgspec

from nodeagent.durable import write_durably

_BOOT = Path("/proc/sys/kernel/random/boot_id")


class Owned(msgspec.Struct):
    """What one module has in the kernel beside its table."""

    addresses: tuple[tuple[str, str], ...] = ()
    """(virtual address, interface)."""
    vmacs: tuple[tuple[str, str], ...] = ()
    """(virtual MAC, interface)."""
    interfaces: tuple[str, ...] = ()
    served: tuple[tuple[str, int], ...] = ()
    """(virtual address, TCP port) of its rules; 0 = any port."""
    shape: str = ""
    """Of the table as it was made."""

    def same_places(self, other: "Owned") -> bool:
        """Whether both put the same on the same interfaces."""
        mine = (self.addresses, self.vmacs, self.interfaces)
        return mine == (other.addresses, other.vmacs, other.interfaces)


class Changes(msgspec.Struct):
    """All of it. A change of an earlier boot is none any more."""

    boot: str
    settings: dict[str, str] = {}
    """Former values by name, of those that were changed."""
    modules: dict[str, Owned] = {}


def load(path: Path) -> Changes:
    """The changes of this boot; none when the file is absent or unreadable."""
    boot = _BOOT.read_text().strip()
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Changes)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Changes(boot)
    return found if found.boot == boot else Changes(boot)


def modules_in_kernel(path: Path) -> frozenset[str]:
    """The modules of which an agent with this record has put something into the kernel. Blocks."""
    return frozenset(load(path).modules) if path.exists() else frozenset()


def save(path: Path, changes: Changes) -> None:
    """Write them durably. Raises OSError."""
    write_durably(path, msgspec.json.encode(changes))
