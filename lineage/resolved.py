"""A resolved snapshot: nodes, edges and findings as tables, and the folder that keeps them beside the snapshot.

The tables are a projection: made from a snapshot and a registry, named after both, safe to delete.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lineage import locks, room, schema
from lineage.errors import Damaged, Fatal

RESOLVER_VERSION = 4
"""Raise when the same snapshot and registry would resolve to other tables."""

PIECE = 200_000
"""Rows that are kept, and read, in one piece."""

_TABLES: Mapping[str, Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "nodes": schema.NODES,
    "edges": schema.EDGES,
    "teachers": schema.TEACHERS,
    "written": schema.WRITTEN,
    "named": schema.NAMED,
    "findings": schema.FINDINGS,
    "aliases": schema.ALIASES,
}


@dataclass(frozen=True)
class Resolved:
    """The tables of `schema` that resolution makes, and the balance of what it read.

    `values_in` counts written parent values (each tag, each card value, each dump parent); `values_behind_edges` those
    that support an edge. The rest are rows of `findings` with an origin.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame
    teachers: pl.DataFrame
    written: pl.DataFrame
    named: pl.DataFrame
    findings: pl.DataFrame
    aliases: pl.DataFrame
    values_in: int
    values_behind_edges: int
    era: str | None = None


@dataclass(frozen=True)
class Summary:
    """What a resolved folder says of itself without its tables being read."""

    snapshot: str
    registry_digest: str
    models: int
    stubs: int
    edges: int
    values_in: int
    values_behind_edges: int
    era: str | None


def folder(root: Path, snapshot: str, registry_digest: str) -> Path:
    """Where the tables of that snapshot under that registry are kept."""
    return root / f"{snapshot}-{registry_digest[:12]}-r{RESOLVER_VERSION}"


def found(root: Path, snapshot: str) -> tuple[Path, ...]:
    """Every finished folder of that snapshot, newest first, whatever its registry."""
    ending = f"-r{RESOLVER_VERSION}"
    places = [p for p in root.glob(f"{snapshot}-*{ending}") if (p / "summary.json").is_file()]
    return tuple(sorted(places, key=lambda p: (p.stat().st_mtime, p.name), reverse=True))


def save(resolved: Resolved, root: Path, snapshot: str, registry_digest: str) -> Path:
    """Write the tables beside and rename: a folder is whole or absent. Returns it; raises `Fatal` where no room is."""
    place = folder(root, snapshot, registry_digest)
    beside = place.with_name(f".{place.name}")
    tables: Mapping[str, pl.DataFrame] = {name: getattr(resolved, name) for name in _TABLES}
    try:
        with writing(root):
            beside.mkdir()
            for name, table in tables.items():
                path = beside / f"{name}.parquet"
                table.write_parquet(path, compression="lz4", statistics=True, row_group_size=PIECE)
            told = json.dumps(_summary(resolved, snapshot, registry_digest), indent=1)
            (beside / "summary.json").write_text(told, encoding="utf-8")
            shutil.rmtree(place, ignore_errors=True)
            beside.rename(place)
    except (OSError, pl.exceptions.PolarsError) as error:
        if not room.is_full(error, root):
            raise
        need = f"they take {room.megabytes(sum(int(table.estimated_size()) for table in tables.values()))} at most"
        stays = "The snapshot stays sealed, and what was loaded before stays"
        raise Fatal(room.lacking(f"the resolved tables of {snapshot}", root, need, stays)) from error
    return place


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """The one process that writes below `root`; what a killed one left unfinished goes before, one's own after."""
    with locks.exclusive(root / ".lock", locks.myself(), wait=True):
        _sweep(root)
        try:
            yield
        finally:
            _sweep(root)


def unfinished(root: Path) -> tuple[Path, ...]:
    """Folders and tables that are being written, or that were when their process was killed: the lock tells which."""
    tables = [path for path in root.glob("*/.*.parquet") if not path.parent.name.startswith(".")]
    return tuple(sorted([*root.glob(".*/"), *tables]))


def _sweep(root: Path) -> None:
    """Remove what is unfinished; only with the lock in hand."""
    for path in unfinished(root):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _summary(resolved: Resolved, snapshot: str, registry_digest: str) -> Mapping[str, object]:
    stubs = int(resolved.nodes["stub"].sum())
    return {
        "snapshot": snapshot,
        "registry_digest": registry_digest,
        "models": resolved.nodes.height - stubs,
        "stubs": stubs,
        "edges": resolved.edges.height,
        "values_in": resolved.values_in,
        "values_behind_edges": resolved.values_behind_edges,
        "era": resolved.era,
    }


def summary(place: Path) -> Summary:
    """The summary of a resolved folder; raises Damaged where it cannot be read."""
    try:
        return Summary(**json.loads((place / "summary.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise _damaged(place, error) from error


def table(place: Path, name: str, columns: list[str] | None = None) -> pl.DataFrame:
    """One table of a resolved folder, `columns` of it; raises Damaged where it cannot be read."""
    try:
        return pl.read_parquet(place / f"{name}.parquet", columns=columns, memory_map=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _damaged(place, error) from error


def written(place: Path, node: int) -> tuple[list[str], list[str]]:
    """The parent tags (prefix cut) and card values that a node wrote."""
    try:
        found = pl.scan_parquet(place / "written.parquet", glob=False).filter(pl.col("node") == node).collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _damaged(place, error) from error
    return (found["base_tags"][0].to_list(), found["card_base_model"][0].to_list()) if found.height else ([], [])


def _damaged(place: Path, error: Exception) -> Damaged:
    return Damaged(
        f"The resolved tables in {place} cannot be read ({type(error).__name__}). Delete that folder and run "
        f"`lineage load`: it makes them again from the snapshot."
    )
