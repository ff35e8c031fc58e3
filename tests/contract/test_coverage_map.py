"""docs/reference/tests.md: it is up to date, marks are honest in form, and what is missing is known by name."""

from pathlib import Path

import pytest

from tests.coverage_map import MISSING, PAGE, READ_ONLY, ROOT, coverage, marks, page
from tests.promises import Promise, all_promises


def test_the_page_is_up_to_date() -> None:
    written = (ROOT / PAGE).read_bytes().replace(b"\r\n", b"\n").decode()
    assert written == page(), "write it anew: python tests/coverage_map.py"


def test_every_line_has_a_test() -> None:
    promises = all_promises()
    covered = coverage(promises)
    assert covered.unknown == []
    missing = {id for id in promises if covered.state(id) == "missing"}
    assert missing == set(), "write a test for these, and mark it"


def test_read_only_is_exactly_what_is_said_to_have_no_effect() -> None:
    promises = all_promises()
    covered = coverage(promises)
    read_only = {id for id in promises if covered.state(id) == "read only"}
    assert read_only == {promise.id for promise in promises.values() if promise.kept}


MARKED = """
import pytest

@pytest.mark.covers("proc@atleast", "exit *")
@pytest.mark.parametrize("n", [1, 2])
def test_one(n): ...

class TestTwo:
    @pytest.mark.covers("farm@port", read_only=True)
    async def test_two(self): ...

if True:
    @pytest.mark.covers("exit 64")
    @pytest.mark.covers("nothing", "no*")
    def test_three(): ...
"""
FEW = {id: Promise(id, "") for id in ("proc@atleast", "proc@atmax", "exit 64", "exit 65", "farm@port")}


def test_marks_are_found_wherever_a_test_stands(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "test_x.py").write_text(MARKED)
    (tmp_path / "core" / "helper.py").write_text(MARKED)
    found = coverage(FEW, tmp_path)
    one, two, three = "core/test_x.py::test_one", "core/test_x.py::TestTwo::test_two", "core/test_x.py::test_three"
    assert found.behaviour == {"proc@atleast": [one], "exit 64": [one, three], "exit 65": [one]}
    assert found.read_only == {"farm@port": [two]}
    assert found.unknown == [f"nothing ({three})", f"no* ({three})"]
    assert [found.state(id) for id in FEW] == ["behaviour", "missing", "behaviour", "behaviour", "read only"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('@pytest.mark.covers("a")\ndef helper(): ...', "stands on a test"),
        ('pytestmark = pytest.mark.covers("a")', "stands on a test"),
        ("@pytest.mark.covers(NAMES)\ndef test_x(): ...", "literals only"),
        ("@pytest.mark.covers()\ndef test_x(): ...", "ids and read_only"),
        ('@pytest.mark.covers("a", partly=True)\ndef test_x(): ...', "ids and read_only"),
    ],
)
def test_a_mark_that_cannot_be_counted_is_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "test_x.py").write_text(text)
    with pytest.raises(ValueError, match=why):
        list(marks(tmp_path))


def test_what_is_missing_is_seen_on_the_page() -> None:
    promises, text = all_promises(), page()
    covered = coverage(promises)
    missing = [id for id in promises if covered.state(id) == "missing"]
    assert all(f"| `{id}` | {promises[id].says} | {MISSING} |" in text for id in missing)
    assert text.count(f"| {MISSING} |") == len(missing)
    assert text.count(READ_ONLY) == sum(promise.kept for promise in promises.values())
    assert "| `proc@atleast` | Act when fewer run; -1 = do not look at this. | `core/test_monitoring.py::" in text
