"""An API token from the command line to a scrape over TLS, on every node of a real farm."""

import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPSConnection

import pytest

from tests.e2e.real_farm import CALLER, ROOT, RealFarm, RealNode, running_farm
from tests.fakes.short_directory import short_directory

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def farm() -> Iterator[RealFarm]:
    """Two nodes that know each other's pins."""
    with short_directory() as directory, running_farm(directory, 2) as made:
        yield made


def keepgreen(node: RealNode, *args: str) -> tuple[int, str, str]:
    env = os.environ | {"KEEPGREEN_HOME": str(node.home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "nodeagent", *args], check=False, env=env, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout, done.stderr


def scraped(node: RealNode, token: str) -> tuple[int, bytes]:
    """What a monitoring system gets that trusts the node's own certificate and no other."""
    trust = ssl.create_default_context(cafile=str(node.home / "var" / "tls" / "certificate.pem"))
    trust.check_hostname = False  # the certificate is for the host name, the test uses an address
    connection = HTTPSConnection(node.address, 9453, timeout=20, context=trust)
    try:
        connection.request("GET", "/api/v1/metrics", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.covers("keepgreen token add", "keepgreen token list", "keepgreen token revoke", "GET /metrics")
def test_a_token_opens_the_figures_of_every_node_until_it_is_revoked(farm: RealFarm) -> None:
    first, second = farm.nodes
    code, out, _ = keepgreen(first, "token", "add", "prometheus")
    token = out.strip()
    assert (code, len(token)) == (0, 43)
    for node in farm.nodes:
        status, figures = scraped(node, token)
        assert (status, b"keepgreen_loop_late_seconds" in figures) == (200, True)
        assert node.get("/tokens") == [{"name": "prometheus", "role": "monitor"}]
        assert token.encode() not in b"".join(file.read_bytes() for file in node.home.rglob("*") if file.is_file())
    assert keepgreen(second, "token", "add", "prometheus")[0] == 75
    assert keepgreen(first, "-H", "*", "token", "list")[1].count("prometheus") == 2

    second.kill_agent()
    second.start_agent()
    assert scraped(second, token)[0] == 200
    assert keepgreen(second, "token", "revoke", "prometheus") == (0, "the token prometheus is revoked\n", "")
    assert [scraped(node, token)[0] for node in farm.nodes] == [401, 401]
    assert keepgreen(first, "token", "revoke", "prometheus")[0] == 64
    lines = [(line["who"], line["command"]) for line in first.get("/audit?newest=1&limit=20")["lines"]]
    assert (CALLER, "makeToken prometheus monitor") in lines
    assert (f"node node2 for {CALLER}", "revokeToken prometheus") in lines


@pytest.mark.covers("keepgreen token add", "keepgreen token revoke")
def test_a_node_that_is_down_gets_no_token_and_is_named_when_one_is_revoked(farm: RealFarm) -> None:
    first, second = farm.nodes
    token = keepgreen(first, "token", "add", "prometheus")[1].strip()
    second.kill_agent()
    code, out, err = keepgreen(first, "token", "add", "other")
    assert (code, out, err.split(":")[0]) == (69, "", "node2")
    assert [one["name"] for one in first.get("/tokens")] == ["prometheus"]
    code, out, err = keepgreen(first, "token", "revoke", "prometheus")
    assert (code, out) == (69, "")
    assert err.endswith("revoke it again for node2\n")
    assert scraped(first, token)[0] == 401
    second.start_agent()
    assert scraped(second, token)[0] == 200
    assert keepgreen(first, "token", "revoke", "prometheus")[0] == 0
    assert scraped(second, token)[0] == 401
