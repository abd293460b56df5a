"""Listing rows to columns: total, balanced, and the fast way says what the careful way says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import parse
from ingest.parse import oddrows
from lineage.errors import BadRecord
from lineage.schema import LISTING, QUARANTINE

ROW = {
    "_id": "68c03fe5abde8f659687b5e8",
    "id": "Qwen/Qwen3-8B",
    "author": "Qwen",
    "createdAt": "2025-09-09T14:55:33.000Z",
    "lastModified": "2026-01-02T03:04:05.678Z",
    "downloads": 7,
    "downloadsAllTime": 70,
    "likes": 3,
    "trendingScore": 2.5,
    "pipeline_tag": "text-generation",
    "library_name": "transformers",
    "gated": False,
    "private": False,
    "disabled": False,
    "safetensors": {"parameters": {"BF16": 1}, "total": 8_000},
    "tags": ["en", "license:mit", "base_model:a/B", "base_model:finetune:a/B", "region:us"],
    "cardData": {"base_model": ["a/B", "c/D"], "license": "mit", "new_version": "Qwen/Qwen4"},
}

NASTY = st.sampled_from(
    [
        "", " ", "[]", "{}", "[x]", '["x"]', '["x", "y"]', '{"a": 1}', "true", "false", "null", "5", "-5", "1.5", "007",
        "1e5", "NaN", "\x00", "\x1b[31m", "\u2028", "\ufffd", "\ud83d", "😀", "a\\b", 'a"b', "base_model:x", "license:",
        "C:\\Models\\x", "a/b\n", "x" * 513, "2025-09-09T14:55:33.000Z", "2025-09-09T14:55:33Z", "2025-09-09",
        "2025-09-09T14:55:33.123456+00:00", "2025-09-09T14:55:33+05:30", "2025-02-30T14:55:33.000Z", "0001-01-01",
        "2999-01-01T00:00:00.000Z", "2025-09-09T24:00:00.000Z", "1969-12-31T23:59:59.9999Z", "base_model:[x]", "{base}",
    ]
)  # fmt: skip
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**30, 10**60])
    | st.floats(width=16)
    | st.sampled_from([0.1, 2.5, 1e-7, 123456.789, 1e22, 1.5e300, 1e300])
    | NASTY
    | st.text(max_size=8)
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NASTY | st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
CARD_KEYS = ("base_model", "base_model_relation", "license", "license_name", "license_link", "new_version", "other")
CARD = st.dictionaries(st.sampled_from(CARD_KEYS), NASTY | VALUE | st.lists(NASTY | SCALAR, max_size=3), max_size=4)
TAGS = st.lists(NASTY | st.sampled_from(["base_model:a/B", "base_model:merge:a/B", "license:mit"]) | VALUE, max_size=4)
BASES = st.fixed_dictionaries(
    {}, optional={"relation": VALUE, "models": VALUE | st.lists(st.fixed_dictionaries({"id": SCALAR}), max_size=2)}
)
KEYS = (*ROW, "modelId", *(other for _, other in oddrows.SPELLINGS), "siblings")
LINE_END = st.sampled_from(["", "", "", "\r", " "])


def _odd_cell(key: str) -> st.SearchStrategy[object]:
    if key == "tags":
        return TAGS | VALUE
    if key in ("cardData", "card_data"):
        return CARD | CARD.map(json.dumps) | VALUE
    return BASES | VALUE if key in ("baseModels", "base_models") else VALUE


@st.composite
def _row_text(draw: st.DrawFn) -> str:
    keys = draw(st.lists(st.sampled_from(KEYS), max_size=3))
    usual = [(key, value) for key, value in ROW.items() if draw(st.integers(0, 9))]
    pairs = usual + [(key, draw(_odd_cell(key))) for key in keys]
    dump = {"ensure_ascii": draw(st.booleans()), "separators": draw(st.sampled_from([(",", ":"), (", ", ": ")]))}
    order = draw(st.permutations(pairs)) if draw(st.booleans()) else pairs
    inside = dump["separators"][0].join(
        f"{json.dumps(k)}{dump['separators'][1]}{json.dumps(v, **dump)}" for k, v in order
    )
    return "{" + inside + "}"


LINE = st.one_of(_row_text(), _row_text(), _row_text(), VALUE.map(json.dumps), st.text(max_size=20)).filter(
    lambda text: "\n" not in text
)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _carefully(lines: list[bytes]) -> tuple[list[Mapping[str, object]], list[str]]:
    rows, reasons = [], []
    for line in lines:
        try:
            rows.append(oddrows.cells(oddrows.loads(line.decode())))
        except BadRecord as error:
            reasons.append(error.reason)
        except UnicodeDecodeError:
            reasons.append("not-utf8")
        except ValueError:
            reasons.append("not-json")
    return rows, reasons


def _check(parsed: parse.Parsed) -> None:
    assert dict(parsed.rows.schema) == dict(LISTING)
    assert dict(parsed.quarantined.schema) == dict(QUARANTINE)
    assert set(parsed.quarantined["reason"]) <= set(parse.REASONS)
    assert parsed.rows["id"].null_count() == 0


@given(st.lists(st.tuples(LINE, LINE_END), max_size=24))
@settings(max_examples=300, deadline=None)
def test_the_fast_way_says_what_the_careful_way_says(lines: list[tuple[str, str]]) -> None:
    raw = [_bytes(text + end) for text, end in lines]
    parsed = parse.lines(b"\n".join(raw))
    _check(parsed)
    expected, reasons = _carefully([line for line in raw if line.strip()])
    assert parsed.rows.equals(pl.DataFrame(expected, schema=dict(LISTING)))
    assert parsed.quarantined["reason"].to_list() == reasons


@given(st.lists(_row_text() | VALUE.map(json.dumps), max_size=6), st.sampled_from([",", ",\n", " , "]))
@settings(max_examples=200, deadline=None)
def test_a_page_says_what_its_rows_say_one_by_one(rows: list[str], comma: str) -> None:
    rows = [row.encode("utf-8", "replace").decode() for row in rows]
    parsed = parse.page(b"[" + comma.join(rows).encode() + b"]")
    _check(parsed)
    expected, reasons = _carefully([row.encode() for row in rows])
    assert parsed.rows.equals(pl.DataFrame(expected, schema=dict(LISTING)))
    assert parsed.quarantined["reason"].to_list() == reasons


@given(st.binary(max_size=60), st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise_and_every_line_is_accounted_for(before: bytes, after: bytes) -> None:
    chunk = before + b"\n" + json.dumps(ROW).encode() + b"\n" + after
    parsed = parse.lines(chunk)
    _check(parsed)
    lines = [line for line in chunk.split(b"\n") if line.strip()]
    assert parsed.rows.height + parsed.quarantined.height == len(lines)
    assert "Qwen/Qwen3-8B" in parsed.rows["id"]


@given(st.binary(max_size=60) | LINE.map(_bytes) | LINE.map(lambda row: b"[" + _bytes(row) + b"]"))
@settings(max_examples=200, deadline=None)
def test_a_page_is_rows_or_no_page(body: bytes) -> None:
    text = body.decode("utf-8", "replace")
    try:
        is_list = isinstance(oddrows.loads(text), list)
    except ValueError:
        is_list = False
    with nullcontext() if is_list else pytest.raises(parse.NotAPage):
        _check(parse.page(body))


def test_one_whole_row_is_read_into_every_column() -> None:
    row = ROW | {"baseModels": {"relation": "merge", "models": [{"_id": "1", "id": "a/B"}, {"_id": "2", "id": "c/D"}]}}
    card = {"base_model_relation": "merge", "license_name": "n", "license_link": "l", "base_model": "a/B"}
    row["cardData"] = ROW["cardData"] | card
    parsed = parse.page(json.dumps([row]).encode())
    assert parsed.rows.row(0, named=True) == {
        "hub_id": "68c03fe5abde8f659687b5e8",
        "id": "Qwen/Qwen3-8B",
        "author": "Qwen",
        "created_at": datetime(2025, 9, 9, 14, 55, 33, tzinfo=UTC),
        "last_modified": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        "downloads": 7,
        "downloads_all_time": 70,
        "likes": 3,
        "trending_score": 2.5,
        "pipeline_tag": "text-generation",
        "library": "transformers",
        "gated": "false",
        "private": False,
        "disabled": False,
        "parameters": 8000,
        "license": "mit",
        "base_tags": ["a/B", "finetune:a/B"],
        "card_base_model": ["a/B"],
        "card_relation": "merge",
        "card_license": "mit",
        "card_license_name": "n",
        "card_license_link": "l",
        "card_new_version": "Qwen/Qwen4",
        "dump_parents": ["a/B", "c/D"],
        "dump_relation": "merge",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, None),
        ("", [""]),
        ("a/B", ["a/B"]),
        ([], []),
        (["a/B", "c/D"], ["a/B", "c/D"]),
        (["a/B", None, 5, {"k": [1]}, ""], ["a/B", "5", '{"k": [1]}', ""]),
        ('["a/B", "c/D"]', ['["a/B", "c/D"]']),
        ("[]", ["[]"]),
        ("[a/B]", ["[a/B]"]),
        ({"name": "a/B"}, ['{"name": "a/B"}']),
        (5, ["5"]),
        (True, ["true"]),
        ("5", ["5"]),
        ("C:\\문서\\llama", ["C:\\문서\\llama"]),
    ],
)
def test_card_base_models_are_kept_as_written(written: object, read: list[str] | None) -> None:
    lines = [json.dumps(ROW | {"cardData": {"base_model": written}}).encode()] + [json.dumps(ROW).encode()] * 20
    assert parse.lines(b"\n".join(lines)).rows["card_base_model"].to_list()[0] == read


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense", "not-json"),
        (b'{"id": "a/\xff"}', "not-utf8"),
        (b"[1]", "not-an-object"),
        (b"null", "not-an-object"),
        (b'{"likes": 1}', "no-id"),
        (b'{"id": "  "}', "no-id"),
        (b'{"id": null}', "no-id"),
        (b'{"id": 5}', "bad-id-type"),
        (b'{"id": ["a/B"]}', "bad-id-type"),
        (b'{"id": "a/B\\n"}', "bad-id"),
        (b'{"id": "a/\\ud83d"}', "bad-id"),
        (b'{"id": "a/' + b"x" * 600 + b'"}', "bad-id"),
        (b'{"id": "a/B", "tags": "en, base_model:x"}', "bad-tags"),
        (b'{"id": "a/B", "tags": "[\\"base_model:x\\"]"}', "bad-tags"),
        (b'{"id": "a/B", "tags": "[]"}', "bad-tags"),
        (b'{"id": "a/B", "tags": {}}', "bad-tags"),
        (b'{"id": "a/B", "y": ' + b"[" * 5000 + b"]" * 5000 + b"}", "not-json"),
    ],
)
def test_a_bad_row_is_quarantined_with_its_reason_and_costs_no_other(line: bytes, reason: str) -> None:
    good = [json.dumps(ROW | {"id": f"a/{n}"}).encode() for n in range(40)]
    parsed = parse.lines(b"\n".join([*good[:20], line, *good[20:]]) + b"\n")
    assert parsed.rows["id"].to_list() == [f"a/{n}" for n in range(40)]
    assert parsed.quarantined.rows() == [(reason, line.decode("utf-8", "replace")[:4096])]


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({"author": 5, "pipeline_tag": True, "library_name": 2.50}, ("5", "true", "2.5", ["a/B", "finetune:a/B"])),
        ({"author": ["a"], "pipeline_tag": {}, "library_name": None}, (None, None, None, ["a/B", "finetune:a/B"])),
        ({"tags": "base_model:a/B"}, ("Qwen", "text-generation", "transformers", ["a/B"])),
        ({"tags": 5}, ("Qwen", "text-generation", "transformers", [])),
        ({"tags": ["base_model:a/B c"]}, ("Qwen", "text-generation", "transformers", ["a/B c"])),
    ],
)
def test_one_value_where_a_text_or_a_list_belongs_is_taken_for_it(
    written: dict[str, object], kept: tuple[object, ...]
) -> None:
    parsed = parse.lines(json.dumps(ROW | written).encode())
    assert parsed.rows.select("author", "pipeline_tag", "library", "base_tags").row(0) == kept


@pytest.mark.parametrize(
    ("written", "kept"),
    [("mit", "mit"), (["mit"], "mit"), (["mit", "gpl"], '["mit", "gpl"]'), (3, "3"), ([None], "[null]"), ([], "[]")],
)
def test_a_card_licence_is_a_text_and_several_are_their_json(written: object, kept: str) -> None:
    lines = [json.dumps(ROW | {"cardData": {"license": one}}).encode() for one in ("mit", written, "mit")]
    assert parse.lines(b"\n".join(lines)).rows["card_license"].to_list() == ["mit", kept, "mit"]


def test_of_a_key_written_twice_the_first_counts_in_either_way() -> None:
    twice, odd = b'{"id": "a/B", "likes": 1, "likes": 2}', b'{"id": "a/C", "likes": 1, "likes": 2, "private": 0}'
    assert parse.lines(twice + b"\n" + odd).rows["likes"].to_list() == [1, 1]


def test_pages_read_together_are_as_read_alone() -> None:
    rows = [[ROW | {"id": f"a/{page}-{row}", "likes": row} for row in range(40)] for page in range(5)]
    rows[1][7]["cardData"], rows[2][0]["id"], rows[3] = {"base_model": {"a": 1}}, 5, []
    bodies = [json.dumps(page).encode() for page in rows]
    for together, body in zip(parse.pages(bodies), bodies, strict=True):
        alone = parse.page(body)
        assert together.rows.equals(alone.rows)
        assert together.quarantined.equals(alone.quarantined)
    with pytest.raises(parse.NotAPage):
        parse.pages([*bodies, b"<html>"])


def test_other_spellings_are_read_where_the_usual_ones_are_absent() -> None:
    row = {
        "modelId": "a/B",
        "created_at": "2025-09-09T14:55:33+00:00",
        "downloads_all_time": 5,
        "card_data": {"license": "mit"},
    }
    both = [json.dumps(ROW).encode(), json.dumps(row).encode()]
    for parsed in (parse.lines(b"\n".join(both)), parse.page(b"[" + b",".join(both) + b"]")):
        assert parsed.rows.select("id", "created_at", "downloads_all_time", "card_license").row(1) == (
            "a/B",
            datetime(2025, 9, 9, 14, 55, 33, tzinfo=UTC),
            5,
            "mit",
        )


@pytest.mark.parametrize("gated", [False, "auto", "manual"])
def test_gating_is_a_word(gated: object) -> None:
    parsed = parse.lines(json.dumps(ROW | {"gated": gated}).encode())
    assert parsed.rows["gated"].to_list() == [str(gated).lower()]


@pytest.mark.parametrize("body", [b"", b"  ", b"<html></html>", b'{"error": "x"}', b"null", b'[{"id": "a/B"}', b"5"])
def test_what_is_no_list_is_no_page(body: bytes) -> None:
    with pytest.raises(parse.NotAPage, match="asked for again"):
        parse.page(body)


def test_an_empty_page_has_no_rows() -> None:
    assert parse.page(b"[]").rows.height == 0
    assert parse.lines(b"").rows.height == 0
