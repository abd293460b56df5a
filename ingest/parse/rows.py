"""Listing rows and cards in JSON, read straight into typed columns: the fast way, which takes a text whole or not.

A number or a truth value where text belongs is its text, one value where a list belongs is a list of one. What is not
taken is left to `oddrows`, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeVar

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from ingest.parse.oddrows import SPELLINGS

T = TypeVar("T")
Read: TypeAlias = Callable[[Sequence[T]], pl.DataFrame | None]
Types: TypeAlias = Mapping[str, pl.DataType | type[pl.DataType]]

CARD = pl.Struct(
    {
        "base_model": pl.List(pl.String),
        "base_model_relation": pl.String,
        "license": pl.List(pl.String),
        "license_name": pl.String,
        "license_link": pl.String,
        "new_version": pl.String,
    }
)
"""What is kept of a model card's front matter; people write one value or a list of parents and licences."""

ROW: Types = {
    "_id": pl.String,
    "id": pl.String,
    "author": pl.String,
    "createdAt": pl.String,
    "lastModified": pl.String,
    "downloads": pl.String,
    "downloadsAllTime": pl.String,
    "likes": pl.String,
    "tags": pl.List(pl.String),
    "library_name": pl.String,
    "pipeline_tag": pl.String,
    "gated": pl.String,
    "disabled": pl.Boolean,
    "private": pl.Boolean,
    "safetensors": pl.Struct({"total": pl.String}),
    "trendingScore": pl.String,
    "cardData": CARD,
    "baseModels": pl.Struct({"models": pl.List(pl.Struct({"id": pl.String})), "relation": pl.String}),
}
"""One listing row in the Hub's names. Numbers are read as text, so that none is rounded and `true` is not 1."""

_ALL: Types = {**ROW, "modelId": pl.String, **{other: ROW[usual] for usual, other in SPELLINGS}}
_CARDS: Types = {"card": CARD}
_AT_ONCE = 250
"""Texts that are read together: few, because around one that cannot all are read again."""

_FEW = 8
"""Texts that are no longer halved where they cannot be read together."""

_ODD_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_array = msgspec.json.Decoder(list[msgspec.Raw])


def table(array: bytes) -> pl.DataFrame | None:
    """The rows of a JSON array, in their order, as columns (ROW); None where it is none, or a row does not fit.

    Rows without `createdAt` are read in the other spellings too.
    """
    rows = _read(array, ROW)
    if rows is None or not (rows["id"].null_count() or rows["createdAt"].null_count()):
        return rows
    both = _read(array, _ALL)
    if both is None:
        return None
    return both.with_columns(pl.coalesce("id", "modelId").alias("id"), *map(_spelt, SPELLINGS)).select(list(ROW))


def tables(texts: Sequence[bytes]) -> pl.DataFrame:
    """The rows of JSON texts as columns (ROW), in their order; all null where one has to be read by itself."""
    return _together(texts, lambda some: table(b"[" + b",".join(some) + b"]"), ROW)


def split(array: bytes) -> Sequence[bytes] | None:
    """The texts of the values of a JSON array; None where it is none."""
    try:
        return [bytes(raw) for raw in _array.decode(array)]
    except (msgspec.MsgspecError, RecursionError):
        return None


def cards(texts: Sequence[str]) -> pl.Series:
    """The front matter (CARD) of JSON texts, in their order; null where one has to be read by itself."""
    return _together(texts, _cards, _CARDS)["card"]


def _cards(texts: Sequence[str]) -> pl.DataFrame | None:
    array = '[{"card":' + '},{"card":'.join(texts) + "}]"
    return _read(array.encode(), _CARDS)


def _together(texts: Sequence[T], read: Read[T], types: Types) -> pl.DataFrame:
    stretches = (texts[place : place + _AT_ONCE] for place in range(0, len(texts), _AT_ONCE))
    parts = (part for stretch in stretches for part in _stretches(stretch, read, types))
    return pl.concat([pl.DataFrame(schema=dict(types)), *parts], rechunk=True)


def _stretches(texts: Sequence[T], read: Read[T], types: Types) -> Iterator[pl.DataFrame]:
    """Tables of as many texts together as can be read; of the few around one that cannot a table of nulls."""
    table = read(texts)
    if table is not None and table.height == len(texts):
        yield table
    elif len(texts) <= _FEW:
        yield _nulls(len(texts), types)
    else:
        half = len(texts) // 2
        yield from _stretches(texts[:half], read, types)
        yield from _stretches(texts[half:], read, types)


def nothing(count: int) -> pl.DataFrame:
    """As many rows (ROW) of which nothing is known."""
    return _nulls(count, ROW)


def _nulls(count: int, types: Types) -> pl.DataFrame:
    # read, because that takes a fiftieth of `clear`
    return pl.read_json(b"[" + b",".join([b"{}"] * count) + b"]", schema=dict(types))


def _read(array: bytes, types: Types) -> pl.DataFrame | None:
    """A JSON array in columns; None where it is none, does not fit, or holds NUL or half a surrogate pair."""
    escape = array.find(b"\\")  # one byte is found twenty times sooner than two
    if array.lstrip()[:1] != b"[" or (escape >= 0 and _ODD_ESCAPE.search(array, escape)):
        return None
    try:
        return pl.read_json(array, schema=dict(types))
    except PolarsError:
        return None


def _spelt(names: tuple[str, str]) -> pl.Expr:
    usual, other = map(pl.col, names)
    absent = pl.col("createdAt").is_null() & usual.is_null()
    return pl.when(absent).then(other).otherwise(usual).alias(names[0])
