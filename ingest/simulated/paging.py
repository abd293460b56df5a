"""Pages of a simulated Hub: order, filters and stateless cursors as the Hub's `Link` headers carry them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np
import orjson
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.sources import SORTS, Places, Source

Sortable: TypeAlias = NDArray[np.float64]


class Rejected(ValueError):
    """A request that the Hub answers with 400; the text is its reason."""


@dataclass(frozen=True)
class Query:
    """What a listing request asks for; `fields` None means whole rows."""

    sort: str
    ascending: bool
    limit: int
    filters: tuple[str, ...] = ()
    author: str | None = None
    search: str | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """JSON objects of one page and the cursor of the next, None after the last."""

    objects: tuple[bytes, ...]
    cursor: str | None


class Pages:
    """Pages over one source; everything that does not depend on the request is computed once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._order = lru_cache(maxsize=64)(self._sorted)
        self._column = lru_cache(maxsize=8)(self._numbers)

    @cached_property
    def _object_ids(self) -> NDArray[np.bytes_]:
        return np.array([name.encode() for name in self.source.keys["_id"].to_list()], dtype=np.bytes_)

    @cached_property
    def _base_tags(self) -> dict[str, Places]:
        tags = self.source.keys.lazy().select("tags").with_row_index("row").explode("tags", empty_as_null=False)
        found = tags.filter(pl.col("tags").str.starts_with("base_model:")).group_by("tags").agg("row").collect()
        return {tag: np.unique(np.array(rows, dtype=np.int64)) for tag, rows in found.iter_rows()}

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of each id."""
        return {name: place for place, name in enumerate(self.source.keys["id"].to_list())}

    def tagged(self, tag: str) -> Places:
        """Places of the rows with a tag, ascending."""
        if tag.startswith("base_model:"):
            return self._base_tags.get(tag, np.empty(0, dtype=np.int64))
        return self.source.keys["tags"].list.contains(tag).arg_true().to_numpy().astype(np.int64)

    def page(self, query: Query, cursor: str | None) -> Page:
        """The page after a cursor, or the first."""
        order, values = self._order(query.sort, query.ascending, query.filters, query.author, query.search)
        start = 0 if cursor is None else self._after(query, order, values, cursor)
        places = order[start : start + query.limit]
        more = start + query.limit < len(order)
        following = (
            self._cursor(query, int(places[-1]), values, start + len(places) - 1) if more and len(places) else None
        )
        return Page(tuple(self.source.objects(places, query.fields)), following)

    def _matching(self, filters: tuple[str, ...], author: str | None, search: str | None) -> Places:
        keys = self.source.keys
        places = np.arange(keys.height, dtype=np.int64)
        for tag in filters:
            places = np.intersect1d(places, self.tagged(tag), assume_unique=True)
        if author is not None:
            places = places[(keys["author"] == author).fill_null(False).to_numpy()[places]]
        if search is not None:
            found = keys["id"].str.to_lowercase().str.contains(search.lower(), literal=True).fill_null(False)
            places = places[found.to_numpy()[places]]
        return places

    def _sorted(
        self, sort: str, ascending: bool, filters: tuple[str, ...], author: str | None, search: str | None
    ) -> tuple[Places, Sortable | None]:
        """Places in the order asked for; the sort column in that order, negated so that it ascends."""
        places = self._matching(filters, author, search)
        if sort == "createdAt":
            return (places if ascending else places[::-1]), None
        values = -self._column(sort)[places]
        order = np.argsort(values, kind="stable")
        return places[order], values[order]

    def _numbers(self, sort: str) -> Sortable:
        column = self.source.keys[sort]
        if column.dtype == pl.String:
            return np.array([_milliseconds(text) for text in column], dtype=np.float64)
        return column.fill_null(0).cast(pl.Float64).to_numpy()

    def _cursor(self, query: Query, place: int, values: Sortable | None, at: int) -> str:
        object_id = self._object_ids[place].decode()
        predicate: object
        if values is None:
            predicate = {"_id": {"$gt" if query.ascending else "$lt": object_id}}
        else:
            value = -float(values[at])
            number = int(value) if value.is_integer() else value
            same = {query.sort: number, "_id": {"$gt": object_id}}
            predicate = {"$or": [same, {query.sort: {"$lt": number}}, {query.sort: None}]}
        return base64.b64encode(orjson.dumps(predicate)).decode()

    def _after(self, query: Query, order: Places, values: Sortable | None, cursor: str) -> int:
        """How many of the ordered rows lie before the cursor."""
        try:
            predicate = orjson.loads(base64.b64decode(cursor, validate=True))
            if values is None:
                bound = str(predicate["_id"]["$gt" if query.ascending else "$lt"]).encode()
            else:
                same = predicate["$or"][0]
                value, bound = -float(same[query.sort]), str(same["_id"]["$gt"]).encode()
        except (ValueError, KeyError, TypeError, IndexError, binascii.Error) as error:
            raise Rejected("Invalid cursor") from error
        if values is not None:
            low, high = (int(np.searchsorted(values, value, side=side)) for side in ("left", "right"))
            return low + int(np.searchsorted(order[low:high], self._place(bound, "right")))
        if query.ascending:
            return int(np.searchsorted(order, self._place(bound, "right")))
        return len(order) - int(np.searchsorted(order[::-1], self._place(bound, "left")))

    def _place(self, object_id: bytes, side: Literal["left", "right"]) -> int:
        return int(np.searchsorted(self._object_ids, np.bytes_(object_id), side=side))


def _milliseconds(text: str | None) -> float:
    try:
        stamp = np.datetime64((text or "").rstrip("Z"), "ms")
    except ValueError:
        return 0.0
    return 0.0 if np.isnat(stamp) else float(stamp.astype(np.int64))


def query(
    params: Mapping[str, list[str]], known: tuple[str, ...], default: tuple[str, ...], full: tuple[str, ...]
) -> Query:
    """A listing request's parameters; raises Rejected as the Hub answers 400."""
    last = {name: values[-1] for name, values in params.items()}
    sort = last.get("sort", "trendingScore")
    ascending = last.get("direction", "-1") == "1"
    if sort not in SORTS:
        raise Rejected(f"Invalid sort parameter {sort!r}")
    if ascending and sort != "createdAt":
        raise Rejected(f"Sorting by {sort} in ascending order is not supported")
    limit = last.get("limit", "1000")
    if not limit.isdigit() or int(limit) < 1:
        raise Rejected("limit must be a positive number")
    expand = tuple(name for key in ("expand", "expand[]") for name in params.get(key, ()))
    unknown = [name for name in expand if name not in known]
    if unknown:
        names = ", ".join(known)
        raise Rejected(f"Invalid expand value {unknown[0]!r}. Expected one of: {names}")
    fields = expand or (full if last.get("full") in ("true", "1") else default)
    if last.get("cardData") in ("true", "1"):
        fields = (*fields, "cardData")
    filters = tuple(params.get("filter", ()))
    return Query(sort, ascending, min(int(limit), 1000), filters, last.get("author"), last.get("search"), fields)
