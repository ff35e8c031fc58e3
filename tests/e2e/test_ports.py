"""The places an agent listens at are those of agent.toml."""

import http.client
import shutil
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.real_farm import NETWORK, RealNode
from tests.fakes.checking import free_port


@pytest.fixture
def node() -> Iterator[RealNode]:
    directory = Path(tempfile.mkdtemp(prefix="kg-"))  # short: a UNIX socket's path is at most 107 bytes
    made = RealNode(directory, 1)
    try:
        yield made
    finally:
        made.kill_agent()
        shutil.rmtree(directory, ignore_errors=True)


def asked(connection: http.client.HTTPConnection, path: str) -> int:
    with closing(connection):
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.mark.covers("keepgreen agent run", "storage home")
@pytest.mark.covers("listen.address", "listen.health_port", "listen.api_port")
def test_an_agent_listens_where_it_is_told_to_and_nowhere_else(node: RealNode) -> None:
    health, api = free_port(node.address), free_port(node.address)
    settings = f'[listen]\naddress = "{node.address}"\nhealth_port = {health}\napi_port = {api}\n'
    (node.home / "var" / "agent.toml").write_text(settings)
    node.start_agent()
    assert asked(http.client.HTTPConnection(node.address, health, timeout=20), "/var/modules/none/ready.txt") == 404
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    secure = http.client.HTTPSConnection(node.address, api, timeout=20, context=context)
    assert asked(secure, "/api/v1/identity") == 200
    elsewhere = f"{NETWORK}.2"
    for address, port in ((node.address, 9010), (node.address, 9453), (elsewhere, health), (elsewhere, api)):
        with pytest.raises(OSError), socket.create_connection((address, port), timeout=5):
            pass
