"""What each distinct written name means: an id, live or not, or a finding. Pure; Polars in and out.

In order: exact id; alias; the one id that equals it but for case; else a stub (docs/definitions.md, Names). Which old
name counts as an alias, one written in other capitals too, is for the caller to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from ingest.resolve import names

NAMES = {
    "value": pl.String,
    "target": pl.String,
    "finding": pl.String,
    "why": pl.String,
    "ambiguous": pl.Boolean,
}
"""One row a distinct name. `target` is null exactly where `finding` is not; `why` is how an old name was followed."""


@dataclass(frozen=True)
class Targets:
    """The distinct ids that names mean, and the place of each among the sorted live ids, null for what is not live."""

    ids: pl.Series
    live: pl.Series


def meanings(written: pl.Series, live: pl.Series, canonical: Callable[[str], str]) -> pl.DataFrame:
    """`NAMES` for distinct written names, in their order; `live` is sorted, `canonical` follows known renames."""
    is_live = places(live, written).is_not_null()
    rest = written.filter(~is_live)
    moved = pl.Series("name", [canonical(name) for name in rest.to_list()], dtype=pl.String)
    table = pl.DataFrame({"value": rest, "name": moved}).with_columns(
        renamed=pl.col("name") != pl.col("value"), alive=places(live, moved).is_not_null()
    )
    table = table.with_columns(
        finding=pl.when(~pl.col("renamed")).then(names.not_an_id(pl.col("value"))),
    )
    wanted = table.filter(pl.col("finding").is_null() & ~pl.col("alive"))["name"]
    table = table.join(_by_case(wanted, live), on="name", how="left", maintain_order="left")
    good = pl.col("finding").is_null()
    cased = ~pl.col("alive") & pl.col("cased").is_not_null()
    judged = table.select(
        "value",
        target=pl.when(good).then(pl.when(cased).then("cased").otherwise("name")),
        finding="finding",
        why=pl.when(good & cased).then(pl.lit("case")).when(good & pl.col("renamed")).then(pl.lit("registry")),
        ambiguous=pl.col("ambiguous").fill_null(False),
    )
    exact = pl.DataFrame({"value": written.filter(is_live)}).select(
        "value",
        target="value",
        finding=pl.lit(None, pl.String),
        why=pl.lit(None, pl.String),
        ambiguous=pl.lit(False),
    )
    order = pl.concat([is_live.arg_true(), (~is_live).arg_true()])
    return pl.concat([exact, judged]).with_columns(order=order).sort("order").drop("order")


def places(ids: pl.Series, wanted: pl.Series) -> pl.Series:
    """The place of each wanted name in sorted `ids`, null where it is not there."""
    if ids.is_empty() or wanted.is_empty():
        return pl.Series("place", [None] * len(wanted), dtype=pl.UInt32)
    at = ids.search_sorted(wanted, side="left").clip(0, len(ids) - 1)
    same = ids.gather(at).rename("id") == wanted.rename("name")
    return pl.select(pl.when(same.fill_null(False)).then(at.cast(pl.UInt32)).alias("place")).to_series()


def _by_case(wanted: pl.Series, live: pl.Series) -> pl.DataFrame:
    """For names that some live id equals but for case: that id where it is the only one, and whether it is not."""
    asked = pl.DataFrame({"name": wanted.unique()}).with_columns(low=pl.col("name").str.to_lowercase())
    lowered = pl.LazyFrame({"id": live}).with_columns(low=pl.col("id").str.to_lowercase())
    hits = lowered.join(asked.lazy().select("low"), on="low", how="semi").collect(engine="streaming")
    only = hits.group_by("low").agg(pl.col("id").first(), several=pl.len() > 1)
    return asked.join(only, on="low", how="left").select(
        "name",
        cased=pl.when(~pl.col("several")).then("id"),
        ambiguous=pl.col("several"),
    )


def taught(table: pl.DataFrame, learnt: pl.DataFrame) -> pl.DataFrame:
    """`NAMES` with learnt old names (name, id) followed; what leads to another old name is left alone."""
    firm = learnt.join(learnt.select(id="name"), on="id", how="anti")
    followed = table.join(
        firm.rename({"id": "now"}), left_on="target", right_on="name", how="left", maintain_order="left"
    )
    return followed.with_columns(
        target=pl.coalesce("now", "target"),
        why=pl.when(pl.col("now").is_not_null()).then(pl.lit("rows")).otherwise("why"),
    ).drop("now")
