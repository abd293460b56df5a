"""Fixtures of the crawl's tests: settings in a fresh home, rows as the Hub sends them, a clock that sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from ingest.hub import HubSource
from lineage.schema import LISTING
from lineage.settings import Settings
from tests.crawl.worlds import FakeClock

Listing = Callable[[Sequence[Mapping[str, object]]], pl.DataFrame]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def listing() -> Listing:
    def made(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
        return pl.DataFrame([{name: row.get(name) for name in LISTING} for row in rows], schema=LISTING)

    return made


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def source_of(clock: FakeClock) -> Callable[..., HubSource]:
    """A source whose waiting takes no time: its clock moves when it sleeps, and the sockets stay real."""

    def made(url: str, token: str | bool = False, **more: float) -> HubSource:
        return HubSource(url, token, clock=clock, sleep=clock.sleep, chance=lambda: 0.5, **more)

    return made


@pytest.fixture
def now() -> Callable[[], datetime]:
    moments = iter(datetime(2026, 11, 24, 5, 54, 12, tzinfo=UTC) + timedelta(seconds=n) for n in range(10_000))
    return lambda: next(moments)
