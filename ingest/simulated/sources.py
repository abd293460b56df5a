"""What a simulated Hub serves: rows in `_id` order with the indexes that paging, sorting and filters need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, Protocol, TypeAlias

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.listing import rows_json
from ingest.simulated.world import World, frames, redirects

RawRow: TypeAlias = Mapping[str, object]
Places: TypeAlias = NDArray[np.int64]

SORTS: Final = ("createdAt", "lastModified", "downloads", "likes", "trendingScore")
_FLOOR: Final = "2022-03-02T23:29:04.000Z"


class Source(Protocol):
    """Rows to serve, in `_id` order; a place is a row's number in that order."""

    @property
    def label(self) -> str: ...
    @property
    def redirects(self) -> Mapping[str, str]: ...
    @property
    def keys(self) -> pl.DataFrame:
        """`_id`, `id`, `author`, `tags` and the sortable columns, numbers and text without nulls."""
        ...

    def objects(self, places: Places, fields: Sequence[str] | None) -> list[bytes]:
        """The rows at `places` as JSON objects; `fields` None means all that there is."""
        ...


@dataclass(frozen=True)
class WorldSource:
    """A world's rows, kept as columns and written out a page at a time."""

    world: World

    @property
    def label(self) -> str:
        return self.world.label

    @cached_property
    def redirects(self) -> Mapping[str, str]:
        return redirects(self.world)

    @cached_property
    def _frame(self) -> pl.DataFrame:
        return pl.concat(frames(self.world), rechunk=True)

    @cached_property
    def keys(self) -> pl.DataFrame:
        return self._frame.select("_id", "id", "author", "tags", *SORTS)

    def objects(self, places: Places, fields: Sequence[str] | None) -> list[bytes]:
        """The rows at `places`, written from the columns."""
        if len(places) and int(places[-1]) - int(places[0]) == len(places) - 1:
            part = self._frame.slice(int(places[0]), len(places))
        else:
            part = self._frame[places]
        wanted = fields if fields is not None else [*part.columns, "safetensors"]
        return [row.encode() for row in rows_json(part, wanted)]


@dataclass(frozen=True)
class RowsSource:
    """Rows as given, odd ones included; sorted by creation, `_id` made up where a row has none."""

    rows: tuple[RawRow, ...]
    label: str = "given rows"
    redirects: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def keys(self) -> pl.DataFrame:
        """What paging needs of the rows; values of the wrong type count as empty."""
        columns: dict[str, pl.Series] = {
            name: pl.Series([str(row.get(name) or "") for row in self.rows], dtype=pl.String)
            for name in ("_id", "id", "author", "createdAt", "lastModified")
        }
        for name in ("downloads", "likes", "trendingScore"):
            values = [row.get(name) for row in self.rows]
            columns[name] = pl.Series([float(v) if isinstance(v, int | float) else 0.0 for v in values])
        tags = [row.get("tags") for row in self.rows]
        columns["tags"] = pl.Series(
            [[str(tag) for tag in each] if isinstance(each, list) else [] for each in tags], dtype=pl.List(pl.String)
        )
        return pl.DataFrame(columns)

    def objects(self, places: Places, fields: Sequence[str] | None) -> list[bytes]:
        """The rows at `places` as they were given; nulls are left out where fields are named."""
        chosen = [self.rows[place] for place in places.tolist()]
        if fields is None:
            return [orjson.dumps(row) for row in chosen]
        wanted = dict.fromkeys(("_id", "id", *fields))
        return [
            orjson.dumps(
                {name: row[name] for name in wanted if row.get(name) is not None or (name in row and name == "id")}
            )
            for row in chosen
        ]


def rows_world(
    rows: Iterable[RawRow], *, label: str = "given rows", redirects: Mapping[str, str] | None = None
) -> RowsSource:
    """A source that serves exactly these rows, in order of createdAt; `_id` is made from it where missing."""
    ordered = sorted(rows, key=lambda row: (str(row.get("createdAt") or _FLOOR), str(row.get("id"))))
    numbered = [
        dict(row) if row.get("_id") else {"_id": _object_id(row.get("createdAt"), number), **row}
        for number, row in enumerate(ordered)
    ]
    numbered.sort(key=lambda row: str(row["_id"]))
    return RowsSource(tuple(numbered), label, dict(redirects or {}))


def _object_id(created: object, number: int) -> str:
    try:
        seconds = int(datetime.fromisoformat(str(created)).timestamp())
    except ValueError:
        seconds = int(datetime.fromisoformat(_FLOOR).astimezone(UTC).timestamp())
    return f"{seconds:08x}{0x51D:010x}{number:06x}"
