"""What a graph store must do. Two implementations, one contract suite, no optional methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import polars as pl

from lineage.domain import Brood, Edge, Loaded, Model, Table
from lineage.schema import GraphTables

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, rows done and rows in all."""


class GraphStore(Protocol):
    """A loaded graph, read-only but for `load`; every method raises `LineageError` and nothing else.

    Reads on an empty store raise `NoData`, except `loaded`, which answers None.
    """

    url: str

    def loaded(self) -> Loaded | None:
        """What is loaded, or None where nothing is."""

    def load(self, tables: GraphTables, progress: Progress) -> None:
        """Make the store hold exactly `tables`; interrupted, the old graph stays or the next call finishes."""

    def model(self, id: str) -> Model | None:
        """The model or stub of that exact id, else None."""

    def models(self, ids: Sequence[str]) -> tuple[Model, ...]:
        """Those of `ids` that exist, in the order asked."""

    def parents(self, ids: Sequence[str]) -> tuple[Edge, ...]:
        """Every DERIVED_FROM edge up from `ids`, sorted by child (bytewise), then position."""

    def children(self, id: str, *, limit: int, relations: Sequence[str] = ()) -> Brood:
        """The children with most derivatives first (ties by id, bytewise), at most `limit`, and a tally of the rest.

        `relations` keeps only edges that carry one of them.
        """

    def nodes(self) -> pl.DataFrame:
        """All models and stubs in the columns of `schema.NODES`, sorted by id bytewise; times aware and UTC."""

    def edges(self) -> pl.DataFrame:
        """All DERIVED_FROM edges: child str, parent str, relations u8, evidence u8, position i32 (bits as `domain`)."""

    def cypher(self, text: str, parameters: Mapping[str, object], *, limit: int, timeout: float) -> Table:
        """The answer of a read-only statement, at most `limit` rows; raises `Refused` for anything else."""

    def close(self) -> None:
        """Release the connection; the object is not used afterwards."""
