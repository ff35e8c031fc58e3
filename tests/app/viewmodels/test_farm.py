import msgspec
import pytest

from app.services.nodes import NodeAddress, NodeView, Reach
from app.viewmodels.farm import farm
from app.viewmodels.silhouettes import Silhouette, worst
from app.viewmodels.text import NBSP, clock, moment, short_clock
from nodeagent.client.failures import Trouble
from nodeagent.contract.states import Mode
from nodeagent.contract.status import ModuleStatus
from tests.app.viewmodels.farms import NOW, paused, ready, silenced, starting, stopped, view, waiting


def plain(words: str) -> str:
    return words.replace(NBSP, " ")


def facts(tile: object, now: float = NOW) -> dict[str, str]:
    return {fact.label: plain(f"{fact.lead} {fact.value}".strip()) for fact in tile.facts(now)}  # type: ignore[attr-defined]


def test_worst_first() -> None:
    order = [
        Silhouette.STOP,
        Silhouette.WAIT,
        Silhouette.UNREACHABLE,
        Silhouette.TRANSIENT,
        Silhouette.READY,
        Silhouette.UNCONFIGURED,
    ]
    for place, one in enumerate(order):
        assert worst(reversed(order[place:])) == one
    assert worst([]) == Silhouette.UNCONFIGURED


def test_a_card_tells_its_worst_node_and_who_serves() -> None:
    card = farm("c", [view("node1", ready()), view("node2", ready()), view("node3", stopped())]).modules[0]
    assert card.silhouette == Silhouette.STOP
    assert card.headline == "NotReady on node3"
    assert card.serve_text == "2 of 3 nodes serve"
    assert card.nodes == ("node1", "node2", "node3")


@pytest.mark.parametrize(
    ("views", "headline"),
    [
        ([view("node1", ready()), view("node2", ready()), view("node3", ready())], "Ready"),
        ([view("node1", stopped()), view("node2", stopped()), view("node3", stopped())], "NotReady"),
        ([view("node1", stopped()), view("node2", waiting()), view("node3", ready())], "NotReady on node1 and node2"),
        (
            [view("node1", stopped()), view("node2", stopped()), view("node3", stopped()), view("node4", ready())],
            "NotReady on 3 nodes",
        ),
    ],
)
def test_headlines(views: list[NodeView], headline: str) -> None:
    assert farm("c", views).modules[0].headline == headline


def test_a_green_tile_has_its_share_and_facts() -> None:
    tile = farm("c", [view("node1", ready())]).modules[0].tiles[0]
    assert (tile.state_words, tile.share, tile.share_text, tile.share_note) == (
        "UP Ready",
        50.0,
        "50",
        "load balancer decides",
    )
    assert tile.share_hatched
    assert tile.block(NOW) is None
    told = facts(tile)
    assert list(told) == ["Since", "Started by", "Heartbeat gap", "Last probe"]
    assert told["Since"].endswith("(4 h 0 min)")
    assert told["Heartbeat gap"] == "240 of 1000 ms"
    assert told["Last probe"] == "200 3 s ago, every 5.0 s"
    assert next(fact.meter for fact in tile.facts(NOW) if fact.meter is not None) == pytest.approx(0.24)


def test_a_share_that_slots_enforce_is_solid() -> None:
    tile = farm("c", [view("node1", ready(share=33.3, share_by="slots"))]).modules[0].tiles[0]
    assert (tile.share_hatched, tile.share_text, plain(tile.cell_share)) == (False, "33.3", "33.3 %")


def test_a_light_module_has_no_share() -> None:
    light = msgspec.structs.replace(ready(), mode=Mode.LIGHT)
    assert farm("c", [view("node1", light)]).modules[0].tiles[0].share is None


def test_a_stopped_tile_says_since_when_and_why_in_place_of_the_share() -> None:
    tile = farm("c", [view("node3", stopped())]).modules[0].tiles[0]
    block = tile.block(NOW)
    assert block is not None
    assert (block.tint, block.sentence) == ("red", "4th restart in 24 h")
    assert plain(block.title).startswith("Stopped 40 min ago, ")
    assert plain(block.title).endswith(clock(NOW - 2400))
    assert tile.share is None
    assert list(facts(tile)) == ["Last probe"]
    assert plain(tile.accessible(NOW)).startswith("node3, farm, STOP NotReady, Stopped 40 min ago, ")
    assert tile.accessible(NOW).endswith(": 4th restart in 24 h")


def test_a_waiting_tile_says_for_how_long() -> None:
    block = farm("c", [view("node3", waiting())]).modules[0].tiles[0].block(NOW)
    assert block is not None
    assert plain(block.title).startswith("Waiting for 12 min, since ")


def test_a_stop_long_ago_is_told_by_its_date() -> None:
    block = farm("c", [view("node3", stopped(ago=4 * 86400))]).modules[0].tiles[0].block(NOW)
    assert block is not None
    assert block.title == f"Stopped on {moment(NOW - 4 * 86400, NOW)}"


def test_a_starting_tile_counts_against_its_time_out() -> None:
    tile = farm("c", [view("node2", starting())]).modules[0].tiles[0]
    block = tile.block(NOW + 61)
    assert block is not None
    assert (block.tint, block.title, block.counted, block.sentence) == (
        "orange",
        "start_both has run for",
        "1:15",
        "time-out 5:00",
    )
    assert block.progress == pytest.approx(75 / 300)
    assert facts(tile)["Restarted by"] == "m.lindqvist"
    assert "Since" not in facts(tile)


def test_a_script_without_a_time_out_has_no_bar() -> None:
    block = farm("c", [view("node2", starting(limit=0))]).modules[0].tiles[0].block(NOW)
    assert block is not None
    assert (block.progress, block.sentence) == (None, "no time-out")


def test_times_of_a_node_whose_clock_is_wrong_are_told_on_this_clock() -> None:
    module = stopped()
    ahead = msgspec.structs.replace(module, since=module.since + 3600)
    tile = farm("c", [view("node1", ahead, clock=3600)]).modules[0].tiles[0]
    assert tile.since() == pytest.approx(NOW - 2400)
    assert facts(tile)["Last probe"] == "200 3 s ago, every 5.0 s"


def test_a_silent_node_keeps_its_values_with_their_age_and_what_the_others_say() -> None:
    model = farm("c", [view("node1", ready()), view("node2", ready()), silenced(view("node3", ready()))])
    tile = model.modules[0].tiles[2]
    assert (tile.silhouette, tile.state_words, tile.stale) == (Silhouette.UNREACHABLE, "UNREACHABLE", True)
    assert tile.share == 50.0
    assert tile.stale_text(NOW) == f"as of {clock(NOW - 38)}"
    assert tile.peers_text == "node1 and node2 still hear it: UP Ready"
    assert plain(tile.sentence(NOW)) == "timed out 38 s ago; node1 and node2 still hear it: UP Ready"
    assert tile.cell_words == "Unreachable"
    assert model.modules[0].serve_text == "2 of 3 nodes serve"


def test_a_silent_node_that_nobody_hears() -> None:
    one = view("node1", ready())
    assert one.status is not None
    deaf = msgspec.structs.replace(
        one,
        status=msgspec.structs.replace(
            one.status, peers=tuple(msgspec.structs.replace(peer, alive=False) for peer in one.status.peers)
        ),
    )
    tile = farm("c", [deaf, silenced(view("node3", ready()))]).modules[0].tiles[1]
    assert tile.peers_text == "node1 does not hear it either"


def test_a_node_that_never_spoke_stands_where_the_module_names_it() -> None:
    never = NodeView(NodeAddress("10.0.0.3"), "node3", Reach.UNREACHABLE, Trouble.WRONG_PASSWORD, since=NOW - 120)
    model = farm("c", [view("node1", ready()), never])
    tile = model.modules[0].tiles[1]
    assert (tile.silhouette, tile.share, tile.stale_text(NOW), tile.facts(NOW)) == (
        Silhouette.UNREACHABLE,
        None,
        "",
        (),
    )
    assert plain(model.nodes[1].detail(NOW)) == "wrong password 2 min ago"


def test_a_module_that_is_not_configured_does_not_bubble() -> None:
    fresh = ModuleStatus("api", configured=False)
    model = farm("c", [view("node1", ready(), fresh)])
    assert model.worst == Silhouette.READY
    api = model.card("api")
    assert api is not None
    assert (api.silhouette, api.tiles[0].state_words, api.tiles[0].block(NOW)) == (
        Silhouette.UNCONFIGURED,
        "NOT CONFIGURED",
        None,
    )


def test_modules_stand_by_name_and_cells_under_their_modules() -> None:
    model = farm("c", [view("node1", ready("web"), ready("api")), view("node4", ready("web"))])
    assert [card.name for card in model.modules] == ["api", "web"]
    assert [cell and cell.module for cell in model.nodes[1].cells] == [None, "web"]
    assert model.tile("web", "node4") is not None
    assert model.tile("api", "node4") is None


def test_paused_checks_are_a_badge_with_their_end() -> None:
    until = NOW + 38 * 60
    card = farm("c", [view("node1", paused(ready(), until)), view("node2", ready())]).modules[0]
    assert card.paused is not None
    assert (card.paused.title, card.paused.nodes) == ("Checkers paused", ("node1",))
    assert plain(card.paused.rest(NOW)) == f"until {short_clock(until)}, 38 min left"


def test_one_node_paused_without_end_means_no_end() -> None:
    views = [view("node1", paused(ready(), NOW + 60)), view("node2", paused(ready(), errd=False, checker=False))]
    badge = farm("c", views).modules[0].paused
    assert badge is not None
    assert badge.rest(NOW) == "until you resume them"


def test_attention_is_worst_first_and_names_a_silent_node_once() -> None:
    model = farm(
        "c",
        [
            silenced(view("node1", ready("a"), ready("b"))),
            view("node2", waiting("a"), ready("b")),
            view("node3", ready("a"), stopped("b")),
            view("node4", starting("a")),
        ],
    )
    assert [(one.silhouette, one.module, one.row.name) for one in model.attention] == [
        (Silhouette.STOP, "b", "node3"),
        (Silhouette.WAIT, "a", "node2"),
        (Silhouette.UNREACHABLE, "all modules", "node1"),
    ]
    assert plain(model.attention[2].sentence(NOW)).startswith("timed out 38 s ago; 3 other nodes still hear it")


@pytest.mark.parametrize(
    ("views", "text"),
    [
        ([], "no node yet"),
        ([view("node1")], "1 node, no module yet; every node answers this console"),
        (
            [view("node1", ready()), view("node2", ready()), silenced(view("node3", ready()))],
            "3 nodes, 1 module; 2 nodes answer this console",
        ),
        ([silenced(view("node1", ready()))], "1 node, 1 module; no node answers this console"),
    ],
)
def test_the_facts_of_the_page(views: list[NodeView], text: str) -> None:
    assert farm("c", views).facts_text == text


def test_a_node_not_asked_yet_is_no_alarm() -> None:
    model = farm("c", [NodeView(NodeAddress("10.0.0.1"), "10.0.0.1", Reach.CONNECTING)])
    assert (model.worst, model.nodes[0].words) == (Silhouette.UNCONFIGURED, "connecting…")
    assert model.attention == ()


def test_a_node_without_modules_says_so() -> None:
    assert farm("c", [view("node1")]).nodes[0].words == "No module"


@pytest.mark.parametrize(
    ("reach", "words"),
    [(Reach.CONNECTED, "connected"), (Reach.POLLING, "asked every 2 s"), (Reach.CONNECTING, "connecting…")],
)
def test_a_node_that_is_not_silent_says_how_it_is_heard(reach: Reach, words: str) -> None:
    row = farm("c", [msgspec.structs.replace(view("node1", ready()), reach=reach)]).nodes[0]
    assert (row.detail(NOW), row.silhouette) == (words, Silhouette.READY)


@pytest.mark.parametrize(
    ("off", "title"),
    [
        ({"errd": False, "checker": False}, "Checks paused"),
        ({"checker": False}, "Checkers paused"),
        ({"errd": False}, "Process checks paused"),
        ({"failover": False}, "Failover rules paused"),
    ],
)
def test_the_badge_names_what_is_paused(off: dict[str, bool], title: str) -> None:
    badge = farm("c", [view("node1", paused(ready(), **off))]).modules[0].paused
    assert badge is not None
    assert badge.title == title


def test_on_the_way_without_a_script_the_phase_is_counted() -> None:
    warming = msgspec.structs.replace(starting(), script=None, phase="warming up", why="warming up, first round")
    block = farm("c", [view("node1", warming)]).modules[0].tiles[0].block(NOW)
    assert block is not None
    assert (block.title, block.sentence, block.counted, block.progress) == (
        "warming up",
        "warming up, first round",
        "0:14",
        None,
    )


def test_a_node_started_by_its_boot_says_so_and_a_probe_never_seen_too() -> None:
    one = view("node1", msgspec.structs.replace(ready(), by="boot"))
    assert one.status is not None
    tile = (
        farm("c", [msgspec.structs.replace(one, status=msgspec.structs.replace(one.status, probes=()))])
        .modules[0]
        .tiles[0]
    )
    assert facts(tile)["Started by"] == "boot of node1"
    assert facts(tile)["Last probe"] == "none seen"


def test_a_script_is_measured_against_its_last_time() -> None:
    module = starting()
    assert module.script is not None
    known = msgspec.structs.replace(module, script=msgspec.structs.replace(module.script, last_duration=28.0))
    block = farm("c", [view("node2", known)]).modules[0].tiles[0].block(NOW)
    assert block is not None
    assert (plain(block.sentence), block.progress) == ("took 28 s last time; time-out 5:00", pytest.approx(0.5))
