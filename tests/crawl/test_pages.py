from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest import parse
from ingest.crawl.frontier import OLDEST
from ingest.crawl.pages import Head, Pages, Plan
from lineage.errors import Damaged, Refused

PLAN = Plan("hub", "http://h", ("id",), 1)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def page(number: int, *rows: str) -> tuple[Head, parse.Parsed]:
    head = Head(OLDEST, f"u{number}", f"u{number + 1}", BEGAN, number)
    return head, parse.page(b"[" + b",".join(row.encode() for row in rows) + b"]")


def model(id: str) -> str:
    return f'{{"id":"{id}"}}'


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    """Five pages in three files, a bad row on the third page."""
    pages = Pages(tmp_path / "pages", PLAN)
    pages.commit([page(0, model("a/0"))])
    pages.commit([page(1, model("a/1"), model("b/1")), page(2, "7"), page(3, model("a/3"))])
    pages.commit([page(4, model("a/4"))])
    return pages


def shown(pages: Pages, number: int) -> list[str]:
    return pages.page(number).collect()["id"].to_list()


def test_pages_of_one_file_stay_apart(pages):
    for kept in (pages, Pages(pages.folder, PLAN)):
        assert [head.next for head in kept.heads] == ["u1", "u2", "u3", "u4", "u5"]
        assert [shown(kept, number) for number in range(5)] == [["a/0"], ["a/1", "b/1"], [], ["a/3"], ["a/4"]]
        assert kept.rows().collect()["id"].to_list() == ["a/0", "a/1", "b/1", "a/3", "a/4"]
        assert (kept.rows_seen, kept.bad, kept.cost) == (6, 1, 5)
        assert kept.quarantined()["raw"].to_list() == ["7"]
    assert len(list(pages.folder.iterdir())) == 3


def test_the_last_page_goes_with_those_of_its_file(pages):
    pages.drop_last()
    assert [head.request for head in pages.heads] == ["u0", "u1", "u2", "u3"]
    pages.drop_last()
    assert [head.request for head in Pages(pages.folder, PLAN).heads] == ["u0"]
    assert (pages.rows_seen, pages.bad, pages.cost) == (1, 0, 1)
    pages.commit([page(1, model("c/1"))])
    assert shown(Pages(pages.folder, PLAN), 1) == ["c/1"]


@pytest.mark.parametrize("how", ["cut", "gone", "empty"])
def test_a_damaged_file_is_named(pages, how):
    file = pages.folder / "page-000001.parquet"
    data = file.read_bytes()
    if how == "gone":
        file.unlink()
    else:
        file.write_bytes(data[: len(data) // 2] if how == "cut" else b"")
    with pytest.raises(Damaged, match=r"page-000001\.parquet.*--fresh"):
        Pages(pages.folder, PLAN)


def test_another_plan_is_refused(pages):
    with pytest.raises(Refused, match="endpoint: then http://h, now http://i"):
        Pages(pages.folder, Plan("hub", "http://i", ("id",), 1))
