"""Every story of this folder ends as its file says; `pytest tests/scenarios --rewrite` writes the ends anew."""

from pathlib import Path

import pytest

from tests.scenarios.scenario import play

STORIES = sorted(Path(__file__).parent.glob("*.txt"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_scenario(path: Path, request: pytest.FixtureRequest) -> None:
    written = path.read_text(encoding="utf-8")
    played = play(written)
    if request.config.getoption("--rewrite", default=False):
        path.write_text(played, encoding="utf-8", newline="\n")
    else:
        assert played == written
