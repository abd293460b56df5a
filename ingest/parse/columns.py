"""Columns named as the Hub names them, of a dump or of rows read, to LISTING columns: what is of no use is null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from polars.datatypes import DataTypeClass

from ingest.parse import oddrows, rows
from ingest.parse.oddrows import LONGEST_ID, UNFIT
from lineage.schema import LISTING, TIME

_TEXTS = pl.List(pl.String)
_HUB_TIME = len("2026-01-02T03:04:05.678Z")
_CARDS = {name: dtype for name, dtype in LISTING.items() if name.startswith("card_")}
_NUMBER = r"^(?:[+-]?[0-9.]|true$|false$)"


class _Column(NamedTuple):
    """A column, or what is inside one, and its type."""

    cells: pl.Expr
    dtype: pl.DataType | DataTypeClass


_NOTHING = _Column(pl.lit(None), pl.Null)


def listing(frame: pl.DataFrame) -> pl.DataFrame:
    """The LISTING table of columns in whatever types; a column that is absent, or of no use, is null throughout."""
    of = {name: _Column(pl.col(name), dtype) for name, dtype in frame.schema.items()}
    hub = {name: of.get(name, _NOTHING) for name in rows.ROW}
    cells: Mapping[str, pl.Expr] = {
        "hub_id": _text(hub["_id"]),
        "id": _text(hub["id"]),
        "author": _text(hub["author"]),
        "created_at": _time(hub["createdAt"]),
        "last_modified": _time(hub["lastModified"]),
        "downloads": _whole(hub["downloads"]),
        "downloads_all_time": _whole(hub["downloadsAllTime"]),
        "likes": _whole(hub["likes"]),
        "trending_score": _number(hub["trendingScore"]),
        "pipeline_tag": _text(hub["pipeline_tag"]),
        "library": _text(hub["library_name"]),
        "gated": _gated(hub["gated"]),
        "private": _flag(hub["private"]),
        "disabled": _flag(hub["disabled"]),
        "parameters": _whole(_inside(hub["safetensors"], "total")),
        "license": _tagged(hub["tags"], "license:").list.first(),
        "base_tags": _tagged(hub["tags"], "base_model:"),
        "dump_parents": _parents(_inside(hub["baseModels"], "models")),
        "dump_relation": _text(_inside(hub["baseModels"], "relation")),
    }
    table = frame.select_seq(
        **{name: expression.cast(LISTING[name], strict=False) for name, expression in cells.items()}
    )
    return table.hstack(_cards(frame)).select(list(LISTING))


def unfit_id() -> pl.Expr:
    """Where the column `id` holds nothing that can name a model."""
    name = pl.col("id")
    return pl.any_horizontal(
        name.is_null(),
        name.str.strip_chars() == "",
        name.str.len_chars() > LONGEST_ID,
        name.str.contains(f"[{UNFIT}]"),
    ).fill_null(True)


def doubtful() -> pl.Expr:
    """Which rows of `rows.table` must be read one by one: their columns do not tell what was written."""
    name, tags = pl.col("id"), pl.col("tags")
    return pl.any_horizontal(
        unfit_id(),
        ~name.str.contains("/", literal=True) & name.str.contains(_NUMBER),
        (tags.list.len() == 1) & tags.list.first().str.contains(oddrows.NO_TAG).fill_null(True),
        _odd_card(),
    ).fill_null(False)


def _odd_card() -> pl.Expr:
    """Which cards state a licence that is other than one text."""
    licence = pl.col("cardData").struct.field("license")
    return licence.is_not_null() & ((licence.list.len() != 1) | licence.list.first().is_null())


def _inside(column: _Column, field: str) -> _Column:
    fields = column.dtype.fields if isinstance(column.dtype, pl.Struct) else []
    for inner in fields:
        if inner.name == field:
            return _Column(column.cells.struct.field(field), inner.dtype)
    return _NOTHING


def _text(column: _Column) -> pl.Expr:
    if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return column.cells.cast(pl.String)
    return pl.lit(None, pl.String)


def _whole(column: _Column) -> pl.Expr:
    return _finite(column).cast(pl.Int64, strict=False)


def _number(column: _Column) -> pl.Expr:
    return _bounded(_finite(column).cast(pl.Float64, strict=False))


def _finite(column: _Column) -> pl.Expr:
    """Numbers, or texts that may be some."""
    if column.dtype.is_float():
        return _bounded(column.cells)
    return column.cells if column.dtype.is_integer() or column.dtype == pl.String else pl.lit(None)


def _bounded(numbers: pl.Expr) -> pl.Expr:
    return pl.when(numbers.abs() < oddrows.LARGEST).then(numbers)


def _flag(column: _Column) -> pl.Expr:
    if column.dtype == pl.Boolean:
        return column.cells
    words = _text(column)
    return pl.when(words.is_in(["true", "false"])).then(words == "true")


def _gated(column: _Column) -> pl.Expr:
    words = column.cells.cast(pl.String) if column.dtype == pl.Boolean else _text(column)
    return pl.when(words.is_in(["false", "true", "auto", "manual"])).then(words)


def _time(column: _Column) -> pl.Expr:
    """UTC moments, texts cut to milliseconds; a time without a zone is UTC, a number is no time."""
    if isinstance(column.dtype, pl.Datetime):
        zoned = column.cells if column.dtype.time_zone else column.cells.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").cast(TIME)
    if column.dtype == pl.Date:
        return column.cells.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").cast(TIME)
    return column.cells.map_batches(_moments, return_dtype=TIME) if column.dtype == pl.String else pl.lit(None, TIME)


def _moments(texts: pl.Series) -> pl.Series:
    """The Hub's own form by columns, where all have it; else one by one."""
    if (texts.str.len_bytes() == _HUB_TIME).all():
        try:
            return pl.Series(pc.cast(texts.to_arrow(), pa.timestamp("ms", "UTC")), dtype=TIME)
        except pa.ArrowInvalid:
            pass
    return pl.Series([oddrows.moment(text) for text in texts], dtype=TIME)


def _tagged(tags: _Column, prefix: str) -> pl.Expr:
    """The tags of that kind without the prefix, in their order; null where nothing is known of any tag."""
    if tags.dtype != _TEXTS:
        return pl.lit(None, _TEXTS)
    tag = pl.element()
    return tags.cells.list.eval(tag.filter(tag.str.starts_with(prefix)).str.slice(len(prefix))).fill_null([])


def _parents(models: _Column) -> pl.Expr:
    inner = models.dtype.inner if isinstance(models.dtype, pl.List) else None
    if inner == pl.String:
        return models.cells.list.drop_nulls()
    if isinstance(inner, pl.Struct) and "id" in [field.name for field in inner.fields]:
        return models.cells.list.eval(pl.element().struct.field("id").cast(pl.String).drop_nulls())
    return pl.lit(None, _TEXTS)


def _cards(frame: pl.DataFrame) -> pl.DataFrame:
    column = frame["cardData"] if "cardData" in frame.columns else pl.Series([None] * frame.height, dtype=pl.Null)
    if column.dtype == rows.CARD:
        return _of_cards(column)
    texts = column.struct.json_encode() if isinstance(column.dtype, pl.Struct) else column
    if texts.dtype != pl.String or texts.null_count() == len(texts):
        return pl.DataFrame(schema=_CARDS).clear(frame.height)
    return _of_texts(texts)


def _of_texts(texts: pl.Series) -> pl.DataFrame:
    """The card columns of JSON texts: as many together as fit, the others one by one."""
    cards = rows.cards([text or "null" for text in texts])
    odd = cards.to_frame("cardData").select(_odd_card()).to_series() | (cards.is_null() & texts.is_not_null())
    table = _of_cards(cards)
    if not odd.any():
        return table
    alone = pl.DataFrame([oddrows.card_cells(text) for text in texts.filter(odd)], schema=_CARDS)
    place = np.arange(len(texts))
    place[odd.to_numpy()] = len(texts) + np.arange(alone.height)
    return pl.concat([table, alone])[place]


def _of_cards(cards: pl.Series) -> pl.DataFrame:
    field = pl.col("card").struct.field
    return cards.to_frame("card").select_seq(
        field("base_model").list.drop_nulls().alias("card_base_model"),
        field("base_model_relation").alias("card_relation"),
        field("license").list.first().alias("card_license"),
        field("license_name").alias("card_license_name"),
        field("license_link").alias("card_license_link"),
        field("new_version").alias("card_new_version"),
    )
