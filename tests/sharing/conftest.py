"""Homes and Hubs for sharing: a simulated world crawled once, a Hub that can be written to for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.simulated.repositories import WritableHub
from ingest.simulated.sources import RowsSource
from lineage.registry import Registry, load
from lineage.settings import Settings
from tests.sharing.shared import crawled


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load()


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with one simulated snapshot of the whole Hub, sealed; tests leave it as it is."""
    return crawled(tmp_path_factory.mktemp("world"))


@pytest.fixture
def hub() -> Iterator[WritableHub]:
    with WritableHub(RowsSource(())) as served:
        yield served


@pytest.fixture
def home(tmp_path: Path, hub: WritableHub) -> Settings:
    return Settings(home=tmp_path / "home", endpoint=hub.url)
