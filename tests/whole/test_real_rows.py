"""The 7,999 real rows of 2026-08-22, served, crawled, resolved, loaded and asked, against a profile counted apart.

The profile's figures include rows marked removed; its depth is the longest path; it follows no alias, so roots that an
alias touches differ, and rightly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ingest.crawl import crawl
from ingest.hub import HubSource
from ingest.load import project
from ingest.simulated.dump import listing_rows
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import rows_world
from lineage import questions
from lineage.atlas import Atlas, opened
from lineage.domain import Level, Relation
from lineage.graph import derivative_counts
from lineage.registry import load
from lineage.settings import Settings
from lineage.stores import open_store

DAY = datetime(2026, 8, 22, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def profile(shared_data: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "profile_a.json").read_text(encoding="utf-8"))
    return found["hub_rows_a.hub"]


@pytest.fixture(scope="module")
def atlas(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atlas]:
    settings = Settings(tmp_path_factory.mktemp("real"))
    rows = listing_rows(shared_data / "hub_rows_2026-08-22_a.parquet")
    with SimulatedHub(rows_world(rows)) as hub:
        snapshot = crawl(settings, HubSource(hub.url, False), now=lambda: DAY)
    store = open_store(settings, write=True)
    try:
        project(settings, snapshot, load(), store, lambda stage, done, whole: None, DAY)
    finally:
        store.close()
    with opened(settings) as atlas:
        yield atlas


def test_every_row_arrives(atlas: Atlas) -> None:
    manifest = atlas.snapshot.manifest
    assert (manifest.rows, manifest.models, manifest.quarantined) == (7999, 7999, 0)


def test_hub_edges_self_loops_and_relations_equal_the_profile(atlas: Atlas, profile: dict[str, Any]) -> None:
    graph = atlas.graph(Level.HUB)
    audit = questions.audit(atlas, examples=100)
    loops = next(f for f in audit.findings if f.kind == "self-loop")
    own = {e.child for e in loops.examples if e.value in (e.child, f"finetune:{e.child}", f"adapter:{e.child}")}
    assert profile["self_loops"] == len(set(profile["self_loop_ids"]) & own) == 8
    assert len(graph.child) + profile["self_loops"] == profile["edges"]
    mix = {str(r): int(((graph.relations & r.bit) > 0).sum()) for r in Relation}
    assert mix.pop("finetune") + 8 == profile["relation_mix"]["finetune"]
    assert mix.pop("unspecified") == 0
    assert mix == {k: v for k, v in profile["relation_mix"].items() if k != "finetune"}


def test_children_with_several_parents_and_their_numbers(atlas: Atlas, profile: dict[str, Any]) -> None:
    graph = atlas.graph(Level.HUB)
    parents = np.bincount(graph.child, minlength=graph.n)
    assert int((parents > 1).sum()) == profile["multi_parent_children"]
    assert int(parents.max()) == profile["max_in_degree"]
    assert len(graph.condensation.cycles) == profile["cycles_scc"]
    assert int(graph.condensation.level.max()) == profile["longest_chain_edges"]


def test_direct_and_distinct_descendants_of_the_top_roots(atlas: Atlas, profile: dict[str, Any]) -> None:
    graph = atlas.graph(Level.HUB)
    touched = {*atlas_aliases(atlas)["id"], *atlas_aliases(atlas)["name"]}
    counted = derivative_counts(graph)
    direct = np.bincount(graph.parent, minlength=graph.n)
    compared = 0
    for entry in profile["top_roots"] + profile["top_direct"]:
        id = entry.get("root") or entry["id"]
        if id in touched:
            continue
        node = atlas.node(id)
        assert node is not None, id
        assert (direct[node], counted[node]) == (entry["direct"], entry["descendants"]), id
        compared += 1
    assert compared >= 96  # of 100: an alias touches the other four


def atlas_aliases(atlas: Atlas) -> pl.DataFrame:
    return pl.read_parquet(atlas.place / "aliases.parquet")


def test_the_store_counts_as_the_columns_do(atlas: Atlas) -> None:
    for id in ("Qwen/Qwen3.8-27B", "Qwen/Qwen3.5-9B-Base", "MiniMaxAI/MiniMax-H3"):
        (row,) = questions.cypher(
            atlas,
            "MATCH (d:Model)-[:DERIVED_FROM*]->(:Model {id: $id}) WHERE d.id <> $id RETURN count(DISTINCT d) AS n",
            {"id": id},
        ).rows
        (counted,) = questions.count(atlas, [id]).results
        assert row[0] == counted.values["derivatives"]
        assert questions.model(atlas, id).counts.values == counted.values


def test_tallies_balance(atlas: Atlas) -> None:
    audit = questions.audit(atlas)
    assert audit.rows == audit.models + audit.quarantined
    assert sum(audit.edges_by_evidence.values()) == sum(audit.edges_by_relation.values()) == audit.edges
    statements = pl.read_parquet(atlas.place / "findings.parquet").filter(pl.col("origin").is_not_null()).height
    assert audit.values_in == audit.values_behind_edges + statements
