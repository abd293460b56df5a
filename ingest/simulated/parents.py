"""What rows say of their parents: the Hub's twin tags, the front matter, and the odd rows' own words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ingest.simulated.chance import Bools, Ints
from ingest.simulated.oddities import Written, written
from ingest.simulated.roots import roots
from ingest.simulated.shape import RELATIONS, Odd

if TYPE_CHECKING:
    from ingest.simulated.rows import State


@dataclass(frozen=True)
class Said:
    """`counts` of each row's parent tags, all of these in `tags`; `card` base_model as JSON, `stated` its relation."""

    counts: Ints
    tags: pl.Series
    card: pl.Series
    stated: pl.Series


@dataclass(frozen=True)
class _Edges:
    """Plain edges of a batch, by child: rows count from the batch's start."""

    child: NDArray[np.intp]
    parent: pl.Series
    spelt: pl.Series
    relation: pl.Series


def said(state: State, start: int, end: int) -> Said:
    """What the rows `start` to `end` say of their parents."""
    parent, relation = _edited(state, start, end)
    odd = np.flatnonzero((state.shape.odd[start:end] != Odd.NONE) & (parent >= 0))
    edges = _edges(state, start, end, parent, relation)
    words = _odd_words(state, start, odd, parent, relation)
    twins = pl.DataFrame({"parent": edges.parent, "relation": edges.relation}).select(
        plain=pl.concat_str(pl.lit("base_model:"), "parent"),
        typed=pl.concat_str(pl.lit("base_model:"), "relation", pl.lit(":"), "parent"),
    )
    strange = [tag for word in words for tag in word.tags]
    row = np.concatenate([edges.child, edges.child, np.repeat(odd, [len(word.tags) for word in words])])
    lead = np.concatenate(
        [np.arange(len(edges.child)) * 2, np.arange(len(edges.child)) * 2 + 1, np.arange(len(strange))]
    )
    order = np.lexsort((lead, row))
    tags = pl.concat([twins["plain"], twins["typed"], pl.Series(strange, dtype=pl.String)], rechunk=True).gather(order)
    counts = np.bincount(row, minlength=end - start).astype(np.int64)
    return Said(counts, tags, _cards(edges, odd, words, end - start), _stated(odd, words, end - start))


def _edited(state: State, start: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Parents and relations as they are on the state's day: an edit may drop the parent or change the relation."""
    parent, relation = state.shape.parent[start:end].copy(), state.shape.relation[start:end].copy()
    touched: Bools = (state.edited[start:end] > 0) & (state.shape.farm[start:end] < 0)
    kind = np.arange(start, end) % 4
    parent[touched & (kind == 0)] = -1
    turned = touched & (kind == 1) & (relation < 3)
    relation[turned] = (relation[turned] + 1) % 3
    return parent, relation


def _edges(state: State, start: int, end: int, parent: NDArray[np.int32], relation: NDArray[np.int8]) -> _Edges:
    shape = state.shape
    plain = np.flatnonzero((shape.odd[start:end] == Odd.NONE) & (parent >= 0))
    lo, hi = np.searchsorted(shape.extra_child, [start, end])
    more, more_parent = shape.extra_child[lo:hi] - start, shape.extra_parent[lo:hi]
    kept = parent[more] >= 0
    child = np.concatenate([plain, more[kept].astype(np.intp)])
    parents = np.concatenate([parent[plain], more_parent[kept]])
    order = np.argsort(child, kind="stable")
    child, parents = child[order], parents[order]
    names = pl.DataFrame(
        {
            "now": state.names.ids.gather(parents),
            "old": state.names.old.gather(parents),
            "usual": _writes_old(state, start, child, parents),
        }
    )
    spelt = names.select(
        pl.when(pl.col("usual") & pl.col("old").is_not_null()).then("old").otherwise("now")
    ).to_series()
    return _Edges(child, names["now"], spelt, pl.Series(RELATIONS, dtype=pl.String).gather(relation[child]))


def _writes_old(state: State, start: int, child: NDArray[np.intp], parents: NDArray[np.int32]) -> pl.Series:
    """Whether a child's card keeps the parent's earlier id: most that are older than the renaming, few others."""
    when = np.array([root.renamed.timestamp() if root.renamed else 0.0 for root in roots()] + [float(state.now)])
    root = state.shape.root[np.minimum(parents, state.shape.count - 1)]
    place = np.where((parents < state.shape.count) & (root >= 0), root, len(when) - 1)
    born = state.shape.created[start + child]
    u = state.draw("old name", start, start + (int(child.max()) + 1 if len(child) else 0))[child]
    return pl.Series(u < np.where(born < when[place], 0.8, 0.06))


def _odd_words(
    state: State, start: int, odd: NDArray[np.intp], parent: NDArray[np.int32], relation: NDArray[np.int8]
) -> list[Written]:
    names = state.names.ids.gather(parent[odd]).to_list()
    official = roots()
    return [
        written(
            Odd(state.shape.odd[start + row]),
            int(start + row),
            name,
            RELATIONS[relation[row]],
            official[int(start + row) * 31 % len(official)].id,
        )
        for row, name in zip(odd.tolist(), names, strict=True)
    ]


def _cards(edges: _Edges, odd: NDArray[np.intp], words: list[Written], count: int) -> pl.Series:
    """base_model as JSON: a string for one parent, a list for several, what odd rows wrote, else null."""
    quoted = pl.DataFrame({"row": edges.child, "name": edges.spelt}).select(
        "row", name=pl.concat_str(pl.lit('"'), "name", pl.lit('"'))
    )
    fold = np.bincount(edges.child, minlength=count)
    several = fold[edges.child] > 1
    single = quoted.filter(pl.Series(~several))
    lists = (
        quoted.filter(pl.Series(several))
        .group_by("row", maintain_order=True)
        .agg(pl.col("name").str.join(","))
        .with_columns(name=pl.concat_str(pl.lit("["), "name", pl.lit("]")))
    )
    own = pl.DataFrame(
        {"row": odd, "name": [None if word.card is None else word.card.decode() for word in words]},
        schema={"row": pl.Int64, "name": pl.String},
    )
    return _spread(pl.concat([single, lists, own.select("row", "name")]), count)


def _stated(odd: NDArray[np.intp], words: list[Written], count: int) -> pl.Series:
    said_ = [(int(row), word.stated) for row, word in zip(odd, words, strict=True) if word.stated is not None]
    return _spread(pl.DataFrame(said_, schema={"row": pl.Int64, "name": pl.String}, orient="row"), count)


def _spread(values: pl.DataFrame, count: int) -> pl.Series:
    """A column of `count` rows with the names where `row` says, null elsewhere."""
    place = np.zeros(count, dtype=np.int64)
    place[values["row"].to_numpy()] = np.arange(1, values.height + 1)
    return pl.concat([pl.Series([None], dtype=pl.String), values["name"]], rechunk=True).gather(place)
