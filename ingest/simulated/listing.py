"""Listing rows as the JSON that the Hub sends: only the fields asked for, absent values left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl

EXPAND: Final = (
    "author", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime", "evalResults", "gated",
    "gguf", "inference", "inferenceProviderMapping", "lastModified", "library_name", "likes", "mask_token",
    "model-index",
    "pipeline_tag", "private", "resourceGroup", "safetensors", "sha", "siblings", "spaces", "tags", "transformersInfo",
    "trendingScore", "widgetData",
)  # fmt: skip
"""Names that a listing accepts in `expand`."""

ONE_ONLY: Final = ("baseModels", "childrenModelCount", "usedStorage", "xetEnabled")
"""Names that only the answer about one model accepts besides."""

DEFAULT: Final = (
    "likes", "trendingScore", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt", "modelId",
)  # fmt: skip
FULL: Final = (*DEFAULT, "author", "sha", "lastModified", "gated", "disabled", "siblings")


def _text(name: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f'"{name}":"'), pl.col(name), pl.lit('"'))


def _bare(name: str, column: str | None = None) -> pl.Expr:
    return pl.concat_str(pl.lit(f'"{name}":'), pl.col(column or name).cast(pl.String))


def _tags() -> pl.Expr:
    inside = pl.col("tags").list.join('","').str.replace_all("\\", "\\\\", literal=True)
    quoted = pl.when(pl.col("tags").list.len() > 0).then(pl.concat_str(pl.lit('["'), inside, pl.lit('"]')))
    return pl.concat_str(pl.lit('"tags":'), quoted.otherwise(pl.lit("[]")))


def _gated() -> pl.Expr:
    wall = pl.when(pl.col("gated") == "false").then(pl.lit("false"))
    return pl.concat_str(pl.lit('"gated":'), wall.otherwise(pl.concat_str(pl.lit('"'), "gated", pl.lit('"'))))


def _safetensors() -> pl.Expr:
    n = pl.col("parameters").cast(pl.String)
    return pl.concat_str(pl.lit('"safetensors":{"parameters":{"BF16":'), n, pl.lit('},"total":'), n, pl.lit("}"))


_FIELDS: Final[Mapping[str, Callable[[], pl.Expr]]] = {
    "_id": lambda: _text("_id"),
    "id": lambda: _text("id"),
    "modelId": lambda: pl.concat_str(pl.lit('"modelId":"'), "id", pl.lit('"')),
    "author": lambda: _text("author"),
    "createdAt": lambda: _text("createdAt"),
    "lastModified": lambda: _text("lastModified"),
    "private": lambda: _bare("private"),
    "gated": _gated,
    "disabled": lambda: _bare("disabled"),
    "downloads": lambda: _bare("downloads"),
    "downloadsAllTime": lambda: _bare("downloadsAllTime"),
    "likes": lambda: _bare("likes"),
    "trendingScore": lambda: pl.concat_str(pl.lit('"trendingScore":'), pl.col("trendingScore").cast(pl.Int64)),
    "pipeline_tag": lambda: _text("pipeline_tag"),
    "library_name": lambda: _text("library_name"),
    "tags": _tags,
    "safetensors": _safetensors,
    "cardData": lambda: _bare("cardData"),
    "sha": lambda: pl.concat_str(pl.lit('"sha":"'), "_id", pl.lit('0000000000000000"')),
    "siblings": lambda: pl.lit('"siblings":[{"rfilename":"README.md"}]'),
}


def rows_json(frame: pl.DataFrame, fields: Sequence[str]) -> pl.Series:
    """Each row as one JSON object of the named fields that it has, `_id` and `id` always; unknown names add nothing."""
    wanted = dict.fromkeys(("_id", "id", *fields))
    parts = [_FIELDS[name]() for name in wanted if name in _FIELDS]
    whole = pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=",", ignore_nulls=True), pl.lit("}"))
    return frame.select(json=whole).to_series()


def lines(frame: pl.DataFrame, fields: Sequence[str]) -> bytes:
    """The rows as JSON Lines."""
    return "".join(f"{row}\n" for row in rows_json(frame, fields)).encode()
