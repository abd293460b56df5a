"""Recorded rows of the Hub and odd values seen in the wild: nothing is lost between the file and the columns."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ingest import parse
from ingest.parse import jsonl


def _given(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _listed(value: object) -> list[object] | None:
    return None if value is None else value if isinstance(value, list) else [value]


def test_recorded_rows_keep_their_ids_tags_and_cards(shared_data: Path) -> None:
    path = shared_data / "hub_rows_sample.jsonl"
    given = _given(path)
    batches = list(jsonl.read(path))
    rows = pl.concat([parsed.rows for parsed in batches])
    assert sum(parsed.quarantined.height for parsed in batches) == 0
    assert rows["id"].to_list() == [row["id"] for row in given]
    tags = [[str(tag) for tag in row["tags"]] for row in given if isinstance(row["tags"], list)]
    assert rows["base_tags"].to_list() == [
        [tag.removeprefix("base_model:") for tag in each if tag.startswith("base_model:")] for each in tags
    ]
    assert rows["license"].to_list() == [
        next((tag.removeprefix("license:") for tag in each if tag.startswith("license:")), None) for each in tags
    ]
    cards = [row["cardData"] for row in given if isinstance(row["cardData"], dict)]
    assert rows["card_base_model"].to_list() == [_listed(card.get("base_model")) for card in cards]
    assert rows["card_license"].to_list() == [card.get("license") for card in cards]
    assert rows["downloads"].to_list() == [row["downloads"] for row in given]
    assert rows.select(pl.col("created_at", "last_modified").null_count()).row(0) == (0, 0)
    written = rows["created_at"].dt.to_string("%Y-%m-%dT%H:%M:%S%.3fZ").to_list()
    assert written == [row["createdAt"] for row in given]


def test_a_page_of_recorded_rows_is_read_as_their_lines_are(shared_data: Path) -> None:
    text = (shared_data / "hub_rows_sample.jsonl").read_bytes()
    page = b"[" + b",".join(text.splitlines()) + b"]"
    assert parse.page(page).rows.equals(parse.lines(text).rows)


@pytest.mark.parametrize("shape", ["text", "list"])
def test_odd_values_seen_in_the_wild_arrive_as_written(shared_data: Path, shape: str) -> None:
    seen = json.loads((shared_data / "weird_base_models.json").read_text("utf-8"))
    values = [text for one in seen for text in (one["value"] if isinstance(one["value"], list) else [one["value"]])]
    assert len(values) >= 26
    rows = [
        {
            "id": f"a/{n}",
            "createdAt": "2026-08-22T20:00:00.000Z",
            "tags": ["en", f"base_model:{value}", f"base_model:finetune:{value}", "region:us"],
            "cardData": {"base_model": value if shape == "text" else [value, value]},
        }
        for n, value in enumerate(values)
    ]
    parsed = parse.lines("\n".join(json.dumps(row, ensure_ascii=n % 2 == 0) for n, row in enumerate(rows)).encode())
    assert parsed.quarantined.is_empty()
    assert parsed.rows["base_tags"].to_list() == [[value, f"finetune:{value}"] for value in values]
    assert parsed.rows["card_base_model"].to_list() == [
        [value] if shape == "text" else [value, value] for value in values
    ]
