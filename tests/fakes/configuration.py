"""A small cluster and module, as bytes, for tests that store them."""

import io
import zipfile
from collections.abc import Mapping, Sequence

from nodeagent.adapters.config_store import ConfigStore, ModuleStore
from nodeagent.contract.api import Commit, StageCluster, StageModule
from nodeagent.home import Home

KEY = b"k" * 32


def cluster_xml(*nodes: str, port: int = 4800) -> bytes:
    lines = "".join(f'<node name="{name}" addr="127.0.3.{n}"/>' for n, name in enumerate(nodes, start=1))
    return f'<cluster><lans port="{port}"><lan name="default" command="on">{lines}</lan></lans></cluster>'.encode()


def stage_cluster(
    *nodes: str, me: str = "", port: int = 4800, keys: tuple[bytes, ...] = (KEY,), **more: object
) -> StageCluster:
    return StageCluster(xml=cluster_xml(*nodes, port=port), name=me or nodes[0], keys=keys, **more)  # type: ignore[arg-type]


USERCONFIG = b"""<!DOCTYPE safe>
<safe>
<service mode="farm" maxloop="3" loop_interval="24">
<farm><lan name="default"/></farm>
<user nicestoptimeout="300" forcestoptimeout="300" logging="userlog"/>
</service>
</safe>
"""

SCRIPTS = {
    "bin/start_both": b"#!/bin/sh\nexit 0\n",
    "bin/stop_both": b"#!/bin/sh\nexit 0\n",
    "bin/start_both.cmd": b"exit /b 0\r\n",
    "bin/stop_both.cmd": b"exit /b 0\r\n",
}


def module_files(changes: Mapping[str, bytes | None] | None = None) -> dict[str, bytes]:
    files = {"conf/userconfig.xml": USERCONFIG, **SCRIPTS, **(changes or {})}
    return {path: data for path, data in files.items() if data is not None}


def stage_module(
    changes: Mapping[str, bytes | None] | None = None, nodes: Sequence[str] = ("n1", "n2"), **more: object
) -> StageModule:
    return StageModule(files=module_files(changes), nodes=tuple(nodes), **more)  # type: ignore[arg-type]


def opened(home: Home) -> ConfigStore:
    """The stores of a home, with a cluster of n1, n2 and n3 in force."""
    store = ConfigStore.open(home)
    store.cluster.commit(Commit(store.cluster.stage(stage_cluster("n1", "n2", "n3")).signature))
    return store


def apply(modules: ModuleStore, request: StageModule, name: str = "m", running: int = 0) -> int:
    """Its revision, in force from now on."""
    staged = modules.stage(name, request)
    assert staged.ok, staged.problems
    return modules.commit(name, staged.signature, request.author, running)


def archive(files: Mapping[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, data in files.items():
            packed.writestr(path, data)
    return whole.getvalue()
