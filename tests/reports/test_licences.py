"""Licences along the path: the table by hand, the order's laws, and the command as CI uses it."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.load import resolve_snapshot
from lineage import licences, questions
from lineage.licences import Kept
from lineage.registry import LicenseClass, Registry
from lineage.settings import Settings
from tests.reports.homes import atlas, model, run, snapshot

P, C, U, N, X, M = LicenseClass
CLASSES = st.sampled_from(LicenseClass)
KNOWN = st.sampled_from([P, C, U, N])

TABLE = {
    (P, P): "kept", (P, C): "loosened", (P, U): "loosened", (P, N): "loosened", (P, X): "unknown", (P, M): "unknown",
    (C, P): "tightened", (C, C): "kept", (C, U): "loosened", (C, N): "loosened", (C, X): "unknown", (C, M): "unknown",
    (U, P): "tightened", (U, C): "tightened", (U, U): "kept", (U, N): "loosened", (U, X): "unknown", (U, M): "unknown",
    (N, P): "tightened", (N, C): "tightened", (N, U): "tightened", (N, N): "kept", (N, X): "unknown",
    (N, M): "unknown",
    (X, P): "unknown", (X, C): "unknown", (X, U): "unknown", (X, N): "unknown", (X, X): "unknown", (X, M): "unknown",
    (M, P): "dropped", (M, C): "dropped", (M, U): "dropped", (M, N): "dropped", (M, X): "dropped", (M, M): "unknown",
}  # fmt: skip
"""Child, parent: what was written down by hand from the definitions."""


@pytest.mark.parametrize(("child", "parent"), list(TABLE))
def test_the_table_by_hand(child: LicenseClass, parent: LicenseClass) -> None:
    assert len(TABLE) == 36
    assert licences.finding(child, parent) == TABLE[child, parent]


@given(st.lists(KNOWN, min_size=2, max_size=8))
def test_what_is_kept_or_tightened_at_every_step_is_so_in_the_whole(chain: list[LicenseClass]) -> None:
    """Listed from the model upwards."""
    steps = [licences.finding(child, parent) for child, parent in pairwise(chain)]
    if Kept.LOOSENED not in steps:
        assert licences.finding(chain[0], chain[-1]) in (Kept.KEPT, Kept.TIGHTENED)
        assert licences.whole(chain[0], chain[1:]) is not Kept.LOOSENED


@given(KNOWN, KNOWN)
def test_loosening_one_way_is_tightening_the_other(a: LicenseClass, b: LicenseClass) -> None:
    pair = {licences.finding(a, b), licences.finding(b, a)}
    assert pair == ({Kept.KEPT} if a is b else {Kept.LOOSENED, Kept.TIGHTENED})


@given(CLASSES, st.lists(CLASSES, min_size=1))
def test_nothing_unclear_passes_as_clean(own: LicenseClass, above: list[LicenseClass]) -> None:
    found = licences.whole(own, above)
    if {X, M} & {own, *above}:
        assert found not in (Kept.KEPT, Kept.TIGHTENED)
    assert licences.whole(own, reversed(above)) is found, "the order of ancestors says nothing"


@given(st.lists(CLASSES), CLASSES)
def test_the_strictest_upstream_never_falls_by_one_more_ancestor(above: list[LicenseClass], one: LicenseClass) -> None:
    before, after = licences.strictest(above), licences.strictest([*above, one])
    assert before is None or (after is not None and (after.strictness or 0) >= (before.strictness or 0))


ROWS = [
    model("meta-llama/Llama-3.1-8B", license="llama3.1"),
    model("a/distill", "meta-llama/Llama-3.1-8B", license="mit"),
    model("b/silent", "a/distill"),
    model("c/again", "b/silent", license="apache-2.0"),
    model("d/named", license="other", card_license_name="flux-1-dev-non-commercial-license"),
    model("e/odd", license="other", card_license_name="own words", card_license_link="https://example.org/l"),
    model("f/merge", ["d/named", "e/odd", "x/deleted"], "merge", license="CC-BY-NC-4.0"),
    model("g/free", license="mit"),
    model("h/closed", "g/free", license="gpl-3.0"),
    model("i/one", "i/two", license="mit"),
    model("i/two", "i/one", license="gemma"),
]

EDGES = {
    "a/distill": [("a/distill", "meta-llama/Llama-3.1-8B", "loosened")],
    "b/silent": [("b/silent", "a/distill", "dropped"), ("a/distill", "meta-llama/Llama-3.1-8B", "loosened")],
    "c/again": [
        ("c/again", "b/silent", "unknown"),
        ("b/silent", "a/distill", "dropped"),
        ("a/distill", "meta-llama/Llama-3.1-8B", "loosened"),
    ],
    "f/merge": [("f/merge", "d/named", "kept"), ("f/merge", "e/odd", "unknown"), ("f/merge", "x/deleted", "unknown")],
    "h/closed": [("h/closed", "g/free", "tightened")],
    "i/one": [("i/one", "i/two", "loosened"), ("i/two", "i/one", "tightened")],
    "g/free": [],
}

WHOLE = {
    "a/distill": ("use-restricted", "loosened"),
    "b/silent": ("use-restricted", "dropped"),
    "c/again": ("use-restricted", "loosened"),
    "f/merge": ("non-commercial", "unknown"),
    "h/closed": ("permissive", "tightened"),
    "i/one": ("use-restricted", "loosened"),
    "g/free": (None, None),
}


@pytest.mark.parametrize("id", list(EDGES))
def test_chains_by_hand(id: str, settings: Settings, registry: Registry) -> None:
    with atlas(settings, ROWS, registry) as opened:
        answer = questions.license(opened, id)
    assert [(e.child, e.parent, str(e.finding)) for e in answer.edges] == EDGES[id]
    assert (answer.inherited, answer.finding) == WHOLE[id]


def test_other_shows_the_card_s_name_and_link(settings: Settings, registry: Registry) -> None:
    made = snapshot(settings, ROWS)
    resolve_snapshot(settings, made, registry)
    shown = run(settings.home, "license", "f/merge")
    assert shown.exit_code == 0, shown.output
    for text in ("other: own words", "https://example.org/l", "other: flux-1-dev", "x/deleted", "not in the snapshot"):
        assert text in shown.output
    assert "no legal advice" in shown.output


@pytest.mark.parametrize(
    ("id", "findings", "code"),
    [
        ("a/distill", "loosened,dropped", 1),
        ("a/distill", "dropped", 0),
        ("c/again", "dropped", 1),
        ("h/closed", "loosened,dropped,unknown", 0),
        ("g/free", "kept,tightened,loosened,dropped,unknown", 0),
        ("f/merge", "unknown", 1),
        ("a/distill", "lost", 2),
        ("nobody/knows", "loosened", 4),
    ],
)
def test_fail_on_is_an_exit_code(id: str, findings: str, code: int, settings: Settings, registry: Registry) -> None:
    resolve_snapshot(settings, snapshot(settings, ROWS), registry)
    done = run(settings.home, "licence", id, "--fail-on", findings, "--json")
    assert done.exit_code == code, done.output
    if code < 2:
        said = json.loads(done.stdout)
        assert bool(said["failed"]) is bool(code)
        assert said["id"] == id
        assert said["receipt"]["snapshot"].startswith("hub-")
