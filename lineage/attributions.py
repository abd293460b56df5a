"""To which families every derivative is counted: all that it reaches, how many they are, and the one met first. Pure.

Rules: docs/definitions.md, Attribution.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl

from lineage.graph import Graph, Ints, reach


class Attributions:
    """Which families every derivative reaches in one graph, each family walked when first asked for.

    `members` is `schema.MEMBERS`; families are numbered by their place in the registry.
    """

    def __init__(self, graph: Graph, members: pl.DataFrame, families: int) -> None:
        self._graph = graph
        self._members = members
        self._families = families
        self._reached: dict[int, tuple[Ints, Ints]] = {}

    def of(self, family: int) -> tuple[Ints, Ints]:
        """The derivatives of one family, sorted by number, and their distances to the nearest member."""
        if family not in self._reached:
            self._reached[family] = self._walked(members_of(self._members, family))
        return self._reached[family]

    def _walked(self, own: Ints) -> tuple[Ints, Ints]:
        found = reach(self._graph.down, own)
        inside = np.zeros(self._graph.n, dtype=bool)
        inside[own] = True
        keep = ~inside[found.nodes]
        order = np.argsort(found.nodes[keep])
        return found.nodes[keep][order], found.distance[keep][order]

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Ints]:
        """Every derivative with a family it reaches and the distance, by family, then node: three columns."""
        walked = [self.of(family) for family in range(self._families)]
        empty = np.empty(0, np.int64)
        family = np.repeat(np.arange(self._families), [len(nodes) for nodes, _ in walked])
        return (
            np.concatenate([empty, *(nodes for nodes, _ in walked)]),
            family,
            np.concatenate([empty, *(distance for _, distance in walked)]),
        )

    @cached_property
    def k(self) -> Ints:
        """How many families each node reaches."""
        return np.bincount(self.pairs[0], minlength=self._graph.n)

    @cached_property
    def primary(self) -> Ints:
        """The family each derivative meets first walking up by position, -1 where it reaches none."""
        node, family, _ = self.pairs
        return _primaries(self._graph, self._members, node, family, self.k)


def members_of(members: pl.DataFrame, family: int) -> Ints:
    """Node numbers of a family's members."""
    return members.filter(pl.col("family") == family)["node"].to_numpy().astype(np.int64)


def _primaries(graph: Graph, members: pl.DataFrame, node: Ints, owner: Ints, k: Ints) -> Ints:
    """The family each derivative meets first: up through the first parent by position that leads to any.

    A cycle is one place: its outgoing edges stand by child id, then position. Pointers are followed by doubling.
    """
    own = np.full(graph.n, -1, np.int64)
    own[members["node"].to_numpy()] = members["family"].to_numpy()
    component = graph.condensation.component
    family = np.full(graph.n, -1, np.int64)
    np.maximum.at(family, component, own)
    leads = (k > 0) | (own >= 0)
    inner = np.zeros(graph.n, dtype=bool)
    inner[component[leads]] = True
    child, parent = component[graph.child], component[graph.parent]
    useful = np.flatnonzero((child != parent) & inner[parent])
    kids, first = np.unique(child[useful], return_index=True)
    step = np.arange(graph.n, dtype=np.int64)
    free = family[kids] < 0
    step[kids[free]] = parent[useful[first[free]]]
    while True:
        further = step[step]
        if np.array_equal(further, step):
            break
        step = further
    primary = np.where(k > 0, family[step[component]], -1)
    for v in np.flatnonzero((k > 0) & (own >= 0)).tolist():
        primary[v] = _met_first(graph, v, own, set(owner[node == v].tolist()))
    return primary


def _met_first(graph: Graph, start: int, own: Ints, wanted: set[int]) -> int:
    """Depth-first up from a derivative that is itself a member elsewhere: the first family met that it derives from."""
    seen, stack = {start}, graph.up.of(np.array([start]))[::-1].tolist()
    while stack:
        here = stack.pop()
        if here in seen:
            continue
        seen.add(here)
        if int(own[here]) in wanted:
            return int(own[here])
        stack.extend(graph.up.of(np.array([here]))[::-1].tolist())
    return -1
