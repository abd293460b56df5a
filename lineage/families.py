"""Who is a member of which family: registry claims, held against the whole snapshot's declared graph. Pure.

A claimed model is a member where no ancestor outside its component is a member of another family; a component claimed
by several families goes to that of its oldest claimed model. Pinned ids are members whatever their ancestors.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from lineage import schema
from lineage.graph import Graph, Ints, reach

LAST = np.iinfo(np.int64).max


def membership(
    graph: Graph, claims: pl.DataFrame, created: pl.Series, pinned: Iterable[tuple[int, int]]
) -> pl.DataFrame:
    """`schema.MEMBERS`, sorted by node, from claims (row u32 = node, family u16) on the declared graph.

    `created` is a datetime column in node order; a model without a date is younger than all with one. `pinned` holds
    (node, family) pairs that the registry fixes.
    """
    fixed = dict(pinned)
    claimed = dict(zip(claims["row"].to_list(), claims["family"].to_list(), strict=True)) | fixed
    if not claimed:
        return pl.DataFrame(schema=dict(schema.MEMBERS))
    start = np.array(sorted(claimed), dtype=np.int64)
    age = dict(zip(start.tolist(), created.gather(start).dt.epoch("ms").to_list(), strict=True))
    parts = graph.condensation
    above = reach(graph.up, start).nodes
    order = above[np.lexsort((above, parts.component[above], parts.level[above]))]
    seen: dict[int, int] = {}
    members: dict[int, int] = {}
    cuts = np.flatnonzero(np.diff(parts.component[order], prepend=-1, append=-1))
    for low, high in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        nodes = order[low:high]
        component = int(parts.component[nodes[0]])
        mask = _families_above(graph, nodes, component, parts.component, seen)
        here = [v for v in nodes.tolist() if v in claimed]
        if here:
            oldest = min(here, key=lambda v: (LAST if age[v] is None else age[v], v))
            family = claimed[oldest]
            for v in here:
                if v in fixed or (claimed[v] == family and not mask & ~(1 << family)):
                    members[v] = claimed[v]
                    mask |= 1 << claimed[v]
        seen[component] = mask
    found = sorted(members.items())
    return pl.DataFrame(found, schema=dict(schema.MEMBERS), orient="row")


def _families_above(graph: Graph, nodes: Ints, component: int, components: Ints, seen: dict[int, int]) -> int:
    """A bit for each family that has a member above the component."""
    mask = 0
    for parent in np.unique(components[graph.up.of(nodes)]).tolist():
        if parent != component:
            mask |= seen[parent]
    return mask
