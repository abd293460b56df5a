"""What a full listing no longer shows of the snapshot before it, and what it shows otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from lineage import changes

COLUMNS = ("hub_id", "id", "author", "gated")
"""What is compared, of `schema.LISTING`."""

STRETCH = 500
"""Models in a row that vanished, from which on a page may have been left out: pages hold 1,000."""

_SHOWN = 3


@dataclass(frozen=True)
class Vanished:
    """Against the snapshot before: ids that are gone, (before, after) pairs of one model's ids, ids gated since.

    `stretch` holds the gone ids of the longest run of neighbours by creation, of several publishers; else empty.
    """

    gone: pl.Series
    renamed: pl.DataFrame
    gated: pl.Series
    stretch: Sequence[str]

    def notes(self, before: str) -> tuple[str, ...]:
        """A sentence for the manifest, with a few names; none where nothing is to be told."""
        pairs = pl.Series([f"{old} → {new}" for old, new in self.renamed.head(_SHOWN).iter_rows()], dtype=pl.String)
        told = [
            f"{count:,} {what} ({', '.join(shown.head(_SHOWN))}{', …' * (count > _SHOWN)})"
            for count, what, shown in (
                (len(self.gone), "no longer listed", self.gone),
                (self.renamed.height, "renamed", pairs),
                (len(self.gated), "gated since", self.gated),
            )
            if count
        ]
        return (f"Since {before}: {'; '.join(told)}. lineage diff lists them.",) if told else ()


def vanished(before: pl.DataFrame, after: pl.DataFrame) -> Vanished:
    """Compare two listings with `COLUMNS`, one row a model each; models are matched by hub_id, else by id."""
    found = changes.matched(before, after)
    gated = changes.gated(before, after, found.matched)
    return Vanished(found.gone, found.renamed, gated["id"], _stretch(before, found.gone))


def _stretch(before: pl.DataFrame, gone: pl.Series) -> Sequence[str]:
    """The longest run of gone neighbours, where it is long and no publisher has half of it: no one's own deletion."""
    if len(gone) < STRETCH:
        return ()
    known = before.filter(pl.col("hub_id").is_not_null()).sort("hub_id")
    runs = known.with_columns(gone=pl.col("id").is_in(gone.implode())).with_columns(run=pl.col("gone").rle_id())
    lost = runs.filter("gone")
    lengths = lost.group_by("run").len().sort("len", descending=True)
    if lengths.is_empty() or lengths["len"][0] < STRETCH:
        return ()
    longest = lost.filter(pl.col("run") == lengths["run"][0])
    most = longest.group_by("author").len()["len"].max()
    return longest["id"].to_list() if isinstance(most, int) and most * 2 < longest.height else ()
