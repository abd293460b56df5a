"""What a crawl of one family may say of itself, and of what it never asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.crawl import crawl
from ingest.hub import HubSource
from ingest.load import resolve_snapshot
from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World
from lineage import questions
from lineage.atlas import Atlas
from lineage.counters import LOOSE
from lineage.registry import load
from lineage.settings import Settings

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture(scope="module")
def atlases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Atlas, Atlas]:
    settings, registry = Settings(tmp_path_factory.mktemp("scopes")), load()
    with SimulatedHub(World(3000)) as hub:
        whole = crawl(settings, HubSource(hub.url, False), now=lambda: NOW)
        part = crawl(settings, HubSource(hub.url, False), scope=("phi",), max_requests=4000, now=lambda: NOW)
    for snapshot in (whole, part):
        resolve_snapshot(settings, snapshot, registry)
    return Atlas(settings, registry, whole), Atlas(settings, registry, part)


def test_the_family_that_was_asked_for_is_whole(atlases: tuple[Atlas, Atlas]) -> None:
    whole, part = atlases
    answer = questions.count(part, ["phi"])
    assert answer.receipt.complete
    assert answer.receipt.direct_exact
    assert [answer.results[0].values[counter] for counter in LOOSE] == [None, None, None]
    truth = questions.count(whole, ["phi"]).results[0].values
    assert 0 < (answer.results[0].values["derivatives"] or 0) <= (truth["derivatives"] or 0)


def test_one_that_was_not_is_a_lower_bound_and_says_so(atlases: tuple[Atlas, Atlas]) -> None:
    _, part = atlases
    answer = questions.count(part, ["qwen"])
    assert not answer.receipt.complete
    assert not answer.receipt.direct_exact
    assert any("crawled for phi" in note for note in answer.notes)
    assert not questions.top(part).receipt.complete


def test_a_derivative_of_the_family_is_covered_and_a_stranger_is_not(atlases: tuple[Atlas, Atlas]) -> None:
    _, part = atlases
    below = questions.derivatives(part, "phi", limit=1).rows[0].model.id
    assert part.covers(part.model_target(part.node(below) or 0))
    whole_hub = atlases[0]
    assert whole_hub.covers(whole_hub.family_target("qwen"))
