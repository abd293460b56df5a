"""A dump's own parent column as a second opinion on the tags: where the two differ. Pure; Polars in and out."""

from __future__ import annotations

import polars as pl

from ingest.resolve.meanings import places
from lineage import schema
from lineage.domain import Evidence, Relation, names_of

KIND = "tag and dump disagree"


def differences(said: pl.DataFrame, targets: pl.Series, live: pl.Series, asked: pl.Series) -> pl.DataFrame:
    """`schema.FINDINGS` of the pairs that tags and dump tell otherwise, among the rows `asked` (places in `live`).

    `said` are judged statements. A parent counts as the tags' where both its tags are there, since the dump has what
    the Hub computed, and where it is live, since the dump names none that is gone. The dump's is held against any tag.
    """
    good = said.filter(pl.col("finding").is_null() & pl.col("child").is_in(asked.implode()))
    tags, dump = (_pairs(good.filter(pl.col("origin") == origin)) for origin in ("tag", "dump"))
    alive = places(live, targets).is_not_null().arg_true()
    twins = tags.filter((pl.col("evidence") & Evidence.HUB.bit > 0) & pl.col("target").is_in(alive.implode()))
    both = tags.join(dump, on=["child", "target"], suffix=" dump")
    torn = both.filter(
        (pl.col("relation") > 0) & (pl.col("relation dump") > 0) & (pl.col("relation") & pl.col("relation dump") == 0)
    )
    names = {bits: ", ".join(names_of(bits, Relation)) for bits in range(32)}
    told = [pl.col(name).replace_strict(names, return_dtype=pl.String) for name in ("relation", "relation dump")]
    parts = (
        (twins.join(dump, on=["child", "target"], how="anti"), pl.lit("only the tags name it")),
        (dump.join(tags, on=["child", "target"], how="anti"), pl.lit("only the dump names it")),
        (torn, pl.format("{} by the tags, {} by the dump", *told)),
    )
    found = [part.select("child", "target", detail=detail) for part, detail in parts]
    table = pl.concat(found)
    return table.select(
        kind=pl.lit(KIND),
        child=live.gather(table["child"]),
        value=targets.gather(table["target"]),
        origin=pl.lit(None, schema.FINDINGS["origin"]),
        detail="detail",
    )


def _pairs(said: pl.DataFrame) -> pl.DataFrame:
    """One row a pair: relation and evidence bits united, 0 where none is stated."""
    return said.group_by("child", "target").agg(
        relation=pl.col("relation").fill_null(0).bitwise_or().cast(pl.UInt8),
        evidence=pl.col("evidence").bitwise_or().cast(pl.UInt8),
    )
