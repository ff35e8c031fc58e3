"""Snapshot files for the console's tests, laid out as an agent lays them out."""

import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from nodeagent.contract.api import LogLine, WhyAnswer
from nodeagent.contract.record_api import AuditLine, ResourceChange
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import VipStatus

USERCONFIG = b'<safe>\n  <service mode="farm"><farm><lan name="default"/></farm></service>\n</safe>\n'
CLUSTER = b'<cluster><lans><lan name="default"><node name="node1" addr="10.0.0.1"/></lan></lans></cluster>\n'

TWO_LANS = b"""<cluster>
  <lans port="4800" pulse="200ms" slost_count="8">
    <lan name="default" command="on">
      <node name="node1" addr="10.0.0.1"/><node name="node2" addr="10.0.0.2"/><node name="node3" addr="10.0.0.3"/>
    </lan>
    <lan name="private"><node name="node1" addr="192.168.7.1"/><node name="node2" addr="192.168.7.2"/></lan>
  </lans>
</cluster>
"""


def written(path: Path, parts: Mapping[str, bytes]) -> Path:
    """A zip with these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def parts_of(
    status: NodeStatus,
    lines: Iterable[LogLine] = (),
    why: Iterable[WhyAnswer] = (),
    audit: Iterable[AuditLine] = (),
    changes: Iterable[ResourceChange] = (),
    outputs: Mapping[str, bytes] | None = None,
    vips: Iterable[VipStatus] = (),
) -> dict[str, bytes]:
    """What an agent saves of the module farm, with two revisions of it."""
    meta = {"author": "j.doe", "time": status.time - 9000, "signature": "ab", "nodes": ["node1"], "environment": {}}
    return {
        "status.json": msgspec.json.encode(status),
        "why.json": msgspec.json.encode(tuple(why)),
        "vip.json": msgspec.json.encode(tuple(vips)),
        "log.jsonl": _lines(lines),
        "resource_history.jsonl": _lines(changes),
        "audit.jsonl": _lines(audit),
        "cluster/1/cluster.xml": CLUSTER,
        "module/farm/state.json": b"{}",
        "module/farm/1/meta.json": msgspec.json.encode(meta),
        "module/farm/1/conf/userconfig.xml": USERCONFIG,
        "module/farm/2/meta.json": msgspec.json.encode(meta | {"author": "m.lindqvist"}),
        "module/farm/2/conf/userconfig.xml": USERCONFIG.replace(b'"farm"', b'"light"'),
        "module/farm/2/bin/start_both": b"#!/bin/sh\nexit 0\n",
        **{f"outputs/{name}": data for name, data in (outputs or {}).items()},
        "system/processes.txt": b"1 init\n",
        "manifest.json": b'{"anonymised": false, "parts": [{"name": "system/log.txt", "problem": "no journalctl"}]}',
    }


def _lines(items: Iterable[object]) -> bytes:
    return b"".join(msgspec.json.encode(item) + b"\n" for item in items)
