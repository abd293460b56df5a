"""LMArena's published leaderboard beside the graph: names to Hub ids by a curated table and one exact rule. Pure.

Nothing fuzzy: a name that neither maps is reported, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from lineage.answers import Place
from lineage.errors import Damaged
from lineage.registry import Registry

if TYPE_CHECKING:
    from lineage.settings import Settings

TABLE: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "name": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "votes": pl.Int64,
    "organization": pl.String,
    "license": pl.String,
}
"""One row a name of the arena, by rank; what the published table lacks is null."""

OPEN, CLOSED, UNKNOWN = "open", "closed", "unknown"
"""Whether the weights are on the Hub, not published at all, or nobody here knows."""


@dataclass(frozen=True)
class Arena:
    """A published table, mapped: its day, the file it came from, and its lines by rank."""

    on: date
    source: str
    places: tuple[Place, ...]

    @property
    def by_id(self) -> Mapping[str, Place]:
        """The best-ranked line of each mapped id."""
        found: dict[str, Place] = {}
        for place in self.places:
            if place.id is not None:
                found.setdefault(place.id, place)
        return found

    @property
    def unmapped(self) -> tuple[Place, ...]:
        """Lines that no rule maps and that are not known to be closed."""
        return tuple(place for place in self.places if place.id is None and place.weights == UNKNOWN)


@dataclass(frozen=True)
class Names:
    """The curated table: `ids` by lower-cased name, and names known to be closed."""

    ids: Mapping[str, str]
    closed: frozenset[str]


def names(registry: Registry) -> Names:
    """The registry's curated table."""
    ids = {name: id for name, id in registry.arena.items() if id is not None}
    return Names(MappingProxyType(ids), frozenset(registry.arena.keys() - ids.keys()))


def mapped(table: pl.DataFrame, curated: Names, registry: Registry, members: Iterable[str]) -> tuple[Place, ...]:
    """The table's lines with ids: curated first, then the one official model of that name, case aside."""
    official: dict[str, set[str]] = {}
    for id in members:
        official.setdefault(id.rpartition("/")[2].lower(), set()).add(id)
    makers = _makers(registry)
    places = []
    for name, rank, score, votes, organization, license in table.select(list(TABLE)).iter_rows():
        key = name.strip().lower()
        same = official.get(key.rpartition("/")[2], set())
        exact = {id for id in same if "/" not in key or id.lower() == key}
        found = curated.ids.get(key) or (next(iter(exact)) if len(exact) == 1 else None)
        maker = makers.get((organization or "").strip().lower())
        shut = key in curated.closed or (license or "").strip().lower().startswith("propriet") or maker == CLOSED
        weights = OPEN if found else CLOSED if shut else UNKNOWN
        places.append(Place(name, rank, score, votes, organization, license, found, weights))
    return tuple(places)


def _makers(registry: Registry) -> dict[str, str]:
    """By lower-cased name and slug: closed where the registry knows an organisation and no namespace of it."""
    found = {}
    for one in registry.organizations:
        for text in (one.slug, one.name.lower()):
            found[text] = OPEN if one.namespaces else CLOSED
    return found


def folder(settings: Settings) -> Path:
    """Where imported tables are kept, a Parquet file a day."""
    return settings.home / "arena"


def newest(settings: Settings) -> tuple[date, str, pl.DataFrame] | None:
    """The newest table's day, source and rows; None where none was imported. Raises `Damaged`."""
    files = sorted(folder(settings).glob("????-??-??.parquet"))
    if not files:
        return None
    try:
        table = pl.read_parquet(files[-1])
        return date.fromisoformat(files[-1].stem), str(table["source"][0]), table.select(list(TABLE))
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise Damaged(
            f"The arena table {files[-1]} cannot be read ({type(error).__name__}). Remove it and import it again."
        ) from error
