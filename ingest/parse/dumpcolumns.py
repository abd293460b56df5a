"""A dump's typed columns to LISTING columns: pure; what a dump lacks, or has in another shape, is null."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import polars as pl

from ingest.parse import Parsed, columns, oddrows, quarantine, rows, uncollected
from lineage.schema import LISTING, TIME

_FLAGS = {"true": True, "false": False}
_AT_ONCE = 2_000
"""Cards read together: few, because an odd one has them all read again by themselves."""


def listing(frame: pl.DataFrame) -> Parsed:
    """The rows of columns named as the Hub names them; an unusable id puts its row into quarantine."""
    tags, base = _tags(frame), _column(frame, "baseModels")
    cells: Mapping[str, pl.Series] = {
        "hub_id": _text(_column(frame, "_id")),
        "id": _text(_column(frame, "id")),
        "author": _text(_column(frame, "author")),
        "created_at": _time(_column(frame, "createdAt")),
        "last_modified": _time(_column(frame, "lastModified")),
        "downloads": _number(_column(frame, "downloads"), pl.Int64),
        "downloads_all_time": _number(_column(frame, "downloadsAllTime"), pl.Int64),
        "likes": _number(_column(frame, "likes"), pl.Int64),
        "trending_score": _number(_column(frame, "trendingScore"), pl.Float64),
        "pipeline_tag": _text(_column(frame, "pipeline_tag")),
        "library": _text(_column(frame, "library_name")),
        "gated": _gated(_column(frame, "gated")),
        "private": _flag(_column(frame, "private")),
        "disabled": _flag(_column(frame, "disabled")),
        "parameters": _number(_inside(_column(frame, "safetensors"), "total"), pl.Int64),
        "license": tags.list.eval(_tagged("license:")).list.first(),
        "base_tags": tags.list.eval(_tagged("base_model:")),
        **_cards(frame),
        "dump_parents": _parents(_inside(base, "models")),
        "dump_relation": _text(_inside(base, "relation")),
    }
    table = pl.DataFrame({name: cells[name].cast(dtype, strict=False) for name, dtype in LISTING.items()})
    unfit = table.select(columns.unfit_id()).to_series()
    if not unfit.any():
        return Parsed(table, quarantine([]))
    return Parsed(table.filter(~unfit), quarantine(_refused(name) for name in table.filter(unfit)["id"]))


def _refused(name: str | None) -> tuple[str, str]:
    reason = "bad-id" if name is not None and name.strip() else "no-id"
    return reason, json.dumps({"id": name}, ensure_ascii=False)


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    return frame[name] if name in frame.columns else pl.Series(name, [None] * frame.height, pl.Null)


def _inside(column: pl.Series, field: str) -> pl.Series:
    if isinstance(column.dtype, pl.Struct) and field in [inner.name for inner in column.dtype.fields]:
        return column.struct.field(field)
    return _nothing(column)


def _nothing(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, [None] * len(column), pl.Null)


def _text(column: pl.Series) -> pl.Series:
    if column.dtype == pl.String or isinstance(column.dtype, pl.Categorical | pl.Enum):
        return column.cast(pl.String).str.replace_all("\x00", "\ufffd", literal=True)
    return _nothing(column).cast(pl.String)


def _number(column: pl.Series, dtype: type[pl.DataType]) -> pl.Series:
    if column.dtype.is_float():
        column = column.set(~column.is_finite().fill_null(True), None)
    if column.dtype.is_numeric() or column.dtype == pl.String:
        return column.cast(dtype, strict=False)
    return _nothing(column).cast(dtype)


def _flag(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column
    return _text(column).replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)


def _gated(column: pl.Series) -> pl.Series:
    words = column.cast(pl.String) if column.dtype == pl.Boolean else _text(column)
    return words.set(~words.is_in(["false", "true", "auto", "manual"]).fill_null(True), None)


def _time(column: pl.Series) -> pl.Series:
    """UTC moments; a time without a zone is UTC, a number is no time."""
    if isinstance(column.dtype, pl.Datetime):
        zoned = column if column.dtype.time_zone else column.dt.replace_time_zone("UTC")
        return zoned.dt.convert_time_zone("UTC").cast(TIME)
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").cast(TIME)
    return columns.moments(_text(column))


def _tags(frame: pl.DataFrame) -> pl.Series:
    column = _column(frame, "tags")
    if column.dtype == pl.List(pl.String):
        return column.list.drop_nulls().fill_null([])
    return _nothing(column).cast(pl.List(pl.String))


def _tagged(prefix: str) -> pl.Expr:
    tag = pl.element()
    return (
        tag.filter(tag.str.starts_with(prefix)).str.slice(len(prefix)).str.replace_all("\x00", "\ufffd", literal=True)
    )


def _parents(models: pl.Series) -> pl.Series:
    if models.dtype == pl.List(pl.String):
        return models.list.drop_nulls().fill_null([])
    inner = models.dtype.inner if isinstance(models.dtype, pl.List) else None
    if isinstance(inner, pl.Struct) and "id" in [field.name for field in inner.fields]:
        return models.list.eval(pl.element().struct.field("id").cast(pl.String).drop_nulls()).fill_null([])
    return _nothing(models).cast(pl.List(pl.String))


def _cards(frame: pl.DataFrame) -> Mapping[str, pl.Series]:
    column = _column(frame, "cardData")
    texts = column.struct.json_encode() if isinstance(column.dtype, pl.Struct) else _text(column)
    if texts.null_count() == len(texts):
        return {name: _nothing(texts) for name in LISTING if name.startswith("card_")}
    return _read_cards(texts).to_dict()


def _read_cards(texts: pl.Series) -> pl.DataFrame:
    """The card columns of JSON texts, in their order; those of an odd type one by one."""
    places = range(0, len(texts), _AT_ONCE)
    with uncollected():
        return pl.concat([_few_cards(texts.slice(place, _AT_ONCE)) for place in places])


def _few_cards(texts: pl.Series) -> pl.DataFrame:
    read = rows.cards(texts.to_list())
    odd = [place for place, card in enumerate(read) if card is None]
    cards = columns.cards([card or rows.Card() for card in read])
    if not odd:
        return cards
    careful = pl.DataFrame([oddrows.card_cells(text) for text in texts.gather(odd)], schema=cards.schema)
    place = np.arange(len(texts))
    place[odd] = len(texts) + np.arange(len(odd))
    return pl.concat([cards, careful])[place]
