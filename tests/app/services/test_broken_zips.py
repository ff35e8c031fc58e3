"""Zip files with wrong bytes in them, however packed: the console reads them or refuses them, and never fails."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.services.module_package import PackageTrouble, read_package
from app.services.snapshot_file import SnapshotRefused, read_snapshot
from nodeagent.contract.status import NodeStatus
from tests.app.services.snapshots import USERCONFIG, parts_of

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
PARTS = parts_of(NodeStatus("node1", "u1", "1.0", 7, 1000.0, "b", 10.0, "sig", (), node_id=1))


def packed(method: int) -> bytes:
    """A snapshot and a module in one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, data in {**PARTS, "conf/userconfig.xml": USERCONFIG * 40}.items():
            archive.writestr(name, data)
    return stream.getvalue()


WHOLE = [packed(method) for method in METHODS]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    whole=st.sampled_from(WHOLE),
    place=st.floats(0, 1, exclude_max=True),
    wrong=st.binary(min_size=1, max_size=30),
)
async def test_wrong_bytes_anywhere_are_no_failure(whole: bytes, place: float, wrong: bytes, tmp_path: Path) -> None:
    begin = int(place * len(whole))
    path = tmp_path / "broken.zip"
    path.write_bytes(whole[:begin] + wrong + whole[begin + len(wrong) :])
    package = await read_package(path)
    assert package.files or package.trouble
    with suppress(SnapshotRefused):
        assert read_snapshot(path).status.node


@pytest.mark.parametrize("whole", WHOLE, ids=map(str, METHODS))
async def test_each_way_of_packing_is_read(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "whole.zip"
    path.write_bytes(whole)
    assert read_snapshot(path).status.node == "node1"
    assert (await read_package(path)).files == {"conf/userconfig.xml": USERCONFIG * 40}


async def test_an_entry_without_a_name_makes_it_no_package(tmp_path: Path) -> None:
    path = tmp_path / "nameless.safe"
    path.write_bytes(WHOLE[0].replace(b"conf/userconfig.xml", b"\0onf/userconfig.xml"))
    assert (await read_package(path)).trouble is PackageTrouble.NOT_A_PACKAGE
