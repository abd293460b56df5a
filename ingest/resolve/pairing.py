"""What vouches for each statement, and how card values pair with the row's other parents. Pure; Polars in and out.

A *statement* is one written parent value. Columns, all numbers but `origin`, `finding` and `raw`: child (place of the
row's id among sorted ids), name (place among distinct written names), target (place among distinct targets, null where
the name is none), place in its list, relation bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from lineage.domain import Evidence, Relation

_U8 = pl.UInt8
_BITS: Mapping[str, int] = {str(r): r.bit for r in Relation}
_TYPED = r"^(finetune|adapter|quantized|merge):(.+)$"

STATEMENT = ("child", "origin", "place", "value", "relation", "raw")


def statements(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a written value of listing rows that carry `child`: tags split into relation and name, card, dump."""

    def exploded(column: str, origin: str) -> pl.DataFrame:
        """A row for each text of a list column, with its place in the list."""
        return (
            rows.select("child", pl.col(column).alias("raw"), "card_relation", "dump_relation")
            .filter(pl.col("raw").list.len() > 0)
            .with_columns(place=pl.int_ranges(pl.col("raw").list.len(), dtype=pl.Int32))
            .explode("raw", "place")
            .with_columns(origin=pl.lit(origin), raw=pl.col("raw").fill_null(""))
        )

    tag = exploded("base_tags", "tag").with_columns(typed=pl.col("raw").str.extract_groups(_TYPED))
    tags = tag.with_columns(
        relation=relation_bit(pl.col("typed").struct.field("1")),
        value=pl.coalesce(pl.col("typed").struct.field("2"), "raw"),
    )
    cards = exploded("card_base_model", "card").with_columns(
        value="raw", relation=relation_bit(pl.col("card_relation"))
    )
    dumps = exploded("dump_parents", "dump").with_columns(value="raw", relation=relation_bit(pl.col("dump_relation")))
    every = pl.concat([part.select(STATEMENT) for part in (tags, cards, dumps)])
    return every.with_columns(pl.col("value").str.strip_chars())


def relation_bit(name: pl.Expr) -> pl.Expr:
    """The bit of a relation's name, null for any other text."""
    return name.replace_strict(_BITS, default=None, return_dtype=_U8)


def vouched(said: pl.DataFrame, *, plain_is_hub: bool) -> pl.DataFrame:
    """The statements with `evidence` bits: a tag with its twin is the Hub's, one without is its author's."""
    tag, typed = pl.col("origin") == "tag", pl.col("relation").is_not_null()
    said = said.with_columns(pair=_numbered("name"))
    twins = pl.col("pair").is_in(_pairs(said, tag & typed)) & pl.col("pair").is_in(_pairs(said, tag & ~typed))
    hub = tag & (twins | ~typed if plain_is_hub else twins)
    return said.with_columns(
        evidence=pl.when(hub | (pl.col("origin") == "dump"))
        .then(Evidence.HUB.bit)
        .when(tag)
        .then(Evidence.AUTHOR.bit)
        .otherwise(Evidence.CARD.bit)
        .cast(_U8)
    ).drop("pair")


def paired(said: pl.DataFrame) -> pl.DataFrame:
    """The statements with `spare` (nothing on the other side pairs with it), and disagreements found.

    Card values left over where other parents are left over too become *tag and card disagree*.
    """
    good, carded = pl.col("finding").is_null(), pl.col("origin") == "card"
    said = said.with_columns(pair=_numbered("target"))
    cards, others = _pairs(said, good & carded), _pairs(said, good & ~carded)
    alone = pl.when(carded).then(~pl.col("pair").is_in(others)).otherwise(~pl.col("pair").is_in(cards))
    said = said.with_columns(spare=good & _of_children(said, carded) & alone.fill_null(False)).drop("pair")
    torn = _of_children(said, pl.col("spare") & carded) & _of_children(said, pl.col("spare") & ~carded)
    return said.with_columns(
        torn=good & torn,
        finding=pl.when(pl.col("spare") & torn & carded).then(pl.lit("tag and card disagree")).otherwise("finding"),
    )


def _numbered(name: str) -> pl.Expr:
    """A number for child and name, or child and target: joins by one number cost a fraction of those by two columns."""
    return pl.col("child").cast(pl.UInt64) * (pl.col(name).max().fill_null(0) + 1) + pl.col(name)


def _pairs(said: pl.DataFrame, which: pl.Expr) -> pl.Series:
    """The distinct pairs of some statements, as one list."""
    return said.filter(which)["pair"].unique().implode()


def _of_children(said: pl.DataFrame, which: pl.Expr) -> pl.Series:
    """Whether the statement's child has any of those statements."""
    child = said["child"].to_numpy()
    flags = np.zeros(child.max(initial=0) + 1, dtype=np.bool_)
    flags[said.filter(which)["child"].to_numpy()] = True
    return pl.Series(flags[child])


def lessons(said: pl.DataFrame) -> pl.DataFrame:
    """Rows where exactly one card value and one other parent, a twin, are left over: child, name, id (targets)."""
    torn = said.filter(pl.col("spare") & pl.col("torn"))
    card = (
        torn.filter(pl.col("origin") == "card")
        .group_by("child")
        .agg(name=pl.col("target").first(), left=pl.col("target").n_unique())
        .filter(pl.col("left") == 1)
    )
    other = (
        torn.filter(pl.col("origin") != "card")
        .group_by("child")
        .agg(
            id=pl.col("target").first(),
            left=pl.col("target").n_unique(),
            hub=(pl.col("evidence") == Evidence.HUB.bit).any(),
        )
        .filter((pl.col("left") == 1) & pl.col("hub"))
    )
    return card.select("child", "name").join(other.select("child", "id"), on="child").sort("child")
