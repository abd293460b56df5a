"""Laws that every counter keeps, whatever the world: members, strangers, time, attribution, and names that merge."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.resolve import resolve
from lineage import attributions, counters
from lineage.domain import Attribution, Number
from lineage.registry import Registry, load
from lineage.resolved import Resolved
from tests.domain.test_counters import Case, cases, ground, target, values
from tests.domain.worlds import TODAY, listing, model, twin

T = TypeVar("T")
DIVIDED = tuple(c.id for c in counters.COUNTERS if c.divided)


@given(cases())
def test_a_member_is_never_its_own_familys_derivative(case: Case) -> None:
    world, members = ground(case)
    for family in range(3):
        own = set(attributions.members_of(members, family).tolist())
        assert not own & set(world.shared.of(family)[0].tolist())
        aim = target(members, family)
        assert not own & set(counters.derivative_table(world, aim)["node"].to_list())
        assert not own & set(counters.direct_of(world, aim).tolist())


@given(cases())
def test_any_is_at_least_fractional_is_at_least_exclusive_by_every_divided_counter(case: Case) -> None:
    world, members = ground(case)
    for family in range(3):
        by = {mode: values(world, members, family, mode) for mode in Attribution}
        for counter in DIVIDED:
            one, part, first, alone = (by[mode][counter] for mode in Attribution)
            if one is not None and part is not None and first is not None and alone is not None:
                assert one >= part >= alone
                assert one >= first >= alone


@given(cases(), st.integers(0, 30))
def test_fractional_and_primary_sum_to_the_attributed_total_at_any_date(case: Case, day: int) -> None:
    world, members = ground(case, until=day)
    total = len(world.eligible(np.flatnonzero(world.shared.k > 0)))
    for mode in (Attribution.FRACTIONAL, Attribution.PRIMARY):
        parts = [values(world, members, family, mode)["derivatives"] for family in range(3)]
        assert sum((Fraction(part or 0) for part in parts), Fraction(0)) == total


@given(cases(), st.integers(0, 30), st.integers(0, 30))
def test_every_counter_only_grows_with_the_date(case: Case, one: int, two: int) -> None:
    """Under any attribution: k and primary are the whole snapshot's, so a later day only adds models."""
    days = [ground(case, until=day) for day in (*sorted((one, two)), None)]
    for family in range(3):
        for mode in Attribution:
            then, now, whole = (values(*day, family, mode) for day in days)
            for counter in then.keys() - {"active"}:
                told = [v for v in (then[counter], now[counter], whole[counter]) if v is not None]
                assert told == sorted(told), counter


def shifted(case: Case, places: list[int]) -> Case:
    """The case with a stranger put in before each of `places`; strangers derive from each other alone."""
    old = range(case.n + len(places))
    strangers = sorted(place + i for i, place in enumerate(sorted(places)))
    kept = [v for v in old if v not in strangers]
    new = dict(enumerate(kept))
    pairs = {(new[c], new[p]): bits for (c, p), bits in case.bits.items()}
    crowd = {(new[c], new[p]): sizes for (c, p), sizes in case.crowd.items()}
    for child, parent in itertools.pairwise(strangers):
        pairs[child, parent], crowd[child, parent] = 1, (1, 1)

    def spread(column: list[T], stranger: T) -> list[T]:
        back = {v: column[i] for i, v in new.items()}
        return [back.get(v, stranger) for v in old]

    return Case(
        len(old),
        pairs,
        crowd,
        {new[v]: family for v, family in case.claims.items()},
        spread(case.publisher, "stranger"),
        spread(case.day, 3),
        spread(case.downloads, 1_000),
    )


def numbers(case: Case) -> list[dict[str, Number | None]]:
    world, members = ground(case)
    return [values(world, members, family, mode) for family in range(3) for mode in Attribution]


@given(cases(), st.data())
def test_strangers_change_no_number(case: Case, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, case.n), min_size=1, max_size=3))
    assert numbers(shifted(case, places)) == numbers(case)


OLD, NEW = "oldhouse/base", "newhouse/base"
NAMES = (OLD, NEW, "third/base", "oldhouse/other")


@pytest.fixture(scope="module")
def merging(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The registry with one more old name."""
    own = tmp_path_factory.mktemp("aliases") / "own.toml"
    own.write_text(f'[aliases]\n"{OLD}" = {{ to = "{NEW}" }}\n', encoding="utf-8")
    return load(own)


def pairs(made: Resolved) -> set[tuple[str, str]]:
    ids = made.nodes["id"]
    return set(zip(ids.gather(made.edges["child"]), ids.gather(made.edges["parent"]), strict=True))


@st.composite
def written(draw: st.DrawFn) -> dict[str, list[str]]:
    """What some models write in their tags; `oldhouse/base` itself is not on the Hub, its new name may be."""
    ids = [f"child/m{n}" for n in range(draw(st.integers(1, 5)))] + draw(st.sampled_from([[], [NEW]]))
    return {id: draw(st.lists(st.sampled_from([*NAMES, *ids]), max_size=3, unique=True)) for id in ids}


def rows(said: dict[str, list[str]]) -> list[dict[str, object]]:
    return [model(id, *(twin(parent) for parent in above)) for id, above in said.items()]


@settings(max_examples=40)
@given(said=written())
def test_merging_a_name_is_idempotent_and_reversible(registry: Registry, merging: Registry, said: dict) -> None:
    apart = resolve(listing(*rows(said)), registry, as_of=TODAY)
    merged = resolve(listing(*rows(said)), merging, as_of=TODAY)
    named = dict(merged.aliases.select("name", "id").iter_rows())
    assert named in ({}, {OLD: NEW})
    assert pairs(merged) == {(c, named.get(p, p)) for c, p in pairs(apart)} - {(id, id) for id in said}
    again = {id: list(dict.fromkeys(named.get(p, p) for p in above)) for id, above in said.items()}
    twice = resolve(listing(*rows(again)), merging, as_of=TODAY)
    assert twice.edges.equals(merged.edges)
    assert twice.nodes.equals(merged.nodes)
    kept = dict(zip(merged.nodes["id"].gather(merged.written["node"]), merged.written["base_tags"], strict=True))
    back = [{"id": id, "base_tags": list(kept.get(id, ()))} for id in said]
    undone = resolve(listing(*(model(str(row["id"]), row["base_tags"]) for row in back)), registry, as_of=TODAY)
    assert undone.edges.equals(apart.edges)
    assert undone.nodes.equals(apart.nodes)
