"""Small snapshots whose months, claims and receipts can be counted by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl

from ingest.load import resolve_snapshot
from lineage import schema, snapshots
from lineage.atlas import Atlas
from lineage.registry import Registry
from lineage.settings import Settings
from lineage.snapshots import Snapshot

TODAY = datetime(2026, 8, 22, tzinfo=UTC)

ROOTS = ("Qwen/Qwen3-8B", "meta-llama/Llama-3.1-8B", "mistralai/Mistral-7B-v0.1", "nobody/base")
"""Roots of three families of three countries, and one of no family."""


def row(
    id: str, parents: Sequence[tuple[str, str]] = (), made: date | None = None, downloads: int | None = 0
) -> dict[str, object]:
    """A listing row whose parents, pairs of id and relation, are tagged as the Hub tags them."""
    tags = [tag for parent, relation in parents for tag in (parent, f"{relation}:{parent}")]
    created = datetime(made.year, made.month, made.day, 12, tzinfo=UTC) if made else None
    return {"id": id, "base_tags": tags, "created_at": created, "downloads": downloads, "likes": 0}


def roots() -> list[dict[str, object]]:
    return [row(id, made=date(2023, 1, 1), downloads=100) for id in ROOTS]


def sealed(settings: Settings, rows: Sequence[dict[str, object]], *, simulated: bool = False) -> Snapshot:
    plain: dict[str, object] = {"base_tags": [], "card_base_model": [], "dump_parents": []}
    table = pl.DataFrame(
        [dict.fromkeys(schema.LISTING) | plain | one for one in rows], schema=dict(schema.LISTING), orient="row"
    )
    return snapshots.sealed(
        settings,
        rows=[table],
        quarantined=pl.DataFrame(schema=dict(schema.QUARANTINE)),
        scope="hub",
        kind="import",
        source="a test",
        simulated=simulated,
        started_at=TODAY,
        finished_at=TODAY,
        as_of=TODAY,
    )


def atlas(home: Path, registry: Registry, rows: Sequence[dict[str, object]], *, simulated: bool = False) -> Atlas:
    """The atlas of a home that holds just these rows."""
    settings = Settings(home)
    snapshot = sealed(settings, rows, simulated=simulated)
    resolve_snapshot(settings, snapshot, registry)
    return Atlas(settings, registry, snapshot)
