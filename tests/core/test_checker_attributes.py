"""What each kind of checker does with each of the common attributes: from the file to the life of a module."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.module_build import DEFAULT_ACTIONS
from nodeagent.contract.module_xml import read_module
from nodeagent.contract.states import Action, Script
from nodeagent.core.events import ProcessRef
from tests.core.lives import FARM, HELD, STOPPED, UP_READY, machine, starts, status
from tests.fakes.machine import FakeMachine, FakeScript

KINDS = {
    "tcp": '<tcp {}><to addr="h" port="1" interval="1"/></tcp>',
    "ping": '<ping {}><to addr="h" interval="1"/></ping>',
    "intf": '<intf {}><to local_addr="10.0.0.1"/></intf>',
    "ip": '<ip {}><to addr="10.0.0.1" interval="1"/></ip>',
    "custom": '<custom exec="x" {}/>',
    "module": '<module name="other" {}><to interval="1"/></module>',
    "http": '<http {}><to url="http://h/" interval="1"/></http>',
}
each_kind = pytest.mark.parametrize("kind", KINDS)
"""The machine has them all look once a second, and tells what `looks_like` says."""


def configured(kind: str, attributes: str) -> FakeMachine:
    """A stopped machine whose module has this one checker."""
    checker = KINDS[kind].format(f'ident="x" {attributes}')
    config, problems = read_module(
        "farm", f'<safe><service mode="light"><check>{checker}</check></service></safe>'.encode()
    )
    assert config is not None, problems
    one = machine(replace(FARM, monitoring=None, checkers=config.checkers), stop_both=FakeScript())
    one.processes[ProcessRef(1, 0.0)] = ("farm", "app")  # what a tcp checker connects to, whatever the scripts do
    return one


def ready(kind: str, attributes: str) -> FakeMachine:
    """The same, started and green, its checker good."""
    one = configured(kind, attributes)
    one.order("farm", Action.START)
    one.world.advance(3)
    assert one.shown("farm") == UP_READY, one.why("farm")
    one.ran.clear()
    return one


def state_of(one: FakeMachine, kind: str) -> str:
    (known,) = [known for known in status(one).resources if known.name == f"{kind}.x"]
    return str(known.state)


@pytest.mark.covers("*@ident")
@each_kind
def test_ident_names_the_resource(kind: str) -> None:
    assert state_of(ready(kind, ""), kind) == "up"


FOLLOWS = {
    Action.RESTART: (UP_READY, ["stop_both UP UP restart", "start_both WAIT UP restart"]),
    Action.STOPSTART: (UP_READY, ["poststop WAIT STOP stopstart", "start_both WAIT UP start"]),
    Action.STOP: (STOPPED, ["poststop WAIT STOP stop"]),
    Action.WAIT: (HELD, ["stop_both UP WAIT stopwait"]),
    None: (UP_READY, []),
}


def follows(one: FakeMachine, kind: str, action: Action | None) -> None:
    """One failure is followed by exactly this."""
    one.looks_like[f"{kind}.x"] = "bad"
    one.world.advance(2)
    if action is not Action.WAIT:
        del one.looks_like[f"{kind}.x"]
    one.world.advance(3)
    shown, scripts = FOLLOWS[action]
    ran = [" ".join(words) for words in one.ran]
    assert set(scripts) <= set(ran)
    assert bool(ran) is bool(scripts)
    assert one.shown("farm") == shown
    if action is not Action.STOP:
        assert len(one.disk["farm"].counted) == (0 if action is None else 1)


@pytest.mark.covers("rule action *")
@pytest.mark.covers("tcp@action", "ping@action", "intf@action", "ip@action")
@pytest.mark.covers("custom@action", "module@action", "http@action", "health noaction")
@each_kind
@pytest.mark.parametrize("action", ["restart", "stopstart", "stop", "wait", "noaction"])
def test_action_is_what_follows_a_failure(kind: str, action: str) -> None:
    one = ready(kind, f'action="{action}"')
    follows(one, kind, None if action == "noaction" else Action(action))
    if action == "noaction":
        one.looks_like[f"{kind}.x"] = "bad"
        one.world.advance(60)
        assert state_of(one, kind) == "down"
        assert one.health == {"farm": True}


@pytest.mark.covers("checker *: default action")
@each_kind
def test_the_default_action(kind: str) -> None:
    """Those of the specification, not those of the code."""
    stated = {"tcp": "restart", "ping": "wait", "intf": "wait", "ip": "stopstart", "module": "wait", "http": "restart"}
    assert stated == {name: str(action) for name, action in DEFAULT_ACTIONS.items() if action}
    follows(ready(kind, ""), kind, Action(stated[kind]) if kind in stated else None)
    follows(ready(kind, 'when="pre"'), kind, Action.WAIT)


@pytest.mark.covers("*@when")
@each_kind
@pytest.mark.parametrize("when", ["pre", "both"])
def test_when_it_looks(kind: str, when: str) -> None:
    one = configured(kind, f'when="{when}" action="stop"')
    one.scripts |= {Script.START_BOTH: FakeScript(2.0), Script.STOP_BOTH: FakeScript(2.0)}
    one.order("farm", Action.START)
    one.world.advance(1)
    assert bool(one.checkers("farm")) is (when == "pre")
    one.world.advance(3)
    assert list(one.checkers("farm")) == [f"{kind}.x"]
    one.order("farm", Action.STOP)
    one.world.advance(1)
    assert bool(one.checkers("farm")) is (when == "pre")
    one.world.advance(5)
    assert one.checkers("farm") == {}


@pytest.mark.covers("*@fall", "*@rise")
@each_kind
def test_fall_and_rise_are_results_in_a_row(kind: str) -> None:
    one = configured(kind, 'fall="3" rise="2" action="noaction"')
    one.order("farm", Action.START)
    seen = []
    for what in ("good", "good", "bad", "bad", "good", "bad", "bad", "bad", "good", "bad", "good", "good"):
        one.looks_like[f"{kind}.x"] = what
        one.world.advance(1)
        seen.append(state_of(one, kind))
    assert seen == ["init", "up", "up", "up", "up", "up", "up", "down", "down", "down", "down", "up"]


@pytest.mark.covers("*@warmup")
@each_kind
def test_nothing_follows_before_the_warmup_is_over(kind: str) -> None:
    one = configured(kind, 'warmup="20" action="restart"')
    one.looks_like[f"{kind}.x"] = "bad"
    one.order("farm", Action.START)
    one.world.advance(19.5)
    assert (starts(one), state_of(one, kind)) == (1, "down")
    one.world.advance(3)
    assert starts(one) == 2
