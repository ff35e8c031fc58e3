"""Host names in cluster.xml become addresses; nothing else of the file changes."""

import pytest

from nodeagent.client.addresses import NoAddress, system_look_up, with_addresses
from nodeagent.contract.cluster_xml import read_cluster

XML = """<?xml version="1.0"?>
<!-- ours -->
<cluster>
  <lans>
    <lan name="default">
      <node name='node1' addr='{one}'  />
      <node name="node2" addr="{two}" laddr="10.9.9.9"/>
    </lan>
    <lan name="second"><node name="node1" addr="{three}"/></lan>
  </lans>
</cluster>
"""
KNOWN = {"db1.example": "10.0.0.7", "db2.example": "fd00::7", "here.example": "127.0.1.1", "near.example": "fe80::1%2"}


async def look_up(name: str) -> str:
    if name not in KNOWN:
        raise OSError(-2, "Name or service not known")
    return KNOWN[name]


def file(one: str = "10.0.0.1", two: str = "10.0.0.2", three: str = "10.1.0.1") -> bytes:
    return XML.format(one=one, two=two, three=three).encode()


async def test_names_become_addresses_and_the_rest_stays_byte_for_byte() -> None:
    made = await with_addresses(file("db1.example", three="db2.example"), look_up)
    assert made == file("10.0.0.7", three="fd00::7")
    config, problems = read_cluster(made)
    assert config is not None, problems
    assert config.lans[0].nodes[0].addr == "10.0.0.7"
    assert await with_addresses(file(), look_up) == file()


async def test_all_names_without_a_good_address_are_said_at_once() -> None:
    with pytest.raises(NoAddress) as failed:
        await with_addresses(file("nobody.example", "here.example", "near.example"), look_up)
    assert str(failed.value) == (
        "nobody.example has no address: Name or service not known;"
        " here.example is 127.0.1.1 here, which only this computer can reach: write its address;"
        " near.example is fe80::1%2 here, which is a link-local address,"
        " which is not the same machine on every network: use a routed one"
    )


@pytest.mark.parametrize("data", [b"", b"<cluster>", b"<cluster/>", b"<cluster><lans/></cluster>"])
async def test_what_is_no_cluster_comes_back_for_the_check(data: bytes) -> None:
    assert await with_addresses(data, look_up) == data


async def test_the_system_is_asked() -> None:
    assert await system_look_up("localhost") in ("127.0.0.1", "::1")
