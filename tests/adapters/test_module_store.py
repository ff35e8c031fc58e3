import os
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodeagent.adapters.config_store import ConfigStore, Damaged, ModuleStore
from nodeagent.contract.api import Staged, StageModule
from nodeagent.contract.config import VirtualIp
from nodeagent.contract.errors import Severity
from nodeagent.contract.states import Script
from nodeagent.durable import wall_time
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.configuration import USERCONFIG, apply, module_files, opened, stage_module

linux = pytest.mark.skipif(sys.platform == "win32", reason="looks at Linux scripts")
SUFFIX = ".cmd" if sys.platform == "win32" else ""
NO_REBOOT = "automatic_reboot has no effect on this node: reboot = true in [agent] of its agent.toml allows it"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "var")


@pytest.fixture
def store(home: Home) -> ConfigStore:
    return opened(home)


@pytest.fixture
def modules(store: ConfigStore) -> ModuleStore:
    return store.modules


def warnings(staged: Staged) -> list[tuple[str, str]]:
    assert staged.ok, staged.problems
    return [(p.file, p.text) for p in staged.problems if p.severity is Severity.WARNING]


def test_a_reboot_that_this_node_does_not_allow_is_a_warning(home: Home) -> None:
    conf = USERCONFIG.replace(b'maxloop="3"', b'maxloop="3" automatic_reboot="on"')
    store = opened(home)
    for may_reboot, found in ((True, []), (False, [("conf/userconfig.xml", NO_REBOOT)])):
        modules = ModuleStore(home, store.cluster, may_reboot=may_reboot)
        assert warnings(modules.stage("m", stage_module({"conf/userconfig.xml": conf}))) == found


def test_install_then_apply(modules: ModuleStore, home: Home) -> None:
    assert modules.installed() == ()
    info = modules.install("m", module_files(), "anna")
    assert (info.name, info.configured, info.revision, info.author) == ("m", False, 0, "anna")
    assert modules.installed() == (info,)
    assert modules.module("m") is None
    assert modules.file("m", "conf/userconfig.xml") == USERCONFIG
    modules.install("m", module_files({"web/new": b"2"}), "anna")
    assert modules.file("m", "web/new") == b"2"
    assert apply(modules, stage_module(author="bert", base=0)) == 1
    (info,) = modules.installed()
    assert (info.configured, info.revision, info.nodes, info.author) == (True, 1, ("n1", "n2"), "bert")
    with pytest.raises(Refused, match="applied already"):
        modules.install("m", module_files(), "anna")


def test_an_archive_without_configuration_is_not_installed(modules: ModuleStore) -> None:
    with pytest.raises(Refused, match=r"userconfig\.xml is missing"):
        modules.install("m", {"bin/a": b""}, "anna")
    assert modules.installed() == ()


def test_the_committed_module(modules: ModuleStore, home: Home) -> None:
    staged = modules.stage("m", stage_module())
    assert modules.module("m") is None
    modules.commit("m", staged.signature, "anna")
    module = modules.module("m")
    assert module is not None
    assert module.revision == staged.revision == 1
    assert module.config.signature == staged.signature
    assert module.config.nodes == ("n1", "n2")
    assert module.scripts == {Script.START_BOTH, Script.STOP_BOTH}
    assert module.executables[Script.START_BOTH] == home.revision("m", 1) / "bin" / f"start_both{SUFFIX}"
    assert home.user_var("m").is_dir()
    assert home.user_log("m").is_dir()
    assert ModuleStore(home, ConfigStore.open(home).cluster).module("m") == module


def test_an_older_revision_can_be_had_while_it_runs(modules: ModuleStore) -> None:
    for number in range(12):
        staged = modules.stage("m", stage_module({"web/n": b"%d" % number}))
        modules.commit("m", staged.signature, "", running=1)
    running = modules.module("m", 1)
    assert running is not None
    assert running.executables[Script.STOP_BOTH].parent.parent.name == "1"
    assert running.executables[Script.STOP_BOTH].is_file()


def test_the_last_ten_revisions_are_kept(modules: ModuleStore, home: Home) -> None:
    modules.install("m", module_files(), "")
    for number in range(13):
        apply(modules, stage_module({"web/n": b"%d" % number}))
    kept = sorted(int(entry.name) for entry in home.revision("m", 1).parent.iterdir())
    assert kept == list(range(4, 14))
    assert modules.file("m", "web/n") == b"12"


def test_the_signature_is_of_everything_that_counts(modules: ModuleStore) -> None:
    def signature(request: StageModule) -> str:
        return modules.check("m", request).signature

    first = signature(stage_module())
    assert len(first) == 64
    assert first == signature(stage_module(author="somebody"))
    assert first == signature(stage_module({"bin/start_both.cmd": b"exit /b 0\n"}))
    assert first == signature(stage_module({"bin/start_both": b"#!/bin/sh\r\nexit 0\r\n"}))
    different = {
        signature(stage_module({"bin/start_both": b"#!/bin/sh\nexit 1\n"})),
        signature(stage_module({"bin/lib": b""})),
        signature(stage_module(nodes=("n1", "n3"))),
        signature(stage_module({"conf/userconfig.xml": USERCONFIG.replace(b'"3"', b'"4"')})),
    }
    assert len(different - {first}) == 4


def test_an_edit_of_an_old_revision_is_refused_with_who_and_when(modules: ModuleStore) -> None:
    apply(modules, stage_module(author="anna", base=0))
    apply(modules, stage_module({"web/a": b""}, author="bert", base=1))
    with pytest.raises(Refused, match=r"revision 2 was applied by bert at 20\d\d-.* revision 1") as refused:
        modules.stage("m", stage_module(base=1))
    assert (refused.value.status, refused.value.kind) == (409, "changed")
    with pytest.raises(Refused, match="not applied"):
        modules.stage("new", stage_module(base=1))


def test_commit_takes_only_what_was_staged(modules: ModuleStore) -> None:
    with pytest.raises(Refused, match="nothing is staged"):
        modules.commit("m", "0" * 64, "")
    mine = modules.stage("m", stage_module(author="anna"))
    modules.stage("m", stage_module({"web/a": b""}, author="bert"))
    with pytest.raises(Refused, match="staged by bert"):
        modules.commit("m", mine.signature, "anna")
    mine = modules.stage("m", stage_module(author="anna"))
    assert modules.commit("m", mine.signature, "anna") == 1
    assert modules.commit("m", mine.signature, "anna") == 1


def test_all_problems_at_once_and_nothing_kept(modules: ModuleStore, home: Home) -> None:
    files = {"bin/../x": b"", "bin/nul": b"", "conf/userconfig.xml": b'<safe><service mode="x"/></safe>'}
    request = stage_module(files, nodes=("n2", "n9"))
    for staged in (modules.check("m", request), modules.stage("m", request)):
        assert not staged.ok
        said = "\n".join(problem.text for problem in staged.problems)
        for expected in ("'bin/../x'", "'bin/nul'", "mode", "'n9' is not a node", "n1 is not one of"):
            assert expected in said
    assert not home.module("m").exists()


def test_a_node_in_no_cluster_takes_no_module(home: Home) -> None:
    staged = ConfigStore.open(home).modules.check("m", stage_module())
    assert not staged.ok
    assert any("in no cluster" in problem.text for problem in staged.problems)


def test_an_unknown_lan_is_found(modules: ModuleStore) -> None:
    staged = modules.check("m", stage_module({"conf/userconfig.xml": USERCONFIG.replace(b'"default"', b'"other"')}))
    assert not staged.ok


@pytest.mark.parametrize("name", ["", "a" * 33, "../m", "a b", "con", "m/x"])
def test_names_that_no_module_can_have(modules: ModuleStore, name: str) -> None:
    for call in (
        lambda: modules.install(name, module_files(), ""),
        lambda: modules.stage(name, stage_module()),
        lambda: modules.commit(name, "", ""),
        lambda: modules.files(name),
        lambda: modules.file(name, "bin/a"),
        lambda: modules.set_boot(name, True),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.status == 400
    assert modules.module(name) is None


def test_files(modules: ModuleStore) -> None:
    apply(modules, stage_module({"web/deep/page": b"12345"}))
    listed = {info.path: info.size for info in modules.files("m")}
    assert listed["web/deep/page"] == 5
    assert sorted(listed) == sorted(module_files({"web/deep/page": b""}))
    with pytest.raises(Refused, match="no module") as refused:
        modules.files("other")
    assert refused.value.status == 404


@pytest.mark.parametrize("path", ["../meta.json", "bin/../../current", "/etc/passwd", "meta.json", "bin", "", "bin/\0"])
def test_no_path_leads_out_of_a_module(modules: ModuleStore, path: str) -> None:
    apply(modules, stage_module())
    with pytest.raises(Refused):
        modules.file("m", path)


@linux
def test_links_are_not_followed(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module())
    (home.revision("m", 1) / "bin" / "link").symlink_to("/etc/passwd")
    with pytest.raises(Refused):
        modules.file("m", "bin/link")
    assert "bin/link" not in {info.path for info in modules.files("m")}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(alphabet="abin./\\: \x00é", max_size=20))
def test_any_path_is_a_file_or_refused(modules: ModuleStore, home: Home, path: str) -> None:
    if modules.module("m") is None:
        apply(modules, stage_module())
    try:
        data = modules.file("m", path)
    except Refused:
        return
    assert data == module_files()[path]


@linux
def test_what_may_hold_a_password_is_for_the_agent_alone(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module())
    place = home.revision("m", 1)
    assert [(place / name).stat().st_mode & 0o777 for name in ("conf/userconfig.xml", "meta.json")] == [0o600, 0o600]


def test_a_process_that_another_module_monitors_is_a_warning(modules: ModuleStore) -> None:
    monitoring = b'<errd><proc name="kg_app" class="both"/></errd></service>'
    request = stage_module({"conf/userconfig.xml": USERCONFIG.replace(b"</service>", monitoring)})
    text = "the process kg_app is monitored by the module m, too"
    assert not [said for _, said in warnings(modules.stage("m", request)) if text in said]
    apply(modules, request)
    assert [file for file, said in warnings(modules.stage("shop", request)) if text in said] == ["conf/userconfig.xml"]
    assert not [said for _, said in warnings(modules.stage("m", request)) if text in said]


@linux
def test_scripts_are_written_as_linux_and_windows_want_them(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module({"bin/start_both": b"#!/bin/sh\r\nexit\r\n", "bin/stop_both.cmd": b"exit\n"}))
    place = home.revision("m", 1) / "bin"
    assert (place / "start_both").read_bytes() == b"#!/bin/sh\nexit\n"
    assert (place / "stop_both.cmd").read_bytes() == b"exit\r\n"
    assert os.access(place / "start_both", os.X_OK)
    assert (place / "stop_both.cmd").stat().st_mode & 0o777 == 0o644


@linux
def test_what_a_linux_node_says_of_scripts(modules: ModuleStore) -> None:
    assert warnings(modules.check("m", stage_module())) == []
    changes = {
        "bin/start_both": None,
        "bin/stop_both.sh": b"#!/bin/sh\n",
        "bin/stop_both": b"#!/no/such/shell\n",
        "bin/prestart": b"echo\n",
        "bin/poststop": b"\xef\xbb\xbf#!/bin/sh\n",
        "bin/transition": b"#!/usr/bin/env no-such-program -x\n",
        "bin/update": b"#!/usr/bin/env -S python3 -u\n",
    }
    found = dict(warnings(modules.check("m", stage_module(changes))))
    assert "Windows only" in found["bin/start_both.cmd"]
    assert "/no/such/shell" in found["bin/stop_both"]
    assert "names no interpreter" in found["bin/prestart"]
    assert "byte order mark" in found["bin/poststop"]
    assert "'no-such-program'" in found["bin/transition"]
    assert "bin/update" not in found
    several = [text for file, text in warnings(modules.check("m", stage_module(changes))) if "never" in text]
    assert several == ["bin/stop_both runs; bin/stop_both.sh of the same name never does here"]


def test_scripts_that_are_missing(modules: ModuleStore) -> None:
    nothing = {name: None for name in module_files() if name.startswith("bin/")}
    found = warnings(modules.check("m", stage_module(nothing)))
    assert [file for file, _ in found] == ["bin/start_both", "bin/stop_both"]
    without_user = USERCONFIG.replace(b'<user nicestoptimeout="300" forcestoptimeout="300" logging="userlog"/>', b"")
    found = warnings(modules.check("m", stage_module({"conf/userconfig.xml": without_user})))
    assert any("without <user> no script runs" in text for _, text in found)


def test_macros_keep_the_environment_of_the_apply(modules: ModuleStore, home: Home) -> None:
    xml = USERCONFIG.replace(b"<user", b'<var name="X" value="%KG_TEST_MACRO%"/><user').replace(b"/>\n</s", b"/></s")
    assert not modules.check("m", stage_module({"conf/userconfig.xml": xml})).ok
    os.environ["KG_TEST_MACRO"] = "at apply time"
    try:
        staged = modules.stage("m", stage_module({"conf/userconfig.xml": xml}))
    finally:
        del os.environ["KG_TEST_MACRO"]
    assert staged.ok, staged.problems
    modules.commit("m", staged.signature, "")
    module = modules.module("m")
    assert module is not None
    assert module.config.variables == (("X", "at apply time"),)


def test_the_boot_setting(modules: ModuleStore, home: Home) -> None:
    assert modules.boot("m") == (False, 0.0)
    with pytest.raises(Refused, match="no module"):
        modules.set_boot("m", True)
    modules.install("m", module_files(), "")
    modules.set_boot("m", True)
    assert ModuleStore(home, ConfigStore.open(home).cluster).boot("m") == (True, 0.0)
    modules.set_boot("m", False)
    assert modules.boot("m") == (False, 0.0)


def test_a_boot_setting_turns_round_when_its_time_has_come(modules: ModuleStore, home: Home) -> None:
    modules.install("m", module_files(), "")
    later = wall_time() + 3600
    modules.set_boot("m", True, later)
    assert modules.boot("m") == (True, later)
    modules.set_boot("m", False, wall_time() - 1)
    assert modules.boot("m") == (True, 0.0)
    (home.module("m") / "boot").write_text("on nonsense\n")
    assert modules.boot("m") == (True, 0.0)


@pytest.mark.parametrize("victim", ["current", "meta", "xml"])
def test_a_damaged_module_is_one_sentence_and_no_other_s_problem(modules: ModuleStore, home: Home, victim: str) -> None:
    apply(modules, stage_module(), "bad")
    apply(modules, stage_module(), "good")
    file = {
        "current": home.module("bad") / "current",
        "meta": home.revision("bad", 1) / "meta.json",
        "xml": home.revision("bad", 1) / "conf" / "userconfig.xml",
    }[victim]
    file.write_bytes(b"<broken")
    with pytest.raises(Damaged) as damaged:
        modules.module("bad")
    assert str(file) in str(damaged.value)
    assert "\n" not in str(damaged.value)
    assert [info.name for info in modules.installed()] == ["bad", "good"]
    assert modules.module("good") is not None


def test_a_damaged_module_can_be_applied_again(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module())
    (home.revision("m", 1) / "conf" / "userconfig.xml").unlink()
    with pytest.raises(Damaged, match="apply the module m"):
        modules.module("m")
    assert apply(modules, stage_module()) == 2
    assert modules.module("m") is not None


VIP = b"""<safe><service mode="farm"><farm><lan name="default"/></farm><vip><interface_list><interface>
<virtual_interface type="vmac_directed"><virtual_addr addr="10.0.0.100"/></virtual_interface>
</interface></interface_list></vip><user/></service></safe>"""


def test_a_look_at_the_system_that_takes_long_keeps_nobody_waiting(store: ConfigStore, home: Home) -> None:
    """The agent's loop asks the store, too: its heartbeats must not wait for a service manager."""
    asked: list[int] = []

    def slow_look(vip: VirtualIp) -> tuple[str, ...]:
        other = threading.Thread(target=lambda: asked.append(modules.current("m")), daemon=True)
        other.start()
        other.join(20)
        return ()

    modules = ModuleStore(home, store.cluster, slow_look)
    staged = modules.stage("m", stage_module({"conf/userconfig.xml": VIP}))
    assert staged.ok, staged.problems
    assert asked == [0]
    assert modules.commit("m", staged.signature, "anna") == staged.revision == 1
