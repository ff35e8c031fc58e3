"""One real farm of three agents for a whole module of tests; each test puts its own module in force."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_farm import RealFarm, running_farm


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    """Three agents in one cluster."""
    directory = Path(tempfile.mkdtemp(prefix="kg-"))  # short: a UNIX socket's path is at most 107 bytes
    try:
        with running_farm(directory) as running:
            yield running
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def green(farm: RealFarm) -> Iterator[RealFarm]:
    """The farm with the test module green on every node; stopped afterwards."""
    farm.apply()
    farm.start()
    yield farm
    for node in farm.nodes:
        node.order("stop", wait=20)
