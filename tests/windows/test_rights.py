"""Access lists, read by the functions that the doctor and the installation use. In Wine they stand for mode bits."""

import sys
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "win32":
    pytest.skip("runs on Windows or in Wine: `python -m tests.windows.run_in_wine`", allow_module_level=True)

import win32security

from nodeagent.host.access_lists import CHANGE, READ, holders, let_others_only_read, opened, strangers
from tests.fakes.rights import open_to_all

pytestmark = pytest.mark.wine

JOE = "S-1-5-21-1-2-3-1001"
PROGRAM_DATA = "O:BAD:(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICIIO;FA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)"
"""What a folder made in %ProgramData% gets from it."""
PROGRAM_FILES = (
    "O:SYD:(A;CIIO;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
    "(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;OICI;0x1200a9;;;AC)(A;OICIIO;FA;;;CO)"
)


def described(text: str) -> Any:
    return win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(text, win32security.SDDL_REVISION_1)


@pytest.mark.parametrize(
    ("text", "readers", "changers"),
    [
        ("O:BAD:(A;;FA;;;SY)(A;;FA;;;BA)", (), ()),
        ("O:SYD:(A;;FA;;;SY)(A;;FR;;;BU)", ("S-1-5-32-545",), ()),
        (PROGRAM_DATA, ("S-1-5-32-545",), ("S-1-5-32-545",)),
        (PROGRAM_FILES, ("S-1-5-32-545", "S-1-15-2-1"), ()),
        ("O:BAD:(A;OICI;FA;;;BA)(A;OICIIO;SDGXGWGR;;;AU)", ("S-1-5-11",), ("S-1-5-11",)),
        ("O:BAD:(A;;WD;;;WD)", ("S-1-1-0",), ("S-1-1-0",)),
        ("O:BAD:(D;;FA;;;WD)(A;;FA;;;BA)", (), ()),
        (f"O:{JOE}D:(A;;FA;;;SY)", (JOE,), (JOE,)),
        (f"O:BAD:(A;;FA;;;{JOE})(A;;FA;;;{JOE})", (JOE,), (JOE,)),
        ("O:BAD:", (), ()),
    ],
)
def test_who_gets_at_it(text: str, readers: tuple[str | None, ...], changers: tuple[str | None, ...]) -> None:
    descriptor = described(text)
    assert holders(descriptor, READ, set()) == readers
    assert holders(descriptor, CHANGE, set()) == changers
    assert JOE not in holders(descriptor, READ, {JOE})


def test_no_list_at_all_lets_everybody_in() -> None:
    descriptor = win32security.SECURITY_DESCRIPTOR()
    descriptor.SetSecurityDescriptorDacl(True, None, False)
    assert holders(descriptor, READ, set()) == (None,)


def test_the_sentence_and_its_remedy(tmp_path: Path) -> None:
    key = tmp_path / "the key"
    key.write_text("secret")
    open_to_all(key)
    others, remedy = opened(key, True, tmp_path)
    assert others == "Everyone"
    assert remedy == f'icacls "{key}" /inheritance:d, then icacls "{key}" /remove:g *S-1-1-0'
    with pytest.raises(OSError, match="nothing"):
        opened(tmp_path / "nothing", True, tmp_path)


def test_a_folder_that_others_may_only_read(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    open_to_all(folder, change=True)
    assert strangers(folder, CHANGE) == ("S-1-1-0",)
    let_others_only_read(folder)
    (folder / "file").write_text("mine")
    assert (folder / "file").read_text() == "mine"
    with pytest.raises(OSError, match="cannot be set"):
        let_others_only_read(tmp_path / "nothing")
