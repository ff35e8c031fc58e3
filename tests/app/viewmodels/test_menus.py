import pytest

from app.services.nodes import NodeView
from app.viewmodels.farm import ModuleCard, farm
from app.viewmodels.menus import (
    PAUSES,
    Command,
    Deed,
    MenuEntry,
    module_menu,
    node_menu,
    remedy,
    resume,
    retry,
    row_menu,
    why,
)
from nodeagent.contract.states import Role
from nodeagent.contract.status import ModuleStatus
from tests.app.viewmodels.farms import paused, ready, silenced, starting, stopped, view


def card(*views: NodeView) -> ModuleCard:
    return farm("c", views).modules[0]


def named(menu: tuple[MenuEntry, ...], text: str) -> MenuEntry:
    return next(entry for entry in menu if entry.text == text)


def here(one: ModuleCard, node: str) -> tuple[MenuEntry, ...]:
    return node_menu(one, next(tile for tile in one.tiles if tile.node == node))


EVERYTHING = [
    "Start",
    "Stop",
    "Restart",
    "Stop-start",
    "Force stop",
    "Pause checks…",
    "Resume checks",
    "Boot start",
    "Open logs",
    "Why?",
    "Snapshot…",
]


@pytest.mark.parametrize("module", [ready(), stopped(), starting(), ModuleStatus("farm", configured=False)])
def test_nothing_is_left_out_and_everything_greyed_has_its_reason(module: ModuleStatus) -> None:
    for role in (None, *Role):
        menu = here(card(view("node1", module, role=role)), "node1")
        assert [entry.text for entry in menu] == ["On 1 node", *EVERYTHING]
        for entry in (*menu[1:], *menu[0].children):
            assert entry.enabled == (not entry.reason)


def test_the_agents_refusal_is_the_reason() -> None:
    menu = here(card(view("node1", stopped()), view("node2", ready())), "node1")
    assert named(menu, "Stop").reason == "already stopped"
    assert named(menu, "Restart").reason == "the module is stopped: start it"
    assert named(menu, "Start").command == Command(Deed.START, "farm", ("node1",))


def test_the_role_is_the_reason() -> None:
    watching = here(card(view("node1", ready(), role=Role.MONITOR)), "node1")
    assert named(watching, "Stop").reason == "role monitor cannot start or stop"
    assert named(watching, "Pause checks…").reason == "role monitor cannot pause checks"
    acting = here(card(view("node1", ready(), role=Role.CONTROL)), "node1")
    assert named(acting, "Stop").enabled
    assert named(acting, "Boot start").reason == "role control cannot change the boot start"
    assert named(here(card(view("node1", ready(), role=None)), "node1"), "Stop").reason == "not logged in on node1"


def test_a_snapshot_is_taken_of_a_node_that_answers() -> None:
    entry = named(here(card(view("node1", ready())), "node1"), "Snapshot…")
    assert entry.enabled
    assert entry.command == Command(Deed.SNAPSHOT, "farm", ("node1",))
    silent = named(here(card(silenced(view("node1", ready()))), "node1"), "Snapshot…")
    assert "does not answer" in silent.reason


def test_a_silent_node_takes_no_orders_but_its_logs_can_be_read() -> None:
    menu = here(card(silenced(view("node1", ready()))), "node1")
    assert named(menu, "Stop").reason == "node1 does not answer this console"
    assert named(menu, "Open logs").enabled


def test_on_all_nodes_goes_where_it_is_possible() -> None:
    menu = module_menu(card(view("node1", ready()), view("node2", stopped()), silenced(view("node3", ready()))))
    start = named(menu, "Start on all 3 nodes")
    assert start.enabled
    assert start.command == Command(Deed.START, "farm", ("node2",))
    assert [entry.text for entry in menu[-3:]] == ["node1", "node2", "node3"]
    assert [entry.text for entry in menu[-1].children] == EVERYTHING


def test_on_all_nodes_with_nowhere_to_go_tells_each_reason_once() -> None:
    menu = module_menu(card(view("node1", ready()), view("node2", ready()), silenced(view("node3", ready()))))
    start = named(menu, "Start on all 3 nodes")
    assert not start.enabled
    assert start.reason == "already started; node3 does not answer this console"


def test_the_stop_of_the_last_node_that_serves_asks_once_in_words() -> None:
    one = card(view("node1", ready()), view("node2", starting()), view("node3", stopped()))
    question = named(here(one, "node1"), "Stop").question
    assert question is not None
    assert question.sentence == "node1 is the last node that serves farm: no node will answer."
    assert question.verb == "Stop on node1"
    assert named(here(one, "node2"), "Stop").question is None


def test_a_stop_that_leaves_somebody_does_not_ask() -> None:
    one = card(view("node1", ready()), view("node2", ready()))
    assert named(here(one, "node1"), "Stop").question is None
    everywhere = named(module_menu(one), "Stop on all 2 nodes").question
    assert everywhere is not None
    assert everywhere.sentence == "This stops farm on every node that serves it: no node will answer."


def test_a_force_stop_always_asks_and_is_painted_as_danger() -> None:
    force = named(here(card(view("node1", ready()), view("node2", ready())), "node1"), "Force stop")
    assert force.danger
    assert force.question is not None
    assert force.question.verb == "Force stop on node1"
    assert "No node will answer" not in force.question.sentence
    alone = named(here(card(view("node1", ready())), "node1"), "Force stop").question
    assert alone is not None
    assert alone.sentence.endswith("No node will answer.")


def test_a_pause_has_an_end_time_or_none() -> None:
    pause = named(here(card(view("node1", ready())), "node1"), "Pause checks…")
    assert pause.command is None
    commands = [child.command for child in pause.children if not child.children]
    assert [command and command.seconds for command in commands] == [*PAUSES, 0.0]


def test_resume_is_possible_only_while_something_is_paused() -> None:
    running = card(view("node1", ready()))
    assert resume(running).reason == "no check is paused"
    held = card(view("node1", paused(ready())), view("node2", ready()))
    assert resume(held).command == Command(Deed.RESUME, "farm", ("node1",))
    rules_off = card(view("node1", paused(ready(), failover=False)))
    assert resume(rules_off).enabled


def test_the_buttons_of_a_red_tile() -> None:
    tile = card(view("node3", stopped())).tiles[0]
    assert (remedy(tile).text, remedy(tile).enabled, why(tile).enabled) == ("Start on node3", True, True)
    green = card(view("node1", ready())).tiles[0]
    assert why(green).reason == "nothing to explain: it is Ready"


def test_the_menu_of_a_node_holds_its_modules_and_try_again() -> None:
    model = farm("c", [silenced(view("node4", ready("a"))), view("node2", ready("a"), ready("b"))])
    assert [entry.text for entry in row_menu(model, model.nodes[0])] == ["a", "Try again"]
    assert [entry.text for entry in row_menu(model, model.nodes[1])] == ["a", "b", "Try again"]
    assert retry(model.nodes[0]).command == Command(Deed.RETRY, "", ("node4",))
    assert retry(model.nodes[1]).reason == "node2 answers"


def test_each_switch_can_be_paused_for_itself() -> None:
    pause = named(here(card(view("node1", ready())), "node1"), "Pause checks…")
    alone = {child.text: child.children for child in pause.children if child.children}
    assert list(alone) == ["Only process checks", "Only checkers", "Only failover rules"]
    commands = [entry.command for entry in alone["Only checkers"]]
    assert [(command.switches, command.seconds) for command in commands if command] == [
        (("checker",), seconds) for seconds in (*PAUSES, 0.0)
    ]


def test_what_is_paused_already_leaves_the_rest_to_be_paused() -> None:
    menu = here(card(view("node1", paused(ready(), errd=False))), "node1")
    assert named(menu, "Pause checks…").enabled
    assert named(menu, "Resume checks").enabled
    whole = here(card(view("node1", paused(ready(), errd=False, checker=False, failover=False))), "node1")
    assert named(whole, "Pause checks…").reason == "already paused"
