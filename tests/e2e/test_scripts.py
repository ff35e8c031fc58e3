"""Scripts as they are in the field: failing, hanging, daemonising, flooding; none may be left behind."""

import base64
import time

import psutil
import pytest

from tests.e2e.real_farm import FILES, RealFarm, RealNode, until, userconfig

pytestmark = pytest.mark.timeout(180)

BASH = b"#!/bin/bash\n"


def scripts_of(node: RealNode) -> list[str]:
    """Command lines of module scripts (not of the application) that still run."""
    return [
        " ".join(process.cmdline())
        for process in node.processes()
        if process != agent_of(node) and "kg_app" not in " ".join(process.cmdline())
    ]


def agent_of(node: RealNode) -> psutil.Process:
    """The agent's own process."""
    assert node.agent is not None
    return psutil.Process(node.agent.pid)


def stopped(node: RealNode) -> bool:
    return node.shown() == "STOP NotReady"


def test_a_start_script_that_reports_and_stops_its_module(farm: RealFarm) -> None:
    farm.apply(
        scripts={
            "bin/start_both": BASH
            + b'"$SAFE/safekit" printe "start_both failed"\n"$SAFE/safekit" stop -i "start_both"\nexit 1\n'
        }
    )
    one = farm.nodes[0]
    answer = one.order("start", wait=15)
    assert (answer["done"], answer["state"]) == (True, "STOP")
    assert one.why().endswith("stopped by start_both: start_both said “start_both failed”")
    assert scripts_of(one) == []
    said = ("E", "start_both failed")
    until(lambda: said in [(line["type"], line["text"]) for line in one.log(module="farm")], 20, "it is in the log")


def test_waiting_for_the_own_module_in_its_script_is_refused(farm: RealFarm) -> None:
    farm.apply(
        scripts={
            "bin/start_both": BASH + b'"$SAFE/keepgreen" stop -m farm --wait\necho "said $?"\n"$SAFE/safekit" stop\n'
        }
    )
    one = farm.nodes[0]
    assert one.order("start", wait=20)["state"] == "STOP"
    [newest] = [f["path"] for f in one.get("/modules/farm/outputs") if f["path"].endswith("start_both.ulog")][:1]
    assert b"cannot wait for its own module" in one.get(f"/modules/farm/outputs/{newest}")


def test_a_wrong_process_name_stops_the_module_and_why_names_it(farm: RealFarm) -> None:
    farm.apply(loop_interval="24", polltimer=1, app="PROCESS_NAME")
    one = farm.nodes[0]
    one.order("start")
    until(lambda: stopped(one), 60, "stopped")
    assert "no process named kg_app was ever seen (4 times)" in one.why()


@pytest.mark.covers("script starttimeout passed")
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(b"sleep 1000\n", id="hangs"),
        pytest.param(b"trap '' TERM INT HUP\nwhile true; do sleep 1; done\n", id="ignores SIGTERM"),
        pytest.param(b"setsid bash -c '(sleep 1000 & sleep 1000) &' & sleep 1000\n", id="daemonises and hangs"),
        pytest.param(b"exec >&- 2>&- <&-\nsleep 1000\n", id="closes its output and hangs"),
        pytest.param(b"yes flood\n", id="floods its output"),
    ],
)
def test_a_start_script_that_does_not_end_is_killed_with_its_tree(farm: RealFarm, script: bytes) -> None:
    farm.apply(scripts={"bin/start_both": BASH + script}, starttimeout=1, loop_interval="24")
    one = farm.nodes[0]
    one.order("start")
    until(lambda: stopped(one), 60, "stopped by maxloop")
    assert "start_both passed its starttimeout (1 s) (4 times)" in one.why()
    assert scripts_of(one) == []
    until(lambda: max(f["size"] for f in one.get("/modules/farm/outputs")) <= 2048 * 1024 + 4096, 10, "outputs trimmed")


@pytest.mark.covers("script nicestoptimeout passed", "script forcestoptimeout passed")
def test_a_stop_script_that_ignores_everything_ends_within_its_time_outs(farm: RealFarm) -> None:
    hang = b"trap '' TERM INT HUP\nwhile true; do sleep 1; done\n"
    farm.apply(scripts={"bin/stop_both": BASH + hang})
    one = farm.nodes[0]
    one.order("start", wait=15)
    began = time.monotonic()
    one.order("stop", wait=30)
    assert stopped(one)
    assert 3 <= time.monotonic() - began < 15
    assert scripts_of(one) == []
    for process in one.processes():
        if "kg_app" in " ".join(process.cmdline()):
            process.kill()


def test_a_start_script_that_outlives_the_agent_is_awaited(farm: RealFarm) -> None:
    wait = b'echo $$ > "$SAFEUSERVAR/waits"\nuntil [ -e "$SAFEUSERVAR/go" ]; do sleep 0.02; done\n'
    start = BASH + wait + FILES["bin/start_both"].removeprefix(b"#!/bin/bash\n")
    patient = userconfig(starttimeout=60).replace(b'forcestoptimeout="3"', b'forcestoptimeout="60"')
    farm.install("farm", {**FILES, "bin/start_both": start, "conf/userconfig.xml": patient})
    one = farm.nodes[0]
    module = one.home / "var" / "modules" / "farm"
    waits = module / "var" / "waits"
    starts = one.started()
    one.order("start")
    until(lambda: waits.exists() and waits.read_text() != "", 20, "start_both runs")
    script = psutil.Process(int(waits.read_text()))
    until(lambda: f'"pid":{script.pid},' in (module / "state.json").read_text(), 20, "its process is noted")
    one.kill_agent()
    one.start_agent()
    assert script.status() != psutil.STATUS_ZOMBIE
    assert (one.started(), one.green()) == (starts, False)
    (module / "var" / "go").touch()
    until(one.green, 20, "green after all")
    assert len([p for p in one.processes() if p.name() == "sleep" and p.cmdline()[0].startswith("kg_app")]) == 1
    one.order("stop", wait=20)


def test_an_automatic_stop_is_finished_after_a_kill_of_the_agent(farm: RealFarm) -> None:
    wait = b'echo $$ > "$SAFEUSERVAR/stops"\nuntil [ -e "$SAFEUSERVAR/on" ]; do sleep 0.02; done\n'
    stop = BASH + wait + FILES["bin/stop_both"].removeprefix(BASH)
    patient = userconfig().replace(b'stoptimeout="3"', b'stoptimeout="60"')
    farm.install("farm", {**FILES, "bin/stop_both": stop, "conf/userconfig.xml": patient})
    one = farm.nodes[0]
    module = one.home / "var" / "modules" / "farm"
    one.order("start")
    until(one.green, 30, "green")
    starts = one.started()
    one.order("stop", identity="watchdog")
    stops = module / "var" / "stops"
    until(lambda: stops.exists() and stops.read_text() != "", 20, "stop_both runs")
    script = stops.read_text().strip()
    until(lambda: f'"pid":{script},' in (module / "state.json").read_text(), 20, "its process is noted")
    one.kill_agent()
    (module / "var" / "on").touch()
    one.start_agent()
    until(lambda: stopped(one), 30, "stopped")
    assert one.started() == starts
    assert one.why().endswith(": stopped by watchdog")
    assert scripts_of(one) == []


def test_the_application_outlives_an_agent_that_is_told_to_stop(green: RealFarm) -> None:
    one = green.nodes[0]
    [app] = [p for p in one.processes() if p.name() == "sleep"]
    assert one.agent is not None
    one.agent.terminate()
    one.agent.wait(20)
    assert app.is_running()
    until(lambda: one.name not in [p["name"] for p in green.nodes[1].get("/status")["peers"] if p["alive"]], 20, "left")
    assert green.nodes[1].peer(one.name)["reason"] == "said goodbye"
    one.start_agent()
    until(one.green, 20, "green again")
    assert app.is_running()


def test_bad_files_change_nothing(green: RealFarm) -> None:
    one = green.nodes[0]
    before = one.module()["revision"]
    body = {
        "files": {
            "conf/userconfig.xml": base64.b64encode(b'<safe>\n<service mode="farm" maxloop="x"/></safe>').decode()
        },
        "nodes": [node.name for node in green.nodes],
    }
    staged = one.ask("POST", "/modules/farm/stage", body)
    assert not staged["ok"]
    assert {problem["line"] for problem in staged["problems"]} == {2}
    assert (one.module()["revision"], one.green()) == (before, True)
