"""Labs for tests. Each test file has its own, so that files can run beside each other."""

from collections.abc import Iterator

import pytest

from tests.lab.application import Nginx
from tests.lab.lab import Lab, running_lab
from tests.lab.topology import refusal


@pytest.fixture(scope="session")
def possible() -> None:
    """Skips with the reason where no lab can be built."""
    if problem := refusal():
        pytest.skip(problem)


@pytest.fixture(scope="module")
def plain_lab(possible: None) -> Iterator[Lab]:
    """Two nodes with nginx and no agent, one client."""
    with running_lab(nodes=2) as lab:
        for node in lab.nodes:
            Nginx(node.host, lab.network.directory).start()
        yield lab
        lab.faults.heal()


@pytest.fixture(scope="module")
def farm_lab(possible: None) -> Iterator[Lab]:
    """Three agents, nginx green on every node, one client."""
    with running_lab() as lab:
        lab.start_farm()
        yield lab


@pytest.fixture
def healed(farm_lab: Lab) -> Iterator[Lab]:
    """The farm, put right again after the test."""
    yield farm_lab
    farm_lab.faults.heal()
    for node in farm_lab.nodes:
        node.cable(plugged=True)
        node.resume_agent()
    farm_lab.farm.all_hear(10)
    farm_lab.farm.all_green(10)
