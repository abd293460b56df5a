"""Rows of the stored queries as domain objects, and edges in the columns of the protocol; for both stores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import polars as pl

from lineage import schema
from lineage.domain import Edge, Evidence, Loaded, Model, Relation

_MODEL: Callable[..., Model] = Model
_LOADED: Callable[..., Loaded] = Loaded


def model(row: Sequence[object]) -> Model:
    """A row of `cypher.NEO4J_MODELS`, times as either driver gives them."""
    return _MODEL(*map(_aware, row))


def loaded(row: Sequence[object]) -> Loaded:
    """A row of `cypher.LOADED`."""
    return _LOADED(*map(_aware, row))


def edge(row: Sequence[object]) -> Edge:
    """A row of `cypher.PARENTS`."""
    child, parent, relations, evidence, position = row
    return Edge(str(child), str(parent), _texts(relations), _texts(evidence), int(str(position)))


def nodes(models: pl.DataFrame) -> pl.DataFrame:
    """The frame in the columns and order of the protocol; naive times are UTC."""
    cast = {
        name: pl.col(name).dt.replace_time_zone("UTC").cast(kind)
        if models.schema[name] == pl.Datetime and getattr(models.schema[name], "time_zone", None) is None
        else pl.col(name).cast(kind)
        for name, kind in schema.NODES.items()
    }
    return models.select(**cast).sort("id")


def bits(edges: pl.DataFrame) -> pl.DataFrame:
    """The frame with its lists `relations` and `evidence` as bits (u8) and `position` as i32."""
    return edges.with_columns(
        _bits("relations", Relation), _bits("evidence", Evidence), pl.col("position").fill_null(0).cast(pl.Int32)
    )


def _bits(column: str, kind: type[Relation] | type[Evidence]) -> pl.Expr:
    told = [str(member) for member in kind]
    value = pl.element().replace_strict(told, [member.bit for member in kind], default=0, return_dtype=pl.UInt8)
    return pl.col(column).cast(pl.List(pl.String)).list.eval(value).list.sum().fill_null(0).cast(pl.UInt8)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Iterable) else ()


def _aware(value: object) -> object:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
