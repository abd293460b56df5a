"""Tags against a dump's own parent column: each way to differ is a finding with its pair, agreement is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest import importing
from ingest.resolve import resolve
from ingest.resolve.dumped import KIND
from ingest.simulated.dump import write_dump
from ingest.simulated.world import World
from lineage.audit import MEANINGS
from lineage.registry import Registry, load
from lineage.settings import Settings
from tests.reports.homes import TODAY, listing, model, run, twins


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load()


def _found(registry: Registry, *rows: dict[str, object]) -> set[tuple[str, str, str]]:
    made = resolve(listing(rows), registry, as_of=TODAY)
    kept = made.findings.filter(pl.col("kind") == KIND)
    assert kept["origin"].null_count() == kept.height
    assert made.values_in == made.values_behind_edges + made.findings["origin"].drop_nulls().len()
    return set(kept.select("child", "value", "detail").iter_rows())


def _dumped(id: str, tags: list[str], parents: list[str] | None, relation: str | None = None) -> dict[str, object]:
    return {"id": id, "base_tags": tags, "dump_parents": parents, "dump_relation": relation}


BASES = (model("o/x", dump_parents=[]), model("o/y", dump_parents=[]))


def test_what_both_say_is_no_finding(registry: Registry) -> None:
    rows = (
        _dumped("a/same", twins("merge", "o/x", "o/y"), ["o/y", "o/x"], "merge"),
        _dumped("a/none", [], []),
        _dumped("a/silent", twins("adapter", "o/x"), ["o/x"]),
        _dumped("a/case", twins("adapter", "o/x"), ["O/x"], "adapter"),
    )
    assert _found(registry, *BASES, *rows) == set()


def test_each_difference_is_one_with_what_it_is(registry: Registry) -> None:
    rows = (
        _dumped("a/tags", twins("finetune", "o/x", "o/y"), ["o/x"], "finetune"),
        _dumped("a/dump", twins("finetune", "o/x"), ["o/x", "o/y"], "finetune"),
        _dumped("a/empty", twins("finetune", "o/x"), []),
        _dumped("a/relation", twins("adapter", "o/x"), ["o/x"], "merge"),
    )
    assert _found(registry, *BASES, *rows) == {
        ("a/tags", "o/y", "only the tags name it"),
        ("a/dump", "o/y", "only the dump names it"),
        ("a/empty", "o/x", "only the tags name it"),
        ("a/relation", "o/x", "adapter by the tags, merge by the dump"),
    }


def test_what_a_dump_cannot_say_is_not_held_against_it(registry: Registry) -> None:
    rows = (
        _dumped("a/gone", twins("finetune", "o/gone"), []),
        _dumped("a/author", ["finetune:o/x"], []),
        _dumped("a/crawled", twins("finetune", "o/x"), None),
        _dumped("a/self", twins("finetune", "a/self"), []),
    )
    assert _found(registry, *BASES, *rows) == set()


def test_the_kind_is_told_in_the_audit_with_examples(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["o/x", "o/y", "a/torn"],
            "tags": [[], [], [f"base_model:{tag}" for tag in twins("adapter", "o/x")]],
            "baseModels": [None, None, {"models": [{"_id": "1", "id": "o/y"}], "relation": "adapter"}],
            "lastModified": [TODAY] * 3,
        }
    )
    pq.write_table(table, tmp_path / "models.parquet")
    assert run(tmp_path / "home", "import", str(tmp_path / "models.parquet"), "-q").exit_code == 0
    finding = json.loads(run(tmp_path / "home", "audit", "--json").stdout)["findings"][KIND]
    assert finding["count"] == 2
    assert KIND in MEANINGS
    assert KIND in run(tmp_path / "home", "audit").stdout


def test_a_dump_that_is_made_of_its_tags_agrees_with_them(tmp_path: Path, registry: Registry) -> None:
    write_dump(World(4_000), tmp_path / "models.parquet")
    later = datetime.now(UTC) + timedelta(days=1)
    made = importing.import_file(Settings(home=tmp_path / "home"), tmp_path / "models.parquet", now=lambda: later)
    rows = made.rows().collect()
    assert (rows["dump_parents"].list.len() > 0).sum() > 500
    assert rows["dump_parents"].null_count() == 0
    findings = resolve(rows, registry, as_of=made.manifest.as_of).findings
    assert findings.filter(pl.col("kind") == KIND).height == 0
