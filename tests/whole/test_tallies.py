"""What is kept of every family beside a snapshot is what counting it says, and is not taken where another rule asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from ingest.importing import import_file
from ingest.load import project
from ingest.simulated.dump import write_dump
from ingest.simulated.world import World
from lineage import counters, derived, questions, tallies
from lineage.atlas import Atlas
from lineage.domain import Attribution, Level
from lineage.registry import load
from lineage.settings import Settings
from lineage.stores import open_store

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    home = tmp_path_factory.mktemp("tallies")
    write_dump(World(6000), home / "models.parquet")
    settings = Settings(home)
    snapshot = import_file(settings, home / "models.parquet", now=lambda: NOW)
    store = open_store(settings, write=True)
    project(settings, snapshot, load(), store, lambda stage, done, whole: None, NOW)
    with Atlas(settings, load(), snapshot, store) as opened:
        yield opened


def test_a_load_keeps_the_tally_of_every_family_and_each_is_what_counting_says(atlas: Atlas) -> None:
    assert derived.has_tallies(atlas.place, atlas.registry)
    ground = atlas.ground(Level.DECLARED)
    for place, family in enumerate(atlas.registry.families):
        target = atlas.family_target(family.slug)
        table = counters.derivative_table(ground, target)
        counted = counters.count(ground, target, table, Attribution.ANY)
        counted |= counters.loose(ground, target, Attribution.ANY)
        fractional = counters.count(ground, target, table, Attribution.FRACTIONAL)["derivatives"]
        kept = atlas.tallies[place]
        assert dict(kept.values) == counted
        assert kept.share == fractional
        assert kept.bulk == table.height - int(table["organic"].sum())
    assert sum(tally.share or 0 for tally in atlas.tallies.values()) == int((ground.shared.k > 0).sum())


def test_what_is_kept_answers_the_usual_question_alone(atlas: Atlas) -> None:
    place = next(n for n, family in enumerate(atlas.registry.families) if family.slug == "qwen")
    other = tallies.Tally(dict.fromkeys(atlas.tallies[place].values, -1), 0, 0, 0, 0, -1)
    usual = questions.count(atlas, ["qwen"]).results[0].values
    assert usual == atlas.tallies[place].values
    atlas.__dict__["tallies"] = {**atlas.tallies, place: other}
    try:
        assert questions.count(atlas, ["qwen"]).results[0].values["derivatives"] == -1
        asked = (
            questions.count(atlas, ["qwen"], threshold=3),
            questions.count(atlas, ["qwen"], as_of=date(2025, 1, 1)),
            questions.count(atlas, ["qwen"], evidence=Level.HUB),
            questions.count(atlas, ["qwen"], attribution=Attribution.PRIMARY),
        )
        assert all((answer.results[0].values["derivatives"] or 0) > 0 for answer in asked)
        assert asked[0].results[0].values["organic"] != usual["organic"]
    finally:
        del atlas.__dict__["tallies"]
