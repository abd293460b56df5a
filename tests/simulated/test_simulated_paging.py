from __future__ import annotations

import httpx2
import polars as pl
import pytest

from ingest.simulated.server import SimulatedHub
from ingest.simulated.world import World, frames


def walk(web: httpx2.Client, url: str) -> list[list[dict[str, object]]]:
    pages = []
    while url:
        answer = web.get(url)
        assert answer.status_code == 200, answer.text
        assert "seed=7" in answer.headers["X-Simulated-Hub"]
        pages.append(answer.json())
        url = answer.links.get("next", {}).get("url", "")
    return pages


@pytest.mark.parametrize(
    "sort", ["createdAt&direction=1", "createdAt&direction=-1", "lastModified", "downloads", "likes"]
)
def test_every_row_comes_exactly_once(hub: SimulatedHub, web: httpx2.Client, small: World, sort: str) -> None:
    pages = walk(web, f"{hub.url}/api/models?sort={sort}&limit=700&expand=downloads&expand=lastModified")
    ids = [row["id"] for page in pages for row in page]
    expected = pl.concat(frames(small))["id"].to_list()
    assert len(ids) == len(set(ids)) == 3_000
    assert set(ids) == set(expected)
    if sort.endswith("=1"):
        assert ids == expected
    if sort.endswith("-1"):
        assert ids == expected[::-1]
    if sort == "downloads":
        counts = [row["downloads"] for page in pages for row in page]
        assert counts == sorted(counts, reverse=True)
    if sort == "lastModified":
        times = [row["lastModified"] for page in pages for row in page]
        assert times == sorted(times, reverse=True)
