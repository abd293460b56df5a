from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World


@pytest.fixture(scope="session")
def small() -> World:
    return World(models=3_000, seed=7)


@pytest.fixture
def hub(small: World) -> Iterator[SimulatedHub]:
    with SimulatedHub(small) as running:
        yield running


@pytest.fixture
def web() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=60) as client:
        yield client
