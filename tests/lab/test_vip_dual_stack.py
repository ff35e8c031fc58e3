"""IPv4 and IPv6 on one interface: each virtual MAC is judged by itself."""

from tests.e2e.real_farm import until
from tests.lab.lab import running_lab
from tests.lab.vip import VIRTUAL, VIRTUAL6, VMAC, VMAC6, alarmed, carried, forge, rule, vip, wait_settled


def test_a_virtual_mac_that_the_switch_has_learnt_does_not_hide_behind_the_other(possible: None) -> None:
    with running_lab() as lab:
        lab.start_farm(more=vip(carried(VIRTUAL, VIRTUAL6), rule()))
        wait_settled(lab.nodes)
        client, words = lab.clients[0], "on eth0: the switch blocks or has learnt the virtual MAC"
        forge(client.host, VMAC6)
        until(lambda: all(alarmed(n, f"{words} {VMAC6} of {VIRTUAL6}") for n in lab.nodes), 30, "the probes are missed")
        assert not any(alarmed(n, f"{words} {VMAC}") for n in lab.nodes)
        assert client.syn(VIRTUAL, sources=50, ports=2).count() == (0, 100, 0)
        assert client.syn(VIRTUAL6, sources=20, ports=2).count() == (40, 0, 0)
        lab.network.switch.run("bridge", "fdb", "del", VMAC6, "dev", client.host.port(), "master")
        until(lambda: not any(alarmed(n, words) for n in lab.nodes), 15, "the probes arrive again")
        assert client.syn(VIRTUAL6, sources=20, ports=2).count() == (0, 40, 0)
