"""Counters against an independent count in plain Python, and the laws that hold between attributions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from lineage import attributions, counters, schema
from lineage.counters import Ground, Target
from lineage.domain import Attribution, Relation
from lineage.families import membership
from lineage.graph import graph_of

FIRST = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A small world: relation bits and siblings by edge, claims by node, a publisher, date and downloads a node."""

    n: int
    bits: dict[tuple[int, int], int]
    crowd: dict[tuple[int, int], tuple[int, int]]
    claims: dict[int, int]
    publisher: list[str | None]
    day: list[int | None]
    downloads: list[int | None]

    @property
    def parents(self) -> dict[int, list[int]]:
        return {v: sorted(p for c, p in self.bits if c == v) for v in range(self.n)}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(2, 12))
    node = st.integers(0, n - 1)
    pairs = draw(st.sets(st.tuples(node, node).filter(lambda e: e[0] != e[1]), max_size=2 * n))
    return Case(
        n,
        {pair: draw(st.integers(1, 31)) for pair in pairs},
        {pair: (draw(st.integers(1, 9)), draw(st.integers(1, 9))) for pair in pairs},
        draw(st.dictionaries(node, st.integers(0, 2), max_size=4)),
        draw(st.lists(st.sampled_from(["o", "p", "q", None]), min_size=n, max_size=n)),
        draw(st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=n, max_size=n)),
        draw(st.lists(st.one_of(st.none(), st.integers(0, 20)), min_size=n, max_size=n)),
    )


def ground(case: Case, *, until: int | None = None) -> tuple[Ground, pl.DataFrame]:
    pairs = sorted(case.bits)
    place: dict[int, int] = {}
    position = []
    for child, _ in pairs:
        position.append(place.get(child, 0))
        place[child] = place.get(child, 0) + 1
    edges = pl.DataFrame(
        {
            "child": [c for c, _ in pairs],
            "parent": [p for _, p in pairs],
            "relations": [case.bits[e] for e in pairs],
            "evidence": [1] * len(pairs),
            "position": position,
            "by_publisher": [case.crowd[e][0] for e in pairs],
            "by_template": [case.crowd[e][1] for e in pairs],
        },
        schema=dict(schema.EDGES),
    )
    graph = graph_of(case.n, edges)
    created = [None if d is None else FIRST + timedelta(days=d) for d in case.day]
    columns = {
        "id": pl.Series([f"m/{v:02}" for v in range(case.n)], dtype=pl.String),
        "stub": pl.Series([False] * case.n),
        "publisher": pl.Series(case.publisher, dtype=pl.String),
        "created_at": pl.Series(created, dtype=schema.TIME),
        **{name: pl.Series(case.downloads, dtype=pl.Int64) for name in ("downloads", "downloads_all_time", "likes")},
    }
    claims = pl.DataFrame(sorted(case.claims.items()), schema={"row": pl.UInt32, "family": pl.UInt16}, orient="row")
    members = membership(graph, claims, columns["created_at"], [])
    return (
        Ground(
            graph=graph,
            shared=attributions.Attributions(graph, members, 3),
            column=columns.__getitem__,
            owner={"o": "org"}.get,
            namespaces=["o"],
            teachers=pl.DataFrame(schema=dict(schema.TEACHERS)),
            named=pl.DataFrame(schema=dict(schema.NAMED)),
            matching=lambda pattern: pl.Series(dtype=pl.Int64),
            until=None if until is None else FIRST + timedelta(days=until),
            threshold=5,
        ),
        members,
    )


def target(members: pl.DataFrame, family: int) -> Target:
    return Target(f"f{family}", "family", attributions.members_of(members, family), family=family, organization="org")


def values(world: Ground, members: pl.DataFrame, family: int, mode: Attribution) -> dict[str, int | Fraction | None]:
    aim = target(members, family)
    return counters.count(world, aim, counters.derivative_table(world, aim), mode)


def ancestors(case: Case, v: int) -> set[int]:
    found: set[int] = set()
    stack = list(case.parents[v])
    while stack:
        here = stack.pop()
        if here not in found:
            found.add(here)
            stack += case.parents[here]
    return found - {v}


def slow_members(case: Case) -> dict[int, int]:
    """Membership by its definition, component by component from the top."""
    above = {v: ancestors(case, v) for v in range(case.n)}
    circle = {v: frozenset({v} | {a for a in above[v] if v in above[a]}) for v in range(case.n)}
    found: dict[int, int] = {}
    done: set[frozenset[int]] = set()
    while len(done) < len(set(circle.values())):
        for ring in set(circle.values()) - done:
            outside = set().union(*(above[v] for v in ring)) - ring
            if any(circle[a] not in done for a in outside):
                continue
            done.add(ring)
            here = [v for v in ring if v in case.claims]
            if here:
                age = {v: (case.day[v] is None, case.day[v] or 0, v) for v in here}
                family = case.claims[min(here, key=age.__getitem__)]
                if all(found.get(a, family) == family for a in outside):
                    found |= {v: family for v in here if case.claims[v] == family}
    return found


@given(cases())
def test_members_are_those_of_the_definition(case: Case) -> None:
    _, members = ground(case)
    assert dict(members.iter_rows()) == slow_members(case)


@given(cases())
def test_counters_equal_a_slow_count(case: Case) -> None:
    world, members = ground(case)
    own = slow_members(case)
    for family in range(3):
        mine = {v for v, f in own.items() if f == family}
        below = {v for v in range(case.n) if v not in mine and ancestors(case, v) & mine}
        inside = mine | below
        towards = {v: [e for e in case.bits if e[0] == v and e[1] in inside] for v in below}
        bits = dict.fromkeys(below, 0)
        for v, edges in towards.items():
            for e in edges:
                bits[v] |= case.bits[e]
        got = values(world, members, family, Attribution.ANY)
        assert got["derivatives"] == len(below)
        assert got["direct"] == len({c for c, p in case.bits if p in mine} - mine)
        for counter, relation in (
            ("finetunes", Relation.FINETUNE),
            ("adapters", Relation.ADAPTER),
            ("merges", Relation.MERGE),
            ("quantizations", Relation.QUANTIZED),
            ("unspecified", Relation.UNSPECIFIED),
        ):
            assert got[counter] == sum(bool(bits[v] & relation.bit) for v in below)
        assert got["trained"] == sum(bool(bits[v] & 0b111) for v in below)
        assert got["external"] == sum(case.publisher[v] != "o" for v in below)
        assert got["publishers"] == len({case.publisher[v] for v in below} - {None})
        farmed = {v for v in below if all(max(case.crowd[e]) > 5 for e in towards[v])}
        assert got["organic"] == len(below - farmed)
        if any(case.downloads[v] is not None for v in below):
            assert got["active"] == sum((case.downloads[v] or 0) > 5 for v in below)
            assert got["downloads"] == sum(case.downloads[v] or 0 for v in below)


@given(cases())
def test_attributions_share_every_derivative_exactly_once(case: Case) -> None:
    world, members = ground(case)
    by = {mode: [values(world, members, f, mode)["derivatives"] or 0 for f in range(3)] for mode in Attribution}
    total = int((world.shared.k > 0).sum())
    assert sum(by[Attribution.FRACTIONAL]) == total
    assert sum(by[Attribution.PRIMARY]) == total
    for one, part, alone in zip(
        by[Attribution.ANY], by[Attribution.FRACTIONAL], by[Attribution.EXCLUSIVE], strict=True
    ):
        assert one >= part >= alone


@given(cases())
def test_primary_is_the_first_family_met_depth_first_where_there_is_no_cycle(case: Case) -> None:
    world, members = ground(case)
    if world.graph.condensation.cycles:
        return
    own = dict(members.iter_rows())
    reaches = {v: {own[a] for a in ancestors(case, v) if a in own} for v in range(case.n)}

    def met(v: int, wanted: set[int]) -> int | None:
        for parent in case.parents[v]:
            if own.get(parent) in wanted:
                return own[parent]
            found = met(parent, wanted)
            if found is not None:
                return found
        return None

    for v in range(case.n):
        wanted = reaches[v] - {own.get(v)}
        assert world.shared.primary[v] == (-1 if not wanted else met(v, wanted))


@given(cases(), st.integers(0, 30), st.integers(0, 30))
def test_as_of_only_grows(case: Case, one: int, two: int) -> None:
    early, late = sorted((one, two))
    for family in range(3):
        counts = []
        for until in (early, late, None):
            world, members = ground(case, until=until)
            counts.append(values(world, members, family, Attribution.ANY)["derivatives"] or 0)
        assert counts == sorted(counts)


@given(cases())
def test_slices_of_a_partition_sum_to_the_whole(case: Case) -> None:
    world, members = ground(case)
    for family in range(3):
        aim = target(members, family)
        table = counters.shares(world, counters.derivative_table(world, aim))
        for mode in Attribution:
            whole = counters.summed(table, mode, family)[None]
            parts = counters.summed(table, mode, family, by="publisher").values()
            for counter in ("derivatives", "organic", "trained", "external"):
                assert sum((part[counter] or 0 for part in parts), start=0) == whole[counter]


def test_one_model_counts_like_a_family_of_one() -> None:
    pairs = {(1, 0): 1, (2, 1): 8, (3, 2): 4, (3, 0): 1, (4, 5): 1, (5, 4): 1, (5, 0): 2}
    case = Case(6, pairs, dict.fromkeys(pairs, (1, 1)), {}, ["o"] * 6, [0] * 6, [9] * 6)
    world, _ = ground(case)
    aim = Target("m/04", "model", np.array([4]), organization="org")
    table = counters.derivative_table(world, aim)
    assert table["node"].to_list() == [5]
    assert counters.count(world, aim, table, Attribution.FRACTIONAL)["derivatives"] is None
    root = Target("m/00", "model", np.array([0]), organization="org")
    got = counters.count(world, root, counters.derivative_table(world, root), Attribution.ANY)
    assert (got["derivatives"], got["direct"], got["trained"], got["external"]) == (5, 3, 4, 0)
