"""One real farm of three agents for a whole module of tests; each test puts its own module in force."""

from collections.abc import Iterator

import pytest

from tests.e2e.real_farm import RealFarm, running_farm
from tests.fakes.short_directory import short_directory


@pytest.fixture(scope="module")
def farm() -> Iterator[RealFarm]:
    """Three agents in one cluster."""
    with short_directory() as directory, running_farm(directory) as running:
        yield running


@pytest.fixture
def green(farm: RealFarm) -> Iterator[RealFarm]:
    """The farm with the test module green on every node; stopped afterwards."""
    farm.apply()
    farm.start()
    yield farm
    for node in farm.nodes:
        node.order("stop", wait=20)
