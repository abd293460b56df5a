"""What vouches for each statement, and how card values pair with the row's other parents. Pure; Polars in and out.

A *statement* is one written parent value. Columns, all numbers but `origin`, `finding` and `raw`: child (place of the
row's id among sorted ids), name (place among distinct written names), target (place among distinct targets, null where
the name is none), place in its list, relation bits.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from lineage.domain import Evidence, Relation

_U8 = pl.UInt8
_BITS: Mapping[str, int] = {str(r): r.bit for r in Relation}
_TYPED = r"^(finetune|adapter|quantized|merge):(.+)$"

STATEMENT = ("child", "origin", "place", "value", "relation", "raw")


def statements(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a written value of listing rows that carry `child`: tags split into relation and name, card, dump."""

    def exploded(column: str, origin: str) -> pl.DataFrame:
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
    tag = pl.col("origin") == "tag"
    twins = (
        said.filter(tag)
        .group_by("child", "name")
        .agg(twin=pl.col("relation").is_not_null().any() & pl.col("relation").is_null().any())
        .filter("twin")
    )
    said = said.join(twins, on=["child", "name"], how="left", maintain_order="left")
    hub = (tag & pl.col("twin").fill_null(False)) | (pl.lit(plain_is_hub) & tag & pl.col("relation").is_null())
    return said.with_columns(
        evidence=pl.when(hub | (pl.col("origin") == "dump"))
        .then(Evidence.HUB.bit)
        .when(tag)
        .then(Evidence.AUTHOR.bit)
        .otherwise(Evidence.CARD.bit)
        .cast(_U8)
    ).drop("twin")


def paired(said: pl.DataFrame) -> pl.DataFrame:
    """The statements with `spare` (nothing on the other side pairs with it), and disagreements found.

    Card values left over where other parents are left over too become *tag and card disagree*.
    """
    good, carded, pair = pl.col("finding").is_null(), pl.col("origin") == "card", ("child", "target")
    with_card = said.filter(carded).select(pl.col("child").unique())
    mine = said.filter(good).join(with_card, on="child", how="semi")
    others = mine.filter(~carded).select(pair).unique()
    cards = mine.filter(carded).select(pair).unique()
    spare_card = cards.join(others, on=pair, how="anti").with_columns(card=True)
    spare_other = others.join(cards, on=pair, how="anti").with_columns(card=False)
    torn = spare_card.select("child").unique().join(spare_other.select("child").unique(), on="child", how="semi")
    said = said.with_columns(card=carded)
    said = said.join(
        pl.concat([spare_card, spare_other]).with_columns(spare=True),
        on=[*pair, "card"],
        how="left",
        maintain_order="left",
    )
    said = said.join(torn.with_columns(torn=True), on="child", how="left", maintain_order="left").drop("card")
    said = said.with_columns(pl.col("spare", "torn").fill_null(False) & good)
    return said.with_columns(
        finding=pl.when(pl.col("spare") & pl.col("torn") & carded)
        .then(pl.lit("tag and card disagree"))
        .otherwise("finding")
    )


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
