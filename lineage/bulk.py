"""How many siblings each edge has of its own publisher and of its own name template: what `organic` sets aside."""

from __future__ import annotations

import polars as pl

from lineage import schema

CROWD = 20
"""Parents with no more children than this have no bulk at any threshold worth asking for."""


def with_bulk(edges: pl.DataFrame, nodes: pl.DataFrame) -> pl.DataFrame:
    """`schema.EDGES` from edges without `by_publisher` and `by_template`; below crowds both are 1."""
    crowded = edges.with_row_index("edge").select("edge", "child", "parent").filter(pl.len().over("parent") > CROWD)
    parents = crowded.select(pl.col("parent").unique())
    parents = parents.with_columns(parent_name=_names(nodes["id"].gather(parents["parent"])))
    crowded = crowded.join(parents, on="parent", how="left", maintain_order="left").with_columns(
        publisher=nodes["publisher"].gather(crowded["child"]), child_name=_names(nodes["id"].gather(crowded["child"]))
    )
    named = crowded.lazy().with_columns(template=template(pl.col("child_name"), pl.col("parent_name")))
    sizes = named.collect(engine="streaming").select(
        "edge",
        by_publisher=pl.when(pl.col("publisher").is_null()).then(1).otherwise(pl.len().over("parent", "publisher")),
        by_template=pl.len().over("parent", "template"),
    )
    both = edges.with_row_index("edge").join(sizes, on="edge", how="left", maintain_order="left")
    return both.select(
        pl.col(column).fill_null(1).cast(kind) if column.startswith("by_") else pl.col(column).cast(kind)
        for column, kind in schema.EDGES.items()
    )


def _names(ids: pl.Series) -> pl.Series:
    """The part after the slash, lower-cased."""
    parts = ids.str.to_lowercase().str.splitn("/", 2).struct
    return parts.field("field_1").fill_null(parts.field("field_0"))


FILLER = (
    r"gguf|awq|gptq|exl|mlx|bnb|fp|int|bf|q|k|m|s|b|bit|bits|lora|qlora|adapter|peft|finetune|finetuned|ft|sft|dpo|grpo|"
    r"ppo|orpo|kto|merge|merged|instruct|chat|base|model|test|exp|run|v|ver|version|epoch|step|steps|checkpoint|ckpt|"
    r"seed|final|best|new|try|train|trained"
)
"""Words that do not tell two names of one template apart, digits already gone."""


def template(child: pl.Expr, parent: pl.Expr) -> pl.Expr:
    """A child's name without its parent's name, digits, hex runs and filler words: equal for names made by one script.

    Both expressions are names after the slash, lower-cased.
    """
    at = child.str.find(parent, literal=True)
    rest = child.str.slice(0, at) + child.str.slice(at + parent.str.len_bytes())
    bare = pl.when(at.is_null()).then(child).otherwise(rest)
    words = (
        bare.str.replace_all("_", "-", literal=True)
        .str.replace_all(r"\b[0-9a-f]{6,}\b", "")
        .str.replace_all(r"[0-9]+", "")
        .str.replace_all(rf"\b(?:{FILLER})\b", "")
    )
    return words.str.replace_all(r"[^\p{L}]+", "-").str.strip_chars("-")
