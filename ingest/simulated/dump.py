"""A simulated world as files: JSON Lines of listing rows, and the published daily dump's `models.parquet`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import polars as pl
import pyarrow.parquet as pq

from ingest.simulated.listing import lines
from ingest.simulated.shape import RELATIONS
from ingest.simulated.sources import RawRow
from ingest.simulated.world import World, frames

JSON_FIELDS: Final = (
    "author", "createdAt", "lastModified", "private", "gated", "disabled", "downloads", "downloadsAllTime", "likes",
    "trendingScore", "tags", "pipeline_tag", "library_name", "safetensors", "cardData",
)  # fmt: skip
MARK: Final = b"lineage.simulated"
"""Key of the Parquet metadata that says, by the value `true`, that the rows are invented."""

_GROUP: Final = 100_000


def write_jsonl(world: World, path: Path) -> None:
    """One listing row a line, in the order of `_id`; the first carries `"_simulated": true`."""
    with path.open("wb") as file:
        for frame in frames(world):
            chunk = lines(frame, JSON_FIELDS)
            file.write(chunk if file.tell() else b'{"_simulated":true,' + chunk[1:])


def write_dump(world: World, path: Path) -> None:
    """A Parquet file shaped as the published daily dump of the Hub, marked as simulated in its metadata."""
    with_base = _known(world)
    writer: pq.ParquetWriter | None = None
    try:
        for frame in frames(world, _GROUP):
            table = _dumped(frame, with_base).to_arrow(compat_level=pl.CompatLevel.oldest())
            if writer is None:
                schema = table.schema.with_metadata({MARK: b"true"})
                writer = pq.ParquetWriter(path, schema, compression="zstd")
            writer.write_table(table.cast(schema))
    finally:
        if writer is not None:
            writer.close()


def listing_rows(path: Path) -> list[RawRow]:
    """Rows of an HF//RADAR Parquet file in the shape of a listing: the card's parents as a string or a list."""
    frame = pl.read_parquet(path)
    return [_listing_row(row) for row in frame.iter_rows(named=True)]


def _listing_row(row: dict[str, object]) -> RawRow:
    written = row["card_base_model"]
    parents = str(written).split(", ") if written is not None else []
    card = {"license": row["license"], "base_model": parents[0] if len(parents) == 1 else parents or None}
    made: dict[str, object] = {
        "id": row["id"],
        "author": row["author"],
        "createdAt": row["created_at"],
        "lastModified": row["last_modified"],
        "private": False,
        "gated": "auto" if row["gated"] else False,
        "downloads": row["downloads"],
        "likes": row["likes"],
        "trendingScore": row["trending_score"],
        "tags": row["tags"],
        "pipeline_tag": row["pipeline_tag"],
        "library_name": row["library_name"],
        "cardData": {name: value for name, value in card.items() if value is not None},
    }
    if row["parameters"] is not None:
        made["safetensors"] = {"parameters": {"BF16": row["parameters"]}, "total": row["parameters"]}
    return {name: value for name, value in made.items() if value is not None}


def _known(world: World) -> pl.DataFrame:
    """`_id` by `id` of all rows, for the dump's `baseModels`."""
    return pl.concat([frame.select("id", "_id") for frame in frames(world)])


def _dumped(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Rows with the dump's columns and types; `baseModels` from twin tags, parents that are lost left out."""
    when = {
        name: pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S.%3fZ", time_unit="ms", time_zone="UTC") for name in _TIMES
    }
    return frame.join(_base_models(frame, known), on="_id", how="left", maintain_order="left").select(
        "_id",
        "id",
        "author",
        createdAt=when["createdAt"],
        lastModified=when["lastModified"],
        private="private",
        gated="gated",
        disabled="disabled",
        downloads="downloads",
        downloadsAllTime="downloadsAllTime",
        likes="likes",
        trendingScore="trendingScore",
        pipeline_tag="pipeline_tag",
        library_name="library_name",
        tags="tags",
        cardData="cardData",
        safetensors=pl.when(pl.col("parameters").is_not_null()).then(
            pl.struct(
                pl.struct(pl.col("parameters").alias("BF16")).alias("parameters"), pl.col("parameters").alias("total")
            )
        ),
        baseModels="baseModels",
    )


_TIMES: Final = ("createdAt", "lastModified")
_TYPED: Final = rf"^base_model:({'|'.join(RELATIONS)}):(.+)$"


def _base_models(frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    tags = frame.lazy().select("_id", "tags").explode("tags", empty_as_null=False)
    plain = tags.filter(pl.col("tags").str.starts_with("base_model:")).select(
        "_id", parent=pl.col("tags").str.strip_prefix("base_model:")
    )
    typed = tags.select(
        "_id", relation=pl.col("tags").str.extract(_TYPED, 1), parent=pl.col("tags").str.extract(_TYPED, 2)
    ).drop_nulls()
    pairs = typed.join(plain, on=["_id", "parent"], how="semi").join(
        known.lazy().rename({"id": "parent", "_id": "parent_id"}), on="parent", how="inner", maintain_order="left"
    )
    return (
        pairs.group_by("_id", maintain_order=True)
        .agg(
            models=pl.struct(pl.col("parent_id").alias("_id"), pl.col("parent").alias("id")),
            relation=pl.col("relation").first(),
        )
        .select("_id", baseModels=pl.struct("models", "relation"))
        .collect()
    )
