"""`derivatives`, `ancestors` and `path`: the models themselves, from the columns."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters
from lineage import graph as graphs
from lineage.answers import ListAnswer, Listed, PathAnswer
from lineage.domain import Level, Relation, names_of
from lineage.errors import Misuse
from lineage.questions import naming, notes, rows

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Graph, Ints

SORTS = ("derivatives", "downloads", "likes", "created", "id", "distance")


def derivatives(
    atlas: Atlas,
    name: str,
    *,
    relation: str | None = None,
    depth: int | None = None,
    publisher: str | None = None,
    since: datetime | None = None,
    sort: str = "derivatives",
    limit: int | None = None,
    evidence: Level = Level.DECLARED,
) -> ListAnswer:
    """The derivatives of a family or model: within `depth` edges, by a relation towards it, of a publisher, since."""
    target = naming.target(atlas, name)
    ground = atlas.ground(evidence)
    table = counters.derivative_table(ground, target)
    if relation is not None:
        table = table.filter(pl.col("bits") & _bit(relation) > 0)
    if depth is not None:
        table = table.filter(pl.col("distance") <= depth)
    if publisher is not None:
        table = table.filter(pl.col("publisher").str.to_lowercase() == publisher.lower())
    if since is not None:
        created = ground.take("created_at", table["node"].to_numpy())
        table = table.filter((created >= since).fill_null(False))
    total = table.height
    table = _sorted(atlas, table, sort)
    table = table if limit is None else table.head(limit)
    return ListAnswer(
        receipt=atlas.receipt(
            "derivatives",
            counters={"derivatives": counters.VERSIONS["derivatives"]},
            level=evidence,
            about=[target],
        ),
        name=name,
        kind=target.kind,
        total=total,
        rows=_listed(atlas, table),
        notes=(
            *notes.about(atlas, evidence, None),
            *notes.about_cover(atlas, [target]),
            *naming.remarks(atlas, {name: target.name}),
        ),
        asked={
            "relation": relation,
            "depth": depth,
            "publisher": publisher,
            "since": since,
            "sort": sort,
            "limit": limit,
        },
    )


def _bit(relation: str) -> int:
    try:
        return Relation(relation).bit
    except ValueError:
        raise Misuse(f"No relation {relation!r}. Try one of: {', '.join(Relation)}.") from None


def _sorted(atlas: Atlas, table: pl.DataFrame, sort: str) -> pl.DataFrame:
    """Ties by node number, which is by id."""
    if sort == "id":
        return table.sort("node")
    if sort == "distance":
        return table.sort("distance", "node")
    column = {"created": "created_at"}.get(sort, sort)
    if sort not in SORTS:
        raise Misuse(f"Lists cannot be sorted by {sort!r}. Try one of: {', '.join(SORTS)}.")
    nodes = table["node"].to_numpy()
    by = atlas.counts[column].gather(nodes) if column in atlas.counts.columns else atlas.column(column).gather(nodes)
    return table.with_columns(by=by).sort("by", "node", descending=[True, False], nulls_last=True)


def _listed(atlas: Atlas, table: pl.DataFrame) -> tuple[Listed, ...]:
    found = rows.models(atlas, table["node"].to_numpy())
    return tuple(
        Listed(model, distance, names_of(bits, Relation))
        for model, distance, bits in zip(found, table["distance"].to_list(), table["bits"].to_list(), strict=True)
    )


def ancestors(
    atlas: Atlas, id: str, *, depth: int | None = None, limit: int | None = None, evidence: Level = Level.DECLARED
) -> ListAnswer:
    """The ancestors of a model, nearest first, stubs included; relations are those of its edges towards the model."""
    start = naming.node(atlas, id)
    target = atlas.model_target(start)
    graph = atlas.graph(evidence)
    found = graphs.reach(graph.up, np.array([start]), depth)
    nodes, distance = found.nodes[1:], found.distance[1:]
    order = np.lexsort((nodes, distance))
    nodes, distance = nodes[order], distance[order]
    bits = _bits_towards(graph, found.nodes, nodes)
    shown = slice(0, limit)
    models = rows.models(atlas, nodes[shown])
    return ListAnswer(
        receipt=atlas.receipt("ancestors", level=evidence, about=[target]),
        name=id,
        kind="model",
        total=len(nodes),
        rows=tuple(
            Listed(model, int(d), names_of(int(b), Relation))
            for model, d, b in zip(models, distance[shown], bits[shown], strict=True)
        ),
        notes=(
            *notes.about(atlas, evidence, None),
            *notes.about_cover(atlas, [target]),
            *naming.remarks(atlas, {id: target.name}),
        ),
        asked={"depth": depth, "limit": limit},
    )


def _bits_towards(graph: Graph, inside: Ints, nodes: Ints) -> Ints:
    """United relations of the edges that run up to each of `nodes` from a node of `inside`."""
    within = np.zeros(graph.n, dtype=bool)
    within[inside] = True
    edge = np.flatnonzero(within[graph.child] & within[graph.parent])
    bits = np.zeros(graph.n, np.int64)
    np.bitwise_or.at(bits, graph.parent[edge], graph.relations[edge].astype(np.int64))
    return bits[nodes]


def path(atlas: Atlas, a: str, b: str, *, common: bool = False, evidence: Level = Level.DECLARED) -> PathAnswer:
    """The shortest chain of derivation between two models, whichever is lower; with `common` over a shared ancestor."""
    one, two = naming.node(atlas, a), naming.node(atlas, b)
    graph = atlas.graph(evidence)
    said = notes.about(atlas, evidence, None) + naming.remarks(atlas, {a: atlas.ids[one], b: atlas.ids[two]})
    chain = graphs.path(graph, one, two) or graphs.path(graph, two, one)
    joint = None
    legs = [chain]
    if not chain and common:
        joints = graphs.common_ancestors(graph, one, two)
        if joints:
            joint = joints[0][0]
            legs = [graphs.path(graph, one, joint), graphs.path(graph, two, joint)]
    if not any(legs):
        said.append(
            "The two share no ancestor." if common else "Neither derives from the other. Try --common for an ancestor."
        )
    slots = [rows.slot(graph, child, parent) for leg in legs for child, parent in pairwise(leg)]
    nodes = list(dict.fromkeys([*legs[0], *[v for leg in legs[1:] for v in reversed(leg)]]))
    return PathAnswer(
        receipt=atlas.receipt("path", level=evidence),
        start=a,
        end=b,
        nodes=rows.models(atlas, np.array(nodes, dtype=np.int64)),
        edges=rows.edges(atlas, graph, np.array(slots, dtype=np.int64)),
        joint=None if joint is None else atlas.ids[joint],
        notes=tuple(said),
    )
