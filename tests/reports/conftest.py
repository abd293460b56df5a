from __future__ import annotations

from pathlib import Path

import pytest

from lineage.registry import Registry, load
from lineage.settings import Settings


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")
