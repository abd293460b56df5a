"""A store's graph as resolved tables, for a home that holds no snapshot of what the store was loaded from.

Counters run on columns, never in a store: a shared server's nodes and edges are streamed once into the cache, under
the snapshot's id, and counted there. What the graph does not carry (findings, what models wrote, namespaces that tags
name) stays empty, and the manifest says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lineage import __version__, resolved, schema
from lineage.bulk import with_bulk
from lineage.snapshots import Manifest, Snapshot

if TYPE_CHECKING:
    from lineage.domain import Loaded
    from lineage.settings import Settings
    from lineage.stores.protocol import GraphStore

KIND = "mirror"
"""The manifest kind of a snapshot that is known only through a store."""


def mirrored(settings: Settings, store: GraphStore, loaded: Loaded) -> Snapshot:
    """The snapshot that a store was loaded from, its resolved tables streamed into the cache unless they are there."""
    place = resolved.folder(settings.resolved, loaded.snapshot, loaded.registry_digest)
    if not (place / "summary.json").is_file():
        place = resolved.save(_tables(store), settings.resolved, loaded.snapshot, loaded.registry_digest)
    return Snapshot(_manifest(loaded), place)


def _tables(store: GraphStore) -> resolved.Resolved:
    nodes = store.nodes()
    number = nodes.select("id").with_row_index("node")
    edges = (
        store.edges()
        .join(number.rename({"id": "child", "node": "c"}), on="child")
        .join(number.rename({"id": "parent", "node": "p"}), on="parent")
        .select("relations", "evidence", "position", child="c", parent="p")
        .sort("child", "position", "parent")
    )
    empty = {name: pl.DataFrame(schema=dict(columns)) for name, columns in _ABSENT.items()}
    return resolved.Resolved(
        nodes=nodes, edges=with_bulk(edges, nodes), values_in=0, values_behind_edges=0, era=None, **empty
    )


_ABSENT = {
    "teachers": schema.TEACHERS,
    "written": schema.WRITTEN,
    "named": schema.NAMED,
    "findings": schema.FINDINGS,
    "aliases": schema.ALIASES,
}


def _manifest(loaded: Loaded) -> Manifest:
    return Manifest(
        id=loaded.snapshot,
        schema_version=schema.SNAPSHOT_VERSION,
        scope=loaded.scope,
        kind=KIND,
        source=loaded.source,
        endpoint=None,
        simulated=loaded.simulated,
        started_at=loaded.as_of,
        finished_at=loaded.as_of,
        as_of=loaded.as_of,
        watermark=None,
        card=loaded.card,
        complete=loaded.complete,
        fields=(),
        rows=loaded.models,
        models=loaded.models,
        quarantined=0,
        pages=0,
        requests=0,
        missing_columns=(),
        parts=(),
        quarantine=None,
        sha256=loaded.snapshot_sha256,
        tool_version=__version__,
        notes=("Read from the store; `tagged`, `taught`, former names and findings need the snapshot itself.",),
    )
