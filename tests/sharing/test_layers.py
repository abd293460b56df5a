"""The lineage layer answers as the whole does, wherever it answers; where it cannot, it says so."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.importing import import_file
from ingest.load import resolve_snapshot
from ingest.sharing.layers import cut, layered
from lineage import questions, resolved
from lineage.atlas import Atlas
from lineage.counters import VERSIONS
from lineage.domain import Attribution
from lineage.errors import NotFound
from lineage.registry import Registry
from lineage.settings import Settings
from lineage.snapshots import Snapshot, opened, sealed
from tests.reports.homes import model, snapshot, twins

TABLES = ("findings", "aliases", "written", "named", "edges", "teachers")


def _real(settings: Settings, shared_data: Path) -> Snapshot:
    """The recorded rows as a snapshot of the whole Hub."""
    rows = pl.read_parquet(shared_data / "hub_rows_2026-08-22_a.parquet").with_columns(
        base_model=pl.col("card_base_model").str.split(", ")
    )
    lines = settings.home / "rows.jsonl"
    settings.home.mkdir(parents=True)
    with lines.open("w", encoding="utf-8") as file:
        for row in rows.iter_rows(named=True):
            listed = {"id": row["id"], "tags": row["tags"], "cardData": {"base_model": row["base_model"]}}
            listed |= {"downloads": row["downloads"], "likes": row["likes"], "createdAt": str(row["created_at"])}
            file.write(json.dumps(listed) + "\n")
    made = import_file(settings, lines, now=lambda: datetime(2026, 8, 23, tzinfo=UTC))
    facts = made.manifest
    return sealed(
        replace(settings, home=settings.home / "whole"),
        rows=made.rows(),
        quarantined=made.quarantined(),
        scope="hub",
        kind="dump",
        source="a test",
        started_at=facts.started_at,
        finished_at=facts.finished_at,
        as_of=facts.as_of,
    )


def _pair(whole: Settings, snapshot: Snapshot, registry: Registry, tmp_path: Path) -> tuple[Atlas, Atlas]:
    """Atlases of a snapshot and of its lineage layer."""
    layer = cut(whole, snapshot, registry, tmp_path / "cut")
    there = replace(whole, home=tmp_path / "cut")
    resolve_snapshot(there, layer, registry)
    return Atlas(whole, registry, snapshot), Atlas(there, registry, layer)


@pytest.fixture(params=["simulated", "recorded"])
def pair(
    request: pytest.FixtureRequest, world: Settings, registry: Registry, tmp_path: Path, shared_data: Path
) -> tuple[Atlas, Atlas]:
    if request.param == "simulated":
        return _pair(world, opened(world), registry, tmp_path)
    settings = Settings(home=tmp_path / "real")
    made = _real(settings, shared_data)
    return _pair(replace(settings, home=settings.home / "whole"), made, registry, tmp_path)


def _named(atlas: Atlas, table: str) -> pl.DataFrame:
    """A resolved table with ids in place of numbers, in an order of its own."""
    frame = resolved.table(atlas.place, table)
    numbers = [name for name in ("child", "parent", "node") if name in frame.columns and frame[name].dtype.is_integer()]
    frame = frame.with_columns(**{name: atlas.ids.gather(frame[name]) for name in numbers})
    return frame.sort(frame.columns) if table != "written" else frame.sort("node")


def test_names_resolve_to_the_same_edges_stubs_and_findings(pair: tuple[Atlas, Atlas]) -> None:
    whole, layer = pair
    for table in TABLES:
        assert _named(whole, table).equals(_named(layer, table)), table
    assert layer.summary.values_in == whole.summary.values_in > 0
    stubs = [atlas.ids.filter(atlas.column("stub")).to_list() for atlas in pair]
    assert stubs[0] == stubs[1]
    assert 0 < layer.summary.models < whole.summary.models


def test_every_counter_of_every_family_is_the_same_but_the_one_that_reads_all_names(pair: tuple[Atlas, Atlas]) -> None:
    names = [family.slug for family in pair[0].registry.families]
    for way in Attribution:
        whole, layer = (questions.count(atlas, names, attribution=way) for atlas in pair)
        for one, other in zip(whole.results, layer.results, strict=True):
            assert other.values == {**one.values, "named": None}
    assert set(layer.results[0].values) == set(VERSIONS)


def test_audit_leaderboards_and_trends_are_the_same(pair: tuple[Atlas, Atlas]) -> None:
    whole, layer = (questions.audit(atlas) for atlas in pair)
    assert replace(layer, receipt=whole.receipt) == whole
    for kind in questions.KINDS:
        ranks = [questions.top(atlas, kind=kind) for atlas in pair]
        assert [(r.name, r.value, r.share) for r in ranks[0].results] == [
            (r.name, r.value, r.share) for r in ranks[1].results
        ]
    first, second = (questions.trends(atlas) for atlas in pair)
    assert (first.months, first.lines, first.whole) == (second.months, second.lines, second.whole)


def test_claims_are_held_against_the_whole_or_not_told(pair: tuple[Atlas, Atlas]) -> None:
    whole, layer = (
        {
            (claim.slug, place, line.counter, line.attribution, line.by): line
            for claim in questions.claims(atlas).claims
            for place, figure in enumerate(claim.figures)
            for line in figure.lines
        }
        for atlas in pair
    )
    assert {key[2] for key in set(whole) ^ set(layer)} <= {"named"}
    others = [key for key in layer if layer[key] != whole[key]]
    assert {(key[2], key[4], layer[key].now) for key in others} <= {("downloads", "country", None)}
    assert len(layer) > 100


def test_the_denominators_are_the_whole_hubs(pair: tuple[Atlas, Atlas]) -> None:
    whole, layer = pair
    manifest = layer.snapshot.manifest
    assert manifest.whole is not None
    assert manifest.whole.models == whole.summary.models == questions.audit(layer).models
    assert manifest.whole.sha256 == whole.snapshot.manifest.sha256
    assert manifest.whole.downloads == whole.column("downloads").sum()


def test_a_model_that_is_left_out_is_not_found_with_the_reason(
    world: Settings, registry: Registry, tmp_path: Path
) -> None:
    whole, layer = _pair(world, opened(world), registry, tmp_path)
    alone = whole.ids.filter(~whole.ids.is_in(layer.ids.implode()))[0]
    with pytest.raises(NotFound, match=r"leaves out models without parent.*--layer full"):
        questions.count(layer, [alone])
    notes = questions.count(layer, ["qwen"]).notes
    assert any(note.startswith("Lineage layer of ") and "6,000" in note and "named" in note for note in notes)


def test_ids_that_differ_from_a_stub_by_case_alone_stay(tmp_path: Path, registry: Registry) -> None:
    settings = Settings(home=tmp_path / "home")
    rows = [model("a/one"), model("a/ONE"), model("b/child", "A/One"), model("c/alone"), model("d/self", "d/self")]
    rows.append({"id": "e/odd", "base_tags": [], "card_base_model": ["./here", "c/else"]})
    rows.append({"id": "f/two", "base_tags": twins("merge", "a/x", "a/y"), "card_base_model": ["g/other"]})
    rows.append(model("g/other"))
    whole, layer = _pair(settings, snapshot(settings, rows), registry, tmp_path)
    assert set(whole.ids) - set(layer.ids) == {"c/alone"}
    for table in TABLES:
        assert _named(whole, table).equals(_named(layer, table)), table
    assert "stub parent: case mismatch" in _named(layer, "findings")["kind"]


def test_only_the_whole_hub_has_two_layers(tmp_path: Path, world: Settings) -> None:
    settings = Settings(home=tmp_path / "home")
    assert layered(opened(world).manifest)
    assert not layered(snapshot(settings, [model("a/b")], scope="qwen").manifest)


def test_the_same_rows_give_the_same_layer(world: Settings, registry: Registry, tmp_path: Path) -> None:
    made = [cut(world, opened(world), registry, tmp_path / name).manifest for name in ("one", "two")]
    assert made[0] == made[1]
