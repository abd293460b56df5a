"""`export`: the graph, whole or the part around some names, as tables for other tools."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lineage import counters, projection, resolved
from lineage.answers import ExportAnswer
from lineage.counters import VERSIONS
from lineage.domain import Level, Loaded
from lineage.questions import naming, notes
from lineage.schema import GRAPH_VERSION, GraphTables

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.counters import Target
    from lineage.graph import Ints


def export(atlas: Atlas, names: Sequence[str] = ()) -> ExportAnswer:
    """The whole graph, or the members and derivatives of families, and models with all above and below them."""
    targets = [naming.target(atlas, name) for name in names]
    tables = graph(atlas, run=atlas.snapshot.manifest.id)[1].held()
    if targets:
        tables = _around(tables, atlas.ids.gather(np.unique(np.concatenate([_part(atlas, one) for one in targets]))))
    versions = {counter: VERSIONS[counter] for counter in projection.STORED}
    every = {**tables.nodes, **tables.edges}
    return ExportAnswer(
        receipt=atlas.receipt(
            "export", counters=versions, threshold=counters.THRESHOLD, about=targets if targets else None
        ),
        names=tuple(names),
        tables=tables,
        totals={name: table.height for name, table in every.items()},
        notes=(
            *notes.about(atlas, Level.DECLARED, None),
            *notes.about_cover(atlas, targets),
            *naming.remarks(atlas, {name: each.name for name, each in zip(names, targets, strict=True)}),
        ),
    )


def graph(atlas: Atlas, run: str) -> tuple[Loaded, GraphTables]:
    """What a load of this snapshot states of itself, and the graph's tables; `run` names the load."""
    manifest, summary = atlas.snapshot.manifest, atlas.summary
    meta = Loaded(
        snapshot=manifest.id,
        snapshot_sha256=manifest.sha256,
        schema_version=GRAPH_VERSION,
        registry_version=atlas.registry.version,
        registry_digest=atlas.registry.digest,
        as_of=manifest.as_of,
        source=manifest.source,
        simulated=manifest.simulated,
        card=manifest.card,
        complete=manifest.complete,
        models=summary.models,
        edges=summary.edges,
        run=run,
        scope="all",
    )
    counted = projection.Counted(
        table=partial(resolved.table, atlas.place),
        ids=lambda: atlas.ids,
        counts=lambda: atlas.counts,
        members=lambda: atlas.members,
        shared=lambda: atlas.shared(Level.DECLARED),
        tallies=lambda: atlas.tallies,
    )
    return meta, projection.project(counted, atlas.registry, meta)


def _part(atlas: Atlas, target: Target) -> Ints:
    """Members and derivatives; of a model its ancestors too."""
    from lineage.graph import reach

    whole = atlas.graph(Level.DECLARED)
    below: Ints = reach(whole.down, target.members).nodes
    return below if target.kind == "family" else np.union1d(below, reach(whole.up, target.members).nodes)


def _around(tables: GraphTables, ids: pl.Series) -> GraphTables:
    """The tables with these models alone, and of the rest what they touch."""
    kept = {"Model": tables.nodes["Model"].filter(pl.col("id").is_in(ids.implode()))}
    within = pl.col("source").is_in(ids.implode())
    among = ("DERIVED_FROM", "INFERRED_FROM", "DISTILLED_FROM")
    edges = {name: tables.edges[name].filter(within) for name in (*among, "PUBLISHED_BY", "MEMBER_OF", "ATTRIBUTED_TO")}
    edges |= {name: edges[name].filter(pl.col("target").is_in(ids.implode())) for name in among}
    publishers, families = (
        edges["PUBLISHED_BY"]["target"],
        pl.concat([edges["MEMBER_OF"]["target"], edges["ATTRIBUTED_TO"]["target"]]),
    )
    edges["PART_OF"] = tables.edges["PART_OF"].filter(pl.col("source").is_in(publishers.implode()))
    edges["MADE_BY"] = tables.edges["MADE_BY"].filter(pl.col("source").is_in(families.implode()))
    makers = pl.concat([edges["PART_OF"]["target"], edges["MADE_BY"]["target"]])
    kept |= {
        "Publisher": tables.nodes["Publisher"].filter(pl.col("name").is_in(publishers.implode())),
        "Family": tables.nodes["Family"].filter(pl.col("slug").is_in(families.implode())),
        "Organization": tables.nodes["Organization"].filter(pl.col("slug").is_in(makers.implode())),
        "LineageMeta": tables.nodes["LineageMeta"],
    }
    return GraphTables({name: kept[name] for name in tables.nodes}, {name: edges[name] for name in tables.edges})
