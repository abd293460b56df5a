"""What is computed once from resolved tables and kept beside them: counts of every node,
members and tallies of every family."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from lineage import __version__, resolved, room, schema
from lineage.counters import THRESHOLD, VERSIONS
from lineage.domain import Level
from lineage.families import membership
from lineage.graph import Graph, depths, derivative_counts
from lineage.registry import Registry

_log = logging.getLogger(__name__)


def counts(place: Path, graph: Graph) -> pl.DataFrame:
    """`schema.COUNTS` of a resolved folder, in node order, at declared evidence; `graph` is its whole graph."""

    def made() -> pl.DataFrame:
        """Count them."""
        declared = graph.at(Level.DECLARED.mask)
        return pl.DataFrame(
            {
                "direct": np.bincount(declared.parent, minlength=graph.n),
                "derivatives": derivative_counts(declared),
                "depth": depths(declared),
            },
            schema_overrides=dict(schema.COUNTS),
        )

    return _kept(place, "counts", made)


def members(place: Path, graph: Graph, registry: Registry) -> pl.DataFrame:
    """`schema.MEMBERS` of a resolved folder under a registry."""

    def made() -> pl.DataFrame:
        """Hold the registry's claims against the graph."""
        nodes = resolved.table(place, "nodes", ["id", "created_at"])
        pins = pl.DataFrame(_pins(registry), schema={"id": pl.String, "family": pl.UInt16}, orient="row")
        pinned = nodes.select("id").with_row_index("node").join(pins, on="id").select("node", "family").rows()
        return membership(graph.at(Level.DECLARED.mask), registry.claims(nodes["id"]), nodes["created_at"], pinned)

    return _kept(place, f"members-{registry.digest[:12]}", made)


def tallies(place: Path, registry: Registry, made: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`schema.TALLIES` of a resolved folder under a registry and the rules of this version."""
    return _kept(place, _tallies(registry), made)


def has_tallies(place: Path, registry: Registry) -> bool:
    """Whether the tallies are there already."""
    return (place / f"{_tallies(registry)}.parquet").is_file()


def _tallies(registry: Registry) -> str:
    rules = zlib.crc32(repr((__version__, sorted(VERSIONS.items()), THRESHOLD)).encode())
    return f"tallies-{registry.digest[:12]}-{rules:08x}"


def _pins(registry: Registry) -> list[tuple[str, int]]:
    return [(id, place) for place, family in enumerate(registry.families) for id in family.pins_in]


def _kept(place: Path, name: str, made: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    path = place / f"{name}.parquet"
    if path.is_file():
        return resolved.table(place, name)
    table = made()
    beside = path.with_name(f".{path.name}")
    try:
        with resolved.writing(place.parent):
            table.write_parquet(beside, compression="lz4")
            beside.replace(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        if not room.is_full(error, place):
            raise
        size = room.megabytes(int(table.estimated_size()))
        _log.warning("%s could not be kept in %s: no room for %s. They are made again each time.", name, place, size)
    return table
