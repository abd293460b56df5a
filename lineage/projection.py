"""Resolved tables and counts as the graph that a store is loaded with. Pure; Polars in and out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from lineage import schema
from lineage.counters import Attributions, members_of
from lineage.domain import Evidence, Loaded, Relation, names_of
from lineage.registry import Registry
from lineage.schema import GraphTables
from lineage.tallies import Tally

STORED = ("direct", "derivatives", "organic", "trained", "publishers")
"""Counters that families of the graph carry, and of them models those they have."""


def project(
    *,
    nodes: pl.DataFrame,
    edges: pl.DataFrame,
    teachers: pl.DataFrame,
    counts: pl.DataFrame,
    members: pl.DataFrame,
    registry: Registry,
    shared: Attributions,
    tallies: Mapping[int, Tally],
    meta: Loaded,
) -> GraphTables:
    """The graph's tables (`schema.columns`) from resolved ones, all in node order; `shared` is at declared evidence."""
    ids = nodes["id"]
    slugs = pl.Series([f.slug for f in registry.families], dtype=pl.String)
    family = members.select("node", family=slugs.gather(members["family"]))
    publishers = (
        nodes.filter(~pl.col("stub")).group_by(name="publisher").agg(models=pl.len()).drop_nulls("name").sort("name")
    )
    stub_spaces = nodes.filter(pl.col("stub")).select(name="publisher").drop_nulls().unique()
    publishers = pl.concat(
        [publishers, stub_spaces.join(publishers, on="name", how="anti").with_columns(models=pl.lit(0, pl.UInt32))]
    ).sort("name")
    owners = _owners(publishers["name"], registry)
    published = nodes.select(source="id", target="publisher").drop_nulls()
    tables = {
        "Model": _models(nodes, counts, family),
        "Publisher": publishers,
        "Organization": pl.DataFrame(
            [(o.slug, o.name, o.country, o.region) for o in registry.organizations],
            schema=["slug", "name", "country", "region"],
            orient="row",
        ),
        "Family": _families(registry, members, tallies),
        "LineageMeta": _meta(meta),
    }
    lines = {
        "DERIVED_FROM": _derived(edges, ids),
        "INFERRED_FROM": pl.DataFrame(schema=schema.columns(_edge_type("INFERRED_FROM"))),
        "DISTILLED_FROM": teachers.select(
            source=ids.gather(teachers["child"]), target=ids.gather(teachers["parent"]), cited="source"
        ),
        "PUBLISHED_BY": published,
        "PART_OF": owners,
        "MEMBER_OF": family.select(source=ids.gather(family["node"]), target="family"),
        "MADE_BY": pl.DataFrame(
            [(f.slug, f.organization) for f in registry.families], schema=["source", "target"], orient="row"
        ),
        "ATTRIBUTED_TO": _attributed(shared, ids, slugs),
    }
    return GraphTables(
        {label.name: _typed(tables[label.name], schema.columns(label)) for label in schema.LABELS},
        {edge.name: _typed(lines[edge.name], schema.columns(edge)) for edge in schema.EDGE_TYPES},
    )


def _typed(frame: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(pl.col(name).cast(kind) for name, kind in columns.items())


def _edge_type(name: str) -> schema.EdgeType:
    return next(edge for edge in schema.EDGE_TYPES if edge.name == name)


def _models(nodes: pl.DataFrame, counts: pl.DataFrame, family: pl.DataFrame) -> pl.DataFrame:
    """The columns of both, side by side and uncopied: a join would hold every text twice."""
    naive = pl.col("created_at", "last_modified").dt.replace_time_zone(None)
    own = pl.Series("family", [None], dtype=pl.String).new_from_index(0, nodes.height)
    return nodes.with_columns(
        *counts.get_columns(),
        own.scatter(family["node"], family["family"]),
        naive,
        name=pl.col("id").str.replace(r"^[^/]*/", ""),
    )


def _owners(publishers: pl.Series, registry: Registry) -> pl.DataFrame:
    pairs = [(name, found.slug) for name in publishers.to_list() if (found := registry.organization_of(name))]
    return pl.DataFrame(pairs, schema={"source": pl.String, "target": pl.String}, orient="row")


def _derived(edges: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    relations = _lists("relations", Relation)
    evidence = _lists("evidence", Evidence)
    return (
        edges.join(relations, on="relations", how="left", maintain_order="left")
        .join(evidence, on="evidence", how="left", maintain_order="left")
        .select(
            source=ids.gather(edges["child"]),
            target=ids.gather(edges["parent"]),
            relation=pl.col("relations_list").list.first(),
            relations="relations_list",
            evidence="evidence_list",
            position="position",
        )
    )


def _lists(column: str, kind: type[Relation] | type[Evidence]) -> pl.DataFrame:
    """Every bit set of a column with the names of its bits."""
    return pl.DataFrame(
        {column: range(32), f"{column}_list": [list(names_of(bits, kind)) for bits in range(32)]},
        schema={column: pl.UInt8, f"{column}_list": pl.List(pl.String)},
    )


def _attributed(shared: Attributions, ids: pl.Series, slugs: pl.Series) -> pl.DataFrame:
    node, family, distance = shared.pairs
    return pl.DataFrame(
        {
            "source": ids.gather(node),
            "target": slugs.gather(family),
            "distance": distance,
            "k": shared.k[node],
            "is_primary": shared.primary[node] == family,
        }
    )


def _families(registry: Registry, members: pl.DataFrame, tallies: Mapping[int, Tally]) -> pl.DataFrame:
    rows = [
        (family.slug, family.name, len(members_of(members, place)), *(tallies[place].values[c] for c in STORED))
        for place, family in enumerate(registry.families)
    ]
    columns = ["slug", "name", "members", *STORED]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _meta(meta: Loaded) -> pl.DataFrame:
    def naive(moment: datetime) -> datetime:
        return moment.replace(tzinfo=None)

    return pl.DataFrame([{"key": "loaded", **vars(meta), "as_of": naive(meta.as_of)}])
