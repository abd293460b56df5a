"""The published dump: columns in every shape seen, columns that are not there, and damage."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.parse import dump, oddrows
from lineage.errors import Damaged
from lineage.schema import LISTING

MOMENT = datetime(2026, 8, 22, 20, 0, 1, 234_000, tzinfo=UTC)
STRUCT = pa.struct(
    [("models", pa.list_(pa.struct([("_id", pa.string()), ("id", pa.string())]))), ("relation", pa.string())]
)
COLUMNS: dict[str, pa.Array] = {
    "_id": pa.array(["1" * 24, None]),
    "id": pa.array(["Qwen/Qwen3-8B", "gpt2"]),
    "author": pa.array(["Qwen", None]),
    "createdAt": pa.array([MOMENT, None], pa.timestamp("us", "UTC")),
    "lastModified": pa.array([MOMENT, MOMENT], pa.timestamp("ns")),
    "downloads": pa.array([5, None], pa.int64()),
    "downloadsAllTime": pa.array([5.0, 7.0], pa.float64()),
    "likes": pa.array([1, 2], pa.int32()),
    "trendingScore": pa.array([1, None], pa.int64()),
    "pipeline_tag": pa.array(["text-generation", None]).dictionary_encode(),
    "library_name": pa.array(["transformers", None], pa.large_string()),
    "gated": pa.array(["auto", "false"]),
    "private": pa.array([False, None]),
    "disabled": pa.array([False, False]),
    "safetensors": pa.array([{"parameters": {"BF16": 8}, "total": 8}, None]),
    "tags": pa.array([["en", "license:mit", "base_model:a/B", "base_model:merge:a/B", None], None]),
    "cardData": pa.array([json.dumps({"base_model": ["a/B"], "license": ["mit"], "x": "😀"}), None]),
    "baseModels": pa.array([{"models": [{"_id": "2", "id": "a/B"}], "relation": "merge"}, None], STRUCT),
    "siblings": pa.array([["README.md"], None]),
}


def _file(columns: dict[str, pa.Array], **metadata: str) -> BytesIO:
    table = pa.table(columns)
    buffer = BytesIO()
    pq.write_table(table.replace_schema_metadata(metadata or None), buffer, row_group_size=max(1, table.num_rows // 2))
    return buffer


def _rows(columns: dict[str, pa.Array]) -> pl.DataFrame:
    rows = pl.concat([parsed.rows for parsed in dump.read(_file(columns))])
    assert dict(rows.schema) == dict(LISTING)
    return rows


def test_a_whole_dump_is_read_into_every_column() -> None:
    reader = dump.read(_file(COLUMNS))
    assert (reader.rows, reader.missing, reader.card, reader.simulated) == (2, (), True, False)
    first, second = pl.concat([parsed.rows for parsed in reader]).rows(named=True)
    assert first == {
        "hub_id": "1" * 24,
        "id": "Qwen/Qwen3-8B",
        "author": "Qwen",
        "created_at": MOMENT,
        "last_modified": MOMENT,
        "downloads": 5,
        "downloads_all_time": 5,
        "likes": 1,
        "trending_score": 1.0,
        "pipeline_tag": "text-generation",
        "library": "transformers",
        "gated": "auto",
        "private": False,
        "disabled": False,
        "parameters": 8,
        "license": "mit",
        "base_tags": ["a/B", "merge:a/B"],
        "card_base_model": ["a/B"],
        "card_relation": None,
        "card_license": "mit",
        "card_license_name": None,
        "card_license_link": None,
        "card_new_version": None,
        "dump_parents": ["a/B"],
        "dump_relation": "merge",
    }
    kept = {name: value for name, value in second.items() if value is not None}
    assert kept == {
        "id": "gpt2",
        "last_modified": MOMENT,
        "downloads_all_time": 7,
        "likes": 2,
        "gated": "false",
        "disabled": False,
        "base_tags": [],
        "dump_parents": [],
    }


def test_columns_that_are_not_there_are_named_and_null() -> None:
    reader = dump.read(_file({"tags": COLUMNS["tags"], "id": COLUMNS["id"]}))
    assert set(reader.missing) == set(dump.WANTED) - {"id", "tags"}
    assert not reader.card
    rows = pl.concat([parsed.rows for parsed in reader])
    assert rows["base_tags"].to_list() == [["a/B", "merge:a/B"], []]
    empty = [name for name in LISTING if rows[name].null_count() == rows.height]
    assert set(empty) == set(LISTING) - {"id", "base_tags", "license"}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (pa.array(["2026-08-22T20:00:01.234Z"]), MOMENT),
        (pa.array(["2026-08-22T20:00:01.234567+00:00"]), MOMENT),
        (pa.array(["2026-08-22T22:00:01.234+02:00"]), MOMENT),
        (pa.array(["2026-08-22 20:00:01.234"]), MOMENT),
        (pa.array(["yesterday"]), None),
        (pa.array([MOMENT], pa.timestamp("ms", "Europe/Berlin")), MOMENT),
        (pa.array([date(2026, 8, 22)]), datetime(2026, 8, 22, tzinfo=UTC)),
        (pa.array([5]), None),
    ],
)
def test_times_in_every_shape_are_utc(written: pa.Array, read: datetime | None) -> None:
    assert _rows({"id": pa.array(["a/B"]), "createdAt": written})["created_at"].to_list() == [read]


@pytest.mark.parametrize(
    ("column", "written", "cell", "read"),
    [
        ("gated", pa.array([True]), "gated", "true"),
        ("gated", pa.array([False]), "gated", "false"),
        ("gated", pa.array(["yes"]), "gated", None),
        ("private", pa.array(["false"]), "private", False),
        ("downloads", pa.array(["12"]), "downloads", 12),
        ("downloads", pa.array([float("nan")]), "downloads", None),
        ("author", pa.array([5]), "author", None),
        ("cardData", pa.array([{"base_model": ["a/B", "c/D"]}]), "card_base_model", ["a/B", "c/D"]),
        ("baseModels", pa.array([{"models": ["a/B"], "relation": "merge"}]), "dump_parents", ["a/B"]),
        ("baseModels", pa.array(["text"]), "dump_parents", None),
        ("tags", pa.array(["base_model:a/B"]), "base_tags", None),
        ("library", pa.array(["peft"]), "library", None),
        ("created_at", pa.array([MOMENT], pa.timestamp("ms", "UTC")), "created_at", MOMENT),
    ],
)
def test_other_shapes_are_read_or_null(column: str, written: pa.Array, cell: str, read: object) -> None:
    assert _rows({"id": pa.array(["a/B"]), column: written})[cell].to_list() == [read]


WHOLE = ["null", "[]", "{}", "5", '"x"', '{"base_model": "[\\"a\\"]"}', '{"base_model": "\\ud83d"}', '{"a"', "\x00"]
NAMES = st.sampled_from(["a/B", "[x]", '["x"]', "5", "\U0001f600"])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | NAMES,
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=3,
)
KEYS = st.sampled_from(["base_model", "license", "base_model_relation", "new_version", "y"])


def _spellings(card: dict[str, object]) -> st.SearchStrategy[str]:
    return st.sampled_from([json.dumps(card), json.dumps(card, indent=1), json.dumps(card, ensure_ascii=False)])


CARD = (
    st.none()
    | st.text(max_size=6)
    | st.sampled_from(WHOLE)
    | st.dictionaries(KEYS, VALUE, max_size=3).flatmap(_spellings)
)


@given(st.lists(CARD, max_size=40))
@settings(max_examples=150, deadline=None)
def test_cards_read_together_are_as_read_one_by_one(cards: list[str | None]) -> None:
    names = [f"a/{n}" for n in range(len(cards))]
    rows = _rows({"id": pa.array(names, pa.string()), "cardData": pa.array(cards, pa.string())}) if cards else None
    if rows is not None:
        wanted = {name: dtype for name, dtype in LISTING.items() if name.startswith("card_")}
        assert rows.select(list(wanted)).equals(
            pl.DataFrame([oddrows.card_cells(card) for card in cards], schema=wanted)
        )


def test_rows_without_a_usable_id_are_quarantined() -> None:
    ids = [None, "", "a/B", "a\nB", "x" * 600]
    batches = list(dump.read(_file({"id": pa.array(ids)})))
    assert [name for parsed in batches for name in parsed.rows["id"]] == ["a/B"]
    assert [why for parsed in batches for why in parsed.quarantined["reason"]] == ["no-id", "no-id", "bad-id", "bad-id"]


def test_a_dump_of_the_simulated_hub_says_so() -> None:
    assert dump.read(_file(COLUMNS, **{"lineage.simulated": "true"})).simulated


def test_progress_counts_the_bytes_of_the_columns_read() -> None:
    seen: list[tuple[int, int]] = []
    reader = dump.read(_file(COLUMNS), lambda done, total: seen.append((done, total)))
    cost = reader.cost()
    assert 0 < cost.bytes < cost.size
    assert cost.reads >= 2
    list(reader)
    assert seen[-1] == (cost.bytes, cost.bytes)


def test_damage_is_named_as_such(tmp_path: Path) -> None:
    whole = _file(COLUMNS).getvalue()
    path = tmp_path / "models.parquet"
    for content in (b"", b"PAR1", whole[:-9], whole[: len(whole) // 2], b"PAR1" + bytes(200) + whole[-300:]):
        path.write_bytes(content)
        with pytest.raises(Damaged, match=r"models\.parquet") as caught:
            list(dump.read(path))
        assert "\n" not in str(caught.value)
    with pytest.raises(Damaged, match="no column id"):
        dump.read(_file({"name": pa.array(["a"])}))


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_flipped_bytes_give_rows_or_damage(place: int, junk: bytes) -> None:
    """Outside the footer: on some damage there (a level histogram of another length) Arrow ends the process itself."""
    content = bytearray(_file(COLUMNS).getvalue())
    place %= len(content) - int.from_bytes(content[-8:-4], "little") - 8 - len(junk)
    content[place : place + len(junk)] = junk
    try:
        rows = sum(parsed.rows.height + parsed.quarantined.height for parsed in dump.read(BytesIO(bytes(content))))
    except Damaged:
        return
    assert rows >= 0
