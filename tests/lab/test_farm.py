"""Real agents on a real network: they form a farm, and say what is wrong when the network fails."""

import time

from tests.e2e.real_farm import until
from tests.lab.lab import Lab, running_lab
from tests.lab.nodes import LabNode


def texts(node: LabNode, after: int) -> list[str]:
    return [line["text"] for line in node.log(after=after)]


def cursors(lab: Lab) -> dict[str, int]:
    return {node.name: node.log()[-1]["cursor"] for node in lab.nodes}


def alive(node: LabNode, *peers: LabNode) -> list[bool]:
    return [node.peer(peer.name)["alive"] for peer in peers]


def test_three_agents_form_a_farm_that_serves(farm_lab: Lab) -> None:
    for node in farm_lab.nodes:
        assert node.green()
        assert farm_lab.clients[0].syn(node.address, sources=5, ports=2).count() == (0, 10, 0)


def test_a_farm_on_ipv6_and_a_second_lan_that_is_cut_only_degrades(possible: None) -> None:
    with running_lab(clients=0, lans=2, family=6) as lab:
        lab.start_cluster()
        one, two, three = lab.nodes
        assert {lan["address"] for lan in one.peer("node2")["lans"]} == {"fd77::12", "fd78::12"}
        after = cursors(lab)
        lab.faults.cut(one.host, two.host, lan=0)
        until(lambda: one.peer("node2")["degraded"] and two.peer("node1")["degraded"], 20, "both see it degraded")
        until(
            lambda: any("node2 lost on lan default" in t and "second works" in t for t in texts(one, after["node1"])),
            20,
            "the line is on the disk",
        )
        assert alive(one, two, three) == alive(two, one, three) == alive(three, one, two) == [True, True]
        assert not one.peer("node3")["degraded"]
        lab.faults.heal()
        lab.farm.all_hear(20)


def test_a_pulled_cable_parts_the_node_from_all_and_both_sides_serve_on(healed: Lab) -> None:
    one, two, three = healed.nodes
    starts = one.started()
    one.cable(plugged=False)
    until(lambda: not any([*alive(one, two, three), *alive(two, one), *alive(three, one)]), 20, "parted")
    assert alive(two, three) == alive(three, two) == [True]
    assert all(node.green() for node in healed.nodes)
    one.cable(plugged=True)
    healed.farm.all_hear(20)
    assert one.started() == starts


def test_a_cut_in_one_direction_is_noticed_at_both_ends_and_the_third_hears_both(healed: Lab) -> None:
    one, two, three = healed.nodes
    healed.faults.one_way(one.host, two.host, udp=4800)
    until(lambda: not any([*alive(one, two), *alive(two, one)]), 20, "both ends gave up")
    assert one.peer("node2")["reason"].startswith("it does not hear this node")
    assert two.peer("node1")["reason"].startswith("silent for")
    until(lambda: "node3 still hears it" in one.peer("node2")["reason"], 20, "the third is a witness")
    assert alive(three, one, two) == [True, True]
    assert all(node.green() for node in healed.nodes)


def test_heavy_loss_loses_nobody(healed: Lab) -> None:
    one, two, three = healed.nodes
    after = cursors(healed)
    healed.faults.cut(one.host, two.host, loss=20)
    time.sleep(3)
    until(lambda: healed.faults.dropped() > 5, 20, "enough is lost by chance")
    assert alive(one, two, three) == alive(two, one, three) == [True, True]
    assert not any(" lost" in text for node in (one, two) for text in texts(node, after[node.name]))


def test_a_node_that_was_stopped_for_three_seconds_says_so_and_accuses_nobody(healed: Lab) -> None:
    one, two, three = healed.nodes
    after = cursors(healed)
    one.pause_agent()
    until(lambda: not any([*alive(two, one), *alive(three, one)]), 20, "node1 lost")
    time.sleep(2)
    one.resume_agent()
    until(one.green, 20, "node1 green again")
    healed.farm.all_hear(20)
    until(lambda: any("frozen for" in text for text in texts(one, after["node1"])), 20, "the line is on the disk")
    said = texts(one, after["node1"])
    assert any("this node was frozen for" in text for text in said)
    assert not any(" lost" in text for text in said)


def test_a_killed_agent_finds_its_nginx_again(healed: Lab) -> None:
    one, two, three = healed.nodes
    masters = [p.pid for p in one.processes() if p.name() == "nginx"]
    assert masters
    one.kill_agent()
    until(lambda: not any([*alive(two, one), *alive(three, one)]), 20, "node1 lost")
    assert healed.clients[0].syn(one.address, sources=2, ports=2).count() == (0, 4, 0)
    one.start_agent()
    until(one.green, 20, "node1 green again")
    assert [p.pid for p in one.processes() if p.name() == "nginx"] == masters


def test_an_agent_that_ends_says_goodbye_and_nginx_goes_on(healed: Lab) -> None:
    one, two, _ = healed.nodes
    one.stop_agent()
    until(lambda: two.peer("node1")["reason"] == "said goodbye", 20, "node2 knows")
    assert healed.clients[0].syn(one.address, sources=2, ports=2).count() == (0, 4, 0)
    one.start_agent()


def test_rules_and_addresses_can_be_taken_away(healed: Lab) -> None:
    one = healed.nodes[0]
    one.host.run("nft", "add", "table", "inet", "somebodys")
    one.host.batch(["addr add 10.77.0.100/32 dev lo"])
    one.flush_rules()
    one.delete_address("10.77.0.100/32")
    assert one.host.run("nft", "list", "ruleset") == ""
    assert "10.77.0.100" not in one.host.run("ip", "addr")


def test_two_farms_of_one_machine_do_not_hear_each_other(farm_lab: Lab) -> None:
    with running_lab(nodes=2, clients=0) as other:
        other.start_farm()
        assert all(node.green() for node in [*other.nodes, *farm_lab.nodes])
        other.nodes[0].order("stop", wait=20)
        assert farm_lab.nodes[0].green()
        assert other.nodes[0].get("/status")["rejected"] == {}
