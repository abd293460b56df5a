from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ingest.crawl import crawl
from ingest.crawl.vanished import vanished
from ingest.simulated.faults import Fault, Kind
from ingest.simulated.server import SimulatedHub
from ingest.simulated.sources import RowsSource, rows_world
from lineage.errors import Incomplete
from tests.crawl.worlds import Raw, crowd

FIRST = datetime(2024, 2, 1, tzinfo=UTC)


def at(day: int) -> Callable[[], datetime]:
    return lambda: FIRST + timedelta(days=day)


def numbered(rows: list[Raw]) -> list[dict[str, object]]:
    return [{"_id": f"{n:024x}", "gated": False, **row} for n, row in enumerate(rows)]


def hub_of(rows: list[dict[str, object]]) -> RowsSource:
    return rows_world(rows, label="seed=1")


def test_a_full_crawl_says_what_vanished_was_renamed_and_gated(settings, source_of):
    rows = numbered(crowd(1_500))
    later = [dict(row) for row in rows if row["id"] not in ("org1/m1", "org2/m2")]
    later[10] |= {"id": "org10/now", "author": "org10"}
    later[20] |= {"gated": "manual"}
    old = {row["_id"]: row["id"] for row in rows}
    with SimulatedHub(hub_of(rows)) as hub:
        first = crawl(settings, source_of(hub.url), now=at(0)).manifest
        hub.show(hub_of(later))
        second = crawl(settings, source_of(hub.url), now=at(1)).manifest
        third = crawl(settings, source_of(hub.url), now=at(2)).manifest
    assert first.notes == ()
    assert second.notes[0] == (
        f"Since {first.id}: 2 no longer listed (org1/m1, org2/m2); 1 renamed ({old[later[10]['_id']]} → org10/now); "
        f"1 gated since ({later[20]['id']}). lineage diff lists them."
    )
    assert third.notes == ()
    assert (second.models, second.complete) == (1_498, True)


def test_a_page_left_out_in_the_middle_is_noticed(settings, source_of):
    """The Hub grew by as much, so that the number of rows does not tell it; no meeting place hides both pages."""
    with SimulatedHub(hub_of(numbered(crowd(12_000)))) as hub:
        crawl(settings, source_of(hub.url), now=at(0))
    port = int(hub.url.rpartition(":")[2])
    faults = [Fault(Kind.MISSING, 2, query="direction=1"), Fault(Kind.MISSING, 3, query="direction=-1")]
    with SimulatedHub(hub_of(numbered(crowd(14_000))), faults=faults, port=port) as hub:
        with pytest.raises(Incomplete, match=r"lacks 1,000 models in a row.*--fresh"):
            crawl(settings, source_of(hub.url), now=at(1))
        again = crawl(settings, source_of(hub.url), fresh=True, now=at(2)).manifest
    assert (again.models, again.complete) == (14_000, True)


def listing(count: int, author: Callable[[int], str]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "hub_id": [f"{n:024x}" for n in range(count)],
            "id": [f"{author(n)}/m{n}" for n in range(count)],
            "author": [author(n) for n in range(count)],
            "gated": ["false"] * count,
        }
    )


@pytest.mark.parametrize(
    ("gone", "author", "noticed"),
    [
        (range(100, 600), lambda n: f"o{n % 40}", True),
        (range(100, 599), lambda n: f"o{n % 40}", False),
        (range(100, 900), lambda n: "one", False),
        (range(0, 2_000, 2), lambda n: f"o{n % 40}", False),
    ],
    ids=["a page", "less than half a page", "one publisher", "here and there"],
)
def test_neighbours_that_vanish_together_are_a_page_unless_one_publisher_had_them(gone, author, noticed):
    before = listing(2_000, author)
    found = vanished(before, before[[n for n in range(2_000) if n not in set(gone)]])
    assert len(found.gone) == len(gone)
    assert list(found.stretch) == ([before["id"][n] for n in gone] if noticed else [])


def test_raw_rows_of_a_snapshot_without_hub_ids_are_matched_by_name():
    before = listing(10, lambda n: "o").with_columns(hub_id=pl.lit(None, dtype=pl.String))
    after = listing(9, lambda n: "o")
    found = vanished(before, after)
    assert found.gone.to_list() == ["o/m9"]
    assert found.renamed.is_empty()
