"""Raw listing rows to LISTING columns: total, pure, and balanced (rows in = rows + quarantined).

Only `id` is needed. An optional field of an odd type is null; a number written as text is a number, and where text
belongs it is its text. A row is quarantined for one of the words in `REASONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
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

_NOWHERE = -1


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
    return _parsed([_of_texts(written)])[0]


def quarantine(rows: Iterable[tuple[str, str]]) -> pl.DataFrame:
    """A QUARANTINE table of reasons and raw texts, the texts cut."""
    cut = [(reason, raw[: oddrows.RAW]) for reason, raw in rows]
    return pl.DataFrame(cut, schema=dict(QUARANTINE), orient="row")


@dataclass(frozen=True)
class _Input:
    """Rows that were written together, as columns (rows.ROW), and what gives the text or the value of each."""

    table: pl.DataFrame
    texts: Callable[[], Sequence[oddrows.Json | bytes]]


def _of_page(body: bytes) -> _Input:
    table = rows.table(body)
    if table is not None:
        return _Input(table, lambda: rows.split(body) or _values(body))
    written = rows.split(body.decode("utf-8", "replace").encode())
    if written is not None:
        return _of_texts(written)
    values = _values(body)
    return _Input(rows.nothing(len(values)), lambda: values)


def _of_texts(written: Sequence[bytes]) -> _Input:
    return _Input(rows.tables(written), lambda: written)


def _parsed(inputs: Sequence[_Input]) -> list[Parsed]:
    """Each input's rows; all tables become columns together, which takes less than one by one."""
    table = pl.concat([one.table for one in inputs])
    listed, doubtful = columns.listing(table), table.select_seq(columns.doubtful()).to_series()
    parsed, begin = [], 0
    for one in inputs:
        height = one.table.height
        parsed.append(_sure(one, listed.slice(begin, height), doubtful.slice(begin, height)))
        begin += height
    return parsed


def _sure(one: _Input, listed: pl.DataFrame, doubtful: pl.Series) -> Parsed:
    """The listing rows of an input; the doubtful ones are read from their texts, one by one."""
    if not doubtful.any():
        return Parsed(listed, quarantine([]))
    texts, place = one.texts(), np.arange(listed.height)
    cells: list[Mapping[str, oddrows.Cell]] = []
    bad: list[tuple[str, str]] = []
    for row in doubtful.arg_true():
        place[row] = listed.height + len(cells)
        try:
            cells.append(oddrows.cells(_value(texts[row])))
        except BadRecord as error:
            place[row] = _NOWHERE
            bad.append((error.reason, _raw(texts[row])))
    both = pl.concat([listed, pl.DataFrame(cells, schema=dict(LISTING))])
    return Parsed(both[place[place != _NOWHERE]], quarantine(bad))


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
    return oddrows.json_text(source)
