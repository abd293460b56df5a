"""The lineage graph over node numbers: reach, condensation, depth, closure, paths. Pure; numpy in, numpy out.

A node is a row number of `schema.NODES`; an edge runs from child to parent. Real data holds cycles, so ancestry is over
the condensation: no model is its own descendant, and all members of a cycle share ancestors and descendants.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

Ints: TypeAlias = npt.NDArray[np.int64]
Bits: TypeAlias = npt.NDArray[np.uint8]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Adjacency:
    """Neighbours of every node, end to end: those of node v are `ends[starts[v]:starts[v + 1]]`."""

    starts: Ints
    ends: Ints

    def of(self, nodes: Ints) -> Ints:
        """Neighbours of all `nodes`, in their order, repeats kept."""
        return self.ends[self.slots(nodes)]

    def slots(self, nodes: Ints) -> Ints:
        """Places in `ends` of the neighbours of `nodes`, in their order."""
        low = self.starts[nodes]
        return _ranges(low, self.starts[nodes + 1] - low)


def _ranges(start: Ints, count: Ints) -> Ints:
    """The numbers start, start + 1, … of each range, end to end."""
    if not len(count):
        return np.empty(0, np.int64)
    shift = np.repeat(start - np.concatenate(([0], np.cumsum(count)[:-1])), count)
    return shift + np.arange(len(shift))


def adjacency(n: int, keys: Ints, ends: Ints) -> Adjacency:
    """The adjacency of `n` nodes from pairs sorted by key."""
    return Adjacency(np.concatenate(([0], np.cumsum(np.bincount(keys, minlength=n)))).astype(np.int64), ends)


@dataclass(frozen=True)
class Graph:
    """Edges among `n` nodes as equal-long arrays, sorted by child, then position.

    `relations` and `evidence` are bit sets of `domain.Relation` and `domain.Evidence`. `crowd` has two rows: siblings
    of the same publisher, siblings of the same name template (`schema.EDGES`). No self-loops, one edge a pair.
    """

    n: int
    child: Ints
    parent: Ints
    relations: Bits
    evidence: Bits
    position: Ints
    crowd: Ints

    def at(self, mask: int) -> Graph:
        """The same nodes with only the edges whose evidence has a bit of `mask`."""
        keep = (self.evidence & mask) > 0
        if keep.all():
            return self
        return Graph(
            self.n,
            self.child[keep],
            self.parent[keep],
            self.relations[keep],
            self.evidence[keep],
            self.position[keep],
            self.crowd[:, keep],
        )

    @cached_property
    def up(self) -> Adjacency:
        """Parents of every node, by position; slots are edge numbers."""
        return adjacency(self.n, self.child, self.parent)

    @cached_property
    def down_order(self) -> Ints:
        """Edge numbers sorted by parent, then child."""
        return np.argsort(self.parent, kind="stable")

    @cached_property
    def down(self) -> Adjacency:
        """Children of every node, by number, which is by id."""
        order = self.down_order
        return adjacency(self.n, self.parent[order], self.child[order])

    @cached_property
    def condensation(self) -> Condensation:
        """The graph's strongly connected components in topological order."""
        return condense(self)


def graph_of(n: int, edges: pl.DataFrame) -> Graph:
    """The graph of a `schema.EDGES` frame."""
    return Graph(
        n,
        edges["child"].to_numpy().astype(np.int64),
        edges["parent"].to_numpy().astype(np.int64),
        edges["relations"].to_numpy(),
        edges["evidence"].to_numpy(),
        edges["position"].to_numpy().astype(np.int64),
        np.stack([edges[name].to_numpy().astype(np.int64) for name in ("by_publisher", "by_template")]),
    )


@dataclass(frozen=True)
class Reach:
    """Nodes reached from seeds, seeds first, then in order of distance; distances in edges."""

    nodes: Ints
    distance: Ints


def reach(step: Adjacency, seeds: Ints, limit: int | None = None) -> Reach:
    """Everything within `limit` steps of the seeds (all steps where None); each node once, at its least distance."""
    seen = np.zeros(len(step.starts) - 1, dtype=bool)
    front = _distinct(seeds, len(seen))
    seen[front] = True
    layers, depths, depth = [front], [np.zeros(len(front), np.int64)], 0
    while len(front) and (limit is None or depth < limit):
        depth += 1
        found = step.of(front)
        front = _distinct(found[~seen[found]], len(seen))
        seen[front] = True
        layers.append(front)
        depths.append(np.full(len(front), depth, np.int64))
    return Reach(np.concatenate(layers), np.concatenate(depths))


def _distinct(nodes: Ints, n: int) -> Ints:
    """The nodes once each, sorted; where they are many, by a flag a node instead of by sorting."""
    if len(nodes) * 64 < n:
        return np.unique(nodes)
    flags = np.zeros(n, dtype=bool)
    flags[nodes] = True
    return np.flatnonzero(flags)


@dataclass(frozen=True)
class Condensation:
    """Strongly connected components.

    `component[v]` is the smallest node of v's component. `level[v]` is the longest path of components up to a source:
    parents always have a lower one. `cycles` lists the components of two and more nodes, each sorted.
    """

    component: Ints
    level: Ints
    cycles: tuple[Ints, ...]

    def sources(self, graph: Graph) -> Ints:
        """Every node of a component without parents outside itself."""
        outward = self.component[graph.child] != self.component[graph.parent]
        inner = np.zeros(graph.n, dtype=bool)
        inner[self.component[graph.child[outward]]] = True
        return np.flatnonzero(~inner[self.component])


def condense(graph: Graph) -> Condensation:
    """The components: peeled from both ends while that works, the core (real data: dozens of nodes) by Tarjan."""
    n = graph.n
    component = np.arange(n, dtype=np.int64)
    level, left = _peel(n, graph.child, graph.parent)
    if not left.any():
        return Condensation(component, level, ())
    inside = left[graph.child] & left[graph.parent]
    _, core = _peel(n, graph.parent[inside], graph.child[inside])
    core &= left
    edges = core[graph.child] & core[graph.parent]
    cycles = tuple(_tarjan(graph.child[edges], graph.parent[edges]))
    for members in cycles:
        component[members] = members[0]
    child, parent = component[graph.child], component[graph.parent]
    between = child != parent
    level, left = _peel(n, child[between], parent[between])
    if left.any():
        raise AssertionError("condensation left a cycle")
    return Condensation(component, level[component], cycles)


def _peel(n: int, child: Ints, parent: Ints) -> tuple[Ints, Flags]:
    """Kahn by layers: the longest-path level of every node that is on no cycle and below none, and who is left."""
    order = np.argsort(parent, kind="stable")
    down = adjacency(n, parent[order], child[order])
    waiting = np.bincount(child, minlength=n)
    level = np.zeros(n, np.int64)
    front, depth = np.flatnonzero((waiting == 0) & (np.diff(down.starts) > 0)), 0
    while len(front):
        depth += 1
        touched, times = np.unique(down.of(front), return_counts=True)
        waiting[touched] -= times
        front = touched[waiting[touched] == 0]
        level[front] = depth
    return level, waiting > 0


def _tarjan(child: Ints, parent: Ints) -> Iterator[Ints]:
    """Components of two and more nodes, iteratively, in the order of their smallest node."""
    up: dict[int, list[int]] = {}
    for c, p in zip(child.tolist(), parent.tolist(), strict=True):
        up.setdefault(c, []).append(p)
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[Ints] = []
    for root in sorted(up):
        if root in index:
            continue
        work = [(root, iter(up.get(root, ())))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, parents = work[-1]
            step = next(parents, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = [stack.pop()]
                    while members[-1] != node:
                        members.append(stack.pop())
                    on_stack.difference_update(members)
                    if len(members) > 1:
                        found.append(np.array(sorted(members), dtype=np.int64))
            elif step not in index:
                index[step] = low[step] = len(index)
                stack.append(step)
                on_stack.add(step)
                work.append((step, iter(up.get(step, ()))))
            elif step in on_stack:
                low[node] = min(low[node], index[step])
    yield from sorted(found, key=lambda members: int(members[0]))


def depths(graph: Graph) -> Ints:
    """Shortest number of edges from each node up to a source component; members of a source cycle and stubs are 0."""
    sources = graph.condensation.sources(graph)
    found = reach(graph.down, sources[np.diff(graph.down.starts)[sources] > 0])
    depth = np.zeros(graph.n, np.int64)
    depth[found.nodes] = found.distance
    return depth


def derivative_counts(graph: Graph) -> Ints:
    """How many distinct nodes descend from each node, itself left out; exact through merges and cycles.

    Ancestor sets are built level by level. A leaf with one parent, which most nodes are, adds its weight to that
    parent and needs no set of its own.
    """
    parts = graph.condensation
    size = np.bincount(parts.component, minlength=graph.n)
    child, parent = parts.component[graph.child], parts.component[graph.parent]
    pairs = np.sort((child * graph.n + parent)[child != parent])
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    child, parent = pairs // graph.n, pairs % graph.n
    parents_of = np.bincount(child, minlength=graph.n)
    childless = np.bincount(parent, minlength=graph.n) == 0
    light = childless[child] & (parents_of[child] == 1)
    below = np.bincount(parent[light], weights=size[child[light]], minlength=graph.n).astype(np.int64)
    weight = size + below
    total = below.copy()
    for ancestor, descendant in _ancestor_pairs(graph.n, child[~light], parent[~light], parts.level):
        np.add.at(total, ancestor, weight[descendant])
    return total[parts.component] + size[parts.component] - 1


def _ancestor_pairs(n: int, child: Ints, parent: Ints, level: Ints) -> Iterator[tuple[Ints, Ints]]:
    """(ancestor, descendant) of a condensed graph, each pair once, in batches by the descendant's level."""
    order = np.lexsort((parent, child, level[child]))
    child, parent = child[order], parent[order]
    start = np.zeros(n, np.int64)
    length = np.zeros(n, np.int64)
    store, used = np.empty(max(1024, 2 * len(child)), np.int64), 0
    cuts = np.flatnonzero(np.diff(level[child], prepend=-1, append=-1))
    for low, high in itertools.pairwise(cuts):
        kids, parents = child[low:high], parent[low:high]
        count = length[parents]
        grand = store[_ranges(start[parents], count)]
        key = np.unique(np.concatenate((kids * n + parents, np.repeat(kids, count) * n + grand)))
        kid, ancestor = key // n, key % n
        if used + len(key) > len(store):
            store = np.concatenate((store[:used], np.empty(max(len(store), len(key)), np.int64)))
        store[used : used + len(key)] = ancestor
        first = np.flatnonzero(np.diff(kid, prepend=-1))
        start[kid[first]] = used + first
        length[kid[first]] = np.diff(np.append(first, len(kid)))
        used += len(key)
        yield ancestor, kid


def path(graph: Graph, low: int, high: int) -> list[int]:
    """The shortest chain of parents from `low` up to `high`, both included; empty where there is none.

    Among equally short ones, the parent that stands first in the card wins at each step upwards.
    """
    below = reach(graph.down, np.array([high]))
    distance = dict(zip(below.nodes.tolist(), below.distance.tolist(), strict=True))
    if low not in distance:
        return []
    chain = [low]
    while chain[-1] != high:
        here = chain[-1]
        parents = graph.up.of(np.array([here])).tolist()
        chain.append(next(p for p in parents if distance.get(p, -1) == distance[here] - 1))
    return chain


def common_ancestors(graph: Graph, a: int, b: int) -> list[tuple[int, int]]:
    """Nearest common ancestors with the summed distance from both, nearest first, ties by number; a node is its own."""
    one, two = reach(graph.up, np.array([a])), reach(graph.up, np.array([b]))
    far = dict(zip(two.nodes.tolist(), two.distance.tolist(), strict=True))
    both = [(d + far[v], v) for v, d in zip(one.nodes.tolist(), one.distance.tolist(), strict=True) if v in far]
    return [(v, d) for d, v in sorted(both)]
