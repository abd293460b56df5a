"""Fixtures of the crawl's tests: settings in a fresh home, and listing rows made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import polars as pl
import pytest

from lineage.schema import LISTING
from lineage.settings import Settings

Listing = Callable[[Sequence[Mapping[str, object]]], pl.DataFrame]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def listing() -> Listing:
    def made(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
        return pl.DataFrame([{name: row.get(name) for name in LISTING} for row in rows], schema=LISTING)

    return made
