"""Listing rows and cards in JSON, read straight into typed columns: the fast way, which takes a text whole or not.

A number or a truth value where text belongs is its text, one value where a list belongs is a list of one. What is not
taken is left to `oddrows`, row by row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import msgspec
import polars as pl
from polars.exceptions import PolarsError

from ingest.parse.oddrows import SPELLINGS

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

FEW = 8
"""Texts that are read one by one where they cannot be read together."""

_ALL: Types = {**ROW, "modelId": pl.String, **{other: ROW[usual] for usual, other in SPELLINGS}}
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


def tables(texts: Sequence[bytes], first: int = 0) -> Iterator[tuple[int, pl.DataFrame | None, int]]:
    """Stretches of rows: the place of the first, their table (None: to be read one by one), and how many they are."""
    read = table(b"[" + b",".join(texts) + b"]")
    if read is not None and read.height == len(texts):
        yield first, read, len(texts)
    elif len(texts) <= FEW:
        yield first, None, len(texts)
    else:
        half = len(texts) // 2
        yield from tables(texts[:half], first)
        yield from tables(texts[half:], first + half)


def split(array: bytes) -> Sequence[bytes] | None:
    """The texts of the values of a JSON array; None where it is none."""
    try:
        return [bytes(raw) for raw in _array.decode(array)]
    except (msgspec.MsgspecError, RecursionError):
        return None


def cards(texts: pl.Series) -> pl.Series | None:
    """The front matter (CARD) of JSON texts, null for null; None where one does not fit."""
    array = '[{"card":' + '},{"card":'.join([text or "null" for text in texts]) + "}]"
    read = _read(array.encode(), {"card": CARD})
    return read["card"] if read is not None and read.height == len(texts) else None


def _read(array: bytes, types: Types) -> pl.DataFrame | None:
    """A JSON array in columns; None where it is none, does not fit, or holds NUL or half a surrogate pair."""
    if array.lstrip()[:1] != b"[" or (b"\\u" in array and _ODD_ESCAPE.search(array)):
        return None
    try:
        return pl.read_json(array, schema=dict(types))
    except PolarsError:
        return None


def _spelt(names: tuple[str, str]) -> pl.Expr:
    usual, other = map(pl.col, names)
    absent = pl.col("createdAt").is_null() & usual.is_null()
    return pl.when(absent).then(other).otherwise(usual).alias(names[0])
