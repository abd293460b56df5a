"""Old names of models that are called otherwise now: what listings show of them, carried from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

Aliases = tuple[tuple[str, str], ...]
"""Pairs (old id, id now), sorted, as `snapshots.Manifest` has them."""


def followed(known: Aliases, renamed: pl.DataFrame, rows: pl.LazyFrame) -> Aliases:
    """`carried`, by the ids of all rows of the new snapshot; they are read only where there is a pair to judge."""
    names = {name for pair in (*known, *renamed.iter_rows()) for name in pair}
    if not names:
        return ()
    asked = pl.LazyFrame({"id": sorted(names)})
    live = rows.select("id").join(asked, on="id", how="semi").collect(engine="streaming")["id"]
    return carried(known, renamed, set(live))


def carried(known: Iterable[tuple[str, str]], renamed: pl.DataFrame, live: Collection[str]) -> Aliases:
    """The pairs that hold now: those of the snapshot before and `renamed` (before, after), each to a `live` id.

    An old name that a model has again means that model; one whose model is no longer listed means nobody.
    """
    moved = dict(renamed.select("before", "after").iter_rows())
    pairs = {old: moved.get(new, new) for old, new in known} | moved
    return tuple(sorted((old, new) for old, new in pairs.items() if old not in live and new in live))
