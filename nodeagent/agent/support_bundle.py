"""The snapshot of a module for a support case: which parts it has, which secrets and names are known beforehand."""

import os
import re
import secrets
import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.adapters.http_api.users import read_table
from nodeagent.adapters.journal import Question, read_audit, read_history, read_page
from nodeagent.adapters.metrics import Own, metrics_text
from nodeagent.adapters.output_files import outputs
from nodeagent.adapters.settings import Settings
from nodeagent.adapters.support import (
    PART_BYTES,
    Anonymity,
    Bundle,
    Part,
    Secrecy,
    accounts,
    decoded,
    file_modes,
    safe_name,
    secrets_of,
    system_parts,
    tail,
)
from nodeagent.contract.api import WhyAnswer
from nodeagent.contract.module_files import ROOTS, USERCONFIG
from nodeagent.contract.record_api import RecordQuery
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import VipStatus
from nodeagent.engine.ports import Refused
from nodeagent.home import Home

REVISIONS = 3
FILES = 300
"""Files of one revision."""
OUTPUTS = 30
OUTPUT_BYTES = 2 * 1024 * 1024
LINES = 20_000
_HOST = re.compile(
    r"""(?ix)
    \b(?:l?addr|host|hostname|server|address)\s*=\s*["']([^"'\s]+)["']
    | \b(?:l?addr|host|hostname|server|address)\s*[=:]\s*([a-z][\w-]*(?:\.[\w-]+)+)
    | ://(?:[^/@\s"']*@)?([\w.-]+)
    """
)
_FULL_NAME = re.compile(r"""\bvalue\s*=\s*["']([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+\.[a-z]{2,})(?::\d+)?["']""")
"""A variable or macro that is nothing but a host with its domain; a name with capitals is that of a class."""
_MAIL_DOMAIN = re.compile(r"@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
LARGEST = 1024 * 1024
"""Bytes of a configuration file in which secrets and names are looked for."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What only the loop's thread can say, when the snapshot is ordered."""

    status: NodeStatus
    why: tuple[WhyAnswer, ...]
    vips: tuple[VipStatus, ...]
    own: Own
    users: bytes


class SupportBundle:
    """Writes snapshots below SAFEVAR/tmp. Blocks; for a thread."""

    def __init__(self, home: Home, settings: Settings, store: ConfigStore) -> None:
        self._home, self._settings, self._store = home, settings, store

    def write(self, module: str, moment: Moment, *, anonymise: bool) -> Path:
        """A new zip, which the caller removes. Raises OSError."""
        self._home.temporary.mkdir(parents=True, exist_ok=True)
        target = self._home.temporary / f"snapshot-{secrets.token_hex(8)}.zip"
        bundle = Bundle(self._secrets(moment), self._names(moment) if anonymise else None)
        try:
            bundle.write(self._parts(module, moment), target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return target

    def _parts(self, module: str, moment: Moment) -> Iterator[Part]:
        records = self._home.records
        query = RecordQuery(limit=5000, newest=True)
        yield Part("status.json", partial(_json, moment.status))
        yield Part("why.json", partial(_json, moment.why))
        yield Part("vip.json", partial(_json, moment.vips))
        yield Part("metrics.txt", partial(metrics_text, moment.status, moment.own))
        yield Part("log.jsonl", lambda: _lines(read_page(records, Question(limit=LINES, newest=True)).lines))
        yield Part("resource_history.jsonl", lambda: _lines(read_history(records, module, "", query).changes))
        yield Part("audit.jsonl", lambda: _lines(read_audit(records, query).lines))
        yield Part("agent.toml", partial(tail, self._home.settings, PART_BYTES))
        yield from self._configuration(module)
        directory = self._home.user_log(module)
        for known in outputs(directory)[:OUTPUTS]:
            yield Part(safe_name("outputs", known.path), partial(tail, directory / known.path, OUTPUT_BYTES))
        yield Part("file_modes.txt", lambda: file_modes((self._home.var, self._home.bin)))
        yield from system_parts()

    def _configuration(self, module: str) -> Iterator[Part]:
        """The last revisions of the cluster and of the module, with what the module remembers."""
        for revision in _revisions(self._home.cluster / "rev"):
            name = safe_name("cluster", revision.name, "cluster.xml")
            yield Part(name, partial(tail, revision / "cluster.xml", PART_BYTES))
        place = self._home.module(module)
        yield Part(f"module/{module}/state.json", partial(tail, place / "state.json", PART_BYTES))
        for revision in _revisions(place / "rev"):
            found = [file for root in ROOTS for file in sorted((revision / root).rglob("*")) if file.is_file()]
            for file in (revision / "meta.json", *found[:FILES]):
                name = safe_name("module", module, revision.name, file.relative_to(revision).as_posix())
                yield Part(name, partial(_whole, file))

    def _secrets(self, moment: Moment) -> Secrecy:
        secrecy = Secrecy()
        secrecy.know(self._store.cluster.keys)
        with suppress(ValueError):
            table = read_table(moment.users)
            secrecy.know((*(user.hash for user in table.users), *(token.hash for token in table.tokens)))
        secrecy.know(secrets_of(os.environ))
        mail, webhook = self._settings.mail, self._settings.webhook
        if address := urlsplit(webhook.url):  # the path of a webhook often is its only secret
            secrecy.know((f"{address.path}?{address.query}".strip("/?"), address.path.strip("/"), address.query))
        files = [self._home.var / name for name in (mail.password_file, webhook.secret_file) if name]
        for file in (*files, self._home.local_token):
            with suppress(OSError, UnicodeDecodeError):
                text = file.read_text("utf-8")
                secrecy.know((text, *re.findall(r'"token"\s*:\s*"([^"]+)"', text)))
        for meta in self._home.var.glob("modules/*/rev/*/meta.json"):
            with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError, AttributeError):
                environment = msgspec.json.decode(meta.read_bytes()).get("environment", {})
                secrecy.know(secrets_of({name: str(value) for name, value in environment.items()}))
        for xml in self._userconfigs():
            secrecy.learn(xml)
        return secrecy

    def _names(self, moment: Moment) -> Anonymity:
        anonymity, status = Anonymity(), moment.status
        anonymity.know("host", (status.node, *(peer.name for peer in status.peers)))
        committed = self._store.cluster.cluster()
        if committed is not None:
            anonymity.know("host", committed.config.nodes)
        texts = [*self._configurations(), decoded(committed.xml)[0] if committed else ""]
        found = [host for text in texts for groups in _HOST.findall(text) for host in groups if host]
        found += [host for text in texts for host in _FULL_NAME.findall(text)]
        for host in (socket.gethostname(), socket.getfqdn(), *found):
            name, _, domain = host.partition(".")
            anonymity.know("host", [name] if name and not name.isdigit() else [])
            anonymity.know("domain", [domain] if domain.strip("0123456789.") else [])
        for text in texts:
            anonymity.know("domain", _MAIL_DOMAIN.findall(text))
        anonymity.know("user", accounts())
        with suppress(ValueError):
            table = read_table(moment.users)
            anonymity.know("user", (*(user.name for user in table.users), *(token.name for token in table.tokens)))
        with suppress(Refused):
            anonymity.know(
                "user",
                (line.who for line in read_audit(self._home.records, RecordQuery(limit=5000, newest=True)).lines),
            )
        return anonymity

    def _userconfigs(self) -> Iterator[str]:
        """Those of all modules and revisions: the secrets of one may be in the log of another."""
        return _texts(self._home.var.glob(f"modules/*/rev/*/{USERCONFIG}"))

    def _configurations(self) -> Iterator[str]:
        """All files in which hosts may be named."""
        return _texts((self._home.settings, *self._home.var.glob("modules/*/rev/*/conf/*")))


def _texts(files: Iterable[Path]) -> Iterator[str]:
    for file in files:
        with suppress(OSError), file.open("rb") as opened:
            yield decoded(opened.read(LARGEST))[0]


def _revisions(directory: Path) -> list[Path]:
    """The newest, the highest number first."""
    found = [place for place in directory.iterdir() if place.name.isdigit()] if directory.is_dir() else []
    return sorted(found, key=lambda place: int(place.name), reverse=True)[:REVISIONS]


def _whole(file: Path) -> bytes:
    if file.is_symlink():
        raise OSError(f"{file.name} is a link")
    with file.open("rb") as opened:
        return opened.read(PART_BYTES + 1)


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value))


def _lines(items: Iterable[object]) -> bytes:
    """One JSON text per line; the oldest are left out when they are too many."""
    lines: list[bytes] = []
    size = 0
    for item in reversed(tuple(items)):
        lines.append(msgspec.json.encode(item) + b"\n")
        size += len(lines[-1])
        if size > PART_BYTES:
            lines.pop()
            break
    return b"".join(reversed(lines))
