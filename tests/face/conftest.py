from __future__ import annotations

import pytest

from tests.face.world import World


@pytest.fixture
def world() -> World:
    return World()
