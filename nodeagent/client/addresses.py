"""Host names in cluster.xml: resolved once, by the side that applies, so that all nodes get the same addresses."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import ip_address

from nodeagent.contract.value_types import Address, is_ip
from nodeagent.contract.xml_scan import NotXml
from nodeagent.contract.xml_source import Document

LookUp = Callable[[str], Awaitable[str]]
"""The IP address of a host name. Raises OSError."""


class NoAddress(Exception):
    """Host names without an address that other nodes can use; one sentence for all of them."""


async def system_look_up(name: str) -> str:
    """The address this computer would connect to first."""
    found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    return str(found[0][4][0])


async def with_addresses(xml: bytes, look_up: LookUp = system_look_up) -> bytes:
    """The file with an address in place of every host name, all else byte for byte.

    What is no cluster.xml at all comes back as it is: the check says why. Raises NoAddress.
    """
    wrong: list[str] = []
    for path, name in _names(xml):
        try:
            address = _usable(name, await look_up(name))
        except OSError as error:
            wrong.append(f"{name} has no address: {error.strerror or error}")
        except ValueError as error:
            wrong.append(str(error))
        else:
            xml = Document(xml).set_attribute(path, "addr", address)
    if wrong:
        raise NoAddress("; ".join(wrong))
    return xml


def _names(xml: bytes) -> Iterator[tuple[str, str]]:
    """(path, host name) of each address that is one."""
    try:
        document = Document(xml)
    except NotXml:
        return
    lans = document.find("cluster/lans")
    for number, lan in enumerate([lan for lan in lans.children if lan.name == "lan"] if lans else [], 1):
        for place, node in enumerate([node for node in lan.children if node.name == "node"], 1):
            said = node.attributes.get("addr")
            name = said.value.strip() if said else ""
            if name and not is_ip(name):
                yield f"cluster/lans/lan[{number}]/node[{place}]", name


def _usable(name: str, address: str) -> str:
    if ip_address(address.partition("%")[0]).is_loopback:
        raise ValueError(f"{name} is {address} here, which only this computer can reach: write its address")
    try:
        return Address(hosts=False).parse(address)
    except ValueError as error:
        raise ValueError(f"{name} is {address} here, which {error}") from None
