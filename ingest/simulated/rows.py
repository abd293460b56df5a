"""Rows of the Hub's listing from a shape: ids, dates, tags and front matter, a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.simulated import columns, parents
from ingest.simulated.chance import Bools, Floats, Ints, uniform
from ingest.simulated.names import Names
from ingest.simulated.shape import Shape

COLUMNS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "_id": pl.String,
    "id": pl.String,
    "author": pl.String,
    "createdAt": pl.String,
    "lastModified": pl.String,
    "private": pl.Boolean,
    "gated": pl.String,
    "disabled": pl.Boolean,
    "downloads": pl.Int64,
    "downloadsAllTime": pl.Int64,
    "likes": pl.Int64,
    "trendingScore": pl.Float64,
    "pipeline_tag": pl.String,
    "library_name": pl.String,
    "tags": pl.List(pl.String),
    "parameters": pl.Int64,
    "cardData": pl.String,
}
"""A listing row as columns: times as the Hub writes them, `cardData` as JSON, `gated` "false", "auto" or "manual"."""


@dataclass(frozen=True)
class State:
    """A dated state of a world: `edited` the day of a row's last edit or 0, `deleted` rows are not listed."""

    shape: Shape
    seed: int
    now: int
    day: int
    names: Names
    edited: Ints
    deleted: Bools

    @cached_property
    def _drawn(self) -> dict[str, NDArray[np.float32]]:
        return {}

    def draw(self, purpose: str, start: int, end: int) -> Floats:
        """A slice of a purpose's random column; the column is drawn once."""
        if purpose not in self._drawn:
            column = uniform(self.seed, purpose, self.shape.count).astype(np.float32)
            self._drawn[purpose] = np.minimum(column, np.float32(0.9999999))
        return self._drawn[purpose][start:end].astype(np.float64)


def rows(state: State, start: int, end: int) -> pl.DataFrame:
    """The rows `start` to `end` of a state, without the deleted ones."""
    said = parents.said(state, start, end)
    facts = columns.facts(state, start, end)
    shape, names = state.shape, state.names
    frame = pl.DataFrame(
        {
            "_id": columns.object_ids(shape.created[start:end], start, state.seed),
            "id": names.ids.slice(start, end - start),
            "author": names.authors.slice(start, end - start),
            "createdAt": columns.instants(shape.created[start:end]),
            "lastModified": columns.instants(columns.modified(state, start, end)),
            "tags": columns.tags(facts, said),
            "said": said.card,
            "stated": said.stated,
            **facts.plain,
        }
    ).with_columns(
        private=pl.lit(False),
        cardData=columns.card(),
    )
    return frame.filter(pl.Series(~state.deleted[start:end])).select(list(COLUMNS))
