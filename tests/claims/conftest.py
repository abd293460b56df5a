from __future__ import annotations

import pytest

from lineage.registry import Registry, load


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load()
