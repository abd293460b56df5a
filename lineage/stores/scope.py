"""What part of the graph a store is loaded with: pure, tables in and tables out."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from lineage.errors import NotFound, Refused
from lineage.schema import EDGE_TYPES, GraphTables

_BETWEEN_MODELS = tuple(e.name for e in EDGE_TYPES if e.source == "Model" and e.target == "Model")


def narrow(tables: GraphTables, scope: str) -> GraphTables:
    """The tables cut to `all`, to `lineage` or to `family:SLUG`; LineageMeta says the scope and what is left.

    `lineage` keeps models and stubs with an edge to another, and members of families. `family:X` keeps the members of
    X, the models that derive from them, and every parent that one of these names. Counts stay those of the whole.
    Raises NotFound for an unknown family or word.
    """
    if scope == "all":
        return _assembled(tables, tables.nodes["Model"], scope)
    if scope == "lineage":
        keep = pl.concat([*_ends(tables, _BETWEEN_MODELS), tables.edges["MEMBER_OF"]["source"]])
    else:
        keep = _of_family(tables, scope)
    models = tables.nodes["Model"].filter(pl.col("id").is_in(keep.unique().implode()))
    return _assembled(tables, models, scope)


def size(tables: GraphTables) -> tuple[int, int]:
    """Nodes and edges in all."""
    return sum(map(len, tables.nodes.values())), sum(map(len, tables.edges.values()))


def bounded(tables: GraphTables, max_nodes: int | None) -> None:
    """Raise Refused where the tables are more nodes than allowed (Aura Free holds 200,000)."""
    nodes, edges = size(tables)
    if max_nodes is not None and nodes > max_nodes:
        raise Refused(
            f"This load is {nodes:,} nodes and {edges:,} edges, more than the {max_nodes:,} nodes allowed. "
            "Narrow it with --scope lineage or --scope family:SLUG, or raise --max-nodes."
        )


def _ends(tables: GraphTables, types: tuple[str, ...]) -> list[pl.Series]:
    return [tables.edges[name][end].alias("id") for name in types for end in ("source", "target")]


def _of_family(tables: GraphTables, scope: str) -> pl.Series:
    slugs = tables.nodes["Family"]["slug"].to_list()
    kind, _, slug = scope.partition(":")
    if kind != "family" or slug not in slugs:
        raise NotFound(f"{scope!r} is no scope to load: use lineage, all or family:SLUG.", slugs[:10])
    members = tables.edges["MEMBER_OF"].filter(pl.col("target") == slug)["source"]
    derived = tables.edges["ATTRIBUTED_TO"].filter(pl.col("target") == slug)["source"]
    inside = pl.concat([members, derived]).unique()
    parents = [
        tables.edges[name].filter(pl.col("source").is_in(inside.implode()))["target"] for name in _BETWEEN_MODELS
    ]
    return pl.concat([inside.alias("id"), *(series.alias("id") for series in parents)])


def _assembled(tables: GraphTables, models: pl.DataFrame, scope: str) -> GraphTables:
    nodes = dict(tables.nodes) | {"Model": models}
    edges: Mapping[str, pl.DataFrame] = tables.edges
    if len(models) < len(tables.nodes["Model"]):
        edges = {
            e.name: tables.edges[e.name].filter(
                *(pl.col(end).is_in(models["id"].implode()) for end in _model_ends(e.source, e.target))
            )
            for e in EDGE_TYPES
            if "Model" in (e.source, e.target)
        }
        nodes["Publisher"] = tables.nodes["Publisher"].filter(
            pl.col("name").is_in(edges["PUBLISHED_BY"]["target"].unique().implode())
        )
        edges["PART_OF"] = tables.edges["PART_OF"].filter(pl.col("source").is_in(nodes["Publisher"]["name"].implode()))
        edges["MADE_BY"] = tables.edges["MADE_BY"]
    nodes["LineageMeta"] = tables.nodes["LineageMeta"].with_columns(
        scope=pl.lit(scope),
        models=pl.lit((~models["stub"]).sum(), pl.Int64),
        edges=pl.lit(len(edges["DERIVED_FROM"]), pl.Int64),
    )
    return GraphTables(nodes, edges)


def _model_ends(source: str, target: str) -> list[str]:
    return [end for end, label in (("source", source), ("target", target)) if label == "Model"]
