"""Data-quality findings that the graph shows, beside those that resolution made. Pure; Polars in and out.

`MEANINGS` is the closed list of kinds (docs/definitions.md); no other kind is ever reported.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from lineage import schema
from lineage.domain import Relation, names_of
from lineage.graph import Graph

MEANINGS: Mapping[str, str] = {
    "self-loop": "a written value by which a model names itself as its parent; one model may write several",
    "cycle": "models that descend from each other in a circle",
    "stub parent: renamed": "a parent that a known rename leads to, absent from the snapshot",
    "stub parent: bare alias": "a parent named without its owner, absent from the snapshot",
    "stub parent: case mismatch": "a parent that several ids equal but for case",
    "stub parent: unavailable": "a parent that is deleted, private, misspelt or outside the snapshot",
    "not-an-id: path": "a path on somebody's disk instead of an id",
    "not-an-id: url": "an address instead of an id",
    "not-an-id: dataset or space": "a dataset or Space named as a parent",
    "not-an-id: list": "several names in one text",
    "not-an-id: placeholder": "a word that names nothing",
    "not-an-id: empty": "an empty value",
    "not-an-id: malformed": "a text that cannot be a repository id",
    "several relations": "one pair with several relations",
    "unspecified": "an edge of no stated relation",
    "tag and card disagree": "card and tags name different parents",
    "tag and dump disagree": "tags and the dump's own parent column differ: a parent only one names, or its relation",
    "alias candidate": "a card's old name beside a tag's new one, not agreed by two publishers",
    "child older than parent": "a child created before its parent",
    "merge with one parent": "a merge that names one parent",
    "quantized with several parents": "a quantisation that names several parents",
    "relation contradicted by name": "a name that tells of another relation than the one stated",
    "re-upload without base": "an official model's name under another publisher, no parent stated",
}

_PACKED = r"(?i)(?:^|[-_.])(?:gguf|awq|gptq|exl2|exl3|nf4|bnb-4bit|fp8|int4|int8|mlx-[48]bit)(?:$|[-_.])"
_ADAPTER = r"(?i)(?:^|[-_.])(?:lora|qlora|adapter|peft)(?:$|[-_.])"


def remarks(graph: Graph, nodes: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """`schema.FINDINGS` about edges, cycles and models; `origin` is null throughout.

    `nodes` needs id, stub and created_at in node order; `graph` is at declared evidence.
    """
    ids = nodes["id"]
    edges = pl.DataFrame(
        {
            "child": ids.gather(graph.child),
            "parent": ids.gather(graph.parent),
            "relations": graph.relations,
            "parents": np.bincount(graph.child, minlength=graph.n)[graph.child],
            "born": nodes["created_at"].gather(graph.child),
            "parent_born": nodes["created_at"].gather(graph.parent),
        }
    ).with_columns(name=pl.col("child").str.split("/").list.last())
    only = pl.col("relations")
    merge, packed, tuned = Relation.MERGE.bit, Relation.QUANTIZED.bit, Relation.FINETUNE.bit | Relation.MERGE.bit
    kinds = (
        ("several relations", only.bitwise_count_ones() > 1, _relation_names()),
        ("unspecified", only == Relation.UNSPECIFIED.bit, None),
        ("child older than parent", pl.col("born") < pl.col("parent_born"), pl.col("parent_born").dt.to_string("%F")),
        ("merge with one parent", (only == merge) & (pl.col("parents") == 1), None),
        ("quantized with several parents", (only == packed) & (pl.col("parents") > 1), None),
        (
            "relation contradicted by name",
            (pl.col("name").str.contains(_PACKED) & (only & tuned == only))
            | (pl.col("name").str.contains(_ADAPTER) & (only == packed)),
            _relation_names(),
        ),
    )
    found = [
        edges.filter(rule).select(
            kind=pl.lit(kind),
            child="child",
            value="parent",
            origin=pl.lit(None, pl.String),
            detail=pl.lit(None, pl.String) if detail is None else detail,
        )
        for kind, rule, detail in kinds
    ]
    return pl.concat([*found, _cycles(graph, ids), _reuploads(graph, nodes, members)]).sort(
        "kind", "child", "value", nulls_last=True
    )


def _relation_names() -> pl.Expr:
    names = {bits: ", ".join(names_of(bits, Relation)) for bits in range(32)}
    return pl.col("relations").replace_strict(names, return_dtype=pl.String)


def _cycles(graph: Graph, ids: pl.Series) -> pl.DataFrame:
    rows = [
        ("cycle", ids[int(members[0])], ", ".join(ids.gather(members).to_list()), None, f"{len(members)} models")
        for members in graph.condensation.cycles
    ]
    return pl.DataFrame(rows, schema=dict(schema.FINDINGS), orient="row")


def _reuploads(graph: Graph, nodes: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Models without a parent that bear an official model's whole name under another publisher."""
    parentless = np.ones(graph.n, dtype=bool)
    parentless[graph.child] = False
    member = np.zeros(graph.n, dtype=bool)
    member[members["node"].to_numpy()] = True
    name = pl.col("id").str.split("/").list.last().str.to_lowercase()
    official = nodes.select("id", name=name).filter(pl.Series(member)).select("name", original="id")
    official = official.filter(pl.col("name").str.len_chars() > 6).unique("name", keep="first", maintain_order=True)
    candidates = nodes.select("id", "stub", name=name).filter(pl.Series(parentless & ~member) & ~pl.col("stub"))
    return candidates.join(official, on="name", maintain_order="left").select(
        kind=pl.lit("re-upload without base"),
        child="id",
        value="original",
        origin=pl.lit(None, pl.String),
        detail=pl.lit(None, pl.String),
    )
