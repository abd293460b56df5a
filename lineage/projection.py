"""Resolved tables and counts as the graph that a store is loaded with, one table at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import polars as pl

from lineage import schema
from lineage.attributions import Attributions, members_of
from lineage.domain import Evidence, Loaded, Relation, names_of
from lineage.registry import Registry
from lineage.resolved import PIECE
from lineage.schema import Frames, GraphTables
from lineage.tallies import Tally

STORED = ("direct", "derivatives", "organic", "trained", "publishers")
"""Counters that families of the graph carry, and of them models those they have."""


@dataclass(frozen=True)
class Counted:
    """What a graph is laid out from, each part read or counted when it is asked for.

    `table` gives a resolved table, or some columns of it; `ids` are those of its nodes, `counts` (`schema.COUNTS`) and
    `members` (`schema.MEMBERS`) what is kept beside it, `shared` the attributions at declared evidence.
    """

    table: Callable[[str, list[str] | None], pl.DataFrame]
    ids: Callable[[], pl.Series]
    counts: Callable[[], pl.DataFrame]
    members: Callable[[], pl.DataFrame]
    shared: Callable[[], Attributions]
    tallies: Callable[[], Mapping[int, Tally]]


def project(counted: Counted, registry: Registry, meta: Loaded) -> GraphTables:
    """The graph's tables (`schema.columns`), in node order, each made when a store comes to it."""
    slugs = pl.Series([f.slug for f in registry.families], dtype=pl.String)

    @cache
    def family() -> pl.DataFrame:
        return counted.members().select("node", family=slugs.gather(counted.members()["family"]))

    @cache
    def publishers() -> pl.DataFrame:
        return _publishers(counted.table("nodes", ["stub", "publisher"]))

    nodes: dict[str, Callable[[], pl.DataFrame]] = {
        "Model": lambda: _models(counted.table("nodes", None), counted.counts(), family()),
        "Publisher": publishers,
        "Organization": lambda: _organizations(registry),
        "Family": lambda: _families(registry, counted.members(), counted.tallies()),
        "LineageMeta": lambda: _meta(meta),
    }
    edges: dict[str, Callable[[], pl.DataFrame]] = {
        "DERIVED_FROM": lambda: _derived(counted.table("edges", None), counted.ids()),
        "INFERRED_FROM": lambda: pl.DataFrame(schema=schema.columns(_edge_type("INFERRED_FROM"))),
        "DISTILLED_FROM": lambda: _distilled(counted.table("teachers", None), counted.ids()),
        "PUBLISHED_BY": lambda: (
            counted.table("nodes", ["publisher"]).select(source=counted.ids(), target="publisher").drop_nulls()
        ),
        "PART_OF": lambda: _owners(publishers()["name"], registry),
        "MEMBER_OF": lambda: family().select(source=counted.ids().gather(family()["node"]), target="family"),
        "MADE_BY": lambda: pl.DataFrame(
            [(f.slug, f.organization) for f in registry.families], schema=["source", "target"], orient="row"
        ),
        "ATTRIBUTED_TO": lambda: _attributed(counted.shared(), counted.ids(), slugs),
    }
    return GraphTables(
        Frames({label.name: _typed(nodes[label.name], schema.columns(label)) for label in schema.LABELS}),
        Frames({edge.name: _typed(edges[edge.name], schema.columns(edge)) for edge in schema.EDGE_TYPES}),
    )


def _typed(made: Callable[[], pl.DataFrame], columns: Mapping[str, pl.DataType]) -> Callable[[], pl.DataFrame]:
    return lambda: made().select(pl.col(name).cast(kind) for name, kind in columns.items())


def _edge_type(name: str) -> schema.EdgeType:
    return next(edge for edge in schema.EDGE_TYPES if edge.name == name)


def _models(nodes: pl.DataFrame, counts: pl.DataFrame, family: pl.DataFrame) -> pl.DataFrame:
    """The columns of both, side by side, in the pieces that the nodes are kept in: so no text is copied."""
    own = pl.Series("family", [None], dtype=pl.String).new_from_index(0, nodes.height)
    beside = counts.with_columns(own.scatter(family["node"], family["family"]))
    naive = pl.col("created_at", "last_modified").dt.replace_time_zone(None)
    name = pl.col("id").str.replace(r"^[^/]*/", "")
    pieces = [
        nodes.slice(start, PIECE).with_columns(naive, *beside.slice(start, PIECE).get_columns(), name=name)
        for start in range(0, nodes.height, PIECE)
    ]
    return pl.concat(pieces) if pieces else nodes.with_columns(naive, *beside.get_columns(), name=name)


def _publishers(nodes: pl.DataFrame) -> pl.DataFrame:
    """Every namespace with its live models; one that only stubs have has none."""
    found = nodes.drop_nulls("publisher").group_by(name="publisher").agg(models=(~pl.col("stub")).sum())
    return found.sort("name")


def _organizations(registry: Registry) -> pl.DataFrame:
    return pl.DataFrame(
        [(o.slug, o.name, o.country, o.region) for o in registry.organizations],
        schema=["slug", "name", "country", "region"],
        orient="row",
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


def _distilled(teachers: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    return teachers.select(source=ids.gather(teachers["child"]), target=ids.gather(teachers["parent"]), cited="source")


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
