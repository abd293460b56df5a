"""A Hub-like world from one seed: `World` names it, `frames` makes its listing rows, a dated state at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.chance import Bools, uniform
from ingest.simulated.names import Names
from ingest.simulated.roots import roots
from ingest.simulated.rows import State, rows
from ingest.simulated.shape import Shape, shape

TODAY = datetime(2026, 11, 24, tzinfo=UTC)

_DELETED, _RENAMED, _EDITED = 0.0004, 0.00005, 0.0015


@dataclass(frozen=True)
class World:
    """An invented Hub of `models` models at `today`, seen `day` days later: the same for the same values, everywhere.

    As days pass, models are added, edited, renamed and deleted; what was there before stays as it was.
    """

    models: int
    seed: int = 7
    today: datetime = TODAY
    day: int = 0

    @property
    def label(self) -> str:
        """What every answer from this world carries."""
        return f"seed={self.seed}; models={self.models}" + (f"; day={self.day}" if self.day else "")

    @property
    def now(self) -> datetime:
        """The moment that this state describes."""
        return self.today + timedelta(days=self.day)

    @cached_property
    def _shape(self) -> Shape:
        return shape(self.models, self.seed, self.today, self.day)

    def _event(self, purpose: str, daily: float) -> NDArray[np.int64]:
        """The day on which something befalls each model, 0 where it has not yet; official models are spared."""
        u = uniform(self.seed, purpose, self._shape.count)
        day = (u / daily).astype(np.int64) + 1
        born = np.maximum(self._shape.created - int(self.today.timestamp()), 0) // 86_400 + 1
        return np.where((day <= self.day) & (day > born) & (self._shape.root < 0), day, 0)

    @cached_property
    def _state(self) -> State:
        when = np.array([root.renamed.timestamp() if root.renamed else np.inf for root in roots()])
        retired: Bools = (self._shape.root >= 0) & (when[np.maximum(self._shape.root, 0)] <= self.now.timestamp())
        renamed = self._event("renamed", _RENAMED)
        return State(
            shape=self._shape,
            seed=self.seed,
            now=int(self.now.timestamp()),
            day=self.day,
            names=Names(self._shape, self.seed, self.models, renamed > 0, retired),
            edited=np.maximum(self._event("edited", _EDITED), renamed),
            deleted=self._event("deleted", _DELETED) > 0,
        )


def frames(world: World, batch: int = 100_000) -> Iterator[pl.DataFrame]:
    """Listing rows in the order of `_id`, at most `batch` a frame; columns as `rows.COLUMNS`."""
    state = world._state
    for start in range(0, state.shape.count, batch):
        yield rows(state, start, min(start + batch, state.shape.count))


def redirects(world: World) -> Mapping[str, str]:
    """Earlier ids to present ones: what the Hub answers with 307."""
    names = world._state.names
    pairs = pl.DataFrame({"old": names.old, "new": names.ids}).drop_nulls()
    return dict(pairs.iter_rows())
