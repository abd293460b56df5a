"""`meetings`: what families share, pair by pair: models that derive from both, and the merges among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lineage.counters import derivatives_of
from lineage.domain import Level, Relation

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.graph import Flags, Graph


@dataclass(frozen=True)
class Meeting:
    """Two families by slug: how many models derive from both, how many of those are merges, the most downloaded ones.

    A merge here is a model with a merge edge of its own; stubs are not counted.
    """

    one: str
    other: str
    shared: int
    merges: int
    examples: tuple[str, ...]


def meetings(
    atlas: Atlas, slugs: Sequence[str], *, evidence: Level = Level.DECLARED, examples: int = 3
) -> tuple[Meeting, ...]:
    """Every pair of these families, in the order given; the slugs are the registry's."""
    ground = atlas.ground(evidence)
    below = {slug: ground.models(derivatives_of(ground, atlas.family_target(slug))[0]) for slug in slugs}
    merged = _merges(ground.graph)
    downloads = atlas.column("downloads").fill_null(0).to_numpy()
    found = []
    for one, other in combinations(slugs, 2):
        both = np.intersect1d(below[one], below[other])
        mixed = both[merged[both]]
        best = mixed[np.lexsort((mixed, -downloads[mixed]))[:examples]]
        found.append(Meeting(one, other, len(both), len(mixed), tuple(atlas.ids.gather(best).to_list())))
    return tuple(found)


def _merges(graph: Graph) -> Flags:
    """For every node whether any of its edges says merge."""
    flags: Flags = np.zeros(graph.n, dtype=bool)
    flags[graph.child[(graph.relations & Relation.MERGE.bit) > 0]] = True
    return flags
