"""A count as it grew, day by day: what it was on a day, what it is now, and when it passed a number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import accumulate
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters
from lineage.counters import FLAGS, VERSIONS
from lineage.domain import Attribution, Number, exact
from lineage.questions.counting import countries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lineage.atlas import Atlas
    from lineage.counters import Ground, Target
    from lineage.graph import Ints

GROWING = tuple(
    counter for counter in VERSIONS if counter not in ("active", "downloads", "downloads_all_time", "likes")
)
"""Counters that a creation date places in time; the others are the snapshot's own."""


@dataclass(frozen=True)
class Timeline:
    """`totals[i]` / `scale` is the count at the end of `days[i]`; `undated` / `scale` counts at the end only."""

    days: tuple[date, ...]
    totals: tuple[int, ...]
    undated: int
    scale: int = 1

    @property
    def now(self) -> Number:
        """The whole count, models without a date among it."""
        return _exact((self.totals[-1] if self.totals else 0) + self.undated, self.scale)

    def at(self, day: date) -> Number:
        """The count at the end of a day."""
        place = bisect_right(self.days, day)
        return _exact(self.totals[place - 1] if place else 0, self.scale)

    def passed(self, value: Fraction, *, strictly: bool) -> date | None:
        """The first day at whose end the count is `value` or more, `strictly` more."""
        find = bisect_right if strictly else bisect_left
        place = find(self.totals, value * self.scale)
        return self.days[place] if place < len(self.days) else None


def _exact(value: int, scale: int) -> Number:
    return exact(Fraction(value, scale))


def timeline(made: pl.Series, k: pl.Series | None = None) -> Timeline:
    """The timeline of models made at these moments, each counting 1, or 1/k."""
    weights = pl.Series("k", [1]).new_from_index(0, len(made)) if k is None else k
    scale = lcm(*weights.unique().to_list()) if len(weights) else 1
    daily = (
        pl.DataFrame({"day": made.dt.date(), "part": scale // weights.cast(pl.Int64)})
        .group_by("day")
        .agg(pl.col("part").sum())
        .sort("day", nulls_last=True)
    )
    dated = daily.drop_nulls("day")
    undated = int(daily["part"].sum() or 0) - int(dated["part"].sum() or 0)
    return Timeline(tuple(dated["day"].to_list()), tuple(accumulate(dated["part"].to_list())), undated, scale)


def family_rows(ground: Ground, target: Target) -> pl.DataFrame:
    """A family's derivatives: node, family, k, primary, publisher, made, and a flag for each of `FLAGS`."""
    table = counters.shares(ground, counters.derivative_table(ground, target))
    return _flagged(ground, table).with_columns(
        family=pl.lit(target.family, pl.Int64), primary=pl.col("primary") == target.family
    )


def uploader_rows(atlas: Atlas, ground: Ground, nodes: Ints, country: str | None = None) -> pl.DataFrame:
    """The same columns of these models by all their edges, or of those whose uploader sits in a country."""
    every = np.ones(ground.graph.n, dtype=bool)
    table = counters.table_of(ground, nodes, np.zeros(len(nodes), np.int64), every, None, None)
    if country is not None:
        table = table.filter(countries(atlas, table["organization"]) == country)
    return _flagged(ground, table).with_columns(
        family=pl.lit(-1, pl.Int64), k=pl.lit(1, pl.Int64), primary=pl.lit(True)
    )


def _flagged(ground: Ground, table: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name in ("node", "publisher", "k", "primary") if name in table.columns]
    flags = table.select(*kept, **{name: flag.fill_null(False) for name, flag in FLAGS.items()})
    return flags.with_columns(made=ground.take("created_at", table["node"].to_numpy()))


def attributed(rows: pl.DataFrame, counter: str, way: Attribution) -> pl.DataFrame:
    """The rows that a counter counts under an attribution; each model once, unless parts of it are summed."""
    rows = rows.filter(pl.col(counter))
    if way is Attribution.FRACTIONAL:
        return rows
    if way is Attribution.PRIMARY:
        rows = rows.filter("primary")
    elif way is Attribution.EXCLUSIVE:
        rows = rows.filter(pl.col("k") == 1)
    return rows.unique("node").with_columns(k=pl.lit(1, pl.Int64))


def divided(rows: pl.DataFrame, ways: Iterable[Attribution]) -> dict[tuple[str, Attribution], Timeline]:
    """Timelines of the counters that are flags of rows, `active` left out, and of the publishers."""
    made = {}
    for counter in FLAGS:
        for way in ways if counter in GROWING else ():
            kept = attributed(rows, counter, way)
            made[counter, way] = timeline(kept["made"], kept["k"])
    first = rows.drop_nulls("publisher").group_by("publisher").agg(pl.col("made").min())
    made["publishers", Attribution.ANY] = timeline(first["made"])
    return made


def undivided(ground: Ground, target: Target) -> dict[tuple[str, Attribution], Timeline]:
    """Timelines of a family's counters that no attribution divides and no row flags."""
    found: Mapping[str, Ints | None] = {
        "direct": counters.direct_of(ground, target),
        "tagged": counters.tagged_of(ground, target),
        "named": counters.named_of(ground, target),
        "taught": counters.taught_of(ground, target),
    }
    return {
        (counter, Attribution.ANY): timeline(ground.take("created_at", nodes))
        for counter, nodes in found.items()
        if nodes is not None
    }
