"""docs/definitions.md keeps its word: its worked example counts as it says, and it names every counter and finding."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from ingest.load import resolve_snapshot
from lineage import questions, schema, snapshots
from lineage.atlas import Atlas
from lineage.audit import MEANINGS
from lineage.counters import VERSIONS
from lineage.domain import Attribution, Level
from lineage.registry import Registry
from lineage.settings import Settings
from tests.domain.worlds import TODAY, listing, model, twin

DOC = Path(__file__).resolve().parents[2] / "docs" / "definitions.md"
SPRING = datetime(2025, 6, 1, tzinfo=UTC)
AUTUMN = datetime(2025, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def atlas(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    rows = listing(
        model("Qwen/Qwen3-0.6B-Base", created_at=datetime(2025, 4, 27, tzinfo=UTC), downloads=0, likes=0),
        model("Qwen/Qwen3-0.6B", twin("Qwen/Qwen3-0.6B-Base"), created_at=datetime(2025, 4, 27, tzinfo=UTC)),
        model("google/gemma-3-1b-it", created_at=datetime(2025, 3, 10, tzinfo=UTC)),
        model("a/tune", twin("Qwen/Qwen3-0.6B"), created_at=SPRING, downloads=100, likes=3),
        model("b/lora", ["adapter:a/tune"], created_at=SPRING, downloads=2, likes=0),
        model("c/gguf", twin("Qwen/Qwen3-0.6B", "quantized"), created_at=AUTUMN, downloads=50, likes=1),
        model(
            "d/merge",
            twin("a/tune", "merge"),
            twin("google/gemma-3-1b-it", "merge"),
            created_at=AUTUMN,
            downloads=10,
            likes=0,
        ),
        model("e/copy", card=["Qwen/Qwen3-0.6B-Base"], created_at=AUTUMN, downloads=0, likes=0),
        model("Qwen/experiment-7b", twin("Qwen/Qwen3-0.6B"), created_at=AUTUMN, downloads=7, likes=0),
        model("f/qwen-notes", created_at=AUTUMN, downloads=0, likes=0),
    )
    settings = Settings(tmp_path_factory.mktemp("definitions"))
    snapshot = snapshots.sealed(
        settings,
        rows=[rows],
        quarantined=pl.DataFrame(schema=dict(schema.QUARANTINE)),
        scope="hub",
        kind="import",
        source="worked example",
        started_at=TODAY,
        finished_at=TODAY,
        as_of=TODAY,
    )
    resolve_snapshot(settings, snapshot, registry)
    return Atlas(settings, registry, snapshot)


def claimed() -> dict[str, str]:
    """`counter → number` of the worked example's table."""
    rows = re.findall(r"^\| `([a-z_ -]+)` \| \d+ \|.*\| ([\d/]+) \|$", DOC.read_text(encoding="utf-8"), re.M)
    return dict(rows)


def test_the_worked_example_counts_as_written(atlas: Atlas) -> None:
    (answer,) = questions.count(atlas, ["qwen"]).results
    told = claimed()
    assert set(told) == set(VERSIONS)
    assert {counter: str(answer.values[counter] or 0) for counter in VERSIONS} == told


def test_attribution_evidence_and_date_change_it_as_written(atlas: Atlas) -> None:
    text = DOC.read_text(encoding="utf-8")

    def derivatives(
        attribution: Attribution = Attribution.ANY, evidence: Level = Level.DECLARED, as_of: date | None = None
    ) -> str:
        answer = questions.count(atlas, ["qwen"], attribution=attribution, evidence=evidence, as_of=as_of)
        return str(answer.results[0].values["derivatives"])

    told = dict(re.findall(r"^\| (any|fractional|primary|exclusive) \|.*\| ([\d/]+) \|$", text, re.M))
    assert told == {str(mode): derivatives(attribution=mode) for mode in Attribution}
    told = dict(re.findall(r"^\| (hub|declared) \|.*\| (\d+) \|$", text, re.M))
    assert told == {str(level): derivatives(evidence=level) for level in Level}
    (early,) = re.findall(r"as of 2025-06-30 it is (\d+)", text)
    assert early == derivatives(as_of=date(2025, 6, 30))


def test_every_kind_of_finding_is_named() -> None:
    text = DOC.read_text(encoding="utf-8")
    assert [kind for kind in MEANINGS if f"`{kind}`" not in text] == []
