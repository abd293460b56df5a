"""The two layers of a snapshot: `full` is all of it, `lineage` the rows that edges, members and findings need."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from ingest.load import resolve_snapshot
from lineage import audit, resolved
from lineage.atlas import WHOLE, Atlas
from lineage.domain import Level
from lineage.graph import Ints
from lineage.registry import Registry
from lineage.schema import QUARANTINE
from lineage.settings import Settings
from lineage.snapshots import Manifest, Snapshot, Whole, sealed

LINEAGE = "lineage"
FULL = "full"
LAYERS = (LINEAGE, FULL)

KIND = "layer"
"""The `kind` of a snapshot that is a layer of another."""

SCOPE = f"{WHOLE}-{LINEAGE}"
"""The scope of the lineage layer of the whole Hub: a series of its own, which no update follows."""


def layered(manifest: Manifest) -> bool:
    """Whether a snapshot has a lineage layer: one of the whole Hub has; in a narrower one nearly all have edges."""
    return manifest.scope == WHOLE and manifest.whole is None


def cut(settings: Settings, snapshot: Snapshot, registry: Registry, home: Path) -> Snapshot:
    """The lineage layer of a snapshot, sealed in a home of its own; the same rows give the same bytes.

    It resolves to the same edges, stubs and findings as the whole, under the same registry.
    """
    resolve_snapshot(settings, snapshot, registry)
    ids = pl.LazyFrame({"id": needed(Atlas(settings, registry, snapshot))})
    manifest = snapshot.manifest
    downloads = snapshot.rows(["downloads"]).select(pl.col("downloads").sum()).collect().item()
    return sealed(
        replace(settings, home=home),
        rows=[snapshot.rows().join(ids, on="id", how="semi", maintain_order="left").collect()],
        quarantined=pl.DataFrame(schema=QUARANTINE),
        scope=SCOPE,
        kind=KIND,
        source=manifest.source,
        endpoint=manifest.endpoint,
        simulated=manifest.simulated,
        started_at=manifest.started_at,
        finished_at=manifest.finished_at,
        as_of=manifest.as_of,
        watermark=manifest.watermark,
        card=manifest.card,
        complete=manifest.complete,
        fields=manifest.fields,
        pages=manifest.pages,
        requests=manifest.requests,
        missing_columns=manifest.missing_columns,
        notes=(_note(manifest), *manifest.notes),
        aliases=manifest.aliases,
        full_as_of=manifest.full_as_of,
        whole=Whole(
            manifest.id,
            manifest.sha256,
            manifest.rows,
            manifest.models,
            manifest.quarantined,
            int(downloads or 0),
        ),
    )


def _note(manifest: Manifest) -> str:
    return (
        f"Lineage layer of {manifest.id}: of its {manifest.models:,} models those that have a parent, a child or a "
        "family; the others are counted, not listed."
    )


def needed(atlas: Atlas) -> pl.Series:
    """The ids of the models that a lineage layer keeps, in node order.

    Ends of edges and of teachers' pairs, members, whoever wrote of a parent; beside these what names were held against:
    ids that a finding speaks of, and ids equal to a stub's but for case.
    """
    graph = atlas.graph(Level.DECLARED)
    place, ids = atlas.place, atlas.ids
    stub = atlas.column("stub")
    nodes = pl.DataFrame({"id": ids, "stub": stub, "created_at": atlas.column("created_at")})
    found = pl.concat([resolved.table(place, "findings"), audit.remarks(graph, nodes, atlas.members)])
    said = pl.concat([found["child"], found.filter(pl.col("origin").is_not_null())["detail"]]).drop_nulls().unique()
    low = ids.str.to_lowercase()
    keep = (ids.is_in(said.implode()) | low.is_in(low.filter(stub).unique().implode())).to_numpy().copy()
    for numbers in _numbers(atlas):
        keep[numbers] = True
    return ids.filter(pl.Series(keep) & ~stub)


def _numbers(atlas: Atlas) -> list[Ints]:
    """Node numbers of the resolved tables: edges' and teachers' ends, members, writers."""
    edges = resolved.table(atlas.place, "edges", ["child", "parent"])
    teachers = resolved.table(atlas.place, "teachers")
    writers = resolved.table(atlas.place, "written", ["node"])
    columns = (
        edges["child"],
        edges["parent"],
        teachers["child"],
        teachers["parent"],
        writers["node"],
        atlas.members["node"],
    )
    return [column.to_numpy().astype(np.int64) for column in columns]
