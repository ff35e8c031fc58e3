"""A home in a short place (a unix socket's path is at most 108 bytes) and an agent in it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from nodeagent.cli.entry import keepgreen, safekit
from tests.fakes.agent import FakeAgent
from tests.fakes.short_directory import short_directory


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with short_directory() as place:
        monkeypatch.setenv("KEEPGREEN_HOME", str(place))
        for name in ("SAFEMODULE", "KEEPGREEN_RUN", "KEEPGREEN_DEBUG"):
            monkeypatch.delenv(name, raising=False)
        yield place


@pytest.fixture
def agent(home: Path) -> Iterator[FakeAgent]:
    with FakeAgent(home) as running:
        yield running


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `keepgreen …` in this process."""

    def keepgreen_(*args: str) -> Outcome:
        code = keepgreen(args)
        return Outcome(code, *capsys.readouterr())

    return keepgreen_


@pytest.fixture
def run_safekit(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `safekit …` in this process."""

    def safekit_(*args: str) -> Outcome:
        code = safekit(args)
        return Outcome(code, *capsys.readouterr())

    return safekit_
