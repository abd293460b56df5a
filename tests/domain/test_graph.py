"""The graph against brute force, on graphs with cycles, merges and chains."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lineage import schema
from lineage.graph import Graph, common_ancestors, depths, derivative_counts, graph_of, path, reach


def graph(n: int, pairs: set[tuple[int, int]]) -> Graph:
    edges = sorted(pairs)
    return graph_of(
        n,
        pl.DataFrame(
            {
                "child": [c for c, _ in edges],
                "parent": [p for _, p in edges],
                "relations": [1] * len(edges),
                "evidence": [1] * len(edges),
                "position": list(range(len(edges))),
                "by_publisher": [1] * len(edges),
                "by_template": [1] * len(edges),
            },
            schema=dict(schema.EDGES),
        ),
    )


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, set[tuple[int, int]]]:
    n = draw(st.integers(1, 14))
    node = st.integers(0, n - 1)
    pairs = draw(st.sets(st.tuples(node, node).filter(lambda e: e[0] != e[1]), max_size=3 * n))
    return n, pairs


def above(n: int, pairs: set[tuple[int, int]]) -> list[set[int]]:
    """Ancestors of each node by closing the relation until nothing changes."""
    found: list[set[int]] = [{p for c, p in pairs if c == v} for v in range(n)]
    changed = True
    while changed:
        changed = False
        for v in range(n):
            more = set().union(*(found[p] for p in found[v])) if found[v] else set()
            if not more <= found[v]:
                found[v] |= more
                changed = True
    return found


@given(graphs())
def test_counts_equal_brute_force_and_no_model_descends_from_itself(case: tuple[int, set[tuple[int, int]]]) -> None:
    n, pairs = case
    ancestors = above(n, pairs)
    expected = [sum(v in ancestors[d] for d in range(n) if d != v) for v in range(n)]
    assert derivative_counts(graph(n, pairs)).tolist() == expected


@given(graphs())
def test_reach_mirrors_in_both_directions(case: tuple[int, set[tuple[int, int]]]) -> None:
    n, pairs = case
    g = graph(n, pairs)
    ancestors = above(n, pairs)
    for v in range(n):
        up = set(reach(g.up, np.array([v])).nodes.tolist()) - {v}
        down = set(reach(g.down, np.array([v])).nodes.tolist()) - {v}
        assert up == ancestors[v] - {v}
        assert down == {d for d in range(n) if v in ancestors[d]} - {v}


@given(graphs())
def test_components_are_mutual_ancestors_and_levels_rise(case: tuple[int, set[tuple[int, int]]]) -> None:
    n, pairs = case
    parts = graph(n, pairs).condensation
    ancestors = above(n, pairs)
    for a in range(n):
        for b in range(n):
            mutual = a == b or (a in ancestors[b] and b in ancestors[a])
            assert (parts.component[a] == parts.component[b]) == mutual
    for c, p in pairs:
        if parts.component[c] != parts.component[p]:
            assert parts.level[c] > parts.level[p]
    assert all(len(members) > 1 for members in parts.cycles)


@given(graphs())
def test_depth_is_the_shortest_way_up_to_a_source(case: tuple[int, set[tuple[int, int]]]) -> None:
    n, pairs = case
    g = graph(n, pairs)
    ancestors = above(n, pairs)
    source = [all(v in ancestors[a] for a in ancestors[v]) for v in range(n)]
    found = depths(g)
    for v in range(n):
        if source[v]:
            assert found[v] == 0
        else:
            assert found[v] == 1 + min(found[p] for c, p in pairs if c == v)


@given(graphs(), st.data())
def test_path_is_a_shortest_chain_of_edges(case: tuple[int, set[tuple[int, int]]], data: st.DataObject) -> None:
    n, pairs = case
    g = graph(n, pairs)
    low, high = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n - 1))
    chain = path(g, low, high)
    found = reach(g.up, np.array([low]))
    distance = dict(zip(found.nodes.tolist(), found.distance.tolist(), strict=True))
    assert bool(chain) == (high in distance)
    if chain:
        assert chain[0] == low
        assert chain[-1] == high
        assert len(chain) == distance[high] + 1
        assert all(step in pairs for step in itertools.pairwise(chain))


@given(graphs(), st.data())
def test_common_ancestors_are_common_and_nearest_first(
    case: tuple[int, set[tuple[int, int]]], data: st.DataObject
) -> None:
    n, pairs = case
    a, b = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n - 1))
    found = common_ancestors(graph(n, pairs), a, b)
    ancestors = above(n, pairs)
    assert {v for v, _ in found} == (ancestors[a] | {a}) & (ancestors[b] | {b})
    assert [d for _, d in found] == sorted(d for _, d in found)


def test_a_chain_of_two_hundred_and_a_merge_of_a_hundred() -> None:
    chain = {(v, v - 1) for v in range(1, 200)}
    merge = {(300, p) for p in range(200, 300)} | {(p, 199) for p in range(200, 300)}
    g = graph(301, chain | merge)
    counts = derivative_counts(g)
    assert counts[0] == 300
    assert counts[199] == 101
    assert counts[200] == 1
    assert depths(g)[300] == 201
