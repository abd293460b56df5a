"""A dump's own parent column as a second opinion on the tags: where the two differ. Pure; Polars in and out."""

from __future__ import annotations

import numpy as np
import polars as pl

from ingest.resolve.meanings import Targets
from lineage import schema
from lineage.domain import Evidence, Relation, names_of

KIND = "tag and dump disagree"


def differences(said: pl.DataFrame, targets: Targets, live: pl.Series, asked: pl.Series) -> pl.DataFrame:
    """`schema.FINDINGS` of the pairs that tags and dump tell otherwise, among the rows `asked` (places in `live`).

    `said` are judged statements. A parent counts as the tags' where both its tags are there, since the dump has what
    the Hub computed, and where it is live, since the dump names none that is gone. The dump's is held against any tag.
    """
    good = said.filter(pl.col("finding").is_null() & _flagged(asked, len(live)).gather(said["child"]))
    tags, dump = (_pairs(good.filter(pl.col("origin") == origin), len(targets.ids)) for origin in ("tag", "dump"))
    alive = targets.live.gather(tags["target"]).is_not_null()
    twins = tags.filter((pl.col("evidence") & Evidence.HUB.bit > 0) & alive)
    both = tags.join(dump, on="pair", suffix=" dump")
    torn = both.filter(
        (pl.col("relation") > 0) & (pl.col("relation dump") > 0) & (pl.col("relation") & pl.col("relation dump") == 0)
    )
    names = {bits: ", ".join(names_of(bits, Relation)) for bits in range(32)}
    told = [pl.col(name).replace_strict(names, return_dtype=pl.String) for name in ("relation", "relation dump")]
    parts = (
        (twins.join(dump, on="pair", how="anti"), pl.lit("only the tags name it")),
        (dump.join(tags, on="pair", how="anti"), pl.lit("only the dump names it")),
        (torn, pl.format("{} by the tags, {} by the dump", *told)),
    )
    found = [part.select("child", "target", detail=detail) for part, detail in parts]
    table = pl.concat(found)
    return table.select(
        kind=pl.lit(KIND),
        child=live.gather(table["child"]),
        value=targets.ids.gather(table["target"]),
        origin=pl.lit(None, schema.FINDINGS["origin"]),
        detail="detail",
    )


def _flagged(places: pl.Series, n: int) -> pl.Series:
    flags = np.zeros(n, dtype=bool)
    flags[places.to_numpy()] = True
    return pl.Series(flags)


def _pairs(said: pl.DataFrame, targets: int) -> pl.DataFrame:
    """One row a pair, numbered by `pair`: relation and evidence bits united, 0 where none is stated."""
    pair = said["child"].to_numpy().astype(np.int64) * targets + said["target"].to_numpy()
    order = pl.Series(pair).arg_sort().to_numpy()
    first = np.flatnonzero(np.diff(pair[order], prepend=-1))
    bits = {name: said[name].fill_null(0).to_numpy()[order] for name in ("relation", "evidence")}
    return said.select("child", "target")[order[first]].with_columns(
        pair=pl.Series(pair[order][first]),
        **{
            name: pl.Series(np.bitwise_or.reduceat(values, first) if len(first) else values)
            for name, values in bits.items()
        },
    )
