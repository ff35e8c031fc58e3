"""Revisions of modules: history, differences, restore, and the ways out of force."""

from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore, ModuleStore
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.configuration import USERCONFIG, apply, module_files, opened, stage_module


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path, tmp_path / "var")


@pytest.fixture
def modules(home: Home) -> ModuleStore:
    return opened(home).modules


def test_the_history_says_who_when_and_what(modules: ModuleStore) -> None:
    apply(modules, stage_module(author="anna"))
    apply(modules, stage_module({"web/a": b"1"}, author="bert", nodes=("n1", "n3")))
    apply(modules, stage_module({"web/a": b"2", "web/b": b""}, author="carl"))
    modules.stage("m", stage_module({"web/staged": b""}))
    third, second, first = modules.history("m")
    assert [line.number for line in (third, second, first)] == [3, 2, 1]
    assert [line.author for line in (third, second, first)] == ["carl", "bert", "anna"]
    assert [line.current for line in (third, second, first)] == [True, False, False]
    assert (third.changed, second.changed) == (("web/a", "web/b"), ("web/a",))
    assert first.changed == tuple(sorted(module_files()))
    assert (second.nodes, second.signature) == (("n1", "n3"), second.signature)
    assert third.time >= second.time >= first.time > 0
    assert third.signature == modules.info("m").signature


def test_the_differences(modules: ModuleStore) -> None:
    apply(modules, stage_module())
    apply(modules, stage_module({"web/a": b"1\n"}))
    apply(modules, stage_module({"web/a": b"2\n", "bin/stop_both": None}))
    found = modules.difference("m", 0, 0)
    assert (found.earlier, found.later) == (2, 3)
    assert [(file.path, file.change) for file in found.files] == [("bin/stop_both", "removed"), ("web/a", "changed")]
    assert found.files[1].diff.endswith("-1\n+2\n")
    assert [file.change for file in modules.difference("m", 3, 1).files] == ["added", "removed"]
    first = modules.difference("m", 0, 1)
    assert (first.earlier, {file.change for file in first.files}) == (0, {"added"})
    for earlier, later in ((0, 4), (9, 1)):
        with pytest.raises(Refused, match=r"has no revision [49]: it keeps 1, 2, 3") as refused:
            modules.difference("m", earlier, later)
        assert refused.value.status == 404


def test_files_of_a_revision(modules: ModuleStore) -> None:
    apply(modules, stage_module({"web/a": b"1"}))
    apply(modules, stage_module({"web/a": b"22"}))
    assert modules.file("m", "web/a", 1) == b"1"
    assert {file.path: file.size for file in modules.files("m", 1)}["web/a"] == 1
    assert modules.contents("m", 1) == module_files({"web/a": b"1"})
    assert modules.contents("m")["web/a"] == b"22"
    for number in (3, 12):
        with pytest.raises(Refused, match="no revision"):
            modules.file("m", "web/a", number)


def test_restoring_makes_a_new_revision_with_the_nodes_of_now(modules: ModuleStore) -> None:
    apply(modules, stage_module({"web/a": b"old"}, nodes=("n1", "n2")))
    apply(modules, stage_module({"web/a": b"new"}, nodes=("n1", "n3")))
    assert apply(modules, modules.restoring("m", 1, "anna")) == 3
    assert modules.file("m", "web/a") == b"old"
    info = modules.info("m")
    assert (info.nodes, info.author) == (("n1", "n3"), "anna")
    request = modules.restoring("m", 1, "bert")
    apply(modules, stage_module())
    with pytest.raises(Refused, match="began from revision 3"):
        modules.stage("m", request)


def test_the_oldest_go_but_not_what_runs(modules: ModuleStore) -> None:
    for number in range(13):
        apply(modules, stage_module({"web/n": b"%d" % number}), running=2)
    assert [line.number for line in modules.history("m")] == [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 2]
    assert modules.history("m")[-2].changed == ("web/n",)


def test_out_of_force_and_back(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module({"web/a": b"1"}))
    apply(modules, stage_module({"web/a": b"2"}))
    info = modules.deconfigure("m")
    assert (info.configured, info.revision, info.nodes) == (False, 0, ())
    for store in (modules, ConfigStore.open(home).modules):
        assert (store.module("m"), store.current("m")) == (None, 0)
        assert store.contents("m") == module_files({"web/a": b"2"})
        assert [(line.number, line.current) for line in store.history("m")] == [(2, False), (1, False)]
    with pytest.raises(Refused, match="not applied on this node, but the edit began from revision 2"):
        modules.stage("m", stage_module(base=2))
    assert modules.deconfigure("m") == info
    restored = modules.restoring("m", 1, "")
    assert (restored.nodes, restored.base) == (("n1", "n2"), 0)
    assert apply(modules, restored) == 3
    assert modules.file("m", "web/a") == b"1"


def test_an_installed_module_may_be_replaced_after_it_was_out_of_force(modules: ModuleStore) -> None:
    apply(modules, stage_module())
    modules.deconfigure("m")
    assert modules.install("m", module_files({"web/b": b""}), "anna").configured is False
    assert apply(modules, stage_module()) == 2


def test_uninstall_leaves_the_backup_and_what_scripts_wrote(modules: ModuleStore, home: Home) -> None:
    apply(modules, stage_module())
    modules.set_boot("m", True)
    (home.module("m") / "state.json").write_text("{}")
    (home.user_var("m") / "data").write_text("precious")
    backup = modules.keep_backup("m", b"PK")
    assert (backup.parent, backup.read_bytes()) == (home.backups, b"PK")
    modules.remove("m")
    assert modules.installed() == ()
    assert sorted(entry.name for entry in home.module("m").iterdir()) == ["userlog", "var"]
    assert (home.user_var("m") / "data").read_text() == "precious"
    with pytest.raises(Refused, match="no module"):
        modules.remove("m")
    modules.install("m", module_files(), "")
    assert (modules.history("m"), modules.boot("m")) == ((), (False, 0.0))
    assert apply(modules, stage_module()) == 1


def test_what_waits_for_the_next_start(modules: ModuleStore) -> None:
    apply(modules, stage_module())
    lan = USERCONFIG.replace(b'maxloop="3"', b'maxloop="9"').replace(b'mode="farm"', b'mode="light"')
    apply(modules, stage_module({"conf/userconfig.xml": lan, "bin/start_both": b"#!/bin/sh\nexit 1\n"}))
    assert modules.waits("m", 1) == (
        "service@mode: waits for the next start",
        "bin/start_both: waits for the next start",
    )
    assert modules.waits("m", 2) == modules.waits("m", 0) == ()


def test_the_expanded_file(modules: ModuleStore) -> None:
    xml = USERCONFIG.replace(b"<service", b'<macro name="N" value="7"/><service').replace(b'"3"', b'"%N%"')
    modules.install("m", module_files({"conf/userconfig.xml": xml}), "")
    assert b'maxloop="7"' in modules.expanded("m")
    apply(modules, stage_module({"conf/userconfig.xml": xml}))
    apply(modules, stage_module())
    assert b'maxloop="7"' in modules.expanded("m", 1)
    assert b'maxloop="3"' in modules.expanded("m")


def test_a_commit_after_somebody_else_s_names_him(modules: ModuleStore) -> None:
    mine = modules.stage("m", stage_module(author="anna"))
    apply(modules, stage_module({"web/a": b""}, author="bert"))
    with pytest.raises(Refused, match=r"revision 1 was applied by bert at 20\d\d-.* UTC: stage it again"):
        modules.commit("m", mine.signature, "anna")


def test_unknown_calls_are_said_at_check(modules: ModuleStore) -> None:
    staged = modules.check("m", stage_module({"bin/start_both": b"#!/bin/sh\n$SAFE/safekit wibble\n"}))
    assert staged.ok
    assert any("`safekit wibble`" in problem.text for problem in staged.problems)


def test_a_trial_is_beside_everything(modules: ModuleStore, home: Home) -> None:
    assert modules.begin_trial("m", stage_module()) is None
    checks = {"bin/confcheck": b"#!/bin/sh\n", "bin/confcheck.cmd": b"exit /b 0\r\n"}
    assert modules.begin_trial("m", stage_module(checks, nodes=("n9",))) is None
    trial = modules.begin_trial("m", stage_module(checks))
    assert trial is not None
    assert all(path.is_file() for path in trial.module.executables.values())
    assert not home.module("m").exists()
    modules.end_trial(trial)
    assert not trial.home.var.exists()
    assert modules.begin_trial("m", stage_module(checks)) is not None
    assert ConfigStore.open(home)
    assert not (home.var / "trial").exists()
