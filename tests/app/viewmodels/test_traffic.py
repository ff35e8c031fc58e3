"""The virtual IP of a module, live: nodes are asked for themselves, and for a client."""

from collections.abc import Coroutine
from typing import Any

import pytest

from app.viewmodels.session_model import SessionModel
from app.viewmodels.traffic import STALE, TrafficModel
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.vip_status import VipWhere
from tests.app.viewmodels.farms import NODES, NOW, FakeSession, FakeTasks, ready, slots_of, view


class MovedClock(SessionModel):
    at = NOW

    def now(self) -> float:
        return self.at


def model() -> tuple[FakeSession, MovedClock, TrafficModel]:
    session = FakeSession(*(view(node, ready(share_by="slots")) for node in NODES))
    session.vips = {node: slots_of(node) for node in NODES}
    farm = MovedClock(session, FakeTasks())
    return session, farm, TrafficModel(farm, "farm", FakeTasks())


def test_every_node_of_the_module_is_asked_once_at_a_time() -> None:
    session, _, traffic = model()
    traffic.ask()
    assert [call for call in session.called if call[0] == "vip"] == [("vip", node, "farm") for node in NODES]
    assert traffic.facts == "3 of 3 nodes tell of their slots"
    assert traffic.group == "http"
    assert not traffic.troubles


def test_a_node_that_does_not_answer_leaves_the_map_and_says_why() -> None:
    session, farm, traffic = model()
    traffic.ask()
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer within 4 s")
    farm.at = NOW + STALE + 1
    traffic.ask()
    assert set(traffic.troubles) == set(NODES)
    assert traffic.map.groups == ()
    assert not traffic.without_vip


def test_an_old_answer_is_not_laid_into_the_map() -> None:
    session, farm, traffic = model()
    traffic.ask()
    farm.at = NOW + STALE + 7
    session.show(*(view(node, ready(share_by="slots")) for node in NODES[:1]))
    farm.refresh()
    traffic.ask()
    assert [node.answers for node in traffic.map.nodes] == [True, False, False]
    assert set(traffic.slow()) == {"node2", "node3"}


def test_a_module_without_a_virtual_ip_says_so() -> None:
    session, _, traffic = model()
    session.vips = {}
    traffic.ask()
    assert traffic.without_vip


def test_a_client_is_found_by_the_agents_own_reckoning() -> None:
    session, _, traffic = model()
    assert traffic.where_reason == "type the client's address first"
    traffic.set_client("10.0.0", "")
    assert traffic.address_error == traffic.where_reason != ""
    traffic.set_client("192.0.2.7", "99999")
    assert "0 to 65535" in traffic.where_reason
    traffic.set_client("192.0.2.7", "50123")
    assert traffic.where_reason == "no node tells of its slots now"
    traffic.ask()
    session.wheres = (VipWhere("http", "tcp 80 of 10.0.0.100, by address", 17, "node2"),)
    traffic.find()
    assert session.called[-1] == ("where", "node1", "farm", "192.0.2.7", 50123)
    assert [(line.node, line.words) for line in traffic.where] == [
        ("node2", "slot 17 of http: tcp 80 of 10.0.0.100, by address")
    ]
    session.wheres = ()
    traffic.find()
    assert "No rule" in traffic.where_trouble
    session.failure = CallFailed(Trouble.UNREACHABLE, "gone")
    traffic.find()
    assert traffic.where == ()
    assert traffic.where_trouble


def test_an_answer_about_another_client_is_not_shown() -> None:
    session, farm, _ = model()
    later: list[Coroutine[Any, Any, object]] = []

    class LaterTasks:
        def run_soon(self, work: Coroutine[Any, Any, object], name: str) -> None:
            later.append(work)

    asked = TrafficModel(farm, "farm", LaterTasks())
    asked.ask()
    while later:
        with pytest.raises(StopIteration):
            later.pop().send(None)
    session.wheres = (VipWhere("http", "by address", 17, "node2"),)
    asked.set_client("192.0.2.7", "50123")
    asked.find()
    asked.set_client("192.0.2.8", "50123")
    for work in later:
        with pytest.raises(StopIteration):
            work.send(None)
    assert (asked.where, asked.where_trouble) == ((), "")
