"""Changes of modules that an agent has not finished, as the next one finds them."""

from pathlib import Path

from msgspec.structs import replace

from nodeagent.adapters.config_store import Unfinished, UnfinishedChanges
from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef
from nodeagent.home import Home

CHANGE = Unfinished(
    3, (Script.CONFIG, Script.UPDATE), run="config-1", process=ProcessRef(7, 1.5), output="o", until=9.0
)


def changes(directory: Path, boot: str = "b") -> UnfinishedChanges:
    return UnfinishedChanges(Home(directory, directory / "var"), boot)


def test_the_next_agent_of_this_boot_finds_all_of_it(tmp_path: Path) -> None:
    assert changes(tmp_path).left_behind() == {}
    changes(tmp_path).keep("web", CHANGE)
    changes(tmp_path).keep("db", Unfinished(0, (Script.CONFIG,)))
    found = changes(tmp_path).left_behind()
    assert found == {"web": replace(CHANGE, boot_id="b"), "db": Unfinished(0, (Script.CONFIG,), "b")}
    changes(tmp_path).forget("web")
    assert changes(tmp_path).left_behind().keys() == {"db"}


def test_after_a_boot_nothing_of_it_runs(tmp_path: Path) -> None:
    changes(tmp_path).keep("web", CHANGE)
    assert changes(tmp_path, "another").left_behind() == {"web": Unfinished(3, CHANGE.left, "b")}


def test_one_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    changes(tmp_path).keep("web", CHANGE)
    file = tmp_path / "var" / "modules" / "web" / "change.json"
    for text in (b"", b"\xff", b"{}", b'{"before": 1, "left": ["no script"]}'):
        file.write_bytes(text)
        assert changes(tmp_path).left_behind() == {}


def test_what_is_forgotten_leaves_no_directory_of_a_module_that_never_was(tmp_path: Path) -> None:
    known = tmp_path / "var" / "modules" / "db" / "rev"
    known.mkdir(parents=True)
    for name in ("web", "db"):
        changes(tmp_path).keep(name, CHANGE)
        changes(tmp_path).forget(name)
        changes(tmp_path).forget(name)
    assert [entry.name for entry in (tmp_path / "var" / "modules").iterdir()] == ["db"]
    assert known.is_dir()
