"""How many unreadable rows a crawl may have before it is no longer trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import polars as pl

from lineage.errors import Fatal

TOO_BAD = 0.001
"""The share of unreadable rows above which a crawl of `ENOUGH` rows is not sealed."""

HOPELESS = 0.1
"""The share above which it is not even gone on with."""

ENOUGH = 10_000


class Tallied(Protocol):
    """Committed pages, as far as their quality goes."""

    @property
    def folder(self) -> Path: ...
    @property
    def bad(self) -> int: ...
    def quarantined(self) -> pl.DataFrame: ...


def check(pages: Tallied, rows: int, share: float = TOO_BAD) -> None:
    """Raises `Fatal` where there are 10,000 rows or more, and more than that share of them could not be read."""
    bad = pages.bad
    if rows < ENOUGH or bad <= rows * share:
        return
    reasons = pages.quarantined()["reason"].value_counts(sort=True).head(3)
    told = ", ".join(f"{reason} ({count:,})" for reason, count in reasons.iter_rows())
    raise Fatal(
        f"{bad:,} of {rows:,} rows could not be read, more than 0.1 %: {told}. Not sealed; the pages are kept in "
        f"{pages.folder}. The Hub may have changed: update lineage and start over with --fresh."
    )
