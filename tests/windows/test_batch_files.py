"""What the check says of .cmd files as the editors of Windows may have saved them."""

import sys
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.home import Home
from tests.fakes.configuration import stage_module

if sys.platform != "win32":
    pytest.skip("Linux runs no .cmd files", allow_module_level=True)

pytestmark = pytest.mark.wine

TEXT = "@echo off\r\necho läuft\r\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TEXT.encode("cp850"), ""),
        (TEXT.encode(), ""),
        (TEXT.encode("utf-8-sig"), "it begins with a byte order mark"),
        (TEXT.encode("utf-16"), "it is in UTF-16"),
        (TEXT.encode("utf-16-le"), "it is in UTF-16"),
    ],
)
@pytest.mark.parametrize("name", ["bin/start_both.cmd", "bin/Own.BAT"])
def test_what_cmd_cannot_read_is_a_warning(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    store = ConfigStore.open(Home(tmp_path, tmp_path / "var"))
    staged = store.modules.check("m", stage_module({name: data}, nodes=()))
    found = [problem.text for problem in staged.problems if problem.file == name]
    assert [text.partition(",")[0] for text in found] == ([said] if said else [])
