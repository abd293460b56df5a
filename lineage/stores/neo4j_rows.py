"""Rows as Neo4j is sent them: a fingerprint each, and columns as lists of what the driver packs fastest. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import polars as pl

from lineage.schema import EdgeType, Label
from lineage.stores.cypher import DIGEST, neo4j_columns

_FIELD, _ITEM, _NULL = "\x1e", "\x1f", "\x00"


def prepared(thing: Label | EdgeType, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its bookkeeping columns, ready to write; times become epoch milliseconds.

    The fingerprint (63 bits of BLAKE2b over every column and the name of label or type) says whether a row is already
    there as it should be. It does not depend on machine, run or library version, so that any machine may update.
    """
    moments = [name for name, kind in neo4j_columns(thing) if kind == "time"]
    plain = frame.with_columns(pl.col(name).dt.timestamp("ms") for name in moments)
    made = plain.with_columns(_digests(thing.name, plain).alias(DIGEST))
    return made.select(name for name, _ in neo4j_columns(thing))


def _digests(name: str, frame: pl.DataFrame) -> pl.Series:
    texts = [
        (pl.col(column).list.join(_ITEM) if isinstance(kind, pl.List) else pl.col(column).cast(pl.String)).fill_null(
            _NULL
        )
        for column, kind in frame.schema.items()
    ]
    digest, key = hashlib.blake2b, name.encode()
    parts = []
    for piece in frame.iter_slices(200_000):
        rows = piece.select(pl.concat_str(texts, separator=_FIELD).cast(pl.Binary)).to_series().to_list()
        parts.append(b"".join([digest(row, digest_size=8, key=key).digest() for row in rows]))
    numbers = np.frombuffer(b"".join(parts), dtype="<u8") >> np.uint64(1)
    return pl.Series(numbers.astype(np.int64))


def batches(frame: pl.DataFrame, size: int) -> Iterator[list[list[object]]]:
    """The parameter `$columns` of each batch."""
    for piece in frame.iter_slices(size):
        yield [piece[name].to_list() for name in piece.columns]
