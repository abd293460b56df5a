"""Raw listing rows to LISTING columns: total, pure, and balanced (rows in = rows + quarantined).

Only `id` is needed. An optional field of an odd type is null; a number written as text is a number, and where text
belongs it is its text. A row is quarantined for one of the words in `REASONS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.parse import columns, oddrows, rows
from lineage.errors import BadRecord, Retriable
from lineage.schema import LISTING, QUARANTINE

REASONS = {
    "not-json": "the line is no JSON",
    "not-utf8": "the line holds bytes that are no UTF-8",
    "not-an-object": "the row is a list, a number or null",
    "no-id": "the id is absent, null or blank",
    "bad-id-type": "the id is no text",
    "bad-id": "the id holds control characters or is longer than 512",
    "bad-tags": "the tags are no list",
    "truncated": "the input ended in the middle of the row",
}

_AT_ONCE = 2_000
"""Lines read together: more are slower, because what they become no longer fits the processor's cache."""

_NONE = np.empty(0, np.int64)


class NotAPage(Retriable):
    """The Hub answered 200 with something that is no JSON list: HTML, a cut-off page, nothing."""


@dataclass(frozen=True)
class Parsed:
    """Rows (schema.LISTING, in order of input) and what could not be read (schema.QUARANTINE)."""

    rows: pl.DataFrame
    quarantined: pl.DataFrame


def page(body: bytes) -> Parsed:
    """The rows of one page, a JSON array. Raises NotAPage where the body is anything else."""
    return _parsed([_of_page(body)])[0]


def pages(bodies: Sequence[bytes]) -> list[Parsed]:
    """The rows of each page, read together in two thirds of the time. Raises NotAPage where one is none."""
    return _parsed([_of_page(body) for body in bodies])


def lines(chunk: bytes) -> Parsed:
    """The rows of JSON Lines; every line is whole, blank ones do not count."""
    written = [line for line in chunk.split(b"\n") if line.strip()]
    parts = _parsed([_of_texts(written[place : place + _AT_ONCE]) for place in range(0, len(written) or 1, _AT_ONCE)])
    return Parsed(pl.concat(part.rows for part in parts), pl.concat(part.quarantined for part in parts))


def quarantine(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """A QUARANTINE table of reasons and raw texts, the texts cut."""
    cut = [(reason, raw[: oddrows.RAW]) for reason, raw in rows]
    return pl.DataFrame(cut, schema=dict(QUARANTINE), orient="row")


@dataclass(frozen=True)
class _Input:
    """Rows that were written together: `tables` of most of them by the place of their first, and the `odd` places."""

    tables: Sequence[tuple[int, pl.DataFrame]]
    odd: Sequence[int]
    texts: Callable[[], Sequence[oddrows.Json | bytes]]

    @property
    def places(self) -> NDArray[np.int64]:
        """The places of the rows of all tables."""
        return np.concatenate([np.arange(first, first + table.height) for first, table in self.tables] or [_NONE])


def _of_page(body: bytes) -> _Input:
    table = rows.table(body)
    if table is not None:
        return _Input([(0, table)], [], lambda: rows.split(body) or _values(body))
    written = rows.split(body.decode("utf-8", "replace").encode())
    if written is not None:
        return _of_texts(written)
    values = _values(body)
    return _Input([], range(len(values)), lambda: values)


def _of_texts(written: Sequence[bytes]) -> _Input:
    read = list(rows.tables(written))
    odd = [place for first, table, count in read if table is None for place in range(first, first + count)]
    return _Input([(first, table) for first, table, _ in read if table is not None], odd, lambda: written)


def _parsed(inputs: Sequence[_Input]) -> list[Parsed]:
    """Each input's rows; all tables become columns together, which takes less than one by one."""
    table = pl.concat([pl.DataFrame(schema=dict(rows.ROW)), *(table for one in inputs for _, table in one.tables)])
    listed, doubtful = columns.listing(table), table.select(columns.doubtful()).to_series()
    parsed, begin = [], 0
    for one in inputs:
        count = sum(table.height for _, table in one.tables)
        parsed.append(_merged(one, listed.slice(begin, count), doubtful.slice(begin, count)))
        begin += count
    return parsed


def _merged(one: _Input, listed: pl.DataFrame, doubtful: pl.Series) -> Parsed:
    """The listing rows of an input, with those read again one by one that its tables do not tell all of."""
    if not one.odd and not doubtful.any():
        return Parsed(listed, quarantine([]))
    sure = ~doubtful.to_numpy()
    again = sorted([*one.odd, *one.places[~sure]])
    texts, places, cells, bad = one.texts(), [], [], []
    for place in again:
        try:
            cells.append(oddrows.cells(_value(texts[place])))
            places.append(place)
        except BadRecord as error:
            bad.append((error.reason, _raw(texts[place])))
    both = pl.concat([listed.filter(pl.Series(sure)), pl.DataFrame(cells, schema=dict(LISTING))])
    order = np.argsort(np.concatenate([one.places[sure], np.array(places, np.int64)]), kind="stable")
    return Parsed(both[order], quarantine(bad))


def _values(body: bytes) -> list[oddrows.Json]:
    try:
        value = oddrows.loads(body.decode("utf-8", "replace"))
    except ValueError:
        value = None
    if not isinstance(value, list):
        seen = "HTML" if body.lstrip()[:1] == b"<" else "nothing" if not body.strip() else f"{len(body):,} other bytes"
        raise NotAPage(
            f"The Hub answered with {seen} where a JSON list of models belongs; the page is asked for again."
        )
    return value


def _value(source: oddrows.Json | bytes) -> oddrows.Json:
    if not isinstance(source, bytes):
        return source
    try:
        return oddrows.loads(source.decode())
    except UnicodeDecodeError as error:
        raise BadRecord("not-utf8") from error
    except ValueError as error:
        raise BadRecord("not-json") from error


def _raw(source: oddrows.Json | bytes) -> str:
    if isinstance(source, bytes):
        return source.decode("utf-8", "replace")
    return oddrows.clean(json.dumps(source, ensure_ascii=False))
