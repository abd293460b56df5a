"""What is computed once from resolved tables and kept beside them: counts of every node,
members and tallies of every family."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl

from lineage import __version__, resolved, room, schema
from lineage.counters import THRESHOLD, VERSIONS
from lineage.domain import Level
from lineage.families import membership
from lineage.graph import Graph, depths, derivative_counts
from lineage.registry import Registry

Pairs = Sequence[tuple[str, str]]

_MEMBERSHIP = 2
"""Raise when the same tables, old names and registry would make other members."""

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


def members(place: Path, graph: Graph, registry: Registry, former: Pairs) -> pl.DataFrame:
    """`schema.MEMBERS` of a resolved folder under a registry; `former` are its snapshot's pairs (old id, id now)."""

    def made() -> pl.DataFrame:
        """Hold the registry's claims against the graph."""
        nodes = resolved.table(place, "nodes", ["id", "created_at"])
        claims, pinned = claimed(nodes["id"], former, registry)
        return membership(graph.at(Level.DECLARED.mask), claims, nodes["created_at"], pinned)

    return _kept(place, f"members-{registry.digest[:12]}-{_MEMBERSHIP}", made)


def claimed(ids: pl.Series, former: Pairs, registry: Registry) -> tuple[pl.DataFrame, list[tuple[int, int]]]:
    """What the registry says of nodes: claims (row u32, family u16), and its pins among them as pairs.

    Where no family claims the id now, those do that claim a former one, the first in registry order, unless they pin
    the id now out.
    """
    now = registry.claims(ids)
    nodes = pl.DataFrame({"name": ids}).with_row_index("row")
    old = pl.DataFrame(former, schema={"name": pl.String, "now": pl.String}, orient="row")
    old = old.join(nodes, left_on="now", right_on="name").join(now, on="row", how="anti").select("row", "name")
    found = registry.claims(old["name"])
    then = found.with_columns(row=old["row"].gather(found["row"]))
    out = nodes.join(_pins(registry, "pins_out"), on="name").select("row", "family")
    then = then.join(out, on=["row", "family"], how="anti").group_by("row").agg(pl.col("family").min())
    pinned = pl.concat([nodes, old]).join(_pins(registry, "pins_in"), on="name", maintain_order="left")
    return pl.concat([now, then]), pinned.join(out, on=["row", "family"], how="anti").select("row", "family").rows()


def tallies(place: Path, registry: Registry, made: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """`schema.TALLIES` of a resolved folder under a registry and the rules of this version."""
    return _kept(place, _tallies(registry), made)


def has_tallies(place: Path, registry: Registry) -> bool:
    """Whether the tallies are there already."""
    return (place / f"{_tallies(registry)}.parquet").is_file()


def _tallies(registry: Registry) -> str:
    rules = zlib.crc32(repr((__version__, _MEMBERSHIP, sorted(VERSIONS.items()), THRESHOLD)).encode())
    return f"tallies-{registry.digest[:12]}-{rules:08x}"


def _pins(registry: Registry, which: Literal["pins_in", "pins_out"]) -> pl.DataFrame:
    pairs = [(id, place) for place, family in enumerate(registry.families) for id in getattr(family, which)]
    return pl.DataFrame(pairs, schema={"name": pl.String, "family": pl.UInt16}, orient="row")


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
