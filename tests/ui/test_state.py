"""Addresses and states: what one writes the other reads, and nothing that an address holds can break it."""

from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import state

KINDS = (state.Families, state.Tree, state.Model, state.Trends, state.Query, state.Data)

ids = st.text(max_size=80).filter(bool)


@given(
    root=ids, focus=ids, trail=st.lists(ids, max_size=8, unique=True), rel=st.sets(st.sampled_from(state.RELATIONS)),
    way=st.sampled_from(("down", "up", "both")), depth=st.integers(0, 200), rows=st.integers(10, 300),
)  # fmt: skip
def test_a_tree_comes_back_from_its_address(
    root: str, focus: str, trail: list[str], rel: set[str], way: str, depth: int, rows: int
) -> None:
    here = state.Tree(root, way, depth, tuple(sorted(rel)), rows, focus, tuple(trail))
    assert state.read(state.Tree, state.params(here)) == (here, ())


@given(as_of=st.dates(), by=st.sampled_from(state.COUNTERS), way=st.sampled_from(state.ATTRIBUTIONS))
def test_a_leaderboard_comes_back_from_its_address(as_of: date, by: str, way: str) -> None:
    here = state.Families(by=by, attribution=way, as_of=as_of)
    assert state.read(state.Families, state.params(here)) == (here, ())


@given(st.sampled_from(KINDS), st.dictionaries(st.text(max_size=12), st.text(max_size=60), max_size=6))
def test_no_address_fails(kind: type[state.Tree], params: dict[str, str]) -> None:
    names = [part.name for part in fields(kind)]
    tried = params | dict(zip(names, params.values(), strict=False))
    here, refused = state.read(kind, tried)
    assert len(refused) <= len(tried)
    again, said = state.read(kind, state.params(here))
    assert (again, said) == (here, ())


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_leave_no_trace(kind: type[state.Tree]) -> None:
    assert state.params(kind()) == {}


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        (state.Tree, "depth", "999"),
        (state.Tree, "depth", "²"),
        (state.Tree, "rows", "9"),
        (state.Tree, "rel", "finetune,magic"),
        (state.Tree, "root", "x" * 401),
        (state.Trends, "names", ",".join("abcdefghi")),
        (state.Families, "as_of", "2026-13-01"),
        (state.Families, "by", ""),
    ],
)
def test_what_is_refused_is_said(kind: type[state.Tree], name: str, text: str) -> None:
    here, refused = state.read(kind, {name: text})
    assert here == kind()
    assert len(refused) == 1
    assert name in refused[0]
