"""Raw listing rows to LISTING columns: total, pure, and balanced (rows in = rows + quarantined).

Only `id` is needed. An optional field of an odd type is null; a whole number written as text is a number. A row is
quarantined for one of the words in `REASONS`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.parse import columns, oddrows
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

_FEW = 16


class NotAPage(Retriable):
    """The Hub answered 200 with something that is no JSON list: HTML, a cut-off page, nothing."""


@dataclass(frozen=True)
class Parsed:
    """Rows (schema.LISTING, in order of input) and what could not be read (schema.QUARANTINE)."""

    rows: pl.DataFrame
    quarantined: pl.DataFrame


def page(body: bytes) -> Parsed:
    """The rows of one page, a JSON array. Raises NotAPage where the body is anything else."""
    read = None if columns.doubtful(body) else columns.paged(body)
    if read is None:
        return _merged([], list(enumerate(_values(body))))
    odd = read[columns.ODD].arg_true().to_list()
    values = _values(body) if odd else []
    return _merged([read.with_row_index("place")], [(place, values[place]) for place in odd])


def lines(chunk: bytes) -> Parsed:
    """The rows of JSON Lines; every line is whole, blank ones do not count."""
    read = None if columns.doubtful(chunk) else columns.listed(chunk)
    if read is not None and read.height == np.count_nonzero(_line_ends(chunk)) + (not chunk.endswith(b"\n")):
        odd = read[columns.ODD].arg_true().to_list()
        return _merged([read.with_row_index("place")], list(zip(odd, _nth(chunk, odd), strict=True)))
    written = [line for line in chunk.split(b"\n") if line.strip()]
    doubtful = [columns.doubtful(line) for line in written]
    fast, slow = _by_halves(written, [place for place, doubt in enumerate(doubtful) if not doubt])
    slow += [place for place, doubt in enumerate(doubtful) if doubt]
    return _merged(fast, [(place, written[place]) for place in sorted(slow)])


def quarantine(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """A QUARANTINE table of reasons and raw texts, the texts cut."""
    cut = [(reason, raw[: oddrows.RAW]) for reason, raw in rows]
    return pl.DataFrame(cut, schema=dict(QUARANTINE), orient="row")


def _nth(chunk: bytes, places: Sequence[int]) -> list[bytes]:
    """A few lines of many, without cutting all of them out."""
    if not places:
        return []
    ends = np.append(np.flatnonzero(_line_ends(chunk)), len(chunk))
    starts = np.append(0, ends + 1)
    return [chunk[starts[place] : ends[place]] for place in places]


def _line_ends(chunk: bytes) -> NDArray[np.bool_]:
    """Which bytes end a line; counting these is three times as fast as `bytes.count`."""
    ends: NDArray[np.bool_] = np.frombuffer(chunk, np.uint8) == ord("\n")
    return ends


def _by_halves(written: Sequence[bytes], places: Sequence[int]) -> tuple[list[pl.DataFrame], list[int]]:
    """What the columnar reader takes, as tables with places, and the places of the lines left for the other one."""
    if len(places) <= _FEW:
        return [], list(places)
    read = columns.listed(b"\n".join(written[place] for place in places))
    if read is None or read.height != len(places):
        middle = len(places) // 2
        fast, slow = _by_halves(written, places[:middle])
        more_fast, more_slow = _by_halves(written, places[middle:])
        return fast + more_fast, slow + more_slow
    placed = read.insert_column(0, pl.Series("place", places, pl.UInt32))
    return [placed], placed.filter(columns.ODD)["place"].to_list()


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


def _merged(fast: list[pl.DataFrame], slow: list[tuple[int, oddrows.Json | bytes]]) -> Parsed:
    """One table in the order of input; `fast` tables carry `place` and `odd`, and odd rows come from `slow`."""
    if not slow and len(fast) == 1:
        return Parsed(fast[0].select(list(LISTING)), quarantine([]))
    places, cells, bad = [], [], []
    for place, source in slow:
        try:
            cells.append(oddrows.cells(_value(source)))
            places.append(place)
        except BadRecord as error:
            bad.append((error.reason, _raw(source)))
    rows = pl.DataFrame(cells, schema=dict(LISTING)).insert_column(0, pl.Series("place", places, pl.UInt32))
    trusted = [table.filter(~pl.col(columns.ODD)).drop(columns.ODD) for table in fast]
    ordered = pl.concat([*trusted, rows]).sort("place").drop("place")
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
