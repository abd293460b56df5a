"""Nodes and edges of the columns as the frozen types of `lineage.domain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage.domain import Edge, Evidence, Model, Relation, names_of

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Graph, Ints

_LISTED = (
    "id", "stub", "publisher", "created_at", "last_modified", "downloads", "downloads_all_time", "likes",
    "pipeline_tag", "library", "license", "gated", "parameters",
)  # fmt: skip


def models(atlas: Atlas, nodes: Ints) -> tuple[Model, ...]:
    """The models of these nodes, in their order."""
    if not len(nodes):
        return ()
    table = pl.DataFrame({name: atlas.column(name).gather(nodes) for name in _LISTED})
    counts = atlas.counts[nodes]
    member = atlas.members.filter(pl.col("node").is_in(nodes.tolist()))
    family = dict(zip(member["node"].to_list(), member["family"].to_list(), strict=True))
    slugs = [f.slug for f in atlas.registry.families]
    made = []
    for node, row, count in zip(nodes.tolist(), table.iter_rows(named=True), counts.iter_rows(named=True), strict=True):
        owner = atlas.registry.organization_of(row["publisher"])
        made.append(
            Model(
                organization=owner.slug if owner else None,
                country=owner.country if owner else None,
                family=slugs[family[node]] if node in family else None,
                **row,
                **count,
            )
        )
    return tuple(made)


def edges(atlas: Atlas, graph: Graph, slots: Ints) -> tuple[Edge, ...]:
    """The edges of these slots of the graph, in their order."""
    child = atlas.ids.gather(graph.child[slots]).to_list()
    parent = atlas.ids.gather(graph.parent[slots]).to_list()
    return tuple(
        Edge(
            c,
            p,
            names_of(int(graph.relations[slot]), Relation),
            names_of(int(graph.evidence[slot]), Evidence),
            int(graph.position[slot]),
        )
        for c, p, slot in zip(child, parent, slots.tolist(), strict=True)
    )


def slot(graph: Graph, child: int, parent: int) -> int:
    """The slot of the edge from child to parent, which exists."""
    low, high = graph.up.starts[child], graph.up.starts[child + 1]
    return int(low + np.flatnonzero(graph.parent[low:high] == parent)[0])
