"""Homes with sealed snapshots made from a few words, and the command line run in them as a process would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.load import resolve_snapshot
from lineage import schema
from lineage.atlas import Atlas
from lineage.registry import Registry, load
from lineage.settings import Settings
from lineage.snapshots import Snapshot, sealed

TODAY = datetime(2026, 8, 22, tzinfo=UTC)


def listing(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """`schema.LISTING` rows; what is not given is null, tags and card values empty."""
    plain: dict[str, object] = {"base_tags": [], "card_base_model": [], "dump_parents": []}
    made = [{**dict.fromkeys(schema.LISTING), **plain, **row} for row in rows]
    return pl.DataFrame(made, schema=dict(schema.LISTING), orient="row")


def twins(relation: str, *parents: str) -> list[str]:
    """Both tags of each parent, as the Hub writes them, prefix cut."""
    return [tag for parent in parents for tag in (parent, f"{relation}:{parent}")]


def model(id: str, parents: str | Sequence[str] = (), relation: str = "finetune", **more: object) -> dict[str, object]:
    """A listing row; `parents` by twin tags."""
    above = (parents,) if isinstance(parents, str) else tuple(parents)
    return {"id": id, "base_tags": twins(relation, *above)} | more


def snapshot(settings: Settings, rows: Iterable[Mapping[str, object]], at: datetime = TODAY, **facts: str) -> Snapshot:
    """A sealed snapshot of that moment, of the whole Hub unless `scope` says otherwise."""
    return sealed(
        settings,
        rows=[listing(rows)],
        quarantined=pl.DataFrame(schema=dict(schema.QUARANTINE)),
        scope=facts.get("scope", "hub"),
        kind="import",
        source=facts.get("source", "a test"),
        started_at=at,
        finished_at=at,
        as_of=at,
    )


def atlas(settings: Settings, rows: Iterable[Mapping[str, object]], registry: Registry | None = None) -> Atlas:
    """An opened atlas of one sealed and resolved snapshot."""
    known = registry or load()
    made = snapshot(settings, rows)
    resolve_snapshot(settings, made, known)
    return Atlas(settings, known, made)


def run(home: Path, *arguments: str) -> Result:
    """The command line in this process; exit codes as the shell sees them."""
    return CliRunner().invoke(main, [*arguments, "--home", str(home)])
