"""Raw listing rows to LISTING columns: total, pure, and balanced (rows in = rows + quarantined).

Only `id` is needed. An optional field of an odd type is null; a whole number written as text is a number. A row is
quarantined for one of the words in `REASONS`.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

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
"""Lines decoded together: more are slower, because what they become no longer fits the processor's cache."""


class NotAPage(Retriable):
    """The Hub answered 200 with something that is no JSON list: HTML, a cut-off page, nothing."""


@dataclass(frozen=True)
class Parsed:
    """Rows (schema.LISTING, in order of input) and what could not be read (schema.QUARANTINE)."""

    rows: pl.DataFrame
    quarantined: pl.DataFrame


def page(body: bytes) -> Parsed:
    """The rows of one page, a JSON array. Raises NotAPage where the body is anything else."""
    with uncollected():
        read = rows.page(body)
        return _merged(rows.Read([], [], list(enumerate(_values(body)))) if read is None else read)


def lines(chunk: bytes) -> Parsed:
    """The rows of JSON Lines; every line is whole, blank ones do not count."""
    written = [line for line in chunk.split(b"\n") if line.strip()]
    places = range(0, len(written) or 1, _AT_ONCE)
    with uncollected():
        read = [_merged(rows.each(written[place : place + _AT_ONCE])) for place in places]
    return Parsed(pl.concat(one.rows for one in read), pl.concat(one.quarantined for one in read))


def quarantine(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """A QUARANTINE table of reasons and raw texts, the texts cut."""
    cut = [(reason, raw[: oddrows.RAW]) for reason, raw in rows]
    return pl.DataFrame(cut, schema=dict(QUARANTINE), orient="row")


@contextmanager
def uncollected() -> Iterator[None]:
    """Without the cyclic collector: rows make no cycles, and it takes a fifth of the time to look at them in vain."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


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


def _merged(read: rows.Read) -> Parsed:
    """One table in the order of input."""
    taken = columns.table(read.rows)
    if not read.odd:
        return Parsed(taken, quarantine([]))
    places, cells, bad = list(read.places), [], []
    for place, source in read.odd:
        try:
            cells.append(oddrows.cells(_value(source)))
            places.append(place)
        except BadRecord as error:
            bad.append((error.reason, _raw(source)))
    both = pl.concat([taken, pl.DataFrame(cells, schema=dict(LISTING))])
    ordered = both.with_columns(pl.Series("place", places, pl.UInt32)).sort("place").drop("place")
    return Parsed(ordered, quarantine(bad))


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
