"""Old names of models that are called otherwise now: what listings show of them, carried from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import polars as pl

Aliases = tuple[tuple[str, str], ...]
"""Pairs (old id, id now), sorted, as `snapshots.Manifest` has them."""


def followed(known: Aliases, renamed: pl.DataFrame, rows: pl.LazyFrame, before: pl.LazyFrame | None = None) -> Aliases:
    """`carried`, by all rows of the new snapshot and of the one `before`; read only where there is a pair to judge.

    Without the rows before, a known pair goes by its name alone.
    """
    names = {name for pair in (*known, *renamed.iter_rows()) for name in pair}
    if not names:
        return ()
    asked = pl.LazyFrame({"id": sorted(names)})
    live = rows.select("id").join(asked, on="id", how="semi").collect(engine="streaming")["id"]
    went = {} if before is None else _went({new for _, new in known}, before, rows)
    return carried([(old, went.get(new, new)) for old, new in known], renamed, set(live))


def carried(known: Iterable[tuple[str, str | None]], renamed: pl.DataFrame, live: Collection[str]) -> Aliases:
    """The pairs that hold now: those of the snapshot before and `renamed` (before, after), each to a `live` id.

    An old name that a model has again means that model; one whose model is no longer listed (None) means nobody.
    """
    moved = dict(renamed.select("before", "after").iter_rows())
    pairs = {old: moved.get(new, new) for old, new in known if new is not None} | moved
    return tuple(sorted((old, new) for old, new in pairs.items() if old not in live and new in live))


def _went(names: Collection[str], before: pl.LazyFrame, rows: pl.LazyFrame) -> dict[str, str | None]:
    """Where the models that had these names are now: their id by `hub_id`, None where that is no longer listed."""
    asked = pl.LazyFrame({"id": sorted(names)}, schema={"id": pl.String})
    had = before.select("hub_id", "id").join(asked, on="id", how="semi").filter(pl.col("hub_id").is_not_null())
    now = rows.select("hub_id", pl.col("id").alias("now"))
    return dict(had.join(now, on="hub_id", how="left").select("id", "now").collect(engine="streaming").iter_rows())
