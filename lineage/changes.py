"""What changed between two snapshots: models matched by the Hub's immutable id, else by name. Pure, over columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from lineage.domain import Number, Receipt

KEYS = ("id", "hub_id")
"""What models are matched by: two columns of `schema.NODES`, stubs left out."""


@dataclass(frozen=True)
class Changes:
    """Models of two snapshots, told apart: `new` and `gone` hold ids, `matched` (before, after) pairs of ids."""

    new: pl.Series
    gone: pl.Series
    matched: pl.DataFrame

    @property
    def renamed(self) -> pl.DataFrame:
        """The pairs of one model under two ids."""
        return self.matched.filter(pl.col("before") != pl.col("after"))


def matched(before: pl.DataFrame, after: pl.DataFrame) -> Changes:
    """Match models with columns `KEYS`: by hub_id, and by id where one side has no hub_id; ids come sorted."""
    old, new = before.select(KEYS), after.select(KEYS)
    same = old.join(new, on="hub_id", suffix="_after").select(before="id", after="id_after")
    left = old.join(same, left_on="id", right_on="before", how="anti")
    right = new.join(same, left_on="id", right_on="after", how="anti")
    named = (
        left.join(right, on="id", suffix="_after")
        .filter(pl.col("hub_id").is_null() | pl.col("hub_id_after").is_null())
        .select(before="id", after="id")
    )
    return Changes(
        new=right.join(named, left_on="id", right_on="after", how="anti")["id"].sort(),
        gone=left.join(named, left_on="id", right_on="before", how="anti")["id"].sort(),
        matched=pl.concat([same, named]).sort("before"),
    )


def moved(before: pl.DataFrame, after: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Matched models whose parents differ: `id` now, `lost` and `gained` lists of parents, sorted.

    `before` and `after` are (child, parent) ids, `pairs` the matched ones; a renamed parent is the same parent.
    """
    now = before.join(pairs, left_on="child", right_on="before").select("parent", child="after")
    then = now.join(pairs, left_on="parent", right_on="before", how="left").select(
        "child", parent=pl.coalesce("after", "parent")
    )
    here = after.join(pairs.select(child="after"), on="child", how="semi").select("child", "parent")
    lost = then.join(here, on=["child", "parent"], how="anti").with_columns(lost=pl.lit(True))
    gained = here.join(then, on=["child", "parent"], how="anti").with_columns(lost=pl.lit(False))
    return (
        pl.concat([lost, gained.select(lost.columns)])
        .group_by(id="child")
        .agg(lost=pl.col("parent").filter("lost").sort(), gained=pl.col("parent").filter(~pl.col("lost")).sort())
        .sort("id")
    )


def gated(before: pl.DataFrame, after: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Matched models that were open and are not now: `id` now, `gated` (auto, manual), by id.

    `before` and `after` have columns id and gated. One that was not known to be open does not count.
    """
    then = before.filter(pl.col("gated") == "false").select(before="id")
    now = after.filter(pl.col("gated") != "false").select("gated", after="id")
    found = pairs.join(then, on="before", how="semi").join(now, on="after")
    return found.select("gated", id="after").sort("id").select("id", "gated")


@dataclass(frozen=True)
class Moved:
    """A model whose parents changed."""

    id: str
    lost: tuple[str, ...]
    gained: tuple[str, ...]


@dataclass(frozen=True)
class FamilyChange:
    """A family's members and derivatives, then and now."""

    slug: str
    members: tuple[int, int]
    derivatives: tuple[Number, Number]


@dataclass(frozen=True)
class DiffAnswer:
    """Two snapshots side by side; `totals` counts all, the lists hold the first of each by id within the limit.

    `gated` holds models that were open before: the id and how they are gated now.
    """

    before: Receipt
    after: Receipt
    models: tuple[int, int]
    totals: Mapping[str, int]
    new: tuple[str, ...]
    gone: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    moved: tuple[Moved, ...]
    gated: tuple[tuple[str, str], ...]
    families: tuple[FamilyChange, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Past:
    """One snapshot of a history: counters then, and who of the snapshot before it is gone since.

    Derivatives against those of the snapshot before, None in the first: `new` came in, `gone` are listed no more,
    `left` are still listed but derive from it no more. Then + new - gone - left = now. `names` are the first gone.
    """

    receipt: Receipt
    as_of: datetime
    members: int
    values: Mapping[str, Number | None]
    new: int | None
    gone: int | None
    left: int | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class HistoryAnswer:
    """A family or model over the snapshots of one scope, oldest first; `receipt` is the newest one's."""

    receipt: Receipt
    name: str
    kind: str
    scope: str
    lines: tuple[Past, ...]
    notes: tuple[str, ...] = ()
