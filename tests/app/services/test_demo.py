"""The demo's process as the console drives it, without starting a farm: that is what the demo's own tests do."""

from pathlib import Path

import pytest

from app.services.demo import Demo, DemoTrouble
from app.services.nodes import Credentials, NodeAddress
from nodeagent.demo.processes import Mark
from nodeagent.demo.record import DemoInfo, DemoNode


async def test_the_record_of_a_demo_is_read(tmp_path: Path) -> None:
    demo = Demo(tmp_path)
    assert await demo.record() is None
    mark = Mark(1, 1.0)
    node = DemoNode("node1", "127.0.0.11", str(tmp_path / "node1"), mark, pin="a" * 64)
    DemoInfo(str(tmp_path), "farm", "admin", "secret word", (node,), mark).save()
    record = await demo.record()
    assert record is not None
    assert record.addresses == (NodeAddress("127.0.0.11", pin="a" * 64),)
    assert record.credentials == Credentials("admin", "secret word")
    assert record.mosaic_url.endswith("/mosaic")


async def test_a_damaged_record_is_said(tmp_path: Path) -> None:
    (tmp_path / "demo.json").write_bytes(b"{")
    with pytest.raises(DemoTrouble, match=r"demo\.json cannot be used"):
        await Demo(tmp_path).record()


async def test_down_without_a_demo_is_no_trouble(tmp_path: Path) -> None:
    await Demo(tmp_path).down(lambda _: None)


async def test_what_the_demo_cannot_do_is_in_its_own_words(tmp_path: Path) -> None:
    lines: list[str] = []
    place = tmp_path / ("x" * 120)  # too long for the path of a socket
    with pytest.raises(DemoTrouble) as trouble:
        await Demo(place).up(lines.append)
    assert str(trouble.value) == "\n".join(lines[-5:])
    assert "Traceback" not in str(trouble.value)
    assert not (place / "demo.json").exists()


async def test_a_place_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DemoTrouble, match="cannot be made: Not a directory"):
        await Demo(tmp_path / "file" / "demo").up(lambda _: None)
