"""Replaces addresses and names in text, the same one by the same word everywhere in one snapshot."""

import ipaddress
import re
from collections.abc import Iterable

from nodeagent.adapters.support.text import in_pieces
from nodeagent.contract.value_types import is_ip

SHORTEST = 3
"""Characters of a name that is looked for everywhere; a shorter one, or a number, only where it is in quotes."""
KEPT_ADDRESSES = ("0.0.0.0", "255.255.255.255", "::", "::1")
KEPT_USERS = frozenset({"root", "admin", "nobody", "system", "daemon", "keepgreen", "www-data", "messagebus", "local"})
"""Accounts that every machine has; they name nobody."""

_V4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w])(?!\.\d)")
_V6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:.]{2,45}(?![\w:])")
_MAC = re.compile(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:-])")
_MAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrt]))"
"""A name begins here; in JSON a line break before it is a backslash and a letter."""
_PLAIN = ("xml", "safe", "cluster", "node", "name", "addr", "lan", "lans", "service", "module", "true", "false", "null")
"""Names that are words of the files themselves, which are left as they are outside of quotes."""


class Anonymity:
    """Words instead of addresses and names. IPv4 addresses become those of 198.18.0.0/15, IPv6 of 2001:db8::/32."""

    def __init__(self) -> None:
        self._words: dict[tuple[str, str], str] = {}
        self._kinds: dict[str, str] = {}
        """Names in lower case → what they are."""
        self._counts: dict[str, int] = {}
        self._pattern: re.Pattern[str] | None = None

    def know(self, kind: str, names: Iterable[str]) -> None:
        """These are names of a `host`, `user` or `domain`; those that name nobody are left out."""
        for name in names:
            plain = name.strip().rstrip(".").lower()
            if plain and plain != "localhost" and plain not in KEPT_USERS and not is_ip(plain):
                self._kinds.setdefault(plain, kind)
        self._pattern = None

    def text(self, text: str) -> str:
        """The same without addresses and names."""
        return in_pieces(text, self._piece)

    def _piece(self, text: str) -> str:
        text = _MAIL.sub(lambda mail: f"{self._word('mail', mail[0])}@example.invalid", text)
        text = _MAC.sub(lambda found: self._mac(found[0]), text)
        text = _V4.sub(lambda found: self._address(found[0]), text)
        text = _V6.sub(lambda found: self._address(found[0]), text)
        if not self._kinds:
            return text
        if self._pattern is None:
            self._pattern = _pattern_of(self._kinds)
        return self._pattern.sub(lambda name: self._word(self._kinds[name[0].lower()], name[0]), text)

    def _word(self, kind: str, name: str) -> str:
        key = (kind, name.lower())
        if key not in self._words:
            self._words[key] = f"{kind}-{self._next(kind)}"
        return self._words[key]

    def _next(self, kind: str) -> int:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return self._counts[kind]

    def _mac(self, mac: str) -> str:
        key = ("mac", mac.lower().replace("-", ":"))
        if key[1] in ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"):
            return mac
        if key not in self._words:
            number = self._next("mac")
            self._words[key] = f"02:00:00:00:{number >> 8 & 255:02x}:{number & 255:02x}"
        return self._words[key]

    def _address(self, text: str) -> str:
        tail = text[len(text.rstrip(".:")) :] if not text.endswith("::") else ""
        try:
            address = ipaddress.ip_address(text.removesuffix(tail) if tail else text)
        except ValueError:
            return text
        if str(address) in KEPT_ADDRESSES or address.is_loopback or _is_mask(address):
            return text
        key = ("address", str(address))
        if key not in self._words:
            number = self._next(f"v{address.version}")
            base = ipaddress.ip_address("198.18.0.0" if address.version == 4 else "2001:db8::")
            self._words[key] = str(base + number)
        return self._words[key] + tail


def _pattern_of(names: Iterable[str]) -> re.Pattern[str]:
    ordered = sorted(names, key=len, reverse=True)
    bare = [name for name in ordered if len(name) >= SHORTEST and not _is_number(name) and name not in _PLAIN]
    quoted = [name for name in ordered if name not in bare]
    parts = []
    if bare:
        parts.append(rf"{_BEFORE}(?:{'|'.join(map(re.escape, bare))})(?![A-Za-z0-9])")
    if quoted:
        parts.append(rf"""(?<=["'])(?:{"|".join(map(re.escape, quoted))})(?=\\?["'])""")
    return re.compile("|".join(parts), re.IGNORECASE)


def _is_number(name: str) -> bool:
    return not name.strip("0123456789.-_")


def _is_mask(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """255.255.252.0 and the like say nothing of anybody."""
    if address.version == 6:
        return False
    inverted = int(address) ^ 0xFFFFFFFF
    return int(address) >> 24 == 255 and inverted & (inverted + 1) == 0
