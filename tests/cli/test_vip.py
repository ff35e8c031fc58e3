"""vip show, where, check, probe, open, close."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from nodeagent.cli.vip_look import contradictions
from nodeagent.cli.vip_map import letters_of, map_of
from nodeagent.contract.api import ClusterInfo, ModuleInfo, Staged
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.vip_status import FloodHeard, VipAddress, VipGroup, VipNode, VipStatus, VipWhere
from tests.cli.conftest import Run
from tests.fakes.agent import FakeAgent

OWNERS = ("node1",) * 128 + ("node2",) * 128
REPLACE = msgspec.structs.replace


def group(node: str, owners: Sequence[str] = OWNERS, mine: Sequence[int] | None = None) -> VipGroup:
    """As the node tells it while all is well."""
    held = tuple(slot for slot, owner in enumerate(owners) if owner == node) if mine is None else tuple(mine)
    return VipGroup("web", {"node1": 1, "node2": 1}, tuple(owners), held, (), (), 4711)


def told(node: str, one: VipGroup | None = None, *, epoch: str = "0a", alarms: Sequence[str] = ()) -> VipStatus:
    return VipStatus(
        "web",
        node,
        (
            VipAddress("10.0.0.100", "vmac_invisible", "5a:fe:0a:00:00:64", "eth0"),
            VipAddress("fd00::64", "vmac_directed"),
        ),
        present=True,
        open=True,
        agreed=True,
        epoch=epoch,
        nodes=(VipNode("node1", True, True, False, epoch, epoch), VipNode("node2", True, True, False, epoch, epoch)),
        groups=(one or group(node),),
        timeout=0.45,
        alarms=tuple(alarms),
    )


@dataclass
class Farm:
    """The agent here is node1's, which passes on what is for node2."""

    agent: FakeAgent
    statuses: dict[str, VipStatus] = field(default_factory=lambda: {"": told("node1"), "/nodes/node2": told("node2")})

    def say(self) -> None:
        for place, status in self.statuses.items():
            self.agent.tell("GET", f"{place}/modules/web/vip", status)


@pytest.fixture
def farm(agent: FakeAgent) -> Farm:
    agent.tell("GET", "/modules/web/history/4/files", [])
    farm = Farm(agent)
    farm.say()
    return farm


@pytest.mark.covers("keepgreen vip show")
def test_the_map_has_a_letter_per_owner(run: Run, farm: Farm) -> None:
    code, out, err = run("vip", "show", "-m", "web")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("web on node1: open, in the kernel, agreed by all nodes, epoch 0a, ")
    assert "  0  A A A A A A A A A A A A A A A A" in lines
    assert "128  B B B B B B B B B B B B B B B B" in lines
    assert ["A", "node1", "128", "50", "%", "1"] in [line.split() for line in lines]
    assert ["10.0.0.100", "eth0", "5a:fe:0a:00:00:64", "vmac_invisible"] in [line.split() for line in lines]
    assert "not on this node" in out
    assert "here: 128 taken (mine), 0 kept (est), 0 quiet; 4711 packets taken" in lines
    shown = json.loads(run("vip", "show", "-m", "web", "--json").out)
    assert msgspec.convert(shown, VipStatus) == told("node1")


def test_slots_of_nobody_and_alarms_are_seen(run: Run, farm: Farm) -> None:
    farm.statuses[""] = told("node1", group("node1", ["", "node1"] * 128), alarms=["a frame came"])
    farm.say()
    out = run("vip", "show", "-m", "web").out
    assert "  0  . A . A . A . A . A . A . A . A" in out
    assert [".", "nobody", "128", "50", "%"] in [line.split() for line in out.splitlines()]
    assert "alarm: a frame came\n" in out


def test_sixteen_lines_whatever_the_number_of_nodes() -> None:
    names = [f"n{number}" for number in range(64)]
    status = REPLACE(told("n0"), nodes=tuple(VipNode(name, True, True) for name in names))
    letters = letters_of(status)
    lines = map_of(VipGroup("web", {}, tuple(names * 4)), letters)
    assert len(lines) == 16
    assert lines[0].split() == ["0", *"ABCDEFGHIJKLMNOP"]
    assert [letters[name] for name in names[-3:]] == ["9", "?", "?"]


def test_a_module_without_one_says_so(run: Run, agent: FakeAgent) -> None:
    agent.refuse("GET", "/modules/web/vip", 404, "module web has no virtual IP")
    assert run("vip", "show", "-m", "web") == (64, "", "module web has no virtual IP\n")
    assert run("vip", "check", "-m", "web") == (64, "", "module web has no virtual IP\n")


@pytest.mark.covers("keepgreen vip where")
def test_a_client_has_one_node_per_rule(run: Run, agent: FakeAgent) -> None:
    by_address = VipWhere("web", "tcp 80 of 10.0.0.100, by address", 7, "node1")
    by_port = VipWhere("web", "tcp 81 of 10.0.0.100, by address and port", 9, "", by_port=True)
    place = "/modules/web/vip/where"
    agent.tell("GET", place, (by_address, by_port))
    rows = run("vip", "where", "10.0.0.9", "-m", "web").out.splitlines()
    assert rows[1].split()[-3:] == ["web", "7", "node1"]
    assert rows[2].endswith("depends on the client's port: name it, too")
    assert run("vip", "where", "10.0.0.9", "40000", "-m", "web").out.splitlines()[2].split()[-2:] == ["9", "nobody"]
    assert [r.path.partition("?")[2] for r in agent.asked("GET", place)] == [
        "address=10.0.0.9&port=0",
        "address=10.0.0.9&port=40000",
    ]
    assert json.loads(run("vip", "where", "10.0.0.9", "-m", "web", "--json").out)[0]["node"] == "node1"
    assert run("vip", "where", "10.0.0.9", "70000", "-m", "web").code == 64
    agent.tell("GET", place, ())
    assert run("vip", "where", "fd00::9", "-m", "web").out == "no rule of web shares out the traffic of fd00::9\n"
    agent.refuse("GET", place, 400, "'x1' is not an IP address")
    assert run("vip", "where", "x1", "-m", "web") == (65, "", "'x1' is not an IP address\n")
    assert run("vip", "where", "x", "-m", "web") == (65, "", "'x' is not an IP address\n")


@pytest.mark.covers("keepgreen vip check")
def test_all_is_right(run: Run, farm: Farm) -> None:
    assert run("vip", "check", "-m", "web") == (0, "the virtual IP of web is right on node1, node2\n", "")
    assert json.loads(run("vip", "check", "-m", "web", "--json").out) == {
        "ok": True,
        "module": "web",
        "node": "node1",
        "asked": ["node1", "node2"],
        "problems": [],
    }


def test_what_is_wrong_is_one_sentence_each(run: Run, farm: Farm) -> None:
    wrong = Problem(Severity.ERROR, "a virtual IP needs CAP_NET_ADMIN", path="safe/service/vip")
    other = Problem(Severity.ERROR, "there is no such user", path="safe/service/user")
    farm.agent.tell("POST", "/modules/web/check", Staged(False, "", problems=(wrong, other)))
    farm.statuses[""] = told("node1", alarms=["a frame came"])
    farm.say()
    farm.agent.refuse("GET", "/nodes/node2/modules/web/vip", 502, "node2 does not answer")
    code, out, err = run("vip", "check", "-m", "web")
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        "a virtual IP needs CAP_NET_ADMIN",
        "node2 cannot be asked: node2 does not answer",
        "node1: a frame came",
    ]


def test_a_node_that_is_gone_is_not_asked(run: Run, farm: Farm) -> None:
    gone = VipNode("node2", False, False)
    farm.statuses[""] = REPLACE(told("node1", group("node1", ["node1"] * 256)), nodes=(told("node1").nodes[0], gone))
    farm.say()
    assert run("vip", "check", "-m", "web").out == "the virtual IP of web is right on node1\n"
    assert farm.agent.asked("GET", "/nodes/node2/modules/web/vip") == []


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (told("node2", epoch="0b"), "the nodes have not agreed on one slot table: 0a on node1, 0b on node2"),
        (
            told("node2", group("node2", ("node2",) * 3 + OWNERS[3:], range(128, 256))),
            "node2 sees other owners of slots 0-2 of web",
        ),
        (told("node2", group("node2", mine=range(129, 256))), "node2 does not take slot 128 of web, which it owns"),
        (told("node2", group("node2", mine=range(127, 256))), "node1 and node2 all take slot 127 of web"),
        (
            REPLACE(told("node2"), present=False),
            "node2 serves, but its filter or an address is not in its kernel",
        ),
    ],
)
def test_nodes_that_contradict_each_other(second: VipStatus, sentence: str) -> None:
    assert contradictions((told("node1"), second)) == (sentence,)


def test_many_slots_are_not_all_named() -> None:
    second = told("node2", group("node2", mine=range(129, 256, 2)))
    (sentence,) = contradictions((told("node1"), second))
    assert sentence == (
        "node2 does not take slots 128, 130, 132, 134, 136, 138 and more, 64 in all, of web, which it owns"
    )


def test_a_hand_over_is_no_contradiction() -> None:
    quiet = (127,)
    first = REPLACE(group("node1"), quiet=quiet)
    second = REPLACE(group("node2", mine=range(127, 256)), quiet=quiet)
    assert contradictions((told("node1", first), told("node2", second))) == ()


def flooded(agent: FakeAgent, **answers: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
    """What the nodes hear: (near, reached by) of each; the agent is node1's."""
    agent.tell("GET", "/cluster", ClusterInfo(True, name="node1", nodes=tuple(answers)))
    for node, (near, reached_by) in answers.items():
        place = "" if node == "node1" else f"/nodes/{node}"
        agent.tell("POST", f"{place}/vip/flood-probe", FloodHeard(node, "eth0", near, reached_by))


@pytest.mark.covers("keepgreen vip probe")
def test_the_network_is_probed(run: Run, agent: FakeAgent) -> None:
    flooded(agent, node1=(("node2",), ("node2",)), node2=(("node1",), ("node1",)))
    assert run("vip", "probe", "10.0.0.100", "--interface", "eth1") == (
        0,
        "node1 → node2: frames to an unknown MAC arrive\n"
        "node2 → node1: frames to an unknown MAC arrive\n"
        "vmac_invisible works here\n",
        "",
    )
    (one,), (two,) = (agent.asked("POST", f"{place}/vip/flood-probe") for place in ("", "/nodes/node2"))
    assert one.json == two.json
    assert one.json == {"round": one.json["round"], "address": "10.0.0.100", "interface": "eth1"}
    flooded(agent, node1=(("node2",), ("node2",)), node2=(("node1",), ()))
    code, out, _ = run("vip", "probe")
    assert code == 1
    assert "node1 → node2: frames to an unknown MAC do not arrive\n" in out
    assert 'choose type="vmac_directed"' in out.splitlines()[-1]
    assert json.loads(run("vip", "probe", "--json").out)["blocked"] == {"node1": ["node2"]}
    flooded(agent, node1=((), ()), node2=((), ()))
    assert run("vip", "probe").out.splitlines()[-1] == "a virtual IP needs its nodes on one layer-2 network"
    agent.refuse("POST", "/nodes/node2/vip/flood-probe", 409, "a virtual IP is served by Linux nodes only")
    assert run("vip", "probe") == (1, "node2 takes no part: a virtual IP is served by Linux nodes only\n", "")
    assert run("-H", "node2", "vip", "probe").code == 64
    assert run("vip", "probe", "x1") == (65, "", "'x1' is not an IP address\n")
    agent.tell("GET", "/cluster", ClusterInfo(False))
    assert run("vip", "probe") == (75, "", "this node is in no cluster\n")


@pytest.mark.covers("keepgreen vip open", "keepgreen vip close")
def test_a_script_opens_and_closes(run: Run, farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFEMODULE", "web")
    farm.agent.answers["POST", "/modules/web/vip"] = (204, b"")
    assert run("vip", "open") == (0, "", "")
    assert run("vip", "close", "-m", "web", "--json") == (0, '{"open": false}\n', "")
    assert [request.json for request in farm.agent.asked("POST", "/modules/web/vip")] == [
        {"open": True},
        {"open": False},
    ]
    assert run("vip", "open", "now").err == "vip open does not know 'now' (it takes -m --json)\n"
    assert "scriptcontrol" in run("vip", "open", "--help").out
    farm.agent.refuse("POST", "/modules/web/vip", 409, "the traffic of web opens and closes by itself")
    assert run("vip", "open") == (75, "", "the traffic of web opens and closes by itself\n")


def test_every_node_is_asked_by_itself(run: Run, farm: Farm) -> None:
    farm.agent.tell("GET", "/nodes/node2/modules", (ModuleInfo("web", True, 3),))
    farm.agent.tell("GET", "/nodes/node2/modules/web/history/3/files", [])
    farm.agent.tell("POST", "/nodes/node2/modules/web/check", Staged(True, "s1"))
    farm.agent.tell("GET", "/nodes/node1/modules/web/vip", told("node1"))
    assert run("-H", "node2", "vip", "check", "-m", "web").out == (
        "node2: the virtual IP of web is right on node2, node1\n"
    )
    assert run("-H", "node2", "vip", "release").code == 64
