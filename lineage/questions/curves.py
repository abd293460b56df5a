"""The curve of `organic` over its threshold: what each N would leave out, so that nobody has to believe in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lineage import counters
from lineage.answers import CurveAnswer, CurvePoint
from lineage.bulk import CROWD
from lineage.counters import THRESHOLD, VERSIONS
from lineage.domain import Level
from lineage.questions import naming, notes

if TYPE_CHECKING:
    from lineage.atlas import Atlas
    from lineage.counters import Ground, Target
    from lineage.graph import Ints


def curve(atlas: Atlas, name: str, *, evidence: Level = Level.DECLARED) -> CurveAnswer:
    """`organic` of a family or model at thresholds of 20, 50, 100, … up to the one that leaves nothing out."""
    target = naming.target(atlas, name)
    ground = atlas.ground(evidence)
    least = _least(ground, target)
    points = tuple(
        CurvePoint(n, int((least[2] <= n).sum()), int((least[0] > n).sum()), int((least[1] > n).sum()))
        for n in _thresholds(int(least[2].max(initial=0)))
    )
    return CurveAnswer(
        receipt=atlas.receipt("curve", counters={"organic": VERSIONS["organic"]}, level=evidence, about=[target]),
        name=name,
        kind=target.kind,
        derivatives=least.shape[1],
        points=points,
        notes=(
            *notes.about(atlas, evidence, None),
            *notes.about_cover(atlas, [target]),
            *naming.remarks(atlas, {name: target.name}),
        ),
    )


def _least(ground: Ground, target: Target) -> Ints:
    """For each derivative, over its edges towards the target: the least siblings by publisher, by template, by either.

    A derivative is bulk at N where all its edges are, so where the least is above N.
    """
    nodes, _ = counters.derivatives_of(ground, target)
    inside = np.zeros(ground.graph.n, dtype=bool)
    inside[nodes] = True
    towards = inside.copy()
    towards[target.members] = True
    edge = np.flatnonzero(inside[ground.graph.child] & towards[ground.graph.parent])
    if not len(edge):
        return np.empty((3, 0), np.int64)
    starts = np.flatnonzero(np.diff(ground.graph.child[edge], prepend=-1))
    crowd = ground.graph.crowd[:, edge]
    return np.minimum.reduceat(np.vstack((crowd, crowd.max(axis=0))), starts, axis=1)


def _thresholds(most: int) -> list[int]:
    """20, 50, 100, 200, … beyond the default, up to the first that is no less than `most`."""
    found = [CROWD]
    while found[-1] < max(most, THRESHOLD):
        last = found[-1]
        found.append(last * 5 // 2 if str(last).startswith("2") else last * 2)
    return found
