"""Snapshot to store: resolve, count, project, load. Each stage's frames are dropped before the next needs the room."""

from __future__ import annotations

from datetime import datetime

from ingest.resolve import resolve
from lineage import resolved
from lineage.atlas import Atlas
from lineage.domain import Loaded
from lineage.questions.exporting import graph
from lineage.registry import Registry
from lineage.schema import GraphTables
from lineage.settings import Settings
from lineage.snapshots import Snapshot
from lineage.stores.protocol import GraphStore, Progress

_READ = (
    "id", "hub_id", "created_at", "last_modified", "downloads", "downloads_all_time", "likes", "pipeline_tag",
    "library", "gated", "parameters", "license", "base_tags", "card_base_model", "card_relation", "card_license",
    "card_license_name", "card_license_link", "card_new_version", "dump_parents", "dump_relation",
)  # fmt: skip


def resolve_snapshot(settings: Settings, snapshot: Snapshot, registry: Registry, *, again: bool = False) -> None:
    """Make the resolved tables of a snapshot under a registry, unless they are there; `again` makes them anyway."""
    manifest = snapshot.manifest
    place = resolved.folder(settings.resolved, manifest.id, registry.digest)
    if (place / "summary.json").is_file() and not again:
        return
    snapshot.verify()
    rows = snapshot.rows(_READ).collect().rechunk()
    made = resolve(rows, registry, as_of=manifest.as_of, moved=dict(manifest.aliases))
    del rows
    resolved.save(made, settings.resolved, manifest.id, registry.digest)


def project(
    settings: Settings, snapshot: Snapshot, registry: Registry, store: GraphStore, progress: Progress, now: datetime
) -> Loaded:
    """Load a snapshot into a store; returns what the store now holds."""
    progress("resolve", 0, snapshot.manifest.models)
    resolve_snapshot(settings, snapshot, registry)
    progress("resolve", snapshot.manifest.models, snapshot.manifest.models)
    meta, tables = tables_of(settings, snapshot, registry, now)
    store.load(tables, progress)
    return meta


def tables_of(settings: Settings, snapshot: Snapshot, registry: Registry, now: datetime) -> tuple[Loaded, GraphTables]:
    """What a load of a resolved snapshot states of itself, and the graph's tables."""
    return graph(Atlas(settings, registry, snapshot), f"{now:%Y%m%dT%H%M%S.%fZ}")
