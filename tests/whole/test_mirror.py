"""A home that knows a graph only through a store counts as the home that loaded it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.importing import import_file
from ingest.load import project
from ingest.simulated.dump import write_jsonl
from ingest.simulated.world import World
from lineage import questions
from lineage.atlas import Atlas
from lineage.domain import Attribution
from lineage.mirror import mirrored
from lineage.registry import load
from lineage.settings import Settings
from lineage.stores import open_store

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ABSENT = ("tagged", "taught")


@pytest.fixture(scope="module")
def atlases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Atlas, Atlas]]:
    home = tmp_path_factory.mktemp("mirror")
    rows = home / "world.jsonl"
    write_jsonl(World(5000), rows)
    here, there = Settings(home / "here"), Settings(home / "there")
    snapshot = import_file(here, rows, now=lambda: NOW)
    store = open_store(here, write=True)
    project(here, snapshot, load(), store, lambda stage, done, whole: None, NOW)
    loaded = store.loaded()
    assert loaded is not None
    seen = mirrored(there, store, loaded)
    with Atlas(here, load(), snapshot) as own, Atlas(there, load(), seen, store) as mirror:
        yield own, mirror


def test_counts_are_the_same_but_for_what_the_graph_does_not_carry(atlases: tuple[Atlas, Atlas]) -> None:
    own, mirror = atlases
    for mode in Attribution:
        one, two = (questions.count(atlas, ["qwen", "llama"], attribution=mode) for atlas in atlases)
        for here, there in zip(one.results, two.results, strict=True):
            assert {**here.values, **dict.fromkeys(ABSENT)} == there.values
    assert questions.top(own).results[0].value == questions.top(mirror).results[0].value > 0
    assert any("need the snapshot itself" in note for note in questions.count(mirror, ["qwen"]).notes)


def test_look_ups_are_the_same(atlases: tuple[Atlas, Atlas]) -> None:
    own, mirror = atlases
    id = questions.top(own, kind="model", limit=1).results[0].name
    one, two = questions.model(own, id), questions.model(mirror, id)
    assert (one.model, one.children, one.families) == (two.model, two.children, two.families)
    assert questions.tree(own, id)[0] == questions.tree(mirror, id)[0]
    assert questions.derivatives(own, id).rows == questions.derivatives(mirror, id).rows


def test_the_cache_is_streamed_once(atlases: tuple[Atlas, Atlas], tmp_path: Path) -> None:
    _, mirror = atlases
    loaded = mirror.store.loaded()
    assert loaded is not None
    before = (mirror.place / "summary.json").stat().st_mtime_ns
    again = mirrored(mirror.settings, mirror.store, replace(loaded, run="another"))
    assert (again.path / "summary.json").stat().st_mtime_ns == before
