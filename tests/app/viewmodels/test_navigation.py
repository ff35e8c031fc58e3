"""Where tabs and scopes lead, and what a line of the sidebar offers."""

import msgspec
import pytest

from app.viewmodels.farm import FarmModel, farm
from app.viewmodels.navigation import Place, Tab, place, tab_reasons
from app.viewmodels.sidebar_menus import forget_question, scope_menu
from app.viewmodels.sidebar_model import Scope
from tests.app.viewmodels.farms import ready, stopped, view


def two_modules() -> FarmModel:
    """`mail` is on two nodes and stopped on node2; `web` is green everywhere."""
    mail = [msgspec.structs.replace(one, nodes=("node1", "node2")) for one in (ready("mail"), stopped("mail"))]
    return farm(
        "Contoso",
        (
            view("node1", ready("web"), mail[0]),
            view("node2", ready("web"), mail[1]),
            view("node3", ready("web")),
        ),
    )


@pytest.mark.parametrize(
    ("tab", "scope", "expected"),
    [
        ("monitoring", Scope("c", node="node2"), Place(Tab.MONITORING, "c")),
        ("details", Scope("c"), Place(Tab.DETAILS, "c", "mail", "node2")),
        ("details", Scope("c", module="web"), Place(Tab.DETAILS, "c", "web", "node1")),
        ("details", Scope("c", node="node3"), Place(Tab.DETAILS, "c", "web", "node3")),
        ("test", Scope("c"), Place(Tab.TEST, "c", "mail")),
        ("test", Scope("c", node="node3"), Place(Tab.TEST, "c", "web")),
        ("test", Scope("c", module="web"), Place(Tab.TEST, "c", "web")),
        ("configuration", Scope("c"), Place(Tab.CONFIGURATION, "c")),
        ("configuration", Scope("c", node="node1"), Place(Tab.CONFIGURATION, "c")),
        ("configuration", Scope("c", module="web"), Place(Tab.CONFIGURATION, "c", "web")),
        ("timeline", Scope("c"), Place(Tab.TIMELINE, "c")),
        ("timeline", Scope("c", module="web"), Place(Tab.TIMELINE, "c", "web")),
        ("timeline", Scope("c", node="node3"), Place(Tab.TIMELINE, "c", node="node3")),
        ("a word of no tab", Scope("c"), Place(Tab.MONITORING, "c")),
    ],
)
def test_a_tab_and_a_scope_lead_to_one_page(tab: str, scope: Scope, expected: Place) -> None:
    assert place(tab, scope, two_modules()) == expected


@pytest.mark.parametrize("tab", ["details", "timeline", "test"])
def test_without_a_module_there_is_only_monitoring(tab: str) -> None:
    assert place(tab, Scope("c"), farm("Contoso", (view("node1"),))).tab is Tab.MONITORING


def test_the_key_of_a_page_begins_with_its_tab_and_tells_clusters_apart() -> None:
    places = [Place(tab, cluster, module) for tab in Tab for cluster in "ab" for module in ("", "web")]
    assert all(one.key.partition(".")[0] == one.tab for one in places)
    assert not {one.key for one in places if one.session == "a"} & {one.key for one in places if one.session == "b"}
    assert Place(Tab.DETAILS, "a", "web", "node1").key == Place(Tab.DETAILS, "a", "mail", "node2").key
    assert Place(Tab.CONFIGURATION, "a").key != Place(Tab.CONFIGURATION, "a", "web").key


def test_a_greyed_tab_says_why() -> None:
    assert set(tab_reasons(None, None).values()) == {"connect to a cluster first"}
    empty = tab_reasons(Scope("c"), farm("Contoso", (view("node1"),)))
    assert {tab for tab, reason in empty.items() if reason} == {Tab.DETAILS, Tab.TIMELINE, Tab.TEST}
    assert not any(tab_reasons(Scope("c"), two_modules()).values())


def test_the_sidebar_offers_what_the_pages_offer() -> None:
    model = two_modules()
    assert any(entry.text.startswith("Start") for entry in scope_menu(Scope("c", module="mail"), model))
    assert [entry.text for entry in scope_menu(Scope("c", node="node3"), model)] == ["web", "Try again"]
    assert scope_menu(Scope("c", module="gone"), model) == ()
    assert scope_menu(Scope("c", node="gone"), model) == ()


def test_forgetting_a_cluster_names_what_is_lost() -> None:
    assert "Nothing changes on its nodes" in forget_question("Contoso", ()).sentence
    assert "mail and web" in forget_question("Contoso", ("mail", "web")).sentence
