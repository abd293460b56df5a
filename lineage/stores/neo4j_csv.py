"""A graph's tables as the CSV that `neo4j-admin database import` reads: heads name keys and types, cells are text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from lineage.schema import EdgeType, Kind, Label

_TYPES: Mapping[Kind, str] = {
    "string": "string",
    "int": "long",
    "float": "double",
    "bool": "boolean",
    "time": "datetime",
    "strings": "string[]",
}


def head(thing: Label | EdgeType, columns: Sequence[tuple[str, Kind]]) -> str:
    """The line over the columns."""
    return ",".join(_named(thing, name, kind) for name, kind in columns) + "\n"


def cells(columns: Sequence[tuple[str, Kind]]) -> list[pl.Expr]:
    """The columns in their order: times as ISO with Z, lists joined by semicolons."""
    return [_cell(pl.col(name), kind).alias(name) for name, kind in columns]


def _named(thing: Label | EdgeType, name: str, kind: Kind) -> str:
    if isinstance(thing, EdgeType) and name in ("source", "target"):
        return f":START_ID({thing.source})" if name == "source" else f":END_ID({thing.target})"
    if isinstance(thing, Label) and name == thing.key:
        return f"{name}:ID({thing.name})"
    return f"{name}:{_TYPES[kind]}"


def _cell(column: pl.Expr, kind: Kind) -> pl.Expr:
    if kind == "time":
        return column.cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
    return column.list.join(";") if kind == "strings" else column
