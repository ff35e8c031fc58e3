"""`scriptcontrol="on"`: the scripts open and close the traffic."""

import pytest

from tests.e2e.real_farm import until
from tests.lab.lab import running_lab
from tests.lab.vip import VIRTUAL, carried, rule, told, vip, wait_settled


@pytest.mark.covers("vip@scriptcontrol")
def test_traffic_that_the_scripts_open_and_close(possible: None) -> None:
    with running_lab(nodes=2) as lab:
        one, two = lab.nodes
        client = lab.clients[0]
        lab.start_farm(more=vip(carried(VIRTUAL), rule(), scriptcontrol="on"))
        assert not any(told(node)["open"] for node in lab.nodes)
        assert client.syn(VIRTUAL, sources=50, ports=2).count() == (100, 0, 0)
        one.ask("POST", "/modules/farm/vip", {"open": True})
        until(lambda: len(told(one)["groups"][0]["mine"]) == 256, 5, "node1 takes all")
        assert client.syn(VIRTUAL, sources=50, ports=20).by_source() == {one.host.mac: 50}
        two.ask("POST", "/modules/farm/vip", {"open": True})
        wait_settled(lab.nodes)
        answers = client.syn(VIRTUAL, sources=250, ports=20)
        assert (answers.count(), len(answers.by_source())) == ((0, 5000, 0), 2)
        one.ask("POST", "/modules/farm/vip", {"open": False})
        until(lambda: not told(one)["groups"][0]["mine"], 5, "node1 takes nothing")
        until(lambda: len(told(two)["groups"][0]["mine"]) == 256, 5, "node2 takes all")
        assert client.syn(VIRTUAL, sources=50, ports=20).by_source() == {two.host.mac: 50}
